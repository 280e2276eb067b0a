"""make_plan(): one frozen plan of a request and its facts, and all that stands against it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from auto_schema.errors import ManyErrors, SchemaError, TargetError
from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from auto_schema.transform import Transformation
from smart_sync import modes
from smart_sync.request import WriteDisposition
from smart_sync.source_labels import source_labels
from smart_sync.ways import LOAD, STATEMENT
from sources.profile import InBigquery, SourceIdentity, Texts
from sources.values import Evidence
from tests.factories import (
    COLUMNS,
    JSON_COLUMNS,
    MISSING,
    NOW,
    RUN_ID,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    asking,
    plan_of,
    refused,
    some_facts,
    some_fields,
)

APPEND, TRUNCATE, EMPTY, *_ = WriteDisposition


# Mode and way


@pytest.mark.parametrize(
    ("parameters", "target", "mode"),
    [
        ({}, MISSING, modes.CREATE),
        ({"write_disposition": TRUNCATE}, MISSING, modes.CREATE),
        ({"delete_existing_table": True}, MISSING, modes.CREATE),
        ({}, a_target(), modes.APPEND),
        ({"write_disposition": TRUNCATE}, a_target(), modes.REPLACE),
        ({"delete_existing_table": True}, a_target(), modes.REBUILD),
        ({"delete_existing_table": True, "write_disposition": TRUNCATE}, a_target(), modes.REBUILD),
        ({"write_disposition": EMPTY}, a_target(rows=0), modes.FILL),
        ({"write_disposition": EMPTY, "delete_existing_table": True}, a_target(), modes.REBUILD),
    ],
)
def test_the_mode_follows_what_is_there_and_what_was_asked(parameters, target, mode):
    plan = a_plan(a_request(**parameters), target=target)
    assert plan.publishing.mode is mode
    assert plan.publishing.mode_reason


@pytest.mark.parametrize(
    ("parameters", "columns", "way", "reason"),
    [
        ({}, COLUMNS, LOAD, "one load job"),
        ({}, JSON_COLUMNS, STATEMENT, "no JSON from Parquet (extra)"),
        ({"json_numbers": "text"}, JSON_COLUMNS, LOAD, "one load job"),
        ({"temp_location": "/tmp/x"}, COLUMNS, STATEMENT, "a local folder"),
        (
            {"transformation": Transformation(exclude_fields=("extra",))},
            JSON_COLUMNS,
            LOAD,
            "one load job",
        ),
    ],
)
def test_files_are_loaded_straight_where_bigquery_can(parameters, columns, way, reason):
    plan = a_plan(a_request(**parameters), columns=columns)
    assert plan.publishing.way is way
    assert reason in plan.publishing.way_reason


EXACT = Texts(json_is_exact=True)


@pytest.mark.parametrize(
    ("asked", "profile", "judged"),
    [
        ("double", {}, "double"),
        ("double", {"texts": EXACT}, ""),
        ("exact", {}, "exact"),
        ("exact", {"texts": EXACT}, "exact"),
        ("exact", {"texts": EXACT, "in_bigquery": InBigquery()}, ""),
    ],
    ids=["postgresql", "mongodb", "postgresql exact", "mongodb exact", "bigquery exact"],
)
def test_numbers_in_json_are_judged_unless_the_source_writes_them_as_asked(asked, profile, judged):
    plan = a_plan(a_request(json_numbers=asked), columns=JSON_COLUMNS, **profile)
    assert plan.checks.json_numbers == judged


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
    assert plan.publishing.swaps is swaps
    assert plan.publishing.way is (STATEMENT if swaps else LOAD)


def test_only_a_rebuild_swaps():
    plan = a_plan(a_request(auto_schema=True), target=a_target())
    assert not plan.publishing.swaps


# Faults


def test_all_faults_of_a_plan_are_told_at_once():
    request = a_request(
        create_if_needed=False,
        auto_schema=True,
        partition_field="nowhere",
        partition_given=True,
        clustering_fields=("extra",),
        unknown_types="error",
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
    assert a_plan(request, target=a_target()).publishing.mode is modes.APPEND


@pytest.mark.parametrize("rows", [1000, None])
def test_write_empty_refuses_a_table_that_holds_or_may_hold_rows(rows):
    request = a_request(write_disposition=EMPTY)
    assert refused(request=request, target=a_target(rows=rows)) == [
        (TargetError, "write_disposition=WRITE_EMPTY on a full table")
    ]


def test_a_frozen_schema_refuses_a_new_column_and_names_it():
    request = a_request(evolution="freeze")
    facts = some_facts(request, columns=JSON_COLUMNS, target=a_target())
    with pytest.raises(SchemaError, match=r"extra \(schema_evolution=freeze\)"):
        plan_of(request, facts, run_id=RUN_ID, now=NOW)
    assert a_plan(request, target=a_target()).changes.added == ()


def test_a_new_column_is_added_and_one_that_is_gone_stays_null():
    target = a_target(fields=(*some_fields(), CurrentField("old", "STRING")))
    plan = a_plan(a_request(), columns=JSON_COLUMNS, target=target)
    assert (plan.changes.added, plan.changes.target_only) == (("extra",), ("old",))


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
    assert (
        a_plan(a_request(delete_existing_table=True), target=target).publishing.mode
        is modes.REBUILD
    )


def test_names_of_the_destination_compare_whatever_their_case():
    fields = tuple(replace(f, name=f.name.upper()) for f in some_fields())
    plan = a_plan(target=a_target(fields=fields))
    assert (plan.changes.added, plan.changes.target_only) == ((), ())


# Two sources that share one MAX


def labels_of(*tables, database="postgresql/shop"):
    profile = some_facts(identity=SourceIdentity(database, tables=tables)).profile
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
    assert plan.publishing.sets_label
    assert plan.publishing.labels == labels_of("public.orders")


def test_the_same_source_keeps_its_label_and_one_without_is_warned_about():
    same = a_plan(target=a_target(labels=labels_of("public.orders")))
    assert not same.publishing.sets_label
    assert not same.warnings
    (warning,) = a_plan(target=a_target()).warnings
    assert "no sync_source label" in warning


def test_the_label_tells_databases_and_tables_apart_and_is_fit_for_bigquery():
    labels = {
        labels_of("public.orders"),
        labels_of("public.invoices"),
        labels_of("public.orders", "public.invoices"),
        labels_of("public.orders", database="postgresql/other"),
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
    fitting = asking(request, partition_type=mend.removeprefix("partition_type="))
    assert a_plan(fitting, evidence=Evidence(partition_span=span)).publishing.mode is modes.CREATE


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
