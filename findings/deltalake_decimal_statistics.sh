#!/bin/sh
# deltalake 1.6.6 writes the least and the largest decimal of each file to the table's log by way of a
# double, and then leaves out files by them: a table of the one value 9007199254740993 says that its
# largest is …992, and finds no row equal to …993 or from there on, neither by SQL nor as a dataset of
# pyarrow, and `delete` deletes nothing. Beyond 64 bits the log says 9223372036854775807, whatever the
# value is, and decimals below one are rounded likewise. There is no error. The Delta protocol has the
# log's largest value equal the file's, or be no smaller; one would expect that, or none to be logged.
# Seen with pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  deltalake==1.6.6 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import json
import pathlib
import sys
from decimal import Decimal

import deltalake
import pyarrow as pa
import pyarrow.compute as pc

VALUES = {
    Decimal("9007199254740993"): 0,
    Decimal("12345678901234567890123"): 0,
    Decimal("0.100000000000000001"): 18,
}
print("deltalake", deltalake.__version__)
seen = []
for number, (value, scale) in enumerate(VALUES.items()):
    path = pathlib.Path(sys.argv[1], str(number))
    kind = pa.decimal128(38, scale)
    deltalake.write_deltalake(path, pa.table({"v": pa.array([value], kind)}))
    logged = [json.loads(line) for line in (path / "_delta_log" / f"{0:020}.json").open()]
    (stats,) = (json.loads(entry["add"]["stats"]) for entry in logged if "add" in entry)
    table = deltalake.DeltaTable(path)
    (stored,) = table.to_pyarrow_table()["v"].to_pylist()
    equal = pc.field("v") == pa.scalar(value, kind)
    found = table.to_pyarrow_dataset().to_table(filter=equal).num_rows
    ask = deltalake.QueryBuilder().register("t", table)
    counts = {}
    for operator in ("=", ">=", "<="):
        same = f"v {operator} CAST('{value}' AS DECIMAL(38, {scale}))"
        rows = pa.table(ask.execute(f"SELECT count(*) AS n FROM t WHERE {same}"))
        counts[operator] = rows["n"][0].as_py()
    deleted = table.delete(f"v = CAST('{value}' AS DECIMAL(38, {scale}))")["num_deleted_rows"]
    print(f"stored {stored}, largest by the log {stats['maxValues']['v']}")
    print(f"  rows: {found} equal to it by pyarrow, by SQL {counts}; {deleted} deleted")
    seen.append((stored == value, found, counts, deleted))
as_seen = (True, 0, {"=": 0, ">=": 0, "<=": 1}, 0)
sys.exit(seen != [as_seen] * 3)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
