"""make_plan(): one frozen plan of a request and its facts, and all that stands against it."""

import json
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from auto_schema.errors import ConfigError, ManyErrors, SchemaError, SyncError, TargetError
from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from auto_schema.transform import Transformation
from smart_sync.explain import as_json, explain
from smart_sync.plan import Mode, Way, make_plan
from smart_sync.plan_checks import source_labels
from smart_sync.request import WriteDisposition
from smart_sync.window import Watermark
from sources.base import Evidence, Split
from tests.factories import (
    COLUMNS,
    DESTINATION,
    NOW,
    RUN_ID,
    SECRET,
    a_clock,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    a_transaction,
    a_watermark,
    some_facts,
    some_fields,
    utc,
)

APPEND, TRUNCATE, EMPTY = WriteDisposition
MISSING = a_target(exists=False)
JSON_COLUMNS = (*COLUMNS, a_source_column("extra", "jsonb"))
HELD_BACK = {
    "clock": a_clock(open=(a_transaction(NOW - timedelta(hours=2)),)),
    "watermark": a_watermark(NOW - timedelta(hours=1)),
    "target": a_target(),
}


def refused(**rest):
    """The faults of a plan that can't be made, as (class, what)."""
    with pytest.raises(SyncError) as caught:
        a_plan(**rest)
    faults = getattr(caught.value, "errors", (caught.value,))
    return [(type(fault), fault.what) for fault in faults]


# Mode and way


@pytest.mark.parametrize(
    ("parameters", "target", "mode"),
    [
        ({}, MISSING, Mode.CREATE),
        ({"write_disposition": TRUNCATE}, MISSING, Mode.CREATE),
        ({"delete_existing_table": True}, MISSING, Mode.CREATE),
        ({}, a_target(), Mode.APPEND),
        ({"write_disposition": TRUNCATE}, a_target(), Mode.REPLACE),
        ({"delete_existing_table": True}, a_target(), Mode.REBUILD),
        ({"delete_existing_table": True, "write_disposition": TRUNCATE}, a_target(), Mode.REBUILD),
        ({"write_disposition": EMPTY}, a_target(rows=0), Mode.APPEND),
        ({"write_disposition": EMPTY, "delete_existing_table": True}, a_target(), Mode.REBUILD),
    ],
)
def test_the_mode_follows_what_is_there_and_what_was_asked(parameters, target, mode):
    plan = a_plan(a_request(**parameters), target=target)
    assert plan.mode is mode
    assert plan.mode_reason


@pytest.mark.parametrize(
    ("parameters", "columns", "way", "reason"),
    [
        ({}, COLUMNS, Way.LOAD, "one load job"),
        ({}, JSON_COLUMNS, Way.STATEMENT, "no JSON from Parquet (extra)"),
        ({"json_numbers": "text"}, JSON_COLUMNS, Way.LOAD, "one load job"),
        ({"temp_location": "/tmp/x"}, COLUMNS, Way.STATEMENT, "a local folder"),
        (
            {"transformation": Transformation(exclude_fields=("extra",))},
            JSON_COLUMNS,
            Way.LOAD,
            "one load job",
        ),
    ],
)
def test_files_are_loaded_straight_where_bigquery_can(parameters, columns, way, reason):
    plan = a_plan(a_request(**parameters), columns=columns)
    assert plan.way is way
    assert reason in plan.way_reason


@pytest.mark.parametrize(
    ("layout", "swaps"),
    [
        ({"partitioning": Partitioning("updated_at"), "clustering": ("id",)}, False),
        ({"partitioning": Partitioning("updated_at", "MONTH"), "clustering": ("id",)}, True),
        ({"partitioning": Partitioning("updated_at")}, True),
        ({}, True),
    ],
)
def test_a_rebuild_with_another_layout_is_built_beside_and_swapped(layout, swaps):
    request = a_request(delete_existing_table=True, auto_schema=True, clustering_fields=("id",))
    plan = a_plan(request, target=a_target(**layout))
    assert plan.swaps is swaps
    assert plan.way is (Way.STATEMENT if swaps else Way.LOAD)


def test_only_a_rebuild_swaps():
    plan = a_plan(a_request(auto_schema=True), target=a_target())
    assert not plan.swaps


# Faults


def test_all_faults_of_a_plan_are_told_at_once():
    request = a_request(
        create_if_needed=False,
        auto_schema=True,
        partition_field="nowhere",
        partition_given=True,
        clustering_fields=("extra",),
        transformation=Transformation(exclude_fields=("absent",)),
    )
    columns = (*JSON_COLUMNS, a_source_column("shape", "polyhedron"), a_source_column("name"))
    with pytest.raises(ManyErrors) as caught:
        a_plan(request, columns=columns, target=MISSING)
    told = str(caught.value)
    for part in ("'absent'", "'shape'", "'name'", "'nowhere'", "'extra'", "CREATE_NEVER"):
        assert part in told, told
    assert len(caught.value.errors) >= 5
    assert caught.value.exit_code == 2


def test_a_table_that_may_not_be_made_is_refused():
    request = a_request(create_if_needed=False)
    assert refused(request=request, target=MISSING) == [
        (TargetError, "destination table is missing")
    ]
    assert a_plan(request, target=a_target()).mode is Mode.APPEND


@pytest.mark.parametrize("rows", [1000, None])
def test_write_empty_refuses_a_table_that_holds_or_may_hold_rows(rows):
    request = a_request(write_disposition=EMPTY)
    assert refused(request=request, target=a_target(rows=rows)) == [
        (TargetError, "write_disposition=WRITE_EMPTY on a full table")
    ]


def test_a_frozen_schema_refuses_a_new_column_and_names_it():
    request = a_request(schema_evolution="freeze")
    facts = some_facts(request, columns=JSON_COLUMNS, target=a_target())
    with pytest.raises(SchemaError, match=r"extra \(schema_evolution=freeze\)"):
        make_plan(request, facts, run_id=RUN_ID, now=NOW)
    assert a_plan(request, target=a_target()).added == ()


def test_a_new_column_is_added_and_one_that_is_gone_stays_null():
    target = a_target(fields=(*some_fields(), CurrentField("old", "STRING")))
    plan = a_plan(a_request(), columns=JSON_COLUMNS, target=target)
    assert (plan.added, plan.target_only) == (("extra",), ("old",))


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (CurrentField("name", "INT64"), "is INT64 in the destination"),
        (CurrentField("name", "STRING", "REPEATED"), "is REPEATED in the destination"),
        (CurrentField("gone", "STRING", "REQUIRED"), "is REQUIRED in the destination"),
    ],
)
def test_a_column_that_does_not_fit_is_refused_unless_the_table_is_rebuilt(field, why):
    others = tuple(f for f in some_fields() if f.name != field.name)
    target = a_target(fields=(*others, field))
    with pytest.raises(SchemaError, match=why):
        a_plan(target=target)
    assert a_plan(a_request(delete_existing_table=True), target=target).mode is Mode.REBUILD


def test_names_of_the_destination_compare_whatever_their_case():
    fields = tuple(replace(f, name=f.name.upper()) for f in some_fields())
    plan = a_plan(target=a_target(fields=fields))
    assert (plan.added, plan.target_only) == ((), ())


# Two sources that share one MAX


def labels_of(*tables, identity="postgresql/shop"):
    profile = some_facts(tables=tables, identity=identity).profile
    return source_labels(profile)


def test_another_sources_table_is_refused():
    target = a_target(labels=labels_of("public.invoices"))
    assert refused(target=target) == [(TargetError, "the destination belongs to another source")]


@pytest.mark.parametrize(
    "parameters",
    [
        {"accept_source_change": True},
        {"write_disposition": TRUNCATE},
        {"delete_existing_table": True},
    ],
)
def test_another_sources_table_is_taken_over_where_the_operator_says_so(parameters):
    target = a_target(labels=labels_of("public.invoices"))
    plan = a_plan(a_request(**parameters), target=target)
    assert plan.sets_label
    assert plan.labels == labels_of("public.orders")


def test_the_same_source_keeps_its_label_and_one_without_is_warned_about():
    same = a_plan(target=a_target(labels=labels_of("public.orders")))
    assert not same.sets_label
    assert not same.warnings
    (warning,) = a_plan(target=a_target()).warnings
    assert "no sync_source label" in warning


def test_the_label_tells_databases_and_tables_apart_and_is_fit_for_bigquery():
    labels = {
        labels_of("public.orders"),
        labels_of("public.invoices"),
        labels_of("public.orders", "public.invoices"),
        labels_of("public.orders", identity="postgresql/other"),
    }
    assert len(labels) == 4
    for ((name, value),) in labels:
        assert (name, len(value)) == ("sync_source", 32)
        assert value == value.lower()
    assert labels_of() == ()


# Layout


def test_too_many_partitions_are_refused_with_the_size_that_fits():
    request = a_request(auto_schema=True)
    span = (datetime(1900, 1, 1), datetime(2025, 7, 22))
    with pytest.raises(SchemaError) as caught:
        a_plan(request, evidence=Evidence(partition_span=span))
    assert caught.value.what == "too many partitions"
    assert "partition_type=MONTH" in caught.value.fix
    assert "45,8" in caught.value.why


@pytest.mark.parametrize(
    ("size", "span", "mend"),
    [
        ("HOUR", (date(2024, 1, 1), date(2025, 1, 1)), "partition_type=DAY"),
        ("DAY", (date(2000, 1, 1), date(2025, 1, 1)), "partition_type=MONTH"),
        ("MONTH", (date(1, 1, 1), date(2025, 1, 1)), "partition_type=YEAR"),
    ],
)
def test_the_mend_of_too_many_partitions_is_the_finest_that_fits(size, span, mend):
    request = a_request(auto_schema=True, partition_type=size)
    with pytest.raises(SchemaError) as caught:
        a_plan(request, evidence=Evidence(partition_span=span))
    assert mend in caught.value.fix
    fitting = replace(request, partition_type=mend.removeprefix("partition_type="))
    assert a_plan(fitting, evidence=Evidence(partition_span=span)).mode is Mode.CREATE


@pytest.mark.parametrize("days", [3_999, 4_000])
def test_four_thousand_partitions_are_the_most(days):
    low = datetime(2000, 1, 1, tzinfo=UTC)
    evidence = Evidence(partition_span=(low, low + timedelta(days=days)))
    if days < 4_000:
        assert a_plan(a_request(auto_schema=True), evidence=evidence).schema.partitioning
    else:
        assert refused(request=a_request(auto_schema=True), evidence=evidence) == [
            (SchemaError, "too many partitions")
        ]


def test_an_existing_table_that_keeps_its_months_is_not_refused_for_days():
    target = a_target(partitioning=Partitioning("updated_at", "YEAR"))
    span = (datetime(1900, 1, 1), datetime(2025, 7, 22))
    plan = a_plan(
        a_request(auto_schema=True), target=target, evidence=Evidence(partition_span=span)
    )
    assert plan.schema.partitioning == Partitioning("updated_at", "YEAR")


def test_without_auto_schema_a_table_is_made_plainly():
    plan = a_plan(a_request(clustering_fields=("id",)))
    assert (plan.schema.partitioning, plan.schema.clustering) == (None, ())


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
    request = a_request(auto_schema=True, cursor="changed")
    plan = a_plan(request, columns=columns)
    assert plan.schema.partitioning is None
    assert any("not partitioned by the default" in note for note in plan.notes)
    assert refused(request=replace(request, partition_given=True), columns=columns) == [
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
    assert 'q."updated_at" > ' in plan.source.statement(Split(0))


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
    assert [split.column for split in smart.splits] == ["updated_at"] * 4
    assert not any(split.by_key for split in smart.splits)
    whole = a_request(num_splits=3, smart_sync=False)
    keyed = a_plan(whole, evidence=Evidence(bounds=(10, 20)))
    assert [(s.column, s.lower, s.upper, s.by_key) for s in keyed.splits] == [
        ("id", None, 10, True),
        ("id", 10, 20, True),
        ("id", 20, None, True),
    ]


def test_what_cannot_be_split_is_one_split_with_its_reason():
    evidence = Evidence(bounds=(1, 2, 3), estimated_bytes=2**40)
    grouped = a_plan(split_reason="the query has GROUP BY", evidence=evidence)
    assert grouped.splits == (Split(0),)
    assert grouped.split_reason == "one split: the query has GROUP BY"
    keyless = a_plan(a_request(smart_sync=False), unique_key=None, evidence=evidence)
    assert keyless.splits == (Split(0),)
    assert "no unique NOT NULL key" in keyless.split_reason


def test_no_more_connections_than_splits():
    plan = a_plan(a_request(num_splits=3), evidence=Evidence(bounds=(1, 2)))
    assert (plan.split_total, plan.connections) == (3, 3)
    many = a_plan(
        a_request(num_splits=3, max_source_connections=2), evidence=Evidence(bounds=(1, 2))
    )
    assert many.connections == 2


def test_a_plan_held_back_reads_nothing():
    plan = a_plan(**HELD_BACK)
    assert plan.held_back
    assert plan.splits == ()
    assert "HELD BACK    nothing is read" in explain(plan)


def test_rows_that_a_window_leaves_out_are_counted_in_warnings():
    evidence = Evidence(null_cursors=1_234, before=5, after=6)
    told = "\n".join(a_plan(evidence=evidence, target=MISSING).warnings)
    assert "1,234 rows have NULL in updated_at" in told
    assert "5 rows lie before the window" in told
    assert "6 rows lie after the window's end" in told


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
    for text in (as_json(plan), explain(plan), repr(plan), str(plan), repr(plan.source)):
        assert SECRET not in text


def test_the_header_is_the_plan_without_its_splits():
    evidence = Evidence(bounds=tuple(range(1, 500)))
    plan = a_plan(a_request(num_splits=500, smart_sync=False), evidence=evidence)
    header = plan.header()
    assert len(plan.splits) == header.split_total == 500
    assert header.splits == ()
    assert header.fingerprint == plan.fingerprint
    assert replace(header, splits=plan.splits) == plan
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
    again = make_plan(
        a_request(),
        some_facts(target=a_target(), watermark=watermark),
        run_id="20250722t160000-00000000",
        now=NOW + timedelta(hours=1),
    )
    assert again.fingerprint == plan.fingerprint


def test_the_fingerprint_tells_one_query_from_another():
    other = a_request(query="SELECT * FROM orders WHERE id > 7")
    assert a_plan().fingerprint != a_plan(other).fingerprint
