#!/bin/sh
# DuckDB 2.0.0 (1.5.5 too) reads a Parquet decimal of more than 38 digits, BigQuery's BIGNUMERIC, as
# DOUBLE. That is meant; but it isn't the nearest double: of decimal(76, 38) the 5 comes as
# 5.000000000000001, the 10 as 10.000000000000002 and 0.1 as 0.09999999999999999, while 6 and 7 are
# right. So whole numbers that a double holds exactly are changed without a word, and `= 5` finds no
# row. One would expect the double that is nearest to the decimal, as a cast of DuckDB's own gives.
# Seen with duckdb 2.0.0 and 1.5.5, files written by pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import decimal
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

TEXTS = ("5", "6", "7", "10", "0.1")
decimal.getcontext().prec = 76
file = f"{sys.argv[1]}/amounts.parquet"
amounts = pa.array([decimal.Decimal(text) for text in TEXTS], pa.decimal256(76, 38))
pq.write_table(pa.table({"amount": amounts}), file)
kept = pq.read_table(file).column("amount").to_pylist() == amounts.to_pylist()
print("duckdb", duckdb.__version__)
rows = duckdb.sql(f"SELECT typeof(amount), amount FROM '{file}'").fetchall()
fives = duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE amount = 5").fetchall()[0][0]
sql = "SELECT '{}'::DECIMAL(38, 18)::DOUBLE"
casts = [duckdb.sql(sql.format(text)).fetchall()[0][0] for text in TEXTS]
for text, (kind, read), cast in zip(TEXTS, rows, casts, strict=True):
    print(f"{text:>4} in the file: read as {kind} {read!r}, cast from DECIMAL(38, 18) {cast!r}")
print("rows of amount = 5:", fives)
wanted = [5.000000000000001, 6.0, 7.0, 10.000000000000002, 0.09999999999999999]
sys.exit(not (kept and fives == 0 and rows == [("DOUBLE", value) for value in wanted]))
PY
for duckdb in 2.0.0 1.5.5; do
  python3 -m venv "$folder/$duckdb"
  "$folder/$duckdb/bin/python" -m pip install --quiet --disable-pip-version-check \
    "duckdb==$duckdb" pyarrow==26.0.1
  "$folder/$duckdb/bin/python" "$folder/look.py" "$folder"
done
echo "as described"
