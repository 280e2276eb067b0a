#!/bin/sh
# fastavro 1.13.1 writes a value as the first branch of a union that can be made of it, though a
# later branch is its type, and cuts it: in [date, timestamp-micros] a datetime loses its time, in
# [double, long] and [float, long] the id 9007199254740993 becomes …992. Of a field that isn't a
# union, 1.9 is written to an int as 1 and 2147483648 as itself, which no int holds, and 1e300 to a
# float as infinity. There is no error. The Avro specification gives a union's branches no rank but
# for the default; avro 1.12.2 writes these as given or raises, which one would expect.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  fastavro==1.13.1 avro==1.12.2
cat > "$folder/look.py" <<'PY'
import io
import json
import sys
from datetime import date, datetime, timezone
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro

DATE = {"type": "int", "logicalType": "date"}
MOMENT = {"type": "long", "logicalType": "timestamp-micros"}
NOON = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
ID = 2**53 + 1
CASES = [
    ([DATE, MOMENT], NOON, date(2024, 1, 1), NOON),
    (["double", "long"], ID, float(2**53), ID),
    (["float", "long"], ID, float(2**53), ID),
    ("int", 1.9, 1, "AvroTypeException"),
    ("int", 2**31, 2**31, "AvroTypeException"),
    ("float", 1e300, float("inf"), "OverflowError"),
]


def by_fastavro(kind: object, value: object) -> object:
    """What fastavro reads of what it wrote."""
    schema, place = fastavro.parse_schema(kind), io.BytesIO()
    fastavro.schemaless_writer(place, schema, value)
    place.seek(0)
    return fastavro.schemaless_reader(place, schema, None)


def by_avro(kind: object, value: object) -> object:
    """What avro reads of what it wrote, or its error's class."""
    schema, place = avro.schema.parse(json.dumps(kind)), io.BytesIO()
    try:
        avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(place))
    except (avro.errors.AvroException, OverflowError) as error:
        return type(error).__name__
    place.seek(0)
    return avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(place))


print("fastavro", fastavro.__version__, "avro", version("avro"))
same = []
for kind, value, as_seen, right in CASES:
    names = [part if isinstance(part, str) else part["logicalType"] for part in kind]
    found, there = by_fastavro(kind, value), by_avro(kind, value)
    shown = kind if isinstance(kind, str) else names
    print(f"{value} as {shown}: {found} by fastavro, {there} by avro")
    same.append((repr(found), repr(there)) == (repr(as_seen), repr(right)))
sys.exit(not all(same))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
