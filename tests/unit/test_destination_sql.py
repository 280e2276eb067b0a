"""What stands in the statements that ask and fill the destination, whatever its names and dates."""

import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from google.cloud.bigquery import SchemaField

from auto_schema.errors import SchemaError
from auto_schema.names import OURS, STAGED, TABLE, column_fault, legal_suggestion, name_faults
from auto_schema.schema import Partitioning
from pipeline.destination.target import _field, _from, _id_of
from smart_sync.open_questions import merge_question
from smart_sync.publish_sql import publish_statement
from smart_sync.request import WriteDisposition
from tests.factories import (
    a_cursor,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    refused,
    some_fields,
)

MERGE = {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)}


def a_merge(kind="timestamptz", unit="DAY"):
    """The script of a merge into a table that is partitioned by its cursor."""
    columns = (a_source_column("id", "int8"), a_source_column("updated_at", kind))
    layout = {"partitioning": Partitioning("updated_at", unit), "fields": some_fields(*columns)}
    return publish_statement(a_plan(a_request(**MERGE), columns=columns, target=a_target(**layout)))


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_partitions_of_the_first_centuries_are_written_with_four_digits(kind):
    script = a_merge(kind)
    assert r"(\'%E4Y-%m-%d" in script
    assert "%Y" not in script


@pytest.mark.parametrize(
    ("kind", "partition", "unit", "first"),
    [
        ("date", "00010102", "DAY", "DATE '0001-01-02'"),
        ("date", "9999", "YEAR", "DATE '9999-01-01'"),
        ("timestamptz", "099912", "MONTH", "TIMESTAMP '0999-12-01 00:00:00+00'"),
        ("timestamp", "9999123123", "HOUR", "DATETIME '9999-12-31 23:00:00'"),
    ],
)
def test_the_newest_partition_is_asked_with_all_that_may_lie_after_it(kind, partition, unit, first):
    asked = _from(a_cursor(kind), partition, Partitioning("updated_at", unit))
    assert asked == f"WHERE _smart_sync_table.`updated_at` >= {first}"


def test_a_partitions_id_has_four_digits_of_its_year():
    assert _id_of(date(1, 2, 3), "DAY") == "00010203"
    assert _id_of(datetime(987, 6, 5, 4), "HOUR") == "0987060504"


def test_no_column_of_the_table_is_asked_for_without_the_tables_own_alias():
    """In `SELECT MAX(orders) FROM x.orders` GoogleSQL takes the table for the column."""
    request = a_request(**MERGE)
    target = a_target(partitioning=Partitioning("updated_at"), require_partition_filter=True)
    question = merge_question(request, target, "updated_at")
    assert question == (
        "SELECT _smart_sync_table.`id`, _smart_sync_table.`updated_at`"
        " FROM `my-project.shop.orders` AS _smart_sync_table"
        " WHERE _smart_sync_table.`updated_at` IS NULL OR"
        " _smart_sync_table.`updated_at` IS NOT NULL"
    )


def test_a_column_can_not_be_called_as_our_aliases_are():
    name = f"{OURS.upper()}table"
    assert column_fault(name) == "Smart Sync's own statements keep that prefix for themselves"
    assert column_fault(legal_suggestion(name)) == ""


def test_comments_over_bigquerys_limits_are_cut_and_told():
    columns = (
        a_source_column("id", "int8", description="é" * 1024),
        a_source_column("updated_at", "timestamptz", description="x" * 1025),
    )
    target, request = a_target(exists=False), a_request(auto_schema=True)
    plan = a_plan(request, columns=columns, target=target, description="y" * 16385)
    same, cut = (column.description for column in plan.schema)
    assert same == "é" * 1024
    assert (len(cut), cut[-8:]) == (1024, "x… (cut)")
    assert len(plan.schema.description) == 16384
    (note,) = (note for note in plan.notes if "comments cut" in note)
    assert note.endswith(": updated_at, the table's own")


TEXTS = (a_source_column("code", "text"), a_source_column("updated_at", "timestamptz"))
BY_CODE = {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("code",)}


@pytest.mark.parametrize("collated", ["column", "dataset", "dataset of a missing table"])
def test_a_merge_key_that_the_destination_compares_without_case_is_refused(collated):
    fields = some_fields(*TEXTS)
    if collated == "column":
        target = a_target(fields=(replace(fields[0], collation="und:ci"), fields[1]))
    else:
        there = collated == "dataset"
        target = a_target(exists=there, collation="und:ci", **({"fields": fields} if there else {}))
    request = a_request(**BY_CODE)
    found = refused(request=request, columns=TEXTS, target=target)
    assert found == [(SchemaError, "merge key with a collation")]


def test_a_collation_is_read_of_columns_and_does_not_matter_to_keys_that_are_no_texts():
    resource = {"name": "code", "type": "STRING", "collation": "und:ci"}
    assert _field(SchemaField.from_api_repr(resource)).collation == "und:ci"
    columns = (a_source_column("id", "int8"), *TEXTS)
    target = a_target(fields=some_fields(*columns), collation="und:ci")
    for there in (target, a_target(exists=False, collation="und:ci")):
        assert (
            a_plan(a_request(**MERGE), columns=columns, target=there).publishing.merge is not None
        )


def test_no_column_can_be_called_like_an_alias_of_the_statements():
    for alias in (TABLE, STAGED):
        assert column_fault(alias)


@pytest.mark.parametrize(
    "name", ["tab\tle", "new\nline", "two  spaces", "no\xa0break", 'q"\\uote\t']
)
def test_the_mend_of_a_name_can_be_pasted_from_the_line_that_tells_it(name):
    (fault,) = name_faults([name])
    text = fault.line.partition("transformation_config=")[2].partition(" or with AS")[0]
    assert list(json.loads(text)["field_mappings"]) == [name]
