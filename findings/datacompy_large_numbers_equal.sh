#!/bin/sh
# datacompy 1.1.0 says of two tables that they match, though each number in one differs from the one in
# the other: it compares numbers by way of doubles, also integers and decimals, and also with the
# tolerances of 0 that it begins with. The ids 9007199254740993 and 9007199254740992, two uint64 beside
# 2 to the 64th, and decimals that differ in the 17th digit are equal, in pandas and in polars, and the
# report calls all rows equal. Its documentation compares the difference with
# abs_tol + rel_tol * abs(value), which is 0 here; one would expect that integers and decimals are
# compared as what they are. Texts of the same numbers, and ids in `join_columns`, are told apart.
# Seen with pandas 3.0.6, polars 1.44.2, numpy 2.4.6 and pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  datacompy==1.1.0 pandas==3.0.6 polars==1.44.2 numpy==2.4.6 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import logging
import sys
from decimal import Decimal
from importlib.metadata import version

logging.disable(logging.CRITICAL)
import datacompy
import pandas as pd
import polars as pl
import pyarrow as pa

PAIRS = [
    (9007199254740993, 9007199254740992, pa.int64(), True),
    (2**64 - 1, 2**64 - 2, pa.uint64(), True),
    (Decimal("9007199254740993.01"), Decimal("9007199254740993.02"), pa.decimal128(20, 2), True),
    (Decimal("1" * 38), Decimal("1" * 37 + "2"), pa.decimal128(38, 0), True),
    (4503599627370497, 4503599627370496, pa.int64(), False),
    ("9007199254740993", "9007199254740992", pa.string(), False),
]
print("datacompy", version("datacompy"))
as_seen = True


def table(value, type_, key=1):
    return pa.table({"id": [key], "v": pa.array([value], type_)})


def by_pandas(left, right, key):
    frames = (rows.to_pandas(types_mapper=pd.ArrowDtype) for rows in (left, right))
    return datacompy.PandasCompare(*frames, join_columns=key)


def by_polars(left, right, key):
    return datacompy.PolarsCompare(pl.from_arrow(left), pl.from_arrow(right), join_columns=key)


for engine in (by_pandas, by_polars):
    for first, second, type_, equal in PAIRS:
        compared = engine(table(first, type_), table(second, type_), "id")
        matches = bool(compared.matches())
        print(f"{engine.__name__} {type_!s:18} {first} and {second}: {matches}")
        as_seen &= first != second and matches == equal
        as_seen &= int(compared.count_matching_rows()) == equal
    keys = (table("x", pa.string(), key) for key in PAIRS[0][:2])
    compared = engine(*keys, "id")
    as_seen &= not compared.matches() and len(compared.df1_unq_rows) == 1
sys.exit(not as_seen)
PY
"$folder/v/bin/python" -W ignore "$folder/look.py"
echo "as described"
