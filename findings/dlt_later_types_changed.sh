#!/bin/sh
# dlt 1.31.0 gives a field the type of its first value, and changes later values to it where it can,
# without a word: after False the number 7 becomes True, and so does 0.5; after a date a timestamp loses its
# time of day; after a float the integer 9007199254740993 becomes …992. These values are lost, and the
# other order keeps them: False after 7 and 1.9 after 1 get a column of their own, `v__v_bool` and
# `v__v_double`, as dlt documents it for a value that can't be coerced. One would expect that of
# each value that the first type doesn't hold, as documents of one MongoDB collection often bring.
# Seen with DuckDB 1.5.5 as the destination.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  'dlt[duckdb]==1.31.0' duckdb==1.5.5
cat > "$folder/look.py" <<'PY'
import os
import sys
from datetime import UTC, date, datetime

place = sys.argv[1]
os.environ |= {
    "DLT_DATA_DIR": place,
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}
import dlt  # noqa: E402  (reads its settings)

DAY, EVENING = date(2024, 1, 1), datetime(2024, 1, 1, 23, 59, tzinfo=UTC)
CASES = [
    ([False, 7, 0.5], {"v": [False, True, True]}),
    ([DAY, EVENING], {"v": [DAY, DAY]}),
    ([0.5, 9007199254740993], {"v": [0.5, 9007199254740992.0]}),
    ([7, False], {"v": [7, None], "v__v_bool": [None, False]}),
    ([1, 1.9], {"v": [1, None], "v__v_double": [None, 1.9]}),
]


def loaded(number: int, values: list[object]) -> dict[str, list[object]]:
    """The columns that dlt makes of a field with these values, in the order of the rows."""
    pipeline = dlt.pipeline(
        f"p{number}",
        destination=dlt.destinations.duckdb(f"{place}/{number}.duckdb"),
        dataset_name="shop",
        pipelines_dir=f"{place}/{number}",
    )
    rows = [{"id": row, "v": value} for row, value in enumerate(values)]
    pipeline.run(dlt.resource(rows, name="orders"))
    names = [name for name in pipeline.default_schema.tables["orders"]["columns"] if name[0] == "v"]
    with pipeline.sql_client() as client:
        found = client.execute_sql(f"SELECT {', '.join(names)} FROM orders ORDER BY id")
    return {name: [row[place] for row in found] for place, name in enumerate(names)}


print("dlt", dlt.__version__)
good = True
for number, (values, wanted) in enumerate(CASES):
    found = loaded(number, values)
    print(*map(str, values), "become", {name: list(map(str, got)) for name, got in found.items()})
    good = good and repr(found) == repr(wanted)
sys.exit(not good)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
