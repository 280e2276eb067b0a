"""The proof of a rollback, by GoogleSQL: each type that BigQuery has, and each difference."""

import math
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from smart_sync.rollback_sql import count_rows, highest, same_rows
from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import GoogleSql
from tests.googlesql.resolved import Analysis
from warehouse.names import TableRef

NOW, THEN = (TableRef("my-project", "shop", name) for name in ("orders", "before"))
TYPES = (
    *("BIGNUMERIC", "BOOL", "BYTES", "DATE", "DATETIME", "FLOAT64", "GEOGRAPHY", "INT64"),
    *("INTERVAL", "JSON", "NUMERIC", "STRING", "TIME", "TIMESTAMP"),
)
INNER = [SchemaField(f"a_{kind.lower()}", kind) for kind in TYPES]
INNER += [SchemaField("days", "RANGE", range_element_type="DATE")]
EVERY = [
    *INNER,
    *(SchemaField(f"all_{kind.lower()}", kind, "REPEATED") for kind in TYPES),
    SchemaField("one", "RECORD", fields=INNER),
    SchemaField("many", "RECORD", "REPEATED", fields=INNER),
]


def tables(fields: Any, now: Any = (), then: Any = ()) -> Tables:
    return {str(NOW): Table.of(fields, list(now)), str(THEN): Table.of(fields, list(then))}


def test_tables_of_every_type_are_compared(googlesql: GoogleSql) -> None:
    known = tables(EVERY)
    for sql in (same_rows(THEN, NOW, ""), same_rows(THEN, NOW, "a_date")):
        assert isinstance(googlesql.analyze(sql, known), Analysis)


def test_a_table_by_the_time_of_loading_is_asked_by_its_pseudo_column(googlesql: GoogleSql) -> None:
    fields = [SchemaField("id", "INT64")]
    known = {str(one): Table.of(fields, [(1,)], is_ingestion_time=True) for one in (NOW, THEN)}
    field = "_PARTITIONTIME"
    for sql in (same_rows(THEN, NOW, field), count_rows(NOW, field), highest(NOW, "id", field)):
        assert isinstance(googlesql.analyze(sql, known), Analysis)


def sums(googlesql: GoogleSql, kind: str, now: Any, then: Any, mode: str = "NULLABLE") -> bool:
    """Whether two tables of one row are told apart."""
    fields = [SchemaField("id", "INT64"), SchemaField("v", kind, mode)]
    known = tables(fields, [(1, now)], [(1, then)])
    one, other = googlesql.query(same_rows(THEN, NOW, ""), known).rows
    return bool(one[1:] != other[1:])


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        ("FLOAT64", math.nan, None),
        ("FLOAT64", math.nan, math.inf),
        ("FLOAT64", -math.inf, math.inf),
        ("FLOAT64", 0.1, 0.10000000000000002),
        ("STRING", "NULL", None),
        ("STRING", "", None),
        ("STRING", "a\x00b", "ab"),
        ("STRING", '"', '\\"'),
        ("BYTES", b"\xff", b"\xfe"),
        ("INT64", 9007199254740993, 9007199254740992),
        ("BOOL", False, None),
    ],
)
def test_values_that_differ_are_told_apart(
    googlesql: GoogleSql, kind: str, value: Any, other: Any
) -> None:
    assert sums(googlesql, kind, value, other)
    assert not sums(googlesql, kind, value, value)


def test_arrays_that_differ_are_told_apart(googlesql: GoogleSql) -> None:
    assert sums(googlesql, "STRING", ["a", "b"], ["b", "a"], "REPEATED")
    assert sums(googlesql, "STRING", ["a,b"], ["a", "b"], "REPEATED")
    assert not sums(googlesql, "FLOAT64", [math.nan, -0.0], [math.nan, -0.0], "REPEATED")
