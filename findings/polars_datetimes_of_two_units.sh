#!/bin/sh
# polars 2.1.0 cuts the finer of two datetimes to the coarser unit before it compares them: 1.999 ms
# isn't later than 1 ms, but equal, in filters of expressions and of SQL, and in join_where, which
# pairs rows that differ. So rows changed in the millisecond of a watermark that came from a file or
# a driver of milliseconds are never found by `changed > watermark`. There is no error, and
# coalesce, fill_null and concat cut what they keep. `join` refuses the same two columns, and
# `is_in` tells the values apart; pyarrow 26.0.1, DuckDB 2.0.1 and DataFusion 55.0.0 compare them
# exactly. One would expect that or an error.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  polars==2.1.0 duckdb==2.0.1 datafusion==55.0.0 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from datafusion import SessionContext

rows = pa.table({
    "id": [1, 2, 3],
    "watermark": pa.array([1, 1, 1], pa.timestamp("ms")),
    "changed": pa.array([1000, 1999, 2000], pa.timestamp("us")),
})
frame = pl.from_arrow(rows)
assert frame["changed"].dtype.time_unit == "us"
later = pl.col("changed") > pl.col("watermark")
SQL = "SELECT id FROM rows WHERE changed > watermark ORDER BY id"
context = SessionContext()
context.register_record_batches("rows", [rows.to_batches()])
marks = frame.select(mark="watermark").unique()
pairs = frame.select("id", "changed").join_where(marks, pl.col("changed") == pl.col("mark"))
only_changed = frame.with_columns(watermark=pl.lit(None, pl.Datetime("ms")))
kept = only_changed.select(pl.coalesce("watermark", "changed").dt.epoch("us")).to_series()
try:
    frame.join(marks, left_on="changed", right_on="mark")
    join = "taken"
except pl.exceptions.SchemaError:
    join = "refused"
figures = {
    "polars, filter": (frame.filter(later)["id"].to_list(), [3]),
    "polars, SQL": (pl.SQLContext(rows=frame).execute(SQL, eager=True)["id"].to_list(), [3]),
    "polars, join_where of equal ones": (sorted(pairs["id"].to_list()), [1, 2]),
    "polars, join of equal ones": (join, "refused"),
    "polars, changed by way of coalesce": (kept.to_list(), [1000, 1000, 2000]),
    "pyarrow": (rows.filter(pc.field("changed") > pc.field("watermark"))["id"].to_pylist(), [2, 3]),
    "DuckDB": ([n for (n,) in duckdb.sql(SQL).fetchall()], [2, 3]),
    "DataFusion": (context.sql(SQL).to_arrow_table()["id"].to_pylist(), [2, 3]),
}
print("polars", pl.__version__, "datafusion", version("datafusion"), "duckdb", duckdb.__version__)
for name, (found, _) in figures.items():
    print(f"{name}: {found}")
sys.exit(any(found != as_seen for found, as_seen in figures.values()))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
