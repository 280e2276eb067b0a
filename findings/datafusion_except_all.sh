#!/bin/sh
# DataFusion 55.0.0's EXCEPT ALL takes every copy of a row away that the other side has once, and
# its INTERSECT ALL keeps every copy: three equal rows less one are none, and three with two in
# common are three. So two tables of which one has a row doubled are equal by it, in both
# directions. The SQL standard counts: three less one are two. PostgreSQL, DuckDB 2.0.1 and polars
# 2.1.0 do. There is no error.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  datafusion==55.0.0 duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import duckdb
import polars as pl
import pyarrow as pa
from datafusion import SessionContext

TABLES = {"source": pa.table({"id": [1, 1, 1, 2]}), "target": pa.table({"id": [1, 1, 2]})}
QUERIES = {
    "SELECT id FROM source EXCEPT ALL SELECT id FROM target": ([1], []),
    "SELECT id FROM target EXCEPT ALL SELECT id FROM source": ([], []),
    "SELECT id FROM source INTERSECT ALL SELECT id FROM target": ([1, 1, 2], [1, 1, 1, 2]),
    "SELECT id FROM source EXCEPT SELECT id FROM target": ([], []),
}
by_datafusion, by_duckdb, by_polars = SessionContext(), duckdb.connect(), pl.SQLContext()
for name, table in TABLES.items():
    by_datafusion.register_record_batches(name, [table.to_batches()])
    by_duckdb.register(name, table)
    by_polars.register(name, pl.from_arrow(table))
print("datafusion", version("datafusion"), "duckdb", duckdb.__version__, "polars", pl.__version__)
same = []
for sql, (right, as_seen) in QUERIES.items():
    found = sorted(by_datafusion.sql(sql).to_arrow_table()["id"].to_pylist())
    others = [
        sorted(identity for (identity,) in by_duckdb.execute(sql).fetchall()),
        sorted(by_polars.execute(sql, eager=True)["id"].to_list()),
    ]
    print(f"{sql}: DataFusion {found}, DuckDB {others[0]}, polars {others[1]}")
    same.append(found == as_seen and others == [right, right])
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
