#!/bin/sh
# Daft 0.7.26's union_all_by_name, and UNION ALL BY NAME of its SQL, of two tables in which a column has
# two types gives NULL for all values of the first table: where one file has an int32 and a later one an
# int64, a decimal one more digit, or a date became a timestamp. The result's schema has the column
# twice, by both types; to_pydict, and a Parquet file that it is written to, have it once, with the
# second table's values and the first one's lost. There is no error. Matched by position, by union_all,
# the same two tables keep all values in a type that holds both; one would expect that by name.
# Seen with pyarrow 25.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check daft==0.7.26 pyarrow==25.0.1
cat > "$folder/look.py" <<'PY'
import datetime
import pathlib
import sys
from decimal import Decimal

import daft
import pyarrow as pa
import pyarrow.parquet as pq

DAY, NOON = datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 2, 12)
PAIRS = [
    (pa.array([7], pa.int32()), pa.array([8], pa.int64())),
    (pa.array([7]), pa.array([2.5])),
    (pa.array([Decimal("1.5")]), pa.array([Decimal("1.55")])),
    (pa.array([DAY]), pa.array([NOON])),
]


def table(number, values):
    return daft.from_arrow(pa.table({"id": [number], "v": values}))


print("daft", daft.__version__)
as_seen = True
for number, (first, second) in enumerate(PAIRS):
    old, new = table(1, first), table(2, second)
    lost = {"id": [1, 2], "v": [None, second[0].as_py()]}
    sql = daft.sql("SELECT * FROM old UNION ALL BY NAME SELECT * FROM new", old=old, new=new)
    for union in (old.union_all_by_name(new), sql):
        names = union.column_names
        values = union.to_pydict()
        print(f"{first.type} and {second.type} by name: {values}, columns {names}")
        as_seen &= values == lost and names == ["id", "v", "v"]
    place = pathlib.Path(sys.argv[1], str(number))
    old.union_all_by_name(new).write_parquet(str(place))
    files = [pq.ParquetFile(path).read().to_pylist() for path in place.glob("*.parquet")]
    rows = sorted((row for file in files for row in file), key=lambda row: row["id"])
    as_seen &= rows == [{"id": 1, "v": None}, {"id": 2, "v": second[0].as_py()}]
    kept = old.union_all(new).to_pydict()["v"]
    print(f"  in a Parquet file: {rows}, by position: {kept}")
    midnight = datetime.datetime.combine(DAY, datetime.time())
    as_seen &= kept == [midnight if first[0].as_py() == DAY else first[0].as_py(), second[0].as_py()]
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
