#!/bin/sh
# DuckDB and pyarrow leave rows with NaN out of what they filter from a Parquet file, though the same
# filter over the same rows in memory finds them. Writers keep NaN out of a column's statistics, as
# the format asks; both readers then take the statistics' maximum for that of all values. DuckDB
# 2.0.0 counts no NaN at all (`isnan(x)`), which 1.5.5 did; in both max(x) is the largest number,
# where DuckDB holds NaN to be larger than all. pyarrow 26.0.1 finds no row for `not (x <= 100)`.
# One would expect a filter to choose the same rows from a file and from memory: statistics that
# leave NaN out say nothing about rows whose answer depends on it. Files written by DuckDB itself
# keep no such maximum, and are right.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

file = f"{sys.argv[1]}/measures.parquet"
rows = pa.table({"id": [1, 2, 3], "x": [1.0, 2.0, float("nan")]})
pq.write_table(rows, file)
duckdb.sql("CREATE TABLE memory AS FROM rows")
print("duckdb", duckdb.__version__, "pyarrow", pa.__version__)


def of(table: str, what: str, where: str = "true") -> object:
    return duckdb.sql(f"SELECT {what} FROM {table} WHERE {where}").fetchall()[0][0]


differ = []
for where in ("x > 100", "isnan(x)", "x >= 2"):
    memory, read = (of(table, "count(*)", where) for table in ("memory", f"'{file}'"))
    print(f"duckdb, rows of {where}: {memory} in memory, {read} in the file")
    differ.append(memory != read)
largest = [of(table, "max(x)") for table in ("memory", f"'{file}'")]
print("duckdb, max(x): {} in memory, {} in the file".format(*largest))
differ.append(repr(largest) == "[nan, 2.0]")
condition = ~(pc.field("x") <= 100)
memory, read = rows.filter(condition).num_rows, ds.dataset(file).to_table(filter=condition).num_rows
print(f"pyarrow, rows of not (x <= 100): {memory} in memory, {read} in the file")
differ.append(memory != read)
sys.exit(differ != [True, duckdb.__version__ == "2.0.0", False, True, True])
PY
for duckdb in 2.0.0 1.5.5; do
  python3 -m venv "$folder/$duckdb"
  "$folder/$duckdb/bin/python" -m pip install --quiet --disable-pip-version-check \
    "duckdb==$duckdb" pyarrow==26.0.1
  "$folder/$duckdb/bin/python" "$folder/look.py" "$folder"
done
echo "as described"
