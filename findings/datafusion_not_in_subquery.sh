#!/bin/sh
# DataFusion 55.0.0 has two wrong answers to `NOT IN (SELECT …)`, both without an error. Beside an
# OR it takes NULL for true: a row whose value is NULL, or each row that isn't listed where the list
# holds a NULL, is found, while the same NOT IN without the OR leaves it out. And where the subquery
# compares with the row outside, rows are lost: `tag NOT IN (SELECT tag FROM seen WHERE seen.tag =
# item.tag)` finds nothing as soon as `seen` holds a NULL, though that NULL is in no row's list; a
# list that is empty excludes nothing. So a NOT IN that looks for what is missing says that nothing
# is. One would expect the standard's answer, which PostgreSQL and DuckDB 2.0.1 give.
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

TABLES = {
    "item": pa.table({"id": [1, 2, 3], "tag": ["a", None, "c"]}),
    "seen": pa.table({"tag": ["a", None]}),
    "known": pa.table({"tag": ["a"]}),
}
QUESTIONS = {
    "tag NOT IN (SELECT tag FROM known)": ([3], [3]),
    "tag NOT IN (SELECT tag FROM known) OR id = 1": ([1, 3], [1, 2, 3]),
    "tag NOT IN (SELECT tag FROM seen)": ([], []),
    "tag NOT IN (SELECT tag FROM seen) OR id = 1": ([1], [1, 2, 3]),
    "tag NOT IN (SELECT tag FROM known WHERE known.tag = item.tag)": ([2, 3], [3]),
    "tag NOT IN (SELECT tag FROM seen WHERE seen.tag = item.tag)": ([2, 3], []),
}
by_datafusion, by_duckdb = SessionContext(), duckdb.connect()
for name, table in TABLES.items():
    by_datafusion.register_record_batches(name, [table.to_batches()])
    by_duckdb.register(name, table)
print("datafusion", version("datafusion"), "duckdb", duckdb.__version__)
same = []
for condition, (right, as_seen) in QUESTIONS.items():
    sql = f"SELECT id FROM item WHERE {condition} ORDER BY id"
    found = by_datafusion.sql(sql).to_arrow_table()["id"].to_pylist()
    there = [identity for (identity,) in by_duckdb.execute(sql).fetchall()]
    print(f"{condition}: DataFusion finds {found}, DuckDB {there}")
    same.append(found == as_seen and there == right)
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
