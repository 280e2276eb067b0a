#!/bin/sh
# DuckDB 1.5.5 finds a row in an empty table: one of NULLs, where the first row by an order is asked
# for as QUALIFY ROW_NUMBER() OVER (ORDER BY …) = 1, or as the same in a subquery. Its optimizer
# makes an aggregate without groups of the window, which has a row also over none; with that
# optimizer off (top_n_window_elimination), or with PARTITION BY, there is no row. One would expect
# a filter never to add rows. 2.0.1 finds none.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import sys

import duckdb

print("duckdb", duckdb.__version__)
connection = duckdb.connect()
connection.execute("CREATE TABLE events (run int, seen int)")
FIRST = "SELECT run FROM events QUALIFY ROW_NUMBER() OVER (ORDER BY seen DESC) = 1"
INNER = (
    "SELECT run FROM (SELECT run, ROW_NUMBER() OVER (ORDER BY seen DESC) AS place FROM events)"
    " WHERE place = 1"
)
GROUPED = FIRST.replace("(ORDER", "(PARTITION BY run ORDER")


def rows(query: str) -> list[tuple[object, ...]]:
    found = connection.execute(query).fetchall()
    print(f"{len(found)} rows: {query}")
    return found


seen = [rows(query) for query in (FIRST, INNER, GROUPED)]
connection.execute("SET disabled_optimizers = 'top_n_window_elimination'")
print("with top_n_window_elimination off:")
seen.append(rows(FIRST))
wrong = [(None,)] if duckdb.__version__ == "1.5.5" else []
sys.exit(seen != [wrong, wrong, [], []])
PY
for duckdb in 2.0.1 1.5.5; do
  python3 -m venv "$folder/$duckdb"
  "$folder/$duckdb/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==$duckdb"
  "$folder/$duckdb/bin/python" "$folder/look.py"
done
echo "as described"
