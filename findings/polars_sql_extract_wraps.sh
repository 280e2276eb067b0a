#!/bin/sh
# polars 2.1.0 computes with the parts of a date in eight bits: EXTRACT(HOUR FROM t) * 60 at 23
# o'clock is 100, EXTRACT(MONTH FROM d) * 100 in March is 44, and so the usual key of a day, year *
# 10000 + month * 100 + day, is wrong from February on: the 366 days of 2024 have 236 keys. The
# methods (dt.month()) are alike. LENGTH(s) - 4 of a text of three is 4294967295, and POWER(10, 10)
# is 1410065408. There is no error. polars' documentation says that its SQL follows PostgreSQL,
# where these are numeric, integer and double and right, as they are in DuckDB 2.0.1; one would
# expect the right number or an error.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys
from datetime import datetime

import duckdb
import polars as pl

days = pl.DataFrame({
    "made": [datetime(2024, 1, 31, 23, 5), datetime(2024, 3, 31, 0, 5), datetime(2024, 12, 1, 12)],
    "name": ["jan", "march", "december"],
})
KEY = "EXTRACT(YEAR FROM made) * 10000 + EXTRACT(MONTH FROM made) * 100 + EXTRACT(DAY FROM made)"
AS_SEEN = {
    KEY: [20240131, 20240075, 20239921],
    "EXTRACT(HOUR FROM made) * 60 + EXTRACT(MINUTE FROM made)": [105, 5, -48],
    "LENGTH(name) - 4": [4294967295, 1, 4],
    "POWER(10, 10)": [1410065408] * 3,
}
RIGHT = {
    KEY: [20240131, 20240331, 20241201],
    "EXTRACT(HOUR FROM made) * 60 + EXTRACT(MINUTE FROM made)": [1385, 5, 720],
    "LENGTH(name) - 4": [-1, 1, 4],
    "POWER(10, 10)": [10**10] * 3,
}
by_polars, by_duckdb = pl.SQLContext(days=days), duckdb.connect()
by_duckdb.register("days", days.to_arrow())
print("polars", pl.__version__, "duckdb", duckdb.__version__)
same = []
for expression, as_seen in AS_SEEN.items():
    sql = f"SELECT {expression} AS n FROM days ORDER BY made"
    found = by_polars.execute(sql, eager=True)["n"].to_list()
    there = [n for (n,) in by_duckdb.execute(sql).fetchall()]
    print(f"{expression}: {found}, by DuckDB {there}")
    same.append(found == as_seen and there == RIGHT[expression])
year = pl.DataFrame({"d": pl.date_range(datetime(2024, 1, 1), datetime(2024, 12, 31), eager=True)})
day = pl.col("d").dt
keys = year.select(day.year() * 10000 + day.month() * 100 + day.day()).to_series()
print(f"keys of the {len(keys)} days of 2024, by methods: {keys.n_unique()}")
same.append(keys.n_unique() == 236)
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
