"""Where the tests' local BigQuery answers otherwise than GoogleSQL, and docs/local-bigquery.md.

    python -m tests.googlesql.differences    writes the page; `make docs` does

`tests/googlesql/test_differences.py` asks both.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.googlesql.alike import ALIKE

PAGE = Path(__file__).parents[2] / "docs" / "local-bigquery.md"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """An expression, both answers as they are shown, and what that means for the tests."""

    expression: str
    googlesql: str
    local: str
    meaning: str


DIFFERENCES = (
    Difference(
        "DATE '1-01-01'",
        "refused",
        "0001-01-01",
        "A literal without leading zeros would pass here and end a run there: the analysis of every statement refuses it.",
    ),
    Difference(
        "TIMESTAMP '999-01-01 00:00:00+00'",
        "refused",
        "0999-01-01T00:00:00+00:00",
        "The same of years before 1000, which `%Y` writes unpadded; partitions are written by `%E4Y`.",
    ),
    Difference(
        "CAST('999-01-01T00:00:00' AS DATETIME)",
        "refused",
        "0999-01-01T00:00:00",
        "The client library sends a parameter of DATETIME so: we send literals, and `test_questions.py` reads parameters by GoogleSQL.",
    ),
    Difference(
        "0 > -9223372036854775809",
        "refused",
        "TRUE",
        "An integer beyond 64 bits is no literal there: window ends by hand are checked before.",
    ),
    Difference(
        "SAFE.PARSE_JSON('\\ufeffnull') IS NULL",
        "FALSE",
        "TRUE",
        "A byte order mark before JSON is passed over there; no source of ours writes one.",
    ),
    Difference(
        "CAST('1e2' AS INT64)",
        "refused",
        "100",
        "The history's ends of integer windows are read by SAFE_CAST; they are written as digits only.",
    ),
    Difference(
        "CAST(NUMERIC '1.50' AS STRING)",
        '"1.5"',
        '"1.500000000"',
        "The proof's form trims zeros, so that it needs neither way. Values that checks accept are"
        " compared in BigQuery's: so a check may fail here that passes there.",
    ),
    Difference(
        "CAST(BIGNUMERIC '1.50' AS STRING)",
        '"1.5"',
        '"1.500000000000000000"',
        "The same; the local BIGNUMERIC has 18 digits after the point only.",
    ),
    Difference(
        "NUMERIC '1.0000000005'",
        "refused",
        "1.000000001",
        "No statement holds a literal of NUMERIC; digits beyond nine are refused before staging.",
    ),
    Difference(
        "BIGNUMERIC '578960446186580977117854925043439539266.34992332820282019728792003956564819967'",
        "578960446186580977117854925043439539266.34992332820282019728792003956564819967",
        "refused",
        "Wide BIGNUMERIC values are shown on GoogleSQL only (`test_staged_values.py`, `test_canonical_forms.py`).",
    ),
    Difference("BIGNUMERIC '1E-38'", "1E-38", "refused", "The same at the other border."),
    Difference(
        "LENGTH(b'\\xff')",
        "1",
        "2",
        "Literals of bytes beyond ASCII are other bytes here; loads from Parquet are not, and statements hold none.",
    ),
    Difference(
        "TO_HEX(b'\\x00\\xff')",
        '"00ff"',
        '"00c3bf"',
        "The same: the proof of BYTES is shown with loaded bytes, and on GoogleSQL.",
    ),
    Difference(
        "LENGTH('\\\\ud83d')",
        "6",
        "refused",
        "An escaped backslash before `u` or `x` is taken for an escape once more: tests put such texts in by CHR(92).",
    ),
    Difference(
        "'\\\\x41'",
        '"\\\\x41"',
        '"A"',
        "The same: a literal that we escape right comes out as another text here.",
    ),
    Difference(
        "CAST(FROM_HEX('22') AS STRING)",
        '"\\""',
        '"\\\\x22"',
        "Bytes become texts in no statement of ours.",
    ),
    Difference(
        "TRIM(' \\n a\\u00a0')",
        '"a"',
        '"\\n a"',
        "TRIM there takes all white space off, here blanks: no statement of ours trims.",
    ),
    Difference(
        "ST_ASTEXT(ST_GEOGFROMTEXT('POINT(1 2)'))",
        "refused",
        '"POINT(1 2)"',
        "The reference implementation has no GEOGRAPHY but NULL: statements with it are analyzed, and run here only (`test_staged_values.py`). The local one knows neither `planar =>` nor `oriented =>`: what has edges of PostGIS's geometry, and polygons of a BigQuery source through workers, is published on the real service only.",
    ),
    Difference(
        "[1, NULL]",
        "[1, NULL]",
        "refused",
        "A NULL in an array is refused in a result here; there only in a table.",
    ),
    Difference(
        'TO_JSON_STRING(PARSE_JSON(\'{"b":1,"a":2}\'))',
        '"{\\"a\\":2,\\"b\\":1}"',
        '"{\\"b\\":1,\\"a\\":2}"',
        "The order of JSON's keys, which no documented type keeps, is kept here.",
    ),
    Difference(
        'TO_JSON_STRING(PARSE_JSON(\'{"a":1,"a":2}\'))',
        '"{\\"a\\":1}"',
        '"{\\"a\\":1,\\"a\\":2}"',
        "Duplicate keys are kept here; there the first one stays, as docs/type-mapping.md says of what is lost.",
    ),
    Difference(
        "TO_JSON_STRING(PARSE_JSON('67.174118'))",
        "refused",
        '"67.174118"',
        "The exact mode takes every number here: which ones json_numbers=exact has to refuse before is shown on GoogleSQL.",
    ),
    Difference(
        "TO_JSON_STRING(PARSE_JSON('67.174118', wide_number_mode=>'round'))",
        '"67.17411800000001"',
        '"67.174118"',
        "The same double, written with one digit more: comparing JSON as text would differ there.",
    ),
    Difference(
        "TO_JSON_STRING(PARSE_JSON('1e23', wide_number_mode=>'round'))",
        '"9.999999999999999e+22"',
        '"1e23"',
        "The same.",
    ),
    Difference(
        "PARSE_JSON('1e23', wide_number_mode=>'exact') IS NULL",
        "refused",
        "FALSE",
        "The same, asked for by name.",
    ),
    Difference(
        "SAFE.PARSE_JSON('10000000000000000000000', wide_number_mode=>'exact') IS NULL",
        "FALSE",
        "TRUE",
        "A whole number beyond 64 bits is none here, even where its double is printed alike: what json_numbers=exact lets through is shown on GoogleSQL (`test_json_numbers.py`).",
    ),
    Difference(
        "SAFE.PARSE_JSON('1e400', wide_number_mode=>'round') IS NULL",
        "TRUE",
        "FALSE",
        "A number beyond doubles is JSON here: the same guard refuses it, and which ones become dead letters is shown on GoogleSQL.",
    ),
    Difference(
        "SAFE.PARSE_JSON('[1,]') IS NULL",
        "TRUE",
        "FALSE",
        "Texts that are no JSON pass for it here: the guard of `tests/staged_json.py` fails a run that would stage one.",
    ),
    Difference(
        "SAFE.PARSE_JSON('NaN') IS NULL",
        "TRUE",
        "FALSE",
        "The same: NaN in a staged text, which would end the statement there.",
    ),
    Difference(
        "TO_JSON_STRING(PARSE_JSON('18446744073709551616', wide_number_mode=>'round'))",
        '"1.8446744073709552e+19"',
        '"18446744073709552000.0"',
        "The same double in another form.",
    ),
    Difference(
        "TO_JSON_STRING(NUMERIC '1.5')",
        '"\\"1.5\\""',
        '"1.500000000"',
        "Rows whose text goes into `merge_keys … differ` and dead letters read otherwise; equal rows are equal in both.",
    ),
    Difference(
        "TO_JSON_STRING(9007199254740993)",
        '"\\"9007199254740993\\""',
        '"9007199254740993"',
        "Integers beyond 2^53 are texts there: hashes of nested values compare like with like, never across.",
    ),
    Difference(
        "TO_JSON_STRING(CAST('NaN' AS FLOAT64))",
        '"\\"NaN\\""',
        '"NaN"',
        "Here it is no JSON at all; nobody parses it.",
    ),
    Difference("TO_JSON_STRING(1.0)", '"1"', '"1.0"', "See NUMERIC."),
    Difference("TO_JSON_STRING(1e300)", '"1e+300"', '"1e300"', "See NUMERIC."),
    Difference(
        "TO_JSON_STRING(b'\\xff')",
        '"\\"/w==\\""',
        '"\\"\\\\\\\\xC3\\\\\\\\xBF\\""',
        "Bytes are base64 there; see NUMERIC.",
    ),
    Difference(
        "TO_JSON_STRING(TIMESTAMP '2025-07-22 12:00:00+00')",
        '"\\"2025-07-22T12:00:00Z\\""',
        '"\\"2025-07-22 12:00:00+00\\""',
        "Keys that an error shows are written so there.",
    ),
    Difference(
        "TO_JSON_STRING(DATETIME '2025-07-22 12:00:00.5')",
        '"\\"2025-07-22T12:00:00.500\\""',
        '"\\"2025-07-22 12:00:00.5\\""',
        "The same.",
    ),
    Difference(
        "TO_JSON_STRING(MAKE_INTERVAL(1, 2, 3))",
        '"\\"P1Y2M3D\\""',
        '"\\"1 year 2 months 3 days\\""',
        "verify_only compares INTERVAL by this text on both sides.",
    ),
    Difference(
        "TO_JSON_STRING('é/\"\\u2028<')",
        '"\\"é/\\\\\\"\\\\u2028<\\""',
        '"\\"é/\\\\\\"\u2028<\\""',
        "The line separator is escaped there; see NUMERIC.",
    ),
    Difference(
        "CAST('1-2 3 4:5:6.7' AS INTERVAL)",
        "Interval(months=14, days=3, micros=14706700000)",
        "refused",
        "The staged text of an INTERVAL is not read here: giving it back is shown on GoogleSQL (`test_staged_values.py`).",
    ),
    Difference(
        "TIMESTAMP '10000-01-01 00:00:00+00'",
        "refused",
        "no date of Python's",
        "Days beyond the year 9999 are taken here: conforming refuses them, and no literal of ours holds one.",
    ),
    Difference(
        "TIMESTAMP '2025-07-22 12:00:00.1234567+00'",
        "refused",
        "2025-07-22T12:00:00.123456+00:00",
        "No literal of ours has more than six digits; the analysis refuses more.",
    ),
    Difference(
        "TIMESTAMP '2025-07-22 24:00:00+00'",
        "refused",
        "2025-07-23T00:00:00+00:00",
        "PostgreSQL's time 24:00:00 becomes a dead letter before any statement sees it.",
    ),
    Difference(
        "CAST('NaN' AS FLOAT64) = CAST('NaN' AS FLOAT64)",
        "FALSE",
        "TRUE",
        "No key and no cursor is a FLOAT64.",
    ),
    Difference("CAST('NaN' AS FLOAT64) > 1", "FALSE", "TRUE", "The same."),
    Difference(
        "LEAST(1.0, CAST('NaN' AS FLOAT64))",
        "nan",
        "1.0",
        "The form of FLOAT64 asks for NaN first.",
    ),
    Difference(
        "CAST('abcde' AS STRING(5))",
        '"abcde"',
        "refused",
        "Casts with a length or digits are in no statement of ours.",
    ),
    Difference("CAST(NUMERIC '1.235' AS NUMERIC(5, 2))", "1.24", "refused", "The same."),
    Difference(
        "CAST('T' AS BOOL)",
        "refused",
        "TRUE",
        "No statement of ours makes a BOOL of a text: it is staged as one.",
    ),
    Difference(
        "SAFE.SUBSTR('a', 1, -1)",
        "NULL",
        '""',
        "Lengths that our statements ask for are constants above zero.",
    ),
    Difference("LOWER('İ')", '"i̇"', '"i"', "No statement of ours changes letters."),
    Difference(
        "(SELECT s FROM (SELECT 1 AS s) AS s)",
        "{s: 1}",
        "1",
        "An alias wins over a column of its name there: names of columns stand behind `alias.` in our statements, and aliases begin with `_smart_sync_` where they can't.",
    ),
    Difference(
        "(SELECT TO_JSON_STRING(s) FROM (SELECT 1 AS s) AS s)", '"{\\"s\\":1}"', '"1"', "The same."
    ),
)

HEAD = """# Where the local BigQuery differs from GoogleSQL

Made by `python -m tests.googlesql.differences` (`make docs`) from `tests/googlesql/differences.py`.

The tests' local BigQuery translates GoogleSQL into DuckDB's SQL, and forgives much. What decides
about rows runs on Google's own GoogleSQL too (`tests/googlesql`): `test_publishing.py` and
`test_questions.py` run the same statements with the same rows on both and demand the same of
both. Below is where the two answer otherwise, and what that means for a test that meets only the
local one. `test_differences.py` asks both for each line: it fails when one of them has gone, and
when one of {alike} other expressions begins to differ. Here is the local one, there is GoogleSQL.

Of what a table's types allow, the local one keeps the digits of NUMERIC(p, s) and no lengths: a
STRING(n) or BYTES(n) takes longer values, where BigQuery ends the statement. The engine around
GoogleSQL keeps both (`test_engine_limits.py`).

The package as it is released (local-bigquery 0.3.2) refuses MERGE within a transaction, with
"Current transaction is aborted"; the tests' server takes it (`tests/local_bigquery/merging.py`),
as BigQuery does. So a run that removes missing rows, replays letters by key or keeps the end of
vanished versions can be tried on the tests' server, or on BigQuery.

Of two who send the package one job id at one moment, both may run, or one is told 400; the tests'
servers run one and tell the other 409, as BigQuery does (`tests/local_bigquery/once.py`). Of two
patches of a table with one etag the package often takes both; the tests' servers take one. CREATE
TABLE … AS with columns is two statements there: the table is seen empty before it has its rows.

| expression | GoogleSQL | the local one | what it means for tests |
|---|---|---|---|
"""


def page() -> str:
    """docs/local-bigquery.md."""
    lines = [
        f"| {_code(one.expression)} | {_code(one.googlesql)} | {_code(one.local)} | {one.meaning} |"
        for one in DIFFERENCES
    ]
    return HEAD.format(alike=len(ALIKE)) + "\n".join(lines) + "\n"


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    escaped = text.replace("|", "\\|").replace("\u2028", "<U+2028>")
    is_told = text in (REFUSED, "no date of Python's")
    return escaped if is_told else f"{fence}{escaped}{fence}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
