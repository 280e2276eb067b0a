#!/bin/sh
# polars 2.1.0's SQL loses the rows whose boolean is NULL from `paid IS NOT TRUE` and `IS NOT
# FALSE`: both answer NULL for it, as `NOT paid` would, and so do IS TRUE and IS FALSE, whose NOT
# then loses the row too. By the SQL standard these four never answer NULL, which is what they are
# for; polars' documentation says that its SQL follows PostgreSQL, and there and in DuckDB 2.0.1 the
# row is found. The rows that `IS TRUE` and `IS NOT TRUE` find together are thus fewer than the
# table has, without an error; `IS NOT DISTINCT FROM TRUE` of polars is right.
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

import duckdb
import polars as pl

bills = pl.DataFrame({"id": [1, 2, 3], "paid": [True, False, None]})
by_polars, by_duckdb = pl.SQLContext(bills=bills), duckdb.connect()
by_duckdb.register("bills", bills.to_arrow())
print("polars", pl.__version__, "duckdb", duckdb.__version__)
RIGHT = {
    "paid IS NOT TRUE": [2, 3],
    "paid IS NOT FALSE": [1, 3],
    "NOT (paid IS TRUE)": [2, 3],
    "NOT (paid IS FALSE)": [1, 3],
    "paid IS TRUE": [1],
    "paid IS DISTINCT FROM TRUE": [2, 3],
}
lost = []
for condition, right in RIGHT.items():
    sql = f"SELECT id FROM bills WHERE {condition} ORDER BY id"
    found = by_polars.execute(sql, eager=True)["id"].to_list()
    there = [identity for (identity,) in by_duckdb.execute(sql).fetchall()]
    print(f"{condition}: polars finds {found}, DuckDB {there}")
    lost.append((sorted(set(right) - set(found)), there == right))
sys.exit(lost != [([3], True)] * 4 + [([], True)] * 2)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
