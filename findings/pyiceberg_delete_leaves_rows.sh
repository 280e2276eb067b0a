#!/bin/sh
# pyiceberg 0.12.0: `delete` leaves rows that a scan with the same filter finds. With NaN in the
# column, the scan of `x != 1` and of `not (x <= 1)` finds the NaN rows, and `delete` of it keeps
# them; with NULL in it, so it goes with `x not in (1, 2)`, where the scan finds the NULL (which the
# scan of `x not in (1)` and `x != 1` doesn't). There is no error. An `overwrite` of what a filter
# finds by that filter doubles those rows: a table of three has four. One would expect one
# expression to mean one set of rows, whether it is given as `row_filter`, `delete_filter` or
# `overwrite_filter`.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  "pyiceberg[sql-sqlite,pyarrow]==0.12.0" pyarrow==25.0.1
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from importlib.metadata import version

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

warnings.filterwarnings("ignore")
print("pyiceberg", version("pyiceberg"), "pyarrow", pa.__version__)
place = sys.argv[1]
catalog = SqlCatalog("c", uri=f"sqlite:///{place}/c.db", warehouse=f"file://{place}/files")
catalog.create_namespace("n")
NAN, NULL = [1.0, 3.0, float("nan")], [1.0, 3.0, None]
QUESTIONS = [
    (NAN, "x != 1", 2, 1),
    (NAN, "not (x <= 1)", 2, 1),
    (NAN, "x > 1", 1, 1),
    (NULL, "x not in (1, 2)", 2, 1),
    (NULL, "x not in (1)", 1, 1),
    (NULL, "x != 1", 1, 1),
]
same = []
for number, (values, condition, to_find, to_delete) in enumerate(QUESTIONS):
    rows = pa.table({"x": pa.array(values, pa.float64())})
    table = catalog.create_table(f"n.t{number}", schema=rows.schema)
    table.append(rows)
    found = table.scan(row_filter=condition).to_arrow().num_rows
    table.delete(condition)
    left = table.scan().to_arrow()["x"].to_pylist()
    deleted = len(values) - len(left)
    table.overwrite(rows)
    table.overwrite(table.scan(row_filter=condition).to_arrow(), overwrite_filter=condition)
    after = table.scan().to_arrow().num_rows
    print(f"{values}, {condition}: {found} found, {deleted} deleted, {left} left")
    print(f"  {len(values)} rows of which those are overwritten by themselves: {after}")
    doubled = to_find - to_delete
    same.append((found, deleted, after) == (to_find, to_delete, len(values) + doubled))
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
