#!/bin/sh
# pyarrow 25.0.1 and 26.0.1 take 0.0 and -0.0 for equal where they compare (`equal`, filters), and
# for two keys where they look up: group_by makes two groups of them, join finds no partner,
# `unique`, `count_distinct` and `is_in` tell them apart; two NaN, which compare as unequal, are one key.
# PostgreSQL and DuckDB hold the zeros to be one key in GROUP BY, DISTINCT, JOIN and a primary key.
# So rows that are aggregated, deduplicated or merged in Arrow differ from those that the database
# makes of the same values. One would expect `a == b` to mean one group.
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

print("pyarrow", pa.__version__, "duckdb", duckdb.__version__)
zeros = pa.table({"key": [0.0, -0.0], "n": [1, 2]})
one = pa.table({"key": [-0.0], "side": ["right"]})
first = pa.table({"key": [0.0]})
nan = float("nan")
figures = {
    "equal": pc.equal(pa.array([0.0]), pa.array([-0.0])).to_pylist(),
    "rows that == 0.0 finds": zeros.filter(pc.field("key") == 0.0).num_rows,
    "groups": zeros.group_by("key").aggregate([("n", "sum")]).num_rows,
    "groups, DuckDB": len(duckdb.sql("SELECT key, sum(n) FROM zeros GROUP BY key").fetchall()),
    "joined": first.join(one, "key", join_type="inner").num_rows,
    "joined, DuckDB": len(duckdb.sql("SELECT * FROM first JOIN one USING (key)").fetchall()),
    "unique": len(pc.unique(zeros["key"])),
    "count_distinct": pc.count_distinct(zeros["key"]).as_py(),
    "is_in": pc.is_in(first["key"], value_set=pa.array([-0.0])).to_pylist(),
    "groups of two NaN": pa.table({"key": [nan, nan]}).group_by("key").aggregate([]).num_rows,
}
for name, figure in figures.items():
    print(f"{name}: {figure}")
sys.exit(list(figures.values()) != [[True], 2, 2, 1, 0, 1, 2, 2, [False], 1])
PY
for pyarrow in 25.0.1 26.0.1; do
  python3 -m venv "$folder/$pyarrow"
  "$folder/$pyarrow/bin/python" -m pip install --quiet --disable-pip-version-check \
    "pyarrow==$pyarrow" duckdb==2.0.1
  "$folder/$pyarrow/bin/python" "$folder/look.py"
done
echo "as described"
