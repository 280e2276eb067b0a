"""Texts that the source compares without regard to case: staged in place they are told apart."""

from google.cloud.bigquery import SchemaField

from auto_schema.bigquery_columns import bigquery_column
from auto_schema.bigquery_types import type_of
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.source import BigquerySource
from sources.values import Split
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql

NAME = "p.raw.t"
COLLATED = {"name": "id", "type": "STRING", "collation": "und:ci"}
FIELDS = (COLLATED, {"name": "plain", "type": "STRING"})


def test_a_collation_of_the_source_makes_no_two_staged_keys_one(googlesql: GoogleSql) -> None:
    columns = tuple(bigquery_column(str(field["name"]), type_of(field)) for field in FIELDS)
    source = BigquerySource(BigqueryConnection("p", "raw", "t", "p")).with_columns(columns)
    sql = source.in_place().statement(Split(0))
    assert "SELECT COLLATE(q.`id`, '') AS `id`, q.`plain` AS `plain`" in sql
    assert "COLLATE" not in source.statement(Split(0))  # Arrow carries none
    table = Table.of([SchemaField("id", "STRING"), SchemaField("plain", "STRING")], [("a", "b")])
    assert googlesql.query(sql, {NAME: table}).rows == (("a", "b"),)


def test_a_collation_makes_no_other_type() -> None:
    plain = {name: value for name, value in COLLATED.items() if name != "collation"}
    assert type_of(COLLATED) == type_of(plain)
