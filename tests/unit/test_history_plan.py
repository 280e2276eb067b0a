"""WRITE_HISTORY as it is planned: columns of versions, and all that stands against keeping them."""

from datetime import timedelta

import pytest

from auto_schema.errors import ConfigError, SchemaError
from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from auto_schema.transform import Transformation
from smart_sync import modes
from smart_sync.explain import explain
from smart_sync.history_plan import IS_CURRENT, NAMES, VALID_FROM, VALID_TO
from smart_sync.open_questions import merge_question
from smart_sync.plan_json import as_json
from smart_sync.publish_sql import publish_statement
from smart_sync.request import WriteDisposition
from tests.factories import (
    COLUMNS,
    MISSING,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    asking,
    refused,
    some_fields,
)

HISTORY = a_request(
    write_disposition=WriteDisposition.HISTORY, merge_keys=("id",), auto_schema=True
)
OURS = (
    CurrentField(VALID_FROM, "TIMESTAMP"),
    CurrentField(VALID_TO, "TIMESTAMP"),
    CurrentField(IS_CURRENT, "BOOL"),
)
KEEPING = a_target(fields=(*some_fields(), *OURS))


def test_a_table_that_is_made_has_the_columns_of_versions_behind_those_of_the_source():
    plan = a_plan(HISTORY, target=MISSING)
    assert plan.publishing.mode is modes.CREATE
    assert [column.name for column in plan.columns] == ["id", "name", "updated_at", *NAMES]
    assert [column.name for column in plan.schema] == ["id", "name", "updated_at"]
    kinds = [column.bigquery for column in plan.columns][-3:]
    assert kinds == ["TIMESTAMP", "TIMESTAMP", "BOOL"]
    assert plan.schema.partitioning == Partitioning("updated_at")


@pytest.mark.parametrize(
    ("kind", "bigquery"),
    [("timestamp", "DATETIME"), ("date", "DATE"), ("int8", "INT64")],
)
def test_the_columns_have_the_cursors_type(kind, bigquery):
    columns = (COLUMNS[0], a_source_column("updated_at", kind))
    plan = a_plan(HISTORY, target=MISSING, columns=columns)
    assert [column.bigquery for column in plan.columns][-3:] == [bigquery, bigquery, "BOOL"]


def test_a_table_that_keeps_versions_is_added_to():
    plan = a_plan(HISTORY, target=KEEPING)
    assert plan.publishing.mode is modes.HISTORY
    assert (plan.changes.added, plan.changes.target_only) == ((), ())
    text = explain(plan)
    assert "keeps each version of a row seen by a run, by id" in text
    assert "what a row was between two runs is not seen" in text
    assert '"history": {' in as_json(plan)


def test_an_empty_table_gets_the_columns():
    plan = a_plan(HISTORY, target=a_target(rows=0))
    assert plan.changes.added == NAMES
    assert "ADD COLUMN IF NOT EXISTS `_sync_valid_to` TIMESTAMP" in publish_statement(plan)
    asked = asking(HISTORY, evolution="freeze")
    assert refused(request=asked, target=a_target(rows=0)) == [
        (SchemaError, "destination lacks columns")
    ]


@pytest.mark.parametrize("rows", [1, None])
def test_a_table_with_rows_that_keeps_no_versions_is_refused(rows):
    faults = refused(request=HISTORY, target=a_target(rows=rows))
    assert faults == [(SchemaError, "a table that keeps no versions")]


def test_such_a_table_may_be_made_anew():
    plan = a_plan(asking(HISTORY, delete_existing_table=True), target=a_target())
    assert plan.publishing.mode is modes.REBUILD
    assert "_sync_valid_from" in publish_statement(plan)


def test_columns_of_another_type_are_refused():
    target = a_target(fields=(*some_fields(), CurrentField(VALID_FROM, "DATE"), *OURS[1:]))
    faults = refused(request=HISTORY, target=target)
    assert faults == [(SchemaError, "a column of the history has another type")]


def test_a_source_with_a_column_of_that_name_is_refused_and_may_rename_it():
    columns = (*COLUMNS, a_source_column("_SYNC_valid_to", "text"))
    faults = refused(request=HISTORY, target=MISSING, columns=columns)
    assert faults == [(SchemaError, "columns that WRITE_HISTORY writes itself")]
    renamed = Transformation(field_mappings=(("_SYNC_valid_to", "source_valid_to"),))
    plan = a_plan(asking(HISTORY, transformation=renamed), target=MISSING, columns=columns)
    assert plan.schema.find("source_valid_to") is not None


def test_the_cursor_is_no_key_and_all_faults_are_told_at_once():
    asked = asking(HISTORY, merge_keys=("id", "updated_at", "nope"))
    assert refused(request=asked, target=a_target()) == [
        (ConfigError, "the cursor among the keys of a history"),
        (SchemaError, "a table that keeps no versions"),
        (ConfigError, "unknown merge key"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        {"write_disposition": WriteDisposition.APPEND},
        {"write_disposition": WriteDisposition.TRUNCATE},
        {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)},
        {
            "write_disposition": WriteDisposition.MERGE,
            "merge_keys": ("id",),
            "backfill_columns": ("name",),
        },
    ],
)
def test_nothing_else_writes_into_a_table_that_keeps_versions(words):
    faults = refused(request=a_request(**words), target=KEEPING)
    assert faults == [(SchemaError, "a table that keeps versions")]


def test_a_copy_of_such_a_table_is_a_table_like_others():
    columns = (
        *COLUMNS,
        a_source_column(VALID_FROM, "timestamptz"),
        a_source_column(VALID_TO, "timestamptz"),
        a_source_column(IS_CURRENT, "bool"),
    )
    plan = a_plan(a_request(), target=KEEPING, columns=columns)
    assert plan.publishing.mode is modes.APPEND
    assert refused(request=a_request(), target=KEEPING, columns=columns[:-1]) == [
        (SchemaError, "a table that keeps versions")
    ]


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        (a_source_column("updated_at", "date"), "day"),
        (COLUMNS[2], ""),
        (a_source_column("updated_at", "int8"), ""),
    ],
)
def test_a_coarse_cursor_is_warned_about(column, unit):
    plan = a_plan(HISTORY, target=MISSING, columns=(*COLUMNS[:2], column))
    told = [warning for warning in plan.warnings if "tells no two versions" in warning]
    assert [f"one {unit} apart" in warning for warning in told] == [True] * bool(unit)


def test_the_dry_run_of_the_first_query_reads_keys_and_ends():
    target = a_target(fields=(*some_fields(), *OURS), partitioning=Partitioning("updated_at"))
    sql = merge_question(HISTORY, target, "updated_at")
    read = [f"_smart_sync_table.`{name}`" for name in ("id", *NAMES, "updated_at")]
    assert sql.startswith(f"SELECT {', '.join(read)} FROM")


def test_a_lookback_reads_versions_again():
    plan = a_plan(asking(HISTORY, lookback=timedelta(hours=1)), target=KEEPING)
    assert plan.publishing.mode is modes.HISTORY
