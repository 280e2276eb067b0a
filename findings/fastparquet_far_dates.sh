#!/bin/sh
# fastparquet 2026.9.0, also as pandas' engine="fastparquet", reads each date of Parquet as nanoseconds
# from 1970 in 64 bits, and one before 1677-09-22 or after 2262-04-11 wraps around: 9999-12-31, which
# many systems write for "until further notice", becomes 1816-03-29 05:56:08.066277376, and 0001-01-01
# becomes 1754-08-30. A file's statistics wrap too, so that a filter for later dates leaves out a row
# group that has one. There is no error. The same days as timestamps of microseconds are read right,
# and pyarrow reads both right; one would expect that of dates, or an error.
# Seen with pandas 3.1.1, numpy 2.4.6 and pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  fastparquet==2026.9.0 pandas==3.1.1 numpy==2.4.6 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import datetime
import sys
from importlib.metadata import version

import fastparquet
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SEEN = {
    "2024-01-01": "2024-01-01T00:00:00.000000000",
    "2262-04-11": "2262-04-11T00:00:00.000000000",
    "2262-04-12": "1677-09-21T00:25:26.290448384",
    "9999-12-31": "1816-03-29T05:56:08.066277376",
    "0001-01-01": "1754-08-30T22:43:41.128654848",
}
days = [datetime.date.fromisoformat(text) for text in SEEN]
stamps = [datetime.datetime.combine(day, datetime.time()) for day in days]
path = f"{sys.argv[1]}/days.parquet"
pq.write_table(pa.table({"day": days, "at": pa.array(stamps, pa.timestamp("us"))}), path)
print("fastparquet", version("fastparquet"))
frame = pd.read_parquet(path, engine="fastparquet")
for (text, seen), day, at in zip(SEEN.items(), frame["day"].to_numpy(), frame["at"]):
    print(text, "is read as", day, "and as a timestamp", at.isoformat())
    if str(day) != seen or at.isoformat() != f"{text}T00:00:00":
        sys.exit(1)
if pq.read_table(path)["day"].to_pylist() != days:
    sys.exit(1)
until = f"{sys.argv[1]}/until.parquet"
pq.write_table(pa.table({"day": days[3:4], "at": stamps[3:4]}), until)
today = np.datetime64("2026-01-01")
counts = {}
for column in ("day", "at"):
    kept = fastparquet.ParquetFile(until).to_pandas(filters=[(column, ">", today)])
    counts[column] = len(kept)
    print(f"rows of a file with 9999-12-31 by the filter {column} > {today}: {len(kept)}")
sys.exit(counts != {"day": 0, "at": 1})
PY
"$folder/v/bin/python" -W ignore "$folder/look.py" "$folder"
echo "as described"
