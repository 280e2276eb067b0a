#!/bin/sh
# DataFusion 55.0.0: SUM over DECIMAL(38, 0) that doesn't fit gives another number, of another sign
# and even of 39 digits, which is more than the type of its own column holds: there is no error, and
# Arrow hands the number out. The plus of the same two numbers is an error, as one would expect of
# both.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  datafusion==55.0.0 pyarrow==25.0.1
cat > "$folder/look.py" <<'PY'
import sys
from decimal import Decimal
from importlib.metadata import version

import pyarrow as pa
from datafusion import SessionContext

print("datafusion", version("datafusion"))
big = Decimal(9 * 10**37)
context = SessionContext()
column = pa.array([big, big], pa.decimal128(38, 0))
context.register_record_batches("t", [[pa.record_batch({"v": column})]])


def answer(sql: str) -> object:
    try:
        table = context.sql(sql).to_arrow_table()
        print(f"{sql}: {table.column(0).type} {table.column(0)[0]}")
        return table.column(0)[0].as_py()
    except Exception as error:  # the package's errors are of this class itself
        print(f"{sql}: {type(error).__name__} {str(error).splitlines()[0][:90]}")
        return type(error).__name__


total = answer("SELECT sum(v) AS v FROM t")
plus = answer("SELECT v + v AS v FROM t")
print("right would be", 2 * big)
sys.exit(not (isinstance(total, Decimal) and total < 0 and isinstance(plus, str)))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
