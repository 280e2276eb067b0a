"""Claims about BigQuery's values that need no service: GoogleSQL itself shows them.

Each was once a check of `make verify-cloud`; what only a service can show is still one.
"""

import struct

import pytest

from auto_schema.bigquery_types import BigqueryType
from auto_schema.canonical import FORMS
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding, GoogleSqlError

INTERVALS = (
    "INTERVAL '1-2 3 4:5:6.789' YEAR TO SECOND",
    "INTERVAL '-1-2 3 -4:5:6' YEAR TO SECOND",
    "INTERVAL '0-0 0 -0:0:0.000001' YEAR TO SECOND",
)
RANGES = ("RANGE<DATE> '[2025-07-01, UNBOUNDED)'", "RANGE<DATE> '[UNBOUNDED, 2025-07-01)'")
DOUBLES = (0.1, -1.5, 1e300, 2.0**-1022, 5e-324)
DECIMALS = {
    "NUMERIC '-0.10'": "-0.1",
    "NUMERIC '100'": "100",
    "BIGNUMERIC '12345678901234567890123456789012345678.5'": (
        "12345678901234567890123456789012345678.5"
    ),
    "BIGNUMERIC '0'": "0",
}


def test_json_exact(googlesql: GoogleSql) -> None:
    """PARSE_JSON without wide_number_mode refuses 67.174118: why staged JSON is parsed by it."""
    for told in ("", ", wide_number_mode=>'exact'"):
        with pytest.raises(GoogleSqlError, match=r"67\.174118 cannot round-trip"):
            googlesql.value(f"PARSE_JSON('{{\"a\": 67.174118}}'{told})")


def test_json_round(googlesql: GoogleSql) -> None:
    """With 'round' it stores the double nearest to the number, and prints another text of it."""
    stored = "PARSE_JSON('67.174118', wide_number_mode=>'round')"

    assert googlesql.value(f"FLOAT64({stored})") == 67.174118
    assert googlesql.value(f"TO_JSON_STRING({stored})") == "67.17411800000001"


@pytest.mark.parametrize("mode", ["round", "exact"])
def test_json_integers(googlesql: GoogleSql, mode: str) -> None:
    """Integers of 64 bits, signed and unsigned, keep all their digits: no dead letters."""
    text = "[-9223372036854775808,18446744073709551615]"

    parsed = f"TO_JSON_STRING(PARSE_JSON('{text}', wide_number_mode=>'{mode}'))"
    assert googlesql.value(parsed) == text


@pytest.mark.parametrize("value", INTERVALS)
def test_interval_text(googlesql: GoogleSql, value: str) -> None:
    """An INTERVAL cast to STRING and back is the same, also with a negative part."""
    kind = BigqueryType("INTERVAL")
    back = kind.restored(kind.staged("i"))

    same = f"{back} = i AND CAST({back} AS STRING) = CAST(i AS STRING)"
    assert googlesql.query(f"SELECT {same} FROM (SELECT {value} AS i)").value is True


@pytest.mark.parametrize("value", RANGES)
def test_range_ends(googlesql: GoogleSql, value: str) -> None:
    """RANGE of two ends gives a range back, with NULL for an open end."""
    ends = "RANGE_START(r) IS NULL OR RANGE_END(r) IS NULL"
    same = f"RANGE(RANGE_START(r), RANGE_END(r)) = r AND ({ends})"

    assert googlesql.query(f"SELECT {same} FROM (SELECT {value} AS r)").value is True


@pytest.mark.parametrize("value", DOUBLES)
def test_hash_of_doubles(googlesql: GoogleSql, value: float) -> None:
    """Our expression gives the 64 bits of a double, the smallest one's too."""
    (bits,) = struct.unpack(">q", struct.pack(">d", value))

    form = FORMS["FLOAT64"].bigquery.format(c="f")
    assert googlesql.query(f"SELECT {form} FROM (SELECT {value!r} AS f)").value == str(bits)


@pytest.mark.parametrize("value", DECIMALS)
def test_hash_of_decimals(googlesql: GoogleSql, value: str) -> None:
    """Our expression writes NUMERIC and BIGNUMERIC without zeros at the end."""
    form = FORMS[value.partition(" ")[0]].bigquery.format(c="n")

    said = googlesql.query(f"SELECT {form} FROM (SELECT {value} AS n)").value
    assert said == DECIMALS[value]


def test_column_name_case(googlesql: GoogleSql) -> None:
    """Two columns whose names differ in case only are refused, as a plan refuses them."""
    outcome = googlesql.analyze("CREATE TABLE shop.name_case (a INT64, A INT64)")

    assert isinstance(outcome, Finding)
    assert "Duplicate column name" in outcome.message
