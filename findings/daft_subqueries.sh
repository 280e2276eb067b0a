#!/bin/sh
# Daft 0.7.26 turns a subquery of SQL into a join and leaves it at that. A row for which
# (SELECT count(*) …) counts nothing gets NULL instead of 0, and so does
# (SELECT coalesce(sum(v), 0) …), so that a query for rows that have none of another table finds none.
# A scalar subquery of two rows, which is an error in SQL, gives each outer row twice.
# NOT IN (SELECT …) finds rows where the list holds a NULL and the row whose own value is NULL, while
# NOT IN (1, NULL) finds none, as SQL says. There is no error, and DuckDB answers each as SQL does.
# Seen with duckdb 2.0.1 and pyarrow 25.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  daft==0.7.26 duckdb==2.0.1 pyarrow==25.0.1
cat > "$folder/look.py" <<'PY'
import sys

import daft
import duckdb
import pyarrow as pa

a = pa.table({"id": pa.array([1, 2, None], pa.int64())})
b = pa.table({"id": pa.array([1, None], pa.int64()), "v": [5, 6]})
OF_A = "FROM b WHERE b.id = a.id"
QUERIES = {
    f"SELECT id, (SELECT count(*) {OF_A}) AS n FROM a": (
        [(1, 1), (2, None), (None, None)],
        [(1, 1), (2, 0), (None, 0)],
    ),
    f"SELECT id, (SELECT coalesce(sum(v), 0) {OF_A}) AS n FROM a": (
        [(1, 5), (2, None), (None, None)],
        [(1, 5), (2, 0), (None, 0)],
    ),
    f"SELECT id FROM a WHERE (SELECT count(*) {OF_A}) = 0": ([], [(2,), (None,)]),
    "SELECT id, (SELECT v FROM b) AS n FROM a": (
        [(1, 5), (1, 6), (2, 5), (2, 6), (None, 5), (None, 6)],
        "error",
    ),
    "SELECT id FROM a WHERE id NOT IN (SELECT id FROM b)": ([(2,), (None,)], []),
    "SELECT id FROM a WHERE id NOT IN (SELECT id FROM b WHERE v = 5)": ([(2,), (None,)], [(2,)]),
    "SELECT id FROM a WHERE id NOT IN (1, NULL)": ([], []),
}


def in_order(rows):
    return sorted(rows, key=lambda row: tuple((value is None, value) for value in row))


def by_daft(query):
    frames = {"a": daft.from_arrow(a), "b": daft.from_arrow(b)}
    return in_order(tuple(row.values()) for row in daft.sql(query, **frames).to_pylist())


def by_duckdb(query):
    try:
        return in_order(duckdb.sql(query).fetchall())
    except duckdb.Error:
        return "error"


print("daft", daft.__version__)
as_seen = True
for query, (seen, right) in QUERIES.items():
    answers = by_daft(query), by_duckdb(query)
    print(query, "\n  Daft:", answers[0], "DuckDB:", answers[1])
    as_seen &= answers == (seen, right)
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
