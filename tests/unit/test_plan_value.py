"""The plan as a value, its splits and its warnings."""

import json
import pickle
from dataclasses import replace
from datetime import timedelta

import pytest

from auto_schema.errors import ConfigError
from auto_schema.schema import Partitioning
from auto_schema.transform import Transformation
from smart_sync.explain import explain
from smart_sync.plan_json import as_json
from smart_sync.request import WriteDisposition
from smart_sync.window import Watermark
from sources.profile import Cuts
from sources.values import Evidence, Split
from tests.factories import (
    COLUMNS,
    DESTINATION,
    HELD_BACK,
    JSON_COLUMNS,
    MISSING,
    NOW,
    SECRET,
    a_clock,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    a_watermark,
    asking,
    plan_of,
    refused,
    some_facts,
    utc,
)

APPEND, TRUNCATE, EMPTY, *_ = WriteDisposition


def test_an_existing_table_keeps_its_layout_and_a_given_wish_is_told():
    target = a_target(partitioning=Partitioning("updated_at", "MONTH"), clustering=("name",))
    request = a_request(auto_schema=True, partition_given=True, clustering_fields=("id",))
    plan = a_plan(request, target=target)
    assert plan.schema.partitioning == Partitioning("updated_at", "MONTH")
    assert plan.schema.clustering == ("name",)
    (note,) = plan.notes
    assert "partitioned by MONTH of updated_at, clustered by name; asked for was" in note
    assert "delete_existing_table=true rebuilds it" in note


def test_a_default_partition_field_that_is_not_there_is_told_and_a_given_one_refused():
    columns = (*COLUMNS[:2], a_source_column("changed", "timestamptz", origin=(16384, 3)))
    request = a_request(auto_schema=True, smart_sync=False)
    plan = a_plan(request, columns=columns)
    told = "not partitioned by updated_at, the default partition_field: no such column arrives"
    assert plan.schema.partitioning is None
    assert told in plan.notes
    assert told not in a_plan(request, columns=columns, target=a_target()).notes
    assert refused(request=asking(request, partition_given=True), columns=columns) == [
        (ConfigError, "unknown partition column")
    ]


def test_a_renamed_cursor_is_partitioned_on_under_its_new_name():
    request = a_request(
        auto_schema=True,
        partition_field="changed",
        partition_given=True,
        transformation=Transformation(field_mappings=(("updated_at", "changed"),)),
    )
    plan = a_plan(request)
    assert plan.schema.partitioning == Partitioning("changed")
    assert plan.cursor is not None
    assert (plan.cursor.source_name, plan.cursor.name) == ("updated_at", "changed")
    assert 'q."updated_at" > ' in plan.reading.source.statement(Split(0))


# Cursor, window and splits


@pytest.mark.parametrize("kind", ["text", "jsonb", "float8", "numeric", "uuid", "timetz"])
def test_a_cursor_of_an_unfit_type_is_refused(kind):
    columns = (a_source_column("id", "int8"), a_source_column("updated_at", kind))
    assert refused(columns=columns) == [(ConfigError, "cursor column of an unfit type")]


def test_an_unknown_cursor_is_refused_with_the_names_that_arrive():
    with pytest.raises(ConfigError, match="the query delivers id, name, updated_at"):
        a_plan(a_request(cursor="changed"))


def test_days_to_fall_back_are_refused_for_an_integer_cursor():
    request = a_request(cursor="id", sync_all_on_empty_table=False)
    assert refused(request=request) == [
        (ConfigError, "sync_all_on_empty_table=false with an integer cursor")
    ]


def test_a_cursor_that_the_transformation_leaves_out_is_refused():
    request = a_request(transformation=Transformation(exclude_fields=("updated_at",)))
    (kind, what), *_ = refused(request=request)
    assert kind is ConfigError
    assert what


def test_sub_windows_are_cut_by_the_cursor_and_ranges_by_the_key():
    bounds = tuple(NOW - timedelta(days=days) for days in (30, 20, 10))
    smart = a_plan(a_request(num_splits=4), evidence=Evidence(bounds=bounds))
    assert [split.column for split in smart.reading.splits] == ["updated_at"] * 4
    assert not any(split.by_key for split in smart.reading.splits)
    whole = a_request(num_splits=3, smart_sync=False)
    keyed = a_plan(whole, evidence=Evidence(bounds=(10, 20)))
    assert [(s.column, s.lower, s.upper, s.by_key) for s in keyed.reading.splits] == [
        ("id", None, 10, True),
        ("id", 10, 20, True),
        ("id", 20, None, True),
    ]


def test_what_cannot_be_split_is_one_split_with_its_reason():
    evidence = Evidence(bounds=(1, 2, 3), estimated_bytes=2**40)
    grouped = a_plan(cuts=Cuts("the query has GROUP BY", "id"), evidence=evidence)
    assert grouped.reading.splits == (Split(0),)
    assert grouped.reading.split_reason == "one split: the query has GROUP BY"
    keyless = a_plan(a_request(smart_sync=False), cuts=Cuts(), evidence=evidence)
    assert keyless.reading.splits == (Split(0),)
    assert "no unique NOT NULL key" in keyless.reading.split_reason


def test_no_more_connections_than_splits():
    plan = a_plan(a_request(num_splits=3), evidence=Evidence(bounds=(1, 2)))
    assert (plan.reading.split_total, plan.reading.connections) == (3, 3)
    many = a_plan(
        a_request(num_splits=3, max_source_connections=2), evidence=Evidence(bounds=(1, 2))
    )
    assert many.reading.connections == 2


def test_a_plan_held_back_reads_nothing():
    plan = a_plan(**HELD_BACK)
    assert plan.held_back
    assert plan.reading.splits == ()
    assert "HELD BACK    nothing is read" in explain(plan)


def test_a_window_of_numbers_is_said_in_no_zone():
    zone = "               in UTC\n"
    assert zone in explain(a_plan())
    assert zone not in explain(a_plan(a_request(cursor="id")))


def test_rows_that_a_window_leaves_out_are_counted_in_warnings():
    evidence = Evidence(null_cursors=1_234, before=5, after=6)
    plan = a_plan(evidence=evidence, target=MISSING)
    told = "\n".join(plan.warnings)
    assert "1,234 rows have NULL in updated_at" in told
    assert "5 rows have a updated_at up to 1900-01-01 00:00:00, where the first" in told
    assert "after the window's end" not in told  # a table that is written to always has some
    assert any("6 rows lie after the window's end" in note for note in plan.notes)


def test_a_table_that_is_replaced_starts_as_an_empty_one():
    watermark = a_watermark(utc("2025-07-22 13:00"))
    for parameters in ({"write_disposition": TRUNCATE}, {"delete_existing_table": True}):
        plan = a_plan(a_request(**parameters), target=a_target(), watermark=watermark)
        assert plan.window is not None
        assert plan.window.window.low == utc("1900-01-01 00:00")
        assert plan.window.watermark is None


# The plan as a value


PLANS = {
    "first": {},
    "held_back": HELD_BACK,
    "append": {"target": a_target(), "watermark": a_watermark(utc("2025-07-22 13:00"))},
    "splits": {"request": a_request(num_splits=2), "evidence": Evidence(bounds=(NOW,))},
    "whole": {"request": a_request(smart_sync=False)},
    "json": {"columns": JSON_COLUMNS},
}


@pytest.mark.parametrize("facts", PLANS.values(), ids=PLANS)
def test_a_plan_pickles_and_is_equal_after_the_round_trip(facts):
    plan = a_plan(**facts)
    back = pickle.loads(pickle.dumps(plan))
    assert back == plan
    assert as_json(back) == as_json(plan)
    assert back.fingerprint == plan.fingerprint


@pytest.mark.parametrize("facts", PLANS.values(), ids=PLANS)
def test_a_plans_json_is_stable_and_says_what_the_text_says(facts):
    text = as_json(a_plan(**facts))
    assert text == as_json(a_plan(**facts))
    told = json.loads(text)
    assert list(told) == sorted(told)
    assert told["fingerprint"] in explain(a_plan(**facts))
    assert told["destination"] == str(DESTINATION)


@pytest.mark.parametrize("facts", PLANS.values(), ids=PLANS)
def test_no_text_of_a_plan_holds_the_password(facts):
    plan = a_plan(**facts)
    for text in (as_json(plan), explain(plan), repr(plan), str(plan), repr(plan.reading.source)):
        assert SECRET not in text


def test_the_header_is_the_plan_without_its_splits():
    evidence = Evidence(bounds=tuple(range(1, 500)))
    plan = a_plan(a_request(num_splits=500, smart_sync=False), evidence=evidence)
    header = plan.header()
    assert len(plan.reading.splits) == header.reading.split_total == 500
    assert header.reading.splits == ()
    assert header.fingerprint == plan.fingerprint
    assert replace(header, reading=plan.reading) == plan
    assert len(pickle.dumps(header)) < len(pickle.dumps(plan)) / 3


def test_the_fingerprint_changes_with_what_is_read_and_where_it_goes_not_with_the_run():
    watermark = a_watermark(utc("2025-07-22 13:00"))
    plan = a_plan(target=a_target(), watermark=watermark)
    others = [
        a_plan(target=a_target(), watermark=a_watermark(utc("2025-07-22 13:01"))),
        a_plan(target=a_target(), watermark=watermark, clock=a_clock(utc("2025-07-22 15:01"))),
        a_plan(a_request(num_splits=2), target=a_target(), evidence=Evidence(bounds=(NOW,))),
        a_plan(a_request(destination=DESTINATION.sibling("other")), target=a_target()),
        a_plan(target=a_target(), watermark=watermark, columns=JSON_COLUMNS),
        a_plan(target=MISSING, watermark=Watermark()),
    ]
    assert len({plan.fingerprint, *(other.fingerprint for other in others)}) == 7
    again = plan_of(
        a_request(),
        some_facts(target=a_target(), watermark=watermark),
        run_id="20250722t160000-00000000",
        now=NOW + timedelta(hours=1),
    )
    assert again.fingerprint == plan.fingerprint


def test_the_fingerprint_tells_one_query_from_another():
    other = a_request(query="SELECT * FROM orders WHERE id > 7")
    assert a_plan().fingerprint != a_plan(other).fingerprint


GIGABYTE = Evidence(estimated_bytes=2**30, bounds=tuple(range(1, 100)))


@pytest.mark.parametrize(
    ("cuts", "local", "count", "words"),
    [
        (Cuts(indexed=("updated_at",)), False, 16, "over 8 connections, cut by updated_at"),
        (Cuts(indexed=("updated_at",)), True, 4, "one after the other, cut by updated_at"),
        (Cuts(key="id", indexed=("id",)), False, 16, "cut by id"),
        (Cuts(), False, 1, "no index begins with updated_at"),
    ],
)
def test_splits_follow_an_index_and_never_scan_a_table_each(cuts, local, count, words):
    request = a_request(is_local=local)
    facts = some_facts(request, evidence=GIGABYTE)
    facts = replace(facts, profile=replace(facts.profile, cuts=cuts))
    plan = a_plan(request, facts)
    assert (plan.reading.split_total, plan.reading.connections) == (
        count,
        1 if local or count == 1 else 8,
    )
    assert words in plan.reading.split_reason
