#!/bin/sh
# narwhals 2.29.0 computes rolling sums, means, variances and deviations of a pyarrow table as the
# difference of two running sums over all rows. After a NaN or an infinity each later window is NaN, to
# the last row; after one large number they are 0.0: of 1e17, 1, 2, 3, 4 the sums of two are 1e17,
# 1e17, 0, 0, 0. For polars and pandas the same expression gives 3, 5, 7, as its documentation says: the
# values in the window are aggregated to their sum. Nothing is said, and a check of freshness or
# volume that looks at the last week has lost all its numbers to one row at the beginning.
# Seen with pyarrow 26.0.1, polars 2.1.0, pandas 3.1.1 and numpy 2.4.6.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  narwhals==2.29.0 pyarrow==26.0.1 polars==2.1.0 pandas==3.1.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import math
import sys

import narwhals as nw
import polars as pl
import pyarrow as pa

FIRST = (1e17, math.nan, math.inf)
RIGHT = {
    "rolling_sum": [3.0, 5.0, 7.0],
    "rolling_mean": [1.5, 2.5, 3.5],
    "rolling_var": [0.5, 0.5, 0.5],
}
print("narwhals", nw.__version__)
as_seen = True
for first in FIRST:
    rows = pa.table({"v": [first, 1.0, 2.0, 3.0, 4.0]})
    for native in (rows, pl.from_arrow(rows), rows.to_pandas()):
        frame = nw.from_native(native)
        engine = frame.implementation.name
        for name, right in RIGHT.items():
            windows = frame.select(getattr(nw.col("v"), name)(2))["v"].to_list()[2:]
            print(f"{engine:7} {name:12} of two, {first} and then 1, 2, 3, 4: {windows}")
            if engine != "PYARROW":
                as_seen &= all(map(math.isclose, windows, right))
            elif math.isfinite(first):
                as_seen &= windows == [0.0, 0.0, 0.0]
            else:
                as_seen &= all(map(math.isnan, windows))
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
