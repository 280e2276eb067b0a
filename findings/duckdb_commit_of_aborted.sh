#!/bin/sh
# DuckDB 1.5.5 and 2.0.1 take COMMIT of a transaction that an error has aborted, give no error, and
# throw its rows away: whoever catches the error of one statement and then commits is told that all
# went well. Which errors abort one differs: in 1.5.5 a value that can't be converted, a key that is
# there, or a second BEGIN do, but a column or a table that isn't there doesn't, and the rows are
# committed; in 2.0.1 all of them do. One would expect COMMIT to tell that it has rolled back, as
# PostgreSQL does by the word ROLLBACK that it answers with.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import contextlib
import sys

import duckdb

print("duckdb", duckdb.__version__)
ABORTING = (
    "SELECT CAST('a' AS INTEGER)",
    "INSERT INTO orders VALUES (1)",
    "BEGIN",
)
HARMLESS = (
    "SELECT missing FROM orders",
    "DROP TABLE missing",
)


def rows_after(refused: str) -> int:
    """Rows of a transaction that was committed after one of its statements was refused."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO orders VALUES (1)")
    with contextlib.suppress(duckdb.Error):
        connection.execute(refused).fetchall()
        raise SystemExit(f"not refused: {refused}")
    answer = connection.execute("COMMIT").fetchall()  # raises nothing, and says nothing
    if answer:
        raise SystemExit(f"COMMIT says {answer}")
    ((count,),) = connection.execute("SELECT COUNT(*) FROM orders").fetchall()
    print(f"COMMIT was taken after {refused}: {count} of 1 row is there")
    return count


seen = [rows_after(refused) for refused in (*ABORTING, *HARMLESS)]
kept = 1 if duckdb.__version__ == "1.5.5" else 0
sys.exit(seen != [0, 0, 0, kept, kept])
PY
for duckdb in 2.0.1 1.5.5; do
  python3 -m venv "$folder/$duckdb"
  "$folder/$duckdb/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==$duckdb"
  "$folder/$duckdb/bin/python" "$folder/look.py"
done
echo "as described"
