#!/bin/sh
# chdb 4.4.0 (ClickHouse 26.9.2) doesn't find rows of a DateTime64 column by > or < of a DateTime of
# the same second, or of the next one, where an index or a file's statistics say what a part holds: the
# ends of the part are cut to whole seconds, so that all of it seems equal to the bound and is passed
# over. 20,000 rows stamped a millisecond past midnight are later than midnight in a table without an
# index, and none of them are once the table is ordered by the stamp, has a minmax index on it, or is
# the same rows in a Parquet file. Without pruning, and for a bound with fractions
# (toDateTime64(…, 3)), all are found, and >= and <= are right.
# Seen with pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  chdb==4.4.0 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import datetime
import sys

import chdb
import pyarrow as pa
import pyarrow.parquet as pq
from chdb.session import Session

ROWS = 20_000
path = f"{sys.argv[1]}/rows.parquet"
stamp = datetime.datetime(2026, 1, 1, 0, 0, 0, 1_000)
stamps = pa.array([stamp] * ROWS, pa.timestamp("us", "UTC"))
pq.write_table(pa.table({"id": range(ROWS), "at": stamps}), path)

TYPE = "id UInt64, at DateTime64(6, 'UTC')"
TABLES = {
    "plain": f"({TYPE}) ENGINE = MergeTree ORDER BY id",
    "ordered": f"({TYPE}) ENGINE = MergeTree ORDER BY at",
    "indexed": f"({TYPE}, INDEX i at TYPE minmax) ENGINE = MergeTree ORDER BY id",
}
MIDNIGHT = "toDateTime('2026-01-01 00:00:00', 'UTC')"
NEXT = "toDateTime('2026-01-01 00:00:01', 'UTC')"
LOST = (f"at > {MIDNIGHT}", f"at < {NEXT}", f"NOT (at <= {MIDNIGHT})")
FOUND = (
    f"at >= {MIDNIGHT}",
    f"at <= {NEXT}",
    "at > toDateTime64('2026-01-01 00:00:00', 3, 'UTC')",
    "at > '2026-01-01 00:00:00'",
)

session = Session()
session.query("CREATE DATABASE d")
for name, says in TABLES.items():
    session.query(f"CREATE TABLE d.{name} {says}")
    session.query(f"INSERT INTO d.{name} SELECT id, at FROM file('{path}', Parquet)")


def count(rows, where, settings=""):
    sql = f"SELECT count() FROM {rows} WHERE {where} {settings}"
    return int(session.query(sql, "CSV").data())


print("chdb", chdb.__version__, session.query("SELECT version()", "CSV").data().strip())
as_seen = True
pruned = {"ordered": "d.ordered", "indexed": "d.indexed", "parquet": f"file('{path}', Parquet)"}
for where in LOST + FOUND:
    counts = {name: count(rows, where) for name, rows in pruned.items()}
    plain = count("d.plain", where)
    print(where, "plain", plain, counts)
    as_seen &= plain == ROWS and set(counts.values()) == {0 if where in LOST else ROWS}
whole = "SETTINGS input_format_parquet_filter_push_down = 0"
as_seen &= count(pruned["parquet"], LOST[0], whole) == ROWS
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
