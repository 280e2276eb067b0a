#!/bin/sh
# google-cloud-bigquery 3.47.0: a DATETIME parameter of a year before 1000 is sent without the
# zeros before it, as 999-01-01T00:00:00.000000. Neither GoogleSQL nor the library's own reader
# takes that text; DATE and TIMESTAMP parameters of the same moment have their four digits. The
# library writes it by %Y of strftime, which on Linux pads nothing. So a query that compares a
# DATETIME with an early moment (0001-01-01 is a common sentinel) fails, and with a DATE works.
# One would expect the same form for all three.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check google-cloud-bigquery==3.47.0
cat > "$folder/look.py" <<'PY'
import sys
from datetime import UTC, date, datetime

from google.cloud import bigquery

MOMENTS = {
    "DATE": date(999, 1, 1),
    "TIMESTAMP": datetime(999, 1, 1, tzinfo=UTC),
    "DATETIME": datetime(999, 1, 1),
}
print("google-cloud-bigquery", bigquery.__version__)
texts, read = {}, {}
for kind, moment in MOMENTS.items():
    sent = bigquery.ScalarQueryParameter("p", kind, moment).to_api_repr()
    texts[kind] = sent["parameterValue"]["value"]
    try:
        read[kind] = str(bigquery.ScalarQueryParameter.from_api_repr(sent).value)
    except ValueError as error:
        read[kind] = f"ValueError: {error}"
    print(f"{kind:9} {texts[kind]!r} is read back as {read[kind]}")
as_seen = (
    texts["DATE"].startswith("0999-")
    and texts["TIMESTAMP"].startswith("0999-")
    and texts["DATETIME"].startswith("999-")
    and read["DATETIME"].startswith("ValueError")
)
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
