"""What a plan warns of or advises, though the choice is lawful."""

from dataclasses import replace

import pytest

from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from smart_sync.advice import plan_warnings
from smart_sync.explain import explain_shortly
from smart_sync.history_plan import NAMES
from smart_sync.missing_keys import ComparedKeys, ComparedRows, MissingRequest
from smart_sync.missing_plan import lacking_warnings
from smart_sync.request import WriteDisposition
from smart_sync.source_labels import source_labels
from tests.factories import (
    COLUMNS,
    MISSING,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    some_facts,
    some_fields,
)

MINE = source_labels(some_facts().profile)
MERGE = {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)}
DOUBLES = "what is there already will be there twice"
CREATED = (*COLUMNS, a_source_column("created_at", "timestamptz"))


def test_a_plain_append_into_a_table_with_rows_of_the_same_source_warns_at_the_plans_head():
    plan = a_plan(a_request(smart_sync=False), target=a_target(labels=MINE))
    assert DOUBLES in plan.warnings[0]
    assert DOUBLES in explain_shortly(plan).splitlines()[3]  # behind what will happen


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        ({"smart_sync": True}, {"labels": MINE}),
        ({"smart_sync": False}, {"labels": MINE, "rows": 0}),
        ({"smart_sync": False}, {"labels": ()}),
        ({"smart_sync": False}, {"exists": False}),
        ({"smart_sync": False} | MERGE, {"labels": MINE}),
        ({"smart_sync": False, "write_disposition": WriteDisposition.TRUNCATE}, {"labels": MINE}),
    ],
)
def test_nothing_is_said_where_no_row_is_doubled(request_, target):
    assert DOUBLES not in "".join(a_plan(a_request(**request_), target=a_target(**target)).warnings)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cursor": "created_at"}, "created_at"),
        ({}, "updated_at"),
        ({"cursor": "id"}, "updated_at"),
        ({"cursor": "created_at", "smart_sync": False}, "updated_at"),
        (
            {"cursor": "created_at", "partition_field": "updated_at", "partition_given": True},
            "updated_at",
        ),
    ],
)
def test_the_default_of_the_partition_column_follows_the_cursor(given, field):
    plan = a_plan(a_request(auto_schema=True, **given), columns=CREATED, target=MISSING)
    assert plan.schema.partitioning == Partitioning(field, "DAY")


def test_a_merge_into_a_table_partitioned_by_a_moving_column_is_advised():
    def notes(**given):
        made = a_request(auto_schema=True, **MERGE, **given)
        return "".join(a_plan(made, columns=CREATED, target=MISSING).notes)

    assert "A column that stays as it was made (perhaps created_at)" in notes()
    assert "clustering_fields=id" in notes()
    assert "moves with each" not in notes(partition_field="created_at", partition_given=True)


LATER = (*COLUMNS, a_source_column("note", "text"))


@pytest.mark.parametrize(
    ("given", "fills"),
    [
        ({}, "a run with backfill_columns=note fills them"),
        (MERGE | {"repair": True}, "a run with backfill_columns=note fills them"),
    ],
)
def test_a_column_that_the_destination_gets_is_told_to_be_null_in_older_rows(given, fills):
    """It may have been left out so far: whether the source holds values, its new rows don't say."""
    plan = a_plan(a_request(**given), columns=LATER, target=a_target())
    (told,) = [text for text in plan.warnings if "note" in text]
    assert "doesn't bring keep NULL there until" in told
    assert fills in told


def test_of_versions_it_is_told_what_brings_them():
    kept = a_target(
        fields=(*some_fields(), *map(CurrentField, NAMES, ("TIMESTAMP", "TIMESTAMP", "BOOL")))
    )
    plan = a_plan(
        a_request(**MERGE | {"write_disposition": WriteDisposition.HISTORY}),
        columns=LATER,
        target=kept,
    )
    (told,) = [text for text in plan.warnings if "(note)" in text]
    assert told.endswith("until sync_start and sync_end bring what the source still has")


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({}, {"exists": False}),
        ({}, {"rows": 0}),
        ({"smart_sync": False} | MERGE, {}),
        ({"delete_existing_table": True}, {}),
    ],
)
def test_no_column_is_told_where_the_run_brings_all_rows(given, target):
    plan = a_plan(a_request(**given), columns=LATER, target=a_target(**target))
    assert "keep NULL there" not in "".join(plan.warnings)


@pytest.mark.parametrize(
    ("asked", "brings"),
    [
        ("hard", "any more. repair=true or sync_start and sync_end bring them"),
        ("invalidate", "any more. sync_start and sync_end bring them"),
    ],
)
def test_keys_that_no_window_reads_any_more_are_told_by_each_run_that_sees_them(asked, brings):
    compared = ComparedKeys(9, 11, lacking=2, lacking_sample=("3", "4"))
    request = replace(a_request(), missing=MissingRequest(asked))
    facts = replace(some_facts(), keys=compared)
    (told,) = lacking_warnings(request, facts)
    assert told.startswith("the table lacks 2 keys that the source has had since before")
    assert told.endswith(brings)
    documents = replace(facts, profile=replace(facts.profile, is_open=True))
    (told,) = lacking_warnings(request, documents)
    assert told.endswith("any more. sync_start and sync_end bring them")
    healed = replace(facts, rows=ComparedRows(9, 11, 1, 1, (), ()))
    assert not [*lacking_warnings(request, healed)]
    assert not [*lacking_warnings(request, some_facts())]


@pytest.mark.parametrize(
    ("keys", "missing", "told"),
    [
        (("id", "UPDATED_AT"), "off", 1),
        (("id",), "off", 0),
        (("updated_at",), "off", 0),
        (("id", "updated_at"), "hard", 0),
    ],
)
def test_a_stamp_among_the_merge_keys_leaves_versions_beside_each_other_and_is_told(
    keys, missing, told
):
    request = a_request(smart_sync=True, **MERGE | {"merge_keys": keys})
    request = replace(request, missing=MissingRequest(missing))
    warnings = plan_warnings(request, some_facts(request))
    assert sum("cursor updated_at is one of the merge keys" in text for text in warnings) == told
