#!/bin/sh
# pyiceberg 0.12.0 rounds the number of a filter's text to the column's type, half up, and then asks
# with the rounded one: of the integers 1, 2, 3 the filter "v > 1.5" finds only 3, "v <= 1.5" finds 1
# and 2, "v = 2.7" finds 3 and "v != 2.7" doesn't. `delete("v = 2.7")` deletes the row 3. There is no
# error. The same filter made of Python's float, GreaterThan("v", 1.5), is refused with «Cannot convert
# DoubleLiteral into long», and a decimal column refuses a number of more digits; one would expect
# the rows that fulfil the condition, or that error.
# Seen with pyarrow 26.0.1 and SQLAlchemy 2.1.9 (a catalog in SQLite).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  'pyiceberg[sql-sqlite,pyarrow]==0.12.0' pyarrow==26.0.1 sqlalchemy==2.1.9
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version
from operator import eq, ge, gt, le, lt, ne

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import GreaterThan

place = sys.argv[1]
catalog = SqlCatalog("local", uri=f"sqlite:///{place}/catalog", warehouse=f"file://{place}/data")
catalog.create_namespace("shop")
rows = pa.table({"v": [1, 2, 3]})
table = catalog.create_table("shop.orders", schema=rows.schema)
table.append(rows)
print("pyiceberg", version("pyiceberg"))


def read(condition: object) -> list[int]:
    return table.scan(row_filter=condition).to_arrow()["v"].to_pylist()


seen = {}
for sign, compare in ((">", gt), ("<=", le), ("=", eq), ("!=", ne), (">=", ge), ("<", lt)):
    for number in (1.5, 2.7, 1.4):
        found = read(f"v {sign} {number}")
        right = [v for v in (1, 2, 3) if compare(v, number)]
        if found != right:
            seen[f"v {sign} {number}"] = found
            print(f"v {sign} {number}: found {found}, right is {right}")
try:
    refused = str(read(GreaterThan("v", 1.5)))
except TypeError as error:
    refused = str(error)
print("as an object:", refused)
table.delete("v = 2.7")
left = read("v >= 0")
print('left by delete("v = 2.7"):', left)
as_seen = {
    "v > 1.5": [3],
    "v > 2.7": [],
    "v <= 1.5": [1, 2],
    "v <= 2.7": [1, 2, 3],
    "v = 1.5": [2],
    "v = 2.7": [3],
    "v = 1.4": [1],
    "v != 1.5": [1, 3],
    "v != 2.7": [1, 2],
    "v != 1.4": [2, 3],
    "v >= 1.4": [1, 2, 3],
    "v < 1.4": [],
}
sys.exit(not (seen == as_seen and "DoubleLiteral" in refused and left == [1, 2]))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
