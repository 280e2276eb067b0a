#!/bin/sh
# pyarrow 25.0.0 and 26.0.1 cast a text to a decimal that can't hold its number, and give another
# one, even of another sign: what is more than 128 bits is cut off, and the safe cast, which is the
# default, doesn't notice; with an exponent a text of 23 characters does. In a column of CSV the
# same text is refused, as one would expect of the cast. A decimal that is cast to a larger scale is
# wrapped likewise.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import decimal
import io
import sys

import pyarrow as pa
from pyarrow import csv

print("pyarrow", pa.__version__)
NUMERIC = pa.decimal128(38, 9)
TEXT = "99999999999999999999e22"


def cast(text: str) -> object:
    try:
        value = pa.array([text]).cast(NUMERIC, safe=True)[0].as_py()
    except pa.ArrowInvalid:
        value = "refused"
    print(f"cast of {text}: {value}")
    return value


def read(text: str) -> object:
    options = csv.ConvertOptions(column_types={"n": NUMERIC})
    try:
        value = csv.read_csv(io.BytesIO(f"n\n{text}\n".encode()), convert_options=options)[0][0]
    except pa.ArrowInvalid:
        value = "refused"
    print(f"CSV with {text}: {value}")
    return value


def rescaled(number: str, precision: int) -> object:
    column = pa.array([decimal.Decimal(number)], pa.decimal128(precision, 0))
    try:
        value = column.cast(NUMERIC, safe=True)[0].as_py()
    except pa.ArrowInvalid:
        value = "refused"
    print(f"cast of {number} as decimal128({precision}, 0): {value}")
    return value


LONG = "41910106216042357732644645485269"
plain = f"{decimal.Decimal(TEXT):f}"
seen = (cast(TEXT), cast(plain), read(TEXT))
wrapped = decimal.Decimal("-95697646645188304477050570048.626753536")
as_wrong = decimal.Decimal("55375084766926726649568771161.509990912")
sys.exit(seen != (wrapped, wrapped, "refused") or rescaled(LONG, 38) != as_wrong)
PY
for pyarrow in 26.0.1 25.0.0; do
  python3 -m venv "$folder/$pyarrow"
  "$folder/$pyarrow/bin/python" -m pip install --quiet --disable-pip-version-check "pyarrow==$pyarrow"
  "$folder/$pyarrow/bin/python" "$folder/look.py"
done
echo "as described"
