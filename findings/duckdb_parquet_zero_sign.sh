#!/bin/sh
# DuckDB 1.5.5: a table of 500 zeros and 500 negative zeros, written to Parquet by COPY, comes
# back as 1,000 negative zeros (the first value's sign). The writer's dictionary takes 0.0 and
# -0.0 for one value, though DuckDB itself tells them apart (signbit). So a file is no faithful
# copy: whoever compares floats bit by bit, or divides by them, sees other rows than were in
# the table. Seen with pyarrow 25.0.0 and with DuckDB's own reader. DuckDB 2.0.0 keeps both.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import math, sys, tempfile
import duckdb, pyarrow.parquet

NEGATIVE = "SELECT count(*) FILTER (WHERE signbit(x)) FROM "
with tempfile.TemporaryDirectory() as folder:
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE zeros AS SELECT CASE WHEN i % 2 = 0 THEN '-0.0'::DOUBLE"
        " ELSE '0.0'::DOUBLE END AS x FROM range(1000) AS r(i)"
    )
    db.execute(f"COPY zeros TO '{folder}/zeros.parquet' (FORMAT parquet)")
    column = pyarrow.parquet.read_table(f"{folder}/zeros.parquet")["x"].to_pylist()
    seen = [
        db.execute(NEGATIVE + "zeros").fetchone()[0],
        sum(math.copysign(1, value) < 0 for value in column),
        db.execute(f"{NEGATIVE}'{folder}/zeros.parquet'").fetchone()[0],
    ]
print(f"duckdb {duckdb.__version__}: negative zeros of 1,000 in the table, in the file"
      f" (by pyarrow, by duckdb): {seen}")
sys.exit(seen != {"1.5.5": [500, 1000, 1000], "2.0.0": [500] * 3}[duckdb.__version__])
PY
for version in 1.5.5 2.0.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check \
    "duckdb==$version" pyarrow==25.0.0
  "$folder/$version/bin/python" "$folder/look.py"
done
echo "as described"
