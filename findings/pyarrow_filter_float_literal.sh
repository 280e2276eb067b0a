#!/bin/sh
# pyarrow 25.0.1 and 26.0.1: a filter by an expression compares integers with a number that has a
# fraction, and whether it can depends on that fraction. `field("id") > 5.5` over an int64 column
# ends with an error as soon as an id is beyond 16,777,216, in a table, a dataset and `read_table`
# with `filters=`; `> 5.1` over the same ids is answered. Where a number has an exact form of 32
# bits the column is cast to floats of 32 bits, which then can't hold the ids. `compute.greater` of
# the same two compares doubles. So a filter works in a test of few rows, or with another bound, and
# ends the job when ids have grown. One would expect doubles for every bound.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet as pq

print("pyarrow", pa.__version__)
rows = pa.table({"id": [1, 6, 16_777_217]})
path = f"{sys.argv[1]}/rows.parquet"
pq.write_table(rows, path)
WAYS = {
    "table": lambda bound: rows.filter(pc.field("id") > bound),
    "dataset": lambda bound: pyarrow.dataset.dataset(path).to_table(filter=pc.field("id") > bound),
    "read_table": lambda bound: pq.read_table(path, filters=[("id", ">", bound)]),
    "greater": lambda bound: rows.filter(pc.greater(rows["id"], bound)),
}


def answer(way: str, bound: float) -> object:
    try:
        return WAYS[way](bound).num_rows
    except pa.ArrowInvalid as error:
        return str(error)


REFUSED = "Integer value 16777217 not in range: -16777216 to 16777216"
good = True
for way in WAYS:
    by_fraction = {bound: answer(way, bound) for bound in (5.1, 5.5)}
    print(f"id > …, {way}: {by_fraction}")
    good &= by_fraction == {5.1: 2, 5.5: 2 if way == "greater" else REFUSED}
sys.exit(not good)
PY
for pyarrow in 25.0.1 26.0.1; do
  python3 -m venv "$folder/$pyarrow"
  "$folder/$pyarrow/bin/python" -m pip install --quiet --disable-pip-version-check "pyarrow==$pyarrow"
  "$folder/$pyarrow/bin/python" "$folder/look.py" "$folder"
done
echo "as described"
