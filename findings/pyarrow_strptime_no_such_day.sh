#!/bin/sh
# pyarrow 25.0.1 and 26.0.1: `compute.strptime` reads 2024-02-30 as March 1 and 2023-02-29 as
# March 1, also with `error_is_null=True`, whose point is to find texts that are no dates; month 13
# and day 32 are found. A cast of the same texts to a timestamp refuses them, and so do Python's
# strptime and PostgreSQL. So a column of texts with days that never were becomes one of valid,
# other days, without an error. One would expect a NULL or an error, as for day 32.
# Seen on Linux with glibc.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import sys

import pyarrow as pa
import pyarrow.compute as pc

print("pyarrow", pa.__version__)
TEXTS = ["2024-02-29", "2024-02-30", "2023-02-29", "2024-04-31", "2024-04-32", "2024-13-01"]
DAYS = ["2024-02-29", "2024-03-01", "2023-03-01", "2024-05-01", None, None]
read = pc.strptime(TEXTS, format="%Y-%m-%d", unit="s", error_is_null=True)
days = [None if value is None else value.date().isoformat() for value in read.to_pylist()]
refused = []
for text, day in zip(TEXTS, days, strict=True):
    try:
        pa.array([text]).cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        refused.append(text)
    print(f"{text}: strptime {day}, cast {'an error' if text in refused else 'the same'}")
sys.exit(days != DAYS or refused != TEXTS[1:])
PY
for pyarrow in 25.0.1 26.0.1; do
  python3 -m venv "$folder/$pyarrow"
  "$folder/$pyarrow/bin/python" -m pip install --quiet --disable-pip-version-check "pyarrow==$pyarrow"
  "$folder/$pyarrow/bin/python" "$folder/look.py"
done
echo "as described"
