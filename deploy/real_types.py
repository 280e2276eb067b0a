"""What real BigQuery makes of JSON, GEOGRAPHY, INTERVAL, RANGE, and of values that we hash."""

import struct

from auto_schema.canonical import FORMS
from deploy.real_check import Check, lines, query

DOUBLES = (0.1, -1.5, 1e300, 2.0**-1022, 5e-324)
_BITS = ",".join(str(struct.unpack(">q", struct.pack(">d", value))[0]) for value in DOUBLES)

TYPES: tuple[Check, ...] = (
    Check(
        "json-exact",
        "PARSE_JSON without wide_number_mode refuses 67.174118.",
        "Why staged JSON is parsed by wide_number_mode=>'round'. If this doesn't hold, nothing"
        " is wrong.",
        query("SELECT PARSE_JSON('{\"a\": 67.174118}')"),
        (r"(?i)round-trip|wide_number_mode|input number",),
        is_refused=True,
    ),
    Check(
        "json-round",
        "With 'round' it stores the double nearest to the number.",
        "json_numbers=double: a number that is its double's shortest text is stored unchanged.",
        query(
            "SELECT FORMAT('same %t, text %s', FLOAT64(j) = 67.174118, TO_JSON_STRING(j)) FROM"
            " (SELECT PARSE_JSON('67.174118', wide_number_mode=>'round') AS j)"
        ),
        (r"same true",),
    ),
    Check(
        "json-integers",
        "Integers of 64 bits, signed and unsigned, keep all their digits in JSON.",
        "They are not dead letters.",
        query(
            "SELECT CONCAT('found ', TO_JSON_STRING(PARSE_JSON('[-9223372036854775808,"
            "18446744073709551615]', wide_number_mode=>'round')))"
        ),
        (r"found \[-9223372036854775808,18446744073709551615\]",),
    ),
    Check(
        "json-depth",
        "JSON of 500 levels is taken, of 501 refused.",
        "Deeper values are dead letters, so that they can't fail the publishing statement.",
        lines(
            query(
                "SELECT CONCAT('taken ', JSON_TYPE(PARSE_JSON(CONCAT(REPEAT('[', 500),"
                " REPEAT(']', 500)))))"
            ),
            query("SELECT JSON_TYPE(PARSE_JSON(CONCAT(REPEAT('[', 501), REPEAT(']', 501))))"),
        ),
        (r"taken array", r"(?i)nest|depth|level"),
        is_refused=True,
    ),
    Check(
        "geography-oriented",
        "ST_GEOGFROMWKB with oriented => TRUE gives a polygon larger than a hemisphere back.",
        "GEOGRAPHY columns through workers, which travel as WKB.",
        query(
            "WITH big AS (SELECT ST_GEOGFROMTEXT('POLYGON((0 0, 0 10, 10 10, 10 0, 0 0))',"
            " oriented => TRUE) AS g) SELECT FORMAT('large %t, same %t', ST_AREA(g) > 3e14,"
            " ST_EQUALS(g, ST_GEOGFROMWKB(ST_ASBINARY(g), oriented => TRUE))) FROM big"
        ),
        (r"large true, same true",),
    ),
    Check(
        "interval-text",
        "An INTERVAL cast to STRING and back is the same, also with a negative part.",
        "INTERVAL columns through workers, which travel as text.",
        query(
            "SELECT FORMAT('same %t', LOGICAL_AND(CAST(CAST(i AS STRING) AS INTERVAL) = i AND"
            " CAST(CAST(CAST(i AS STRING) AS INTERVAL) AS STRING) = CAST(i AS STRING)))"
            " FROM UNNEST([INTERVAL '1-2 3 4:5:6.789' YEAR TO SECOND, INTERVAL '-1-2 3 -4:5:6'"
            " YEAR TO SECOND, INTERVAL '0-0 0 -0:0:0.000001' YEAR TO SECOND]) AS i"
        ),
        (r"same true",),
    ),
    Check(
        "range-ends",
        "RANGE of two ends gives a range back, with NULL for an open end.",
        "RANGE columns through workers, which travel as both ends.",
        query(
            "SELECT FORMAT('same %t', LOGICAL_AND(RANGE(RANGE_START(r), RANGE_END(r)) = r)) FROM"
            " UNNEST([RANGE<DATE> '[2025-07-01, UNBOUNDED)', RANGE<DATE> '[UNBOUNDED,"
            " 2025-07-01)']) AS r"
        ),
        (r"same true",),
    ),
    Check(
        "numeric-rounds",
        "A NUMERIC(5, 2) column rounds 1.005 without a word; a STRING(2) column refuses 'abc'.",
        "Numbers that the destination's column would round are dead letters.",
        lines(
            query("CREATE TABLE $DATASET.rounded (n NUMERIC(5, 2), s STRING(2))"),
            query("INSERT INTO $DATASET.rounded (n) VALUES (NUMERIC '1.005')"),
            query("SELECT FORMAT('found %t', n) FROM $DATASET.rounded"),
            query("INSERT INTO $DATASET.rounded (s) VALUES ('abc')"),
        ),
        (r"found 1\.01", r"(?i)length|maximum"),
        is_refused=True,
    ),
    Check(
        "hash-of-doubles",
        "Our expression gives the 64 bits of a double, the smallest one's too.",
        "verify=true and verify_only compare FLOAT64 bit by bit.",
        query(
            f"SELECT CONCAT('bits ', STRING_AGG({FORMS['FLOAT64'].bigquery.format(c='f')}, ','"
            f" ORDER BY o)) FROM UNNEST([{', '.join(map(repr, DOUBLES))}]) AS f WITH OFFSET AS o"
        ),
        (f"bits {_BITS}",),
    ),
    Check(
        "hash-of-decimals",
        "Our expression writes NUMERIC and BIGNUMERIC without zeros at the end.",
        "verify=true and verify_only compare them by that text.",
        query(
            "SELECT CONCAT('texts ', "
            + ", ',', ".join(
                FORMS["NUMERIC"].bigquery.format(c=value)
                for value in (
                    "NUMERIC '-0.10'",
                    "NUMERIC '100'",
                    "BIGNUMERIC '12345678901234567890123456789012345678.5'",
                    "BIGNUMERIC '0'",
                )
            )
            + ")"
        ),
        (r"texts -0\.1,100,12345678901234567890123456789012345678\.5,0\b",),
    ),
)
"""Values and their types."""
