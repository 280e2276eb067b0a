"""Each type's values go in and come out as they were."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.values import Interval, Range

UTC = dt.UTC
NAME = "my-project.shop.t"
VALUES: dict[str, list[Any]] = {
    "BOOL": [True, False],
    "INT64": [-(2**63), 2**63 - 1, 0],
    "FLOAT64": [5e-324, -0.0, 1.7976931348623157e308, float("inf")],
    "NUMERIC": [Decimal("-99999999999999999999999999999.999999999"), Decimal("1E-9"), Decimal(0)],
    "BIGNUMERIC": [
        Decimal("-578960446186580977117854925043439539266.34992332820282019728792003956564819968"),
        Decimal("578960446186580977117854925043439539266.34992332820282019728792003956564819967"),
        Decimal("-1E-38"),
    ],
    "STRING": ["", "é\uffff\U0001f600", "a\nb'`\\"],
    "BYTES": [b"", b"\x00\xff"],
    "DATE": [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "TIME": [dt.time(0, 0), dt.time(23, 59, 59, 999_999)],
    "DATETIME": [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)],
    "TIMESTAMP": [
        dt.datetime(1, 1, 1, tzinfo=UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    "INTERVAL": [Interval(14, -3, 4_000_005), Interval(-120_000), Interval(micros=-1)],
    "JSON": ['{"a":[1,null,"x"]}', "null"],
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_come_back(googlesql: GoogleSql, kind: str) -> None:
    table = Table.of(
        [SchemaField("n", "INT64"), SchemaField("v", kind)],
        [*enumerate(VALUES[kind]), (99, None)],
    )

    answer = googlesql.query(f"SELECT v FROM `{NAME}` ORDER BY n", {NAME: table})

    assert [row[0] for row in answer.rows] == [*VALUES[kind], None]
    assert list(map(repr, answer.rows)) == [repr((value,)) for value in [*VALUES[kind], None]]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("MAKE_INTERVAL(1, -2, 3, 4, 5, 6)", Interval(10, 3, 14_706_000_000)),
        ("MAKE_INTERVAL(-1)", Interval(-12)),
        ("DATETIME '2020-02-29 03:04:05.000006'", dt.datetime(2020, 2, 29, 3, 4, 5, 6)),
        ("TIME '23:59:58.000001'", dt.time(23, 59, 58, 1)),
        ("NUMERIC '-0.000000001'", Decimal("-1E-9")),
        ("BIGNUMERIC '1.5'", Decimal("1.5")),
        (
            "TIMESTAMP '1969-12-31 23:59:59.5+00'",
            dt.datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC),
        ),
        ("RANGE<DATE> '[2020-01-01, UNBOUNDED)'", Range(dt.date(2020, 1, 1), None)),
        ("STRUCT(1 AS a, [STRUCT('x' AS b)] AS c)", {"a": 1, "c": [{"b": "x"}]}),
        ("STRUCT(1, 2 AS a, 3 AS a)", (1, 2, 3)),
    ],
)
def test_what_googlesql_makes_is_read_right(googlesql: GoogleSql, sql: str, value: Any) -> None:
    assert repr(googlesql.value(sql)) == repr(value)


def test_nested_and_repeated_columns(googlesql: GoogleSql) -> None:
    schema = [
        SchemaField("id", "INT64"),
        SchemaField(
            "parts",
            "RECORD",
            "REPEATED",
            fields=[SchemaField("n", "NUMERIC"), SchemaField("on", "DATE", "REPEATED")],
        ),
        SchemaField("r", "RANGE", range_element_type="DATE"),
    ]
    parts = [{"n": Decimal("1.5"), "on": [dt.date(2020, 1, 1)]}, {"n": None, "on": []}]
    table = Table.of(schema, [{"id": 1, "parts": parts, "r": Range(None, dt.date(2020, 1, 1))}])

    answer = googlesql.query(f"SELECT * FROM `{NAME}`", {NAME: table})

    assert list(map(repr, answer.columns)) == [
        "id INT64",
        "parts ARRAY<STRUCT<n NUMERIC, on ARRAY<DATE>>>",
        "r RANGE<DATE>",
    ]
    assert answer.dicts == [{"id": 1, "parts": parts, "r": Range(None, dt.date(2020, 1, 1))}]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("INT64", True), ("STRING", 1), ("TIMESTAMP", dt.datetime(2020, 1, 1)), ("NUMERIC", "1e-10")],
)
def test_a_value_of_another_type_is_refused(googlesql: GoogleSql, kind: str, value: Any) -> None:
    table = Table.of([SchemaField("v", kind)], [(value,)])

    with pytest.raises((TypeError, ValueError)):
        googlesql.query(f"SELECT v FROM `{NAME}`", {NAME: table})
