"""What is staged and what is published are two values, of the same columns in the same order."""

from dataclasses import replace

import pyarrow as pa
import pytest

from auto_schema.bigquery_columns import bigquery_column
from auto_schema.bigquery_types import BigqueryType
from auto_schema.schema import Column, Partitioning, TableSchema
from pipeline.destination.jobs import published_field, staged_field

PLAIN = Column("id", "id", "int8", "{c}", pa.int64(), "INT64", description="Key")
JSON = Column("doc", "doc", "jsonb", "{c}", pa.string(), "JSON", description="What it says")
INTERVAL = bigquery_column("span", BigqueryType("INTERVAL"), description="How long")
ARRAY = bigquery_column("days", BigqueryType("DATE", is_array=True))


@pytest.mark.parametrize(
    ("column", "staged", "published", "restored"),
    [
        (PLAIN, "INT64", "INT64", "`id`"),
        (JSON, "STRING", "JSON", "PARSE_JSON(`doc`, wide_number_mode=>'round')"),
        (INTERVAL, "STRING", "INTERVAL", "CAST(`span` AS INTERVAL)"),
        (ARRAY, "DATE", "DATE", "`days`"),
    ],
)
def test_a_column_is_staged_in_a_form_that_sql_turns_into_the_published_one(
    column, staged, published, restored
):
    assert staged_field(column.staged).field_type == staged
    assert published_field(column).field_type == published
    assert column.staged.restored == restored
    assert column.staged.needs_sql is (staged != published)


def test_a_staged_schema_has_no_layout_and_no_descriptions():
    schema = TableSchema((PLAIN, JSON, INTERVAL), Partitioning("day"), ("id",), "Orders")
    bare = TableSchema(tuple(replace(column, description="") for column in schema))
    assert schema.staged == bare.staged
    assert schema.staged.arrow.names == ["id", "doc", "span"]
    assert [staged_field(column).description for column in schema.staged] == [None] * 3
    assert [published_field(c).description for c in schema] == ["Key", "What it says", "How long"]
