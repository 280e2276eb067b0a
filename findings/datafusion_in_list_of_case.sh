#!/bin/sh
# DataFusion 55.0.0 doesn't find what is there, where an expression is looked for in a list of which
# one element is a CASE of columns: `id + 0 IN (CASE WHEN kind = 1 THEN 0 ELSE id END, 99)` is false
# for each row, and NOT IN of it true, in SELECT and in WHERE. It is right of the column by itself
# (`id IN …`), of the CASE alone in the list, and of the same written with OR. One would expect
# these to be one, as the SQL standard has it, and as PostgreSQL and DuckDB 2.0.1 answer. There is
# no error.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  datafusion==55.0.0 duckdb==2.0.1 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import duckdb
import pyarrow as pa
from datafusion import SessionContext

ROWS = pa.table({"id": [5, 6, 7], "kind": [None, 1, 2], "name": ["p", "q", "r"]})
NUMBER = "CASE WHEN kind = 1 THEN 0 ELSE id END"
TEXT = "CASE WHEN kind = 1 THEN 'z' ELSE name END"
RIGHT, NONE, ALL = [5, 7], [], [5, 6, 7]
QUESTIONS = {
    f"id + 0 IN ({NUMBER}, 99)": (RIGHT, NONE),
    f"id + 0 NOT IN ({NUMBER}, 99)": ([6], ALL),
    f"lower(name) IN ({TEXT}, 'y')": (RIGHT, NONE),
    f"id IN ({NUMBER}, 99)": (RIGHT, RIGHT),
    f"id + 0 IN ({NUMBER})": (RIGHT, RIGHT),
    f"id + 0 = {NUMBER} OR id + 0 = 99": (RIGHT, RIGHT),
}
by_datafusion, by_duckdb = SessionContext(), duckdb.connect()
by_datafusion.register_record_batches("t", [ROWS.to_batches()])
by_duckdb.register("t", ROWS)
print("datafusion", version("datafusion"), "duckdb", duckdb.__version__)
same = []
for condition, (right, as_seen) in QUESTIONS.items():
    sql = f"SELECT id FROM t WHERE {condition} ORDER BY id"
    found = by_datafusion.sql(sql).to_arrow_table()["id"].to_pylist()
    there = [identity for (identity,) in by_duckdb.execute(sql).fetchall()]
    print(f"{condition}: DataFusion finds {found}, DuckDB {there}")
    same.append(found == as_seen and there == right)
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
