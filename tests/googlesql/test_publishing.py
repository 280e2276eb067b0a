"""Publishing statements with rows, on GoogleSQL and on the local BigQuery: both leave the same."""

import datetime as dt
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField, TimePartitioning

from auto_schema.evolve import CurrentField
from auto_schema.postgresql_types import Look
from auto_schema.schema import Partitioning
from smart_sync.hand_window import window_by_hand
from smart_sync.letters_sql import FIELDS, merge_statement
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import publish_statement
from smart_sync.refused_json import count_refused_json, delete_refused_json, refused_json_letters
from smart_sync.request import WriteDisposition
from smart_sync.stale_columns import StaleColumns
from sources.values import Evidence
from tests.factories import (
    COLUMNS,
    JSON_COLUMNS,
    a_clock,
    a_plan,
    a_request,
    a_source,
    a_source_column,
    a_target,
    a_watermark,
    some_facts,
    some_fields,
)
from tests.googlesql.both import Both, filled
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.resolved import Analysis
from tests.sync import PROJECT
from warehouse.names import TableRef

HELD = "id INT64, name STRING, updated_at TIMESTAMP, extra JSON"
STAGED = "id INT64, name STRING, updated_at TIMESTAMP, extra STRING"
YEAR_ONE = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, dt.UTC)


def at(day: int, micros: int = 0) -> dt.datetime:
    return dt.datetime(2025, 7, day, 12, 0, 0, micros, dt.UTC)


def merging(dataset: str, *, partition: str = "", **words: Any) -> SyncPlan:
    layout = {"partitioning": Partitioning("updated_at", partition)} if partition else {}
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
        partition_type=partition or "DAY",
        **words,
    )
    target = a_target(fields=some_fields(*JSON_COLUMNS), **layout)
    return a_plan(request, columns=JSON_COLUMNS, target=target, watermark=a_watermark(at(1)))


def published(both: Both, plan: SyncPlan, held: list[Any], staged: list[Any]) -> tuple[Any, Any]:
    """What the script expected, and the destination's rows by their first column."""
    both.run(filled(str(plan.destination), HELD, held))
    both.run(filled(str(plan.run.staging.table), STAGED, staged))
    answer = both.run(publish_statement(plan))
    rows = sorted(both.rows(str(plan.destination)), key=lambda row: int(row[0]))
    return answer, rows


@pytest.mark.parametrize("partition", ["", "HOUR", "DAY", "MONTH"])
def test_a_merge_over_partitions(both: Both, dataset: str, partition: str) -> None:
    held = [
        (1, "moves over the years", YEAR_ONE, None),
        (2, "newer here", at(20, 1), None),
        (3, "no cursor here", None, None),
        (4, "of the last moment", LAST, None),
        (5, "untouched", at(5), None),
    ]
    staged = [
        (1, "moved", at(10, 1), '{"a": [1.5, null]}'),
        (1, "older", at(10), "1"),
        (2, "older", at(20), None),
        (3, "new", YEAR_ONE, " null "),
        (4, "the same stamp", LAST, '"\\ud83d\\ude00"'),
        (6, "added", dt.datetime(999, 2, 28, 23, 59, 59, 999_999, dt.UTC), "[]"),
        (7, "\uffff", at(7), '{"b": 1, "a": 2}'),
    ]

    expected, rows = published(both, merging(dataset, partition=partition), held, staged)

    assert expected == [(5,)]
    assert rows == [
        (1, "moved", at(10, 1), {"a": [1.5, None]}),
        (2, "newer here", at(20, 1), None),
        (3, "new", YEAR_ONE, None),
        (4, "the same stamp", LAST, "😀"),
        (5, "untouched", at(5), None),
        (6, "added", dt.datetime(999, 2, 28, 23, 59, 59, 999_999, dt.UTC), []),
        (7, "\uffff", at(7), {"b": 1, "a": 2}),
    ]


@pytest.mark.parametrize("partition", ["", "DAY"])
def test_columns_are_filled_in_rows_that_are_there(
    both: Both, dataset: str, partition: str
) -> None:
    plan = merging(dataset, partition=partition, backfill_columns=("extra",))
    assert [column.name for column in plan.schema] == ["id", "updated_at", "extra"]
    held = [
        (1, "the same", at(1), None),
        (2, "newer here", at(20, 1), None),
        (3, "no cursor here", None, None),
        (4, "not staged", at(4), None),
    ]
    staged = [
        (1, at(1), '{"a": 1}'),
        (1, YEAR_ONE, "[0]"),
        (2, at(20), "[2]"),
        (3, LAST, "[3]"),
        (5, at(5), "[5]"),
    ]
    both.run(filled(str(plan.destination), HELD, held))
    kinds = "id INT64, updated_at TIMESTAMP, extra STRING"
    both.run(filled(str(plan.run.staging.table), kinds, staged))

    assert both.run(publish_statement(plan)) == [(2,)]
    assert sorted(both.rows(str(plan.destination)), key=lambda row: int(row[0])) == [
        (1, "the same", at(1), {"a": 1}),
        (2, "newer here", at(20, 1), None),
        (3, "no cursor here", None, [3]),
        (4, "not staged", at(4), None),
    ]


def test_stale_columns_are_emptied_in_all_rows(both: Both, dataset: str) -> None:
    plan = merging(dataset, partition="DAY")
    fields = (CurrentField("old", "STRING"), CurrentField("tags", "INT64", "REPEATED"))
    changes = replace(plan.changes, stale=StaleColumns(fields, clears=True))
    plan = replace(plan, changes=changes)
    rows = [
        (1, "a", at(1), None, "x", [1]),
        (2, "b", None, None, None, [2]),
        (3, "c", at(3), None, None, []),
    ]
    both.run(filled(str(plan.destination), f"{HELD}, old STRING, tags ARRAY<INT64>", rows))
    both.run(filled(str(plan.run.staging.table), STAGED, [(1, "new", at(2), None)]))

    assert both.run(publish_statement(plan)) == [(1,)]
    left = sorted(both.rows(str(plan.destination)), key=lambda row: int(row[0]))
    assert left == [
        (1, "new", at(2), None, None, []),
        (2, "b", None, None, None, []),
        (3, "c", at(3), None, None, []),
    ]


KEYS: dict[str, tuple[str, str, list[Any]]] = {
    "text": ("text", "STRING", ["", " ", "a", "A", "e\u0301", "é", "\uffff", "0"]),
    "integer": ("int8", "INT64", [-(2**63), 2**63 - 1, 2**53, 2**53 + 1]),
    "stamp": ("timestamp", "DATETIME", [YEAR_ONE.replace(tzinfo=None), LAST.replace(tzinfo=None)]),
}


@pytest.mark.parametrize("name", KEYS)
def test_rows_meet_by_keys_of_any_type(both: Both, dataset: str, name: str) -> None:
    kind, stored, keys = KEYS[name]
    columns = (a_source_column("k", kind), a_source_column("v", "int8"))
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("k",),
        smart_sync=False,
    )
    plan = a_plan(request, columns=columns, target=a_target(fields=some_fields(*columns)))
    schema = f"k {stored}, v INT64"
    both.run(filled(str(plan.destination), schema, [(key, 1) for key in keys[1:]]))
    both.run(filled(str(plan.run.staging.table), schema, [(key, 2) for key in keys] * 2))

    assert both.run(publish_statement(plan)) == [(len(keys),)]
    assert sorted(both.rows(str(plan.destination)), key=repr) == sorted(
        ((key, 2) for key in keys), key=repr
    )


@pytest.mark.parametrize(
    ("unit", "start"), [("YEAR", "0001"), ("MONTH", "0999"), ("DAY", "2024"), ("HOUR", "2024")]
)
def test_a_window_by_hand_replaces_its_partitions_and_no_row_beside(
    both: Both, dataset: str, unit: str, start: str
) -> None:
    first = dt.datetime(int(start), 1, 1, tzinfo=dt.UTC)
    end = first.replace(year=first.year + 1)
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.TRUNCATE,
        by_hand=(f"{start}-01-01", f"{end.year:04}-01-01"),
        partition_type=unit,
    )
    target = a_target(partitioning=Partitioning("updated_at", unit))
    facts = some_facts(request, target=target, watermark=a_watermark(at(1)))
    assert facts.cursor is not None
    assert facts.window is not None
    by_hand = window_by_hand(request, facts.cursor, facts.window)
    source = a_source(request, COLUMNS, facts.cursor.source_name, by_hand.window)
    plan = a_plan(request, replace(facts, window=by_hand, source=source))
    assert str(plan.publishing.mode) == "replace_partitions"
    micro = dt.timedelta(microseconds=1)
    inside = [first, first + micro, end - micro]
    outside = [end, LAST, None, *([first - micro] if first > YEAR_ONE else [])]
    schema = "id INT64, name STRING, updated_at TIMESTAMP"
    rows = [(n, "held", stamp) for n, stamp in enumerate([*outside, *inside])]
    both.run(filled(str(plan.destination), schema, rows))
    staged = [(n, "new", stamp) for n, stamp in enumerate(inside)]
    both.run(filled(str(plan.run.staging.table), schema, staged))

    both.run(publish_statement(plan))

    assert sorted(both.rows(str(plan.destination)), key=repr) == sorted(
        [*rows[: len(outside)], *staged], key=repr
    )


def test_json_that_is_refused_becomes_letters_and_leaves_staging(both: Both, dataset: str) -> None:
    plan = merging(dataset, max_dead_letters=10)
    table = str(plan.run.staging.table)
    rows = [
        (1, "fine", at(1), '{"a":[1,"\\ud83d\\ude00"]}'),
        (2, "half a pair", at(2), '"\\ud83d"'),
        (3, None, None, '{"a":1e400}'),
        (3, None, None, '{"a":1e400}'),
        (4, "null", at(4), "  null\n"),
        (5, "no JSON", at(5), None),
        (6, "\uffff", at(6), "{"),
        (7, "white space that is none of JSON's", at(7), "\u00a0null"),
    ]
    both.run(filled(table, STAGED, rows))
    letters = refused_json_letters(plan)
    columns = ", ".join(f"{name} {kind}" for name, kind in FIELDS)
    both.run(f"CREATE TABLE {plan.dead_letters.table.sql} ({columns})")

    assert both.run(count_refused_json(plan), differs=True) == [(5,)]
    found = both.run(letters, differs=True)
    assert {(row[0], row[1]) for row in found} == {
        ("extra", rows[1][3]),
        ("extra", rows[2][3]),
        ("extra", "{"),
        ("extra", "\u00a0null"),
    }
    assert [json.loads(row[3])["id"] for row in sorted(found, key=lambda row: row[3])] == [
        2,
        3,
        3,
        6,
        7,
    ]
    for _ in range(2):
        both.run(merge_statement(plan, f"(\n{letters}\n)"), differs=True)
    kept = both.rows(str(plan.dead_letters.table), differs=True)
    assert sorted(row[6]["id"] for row in kept) == [2, 3, 6, 7]
    both.run(delete_refused_json(plan), differs=True)
    assert [row[0] for row in both.rows(table, differs=True)] == [1, 4, 5]


def test_letters_are_kept_once_and_one_that_is_no_json_as_its_text(
    both: Both, dataset: str
) -> None:
    plan = merging(dataset)
    columns = ", ".join(f"{name} {kind}" for name, kind in FIELDS)
    both.run(f"CREATE TABLE {plan.dead_letters.table.sql} ({columns})")
    staged = "column_name STRING, value STRING, reason STRING, raw_row STRING, row_hash STRING"
    staged += ", row_stage STRING, typed_row STRING"
    letters = [
        ("a", "1", "why", '{"a": 67.174118, "b": "x"}', "h1", "arrived", "kept"),
        ("a", "1", "why", '{"a": 67.174118, "b": "x"}', "h1", "arrived", "kept"),
        ("b", "1", "why", '{"a": 67.174118, "b": "x"}', "h1", "arrived", "kept"),
        ("a", None, "why not", '{"a": 67.174118, "b": "x"}', "h1", "arrived", "kept"),
        ("a", "\uffff", "why", '{"a": "\\ud83d"}', "h2", "arrived", "kept"),
        ("a", "", "why", None, "h3", "arrived", "kept"),
    ]
    both.run(filled(str(plan.run.staging.dead_table), staged, letters))

    for _ in range(2):
        both.run(merge_statement(plan, plan.run.staging.dead_table.sql))

    names = [name for name, _ in FIELDS]
    kept = [
        dict(zip(names, row, strict=True))
        for row in both.run(f"SELECT * REPLACE (NULL AS time) FROM {plan.dead_letters.table.sql}")
    ]
    assert sorted((row["row_hash"], row["column_name"], row["reason"]) for row in kept) == [
        ("h1", "a", "why"),
        ("h1", "a", "why not"),
        ("h1", "b", "why"),
        ("h2", "a", "why"),
        ("h3", "a", "why"),
    ]
    by_hash = {row["row_hash"]: row for row in kept}
    assert by_hash["h1"]["raw_row"] == {"a": 67.174118, "b": "x"}
    assert by_hash["h2"]["raw_row"] == '{"a": "\\ud83d"}'
    assert by_hash["h3"]["raw_row"] is None
    assert {row["destination"] for row in kept} == {str(plan.destination)}
    assert {row["last_run_id"] for row in kept} == {plan.run.run_id}
    assert sorted(row["row_count"] for row in kept) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("beside", [None, at(2), at(3)], ids=["alone", "older", "no newest"])
@pytest.mark.parametrize("cursor", [at(2), None], ids=str)
def test_both_refuse_rows_that_differ(
    both: Both, dataset: str, cursor: dt.datetime | None, beside: dt.datetime | None
) -> None:
    """Also where a newer version of that key is staged, and another key has none that differ."""
    plan = merging(dataset, show_values=True)
    staged = [(2, "same", at(1), "1")] * 2 + [(7, "a", cursor, "1"), (7, "b", cursor, "1")]
    if beside is not None:
        staged.append((7, "newer", beside + dt.timedelta(days=1), "1"))
    both.run(filled(str(plan.destination), HELD, []))
    both.run(filled(str(plan.run.staging.table), STAGED, staged))

    with pytest.raises(GoogleSqlError, match=r'same updated_at differ.*"id":7'):
        both.run(publish_statement(plan))
    assert both.rows(str(plan.destination)) == []


BY_HAND = {
    "timestamptz": ("TIMESTAMP", dt.datetime(2024, 2, 28, 22, tzinfo=dt.UTC)),
    "timestamp": ("DATETIME", dt.datetime(2024, 2, 28, 22)),
    "date": ("DATE", dt.date(2024, 2, 28)),
}


def whole(value: Any, unit: str) -> Any:
    """The first moment of a value's partition."""
    first = {"DAY": {}, "MONTH": {"day": 1}, "YEAR": {"day": 1, "month": 1}}.get(unit)
    if not isinstance(value, dt.datetime):
        return value.replace(**first)
    clock = {"minute": 0, "second": 0, "microsecond": 0}
    return value.replace(**clock) if first is None else value.replace(hour=0, **clock, **first)


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_replaced_window_of_any_cursor_is_the_models(both: Both, dataset: str, kind: str) -> None:
    """Rows at the very edges of the window, and anywhere else in time."""
    stored, near = BY_HAND[kind]
    for unit in ["DAY", "MONTH"] if kind == "date" else ["HOUR", "YEAR"]:
        dice = random.Random(f"{kind} {unit}")
        first, last = near.min, near.max
        if kind == "timestamptz":
            first, last = YEAR_ONE, LAST
        step = dt.timedelta(days=1) if kind == "date" else dt.timedelta(microseconds=1)
        start = whole(dice.choice([near, first, first + (last - first) / 3]), unit)
        end = whole(start + dt.timedelta(days=dice.choice([1, 40, 400])), unit)
        end = end if end > start else whole(start + dt.timedelta(days=400), unit)
        edges = [start, end, start + step, end - step, first, last]
        edges += [one for one in (start, end) if one > first for one in (one - step,)]
        anywhere = [first + (last - first) * dice.random() for _ in range(20)]
        values = [*edges, *anywhere, None]
        columns = (a_source_column("id", "int8"), a_source_column("c", kind))
        request = a_request(
            destination=TableRef(PROJECT, dataset, f"orders_{unit}"),
            write_disposition=WriteDisposition.TRUNCATE,
            cursor="c",
            by_hand=(start.isoformat(), end.isoformat()),
            partition_field="c",
            partition_type=unit,
        )
        target = a_target(fields=some_fields(*columns), partitioning=Partitioning("c", unit))
        clock = a_clock(dt.datetime(9999, 1, 1, tzinfo=dt.UTC))
        facts = some_facts(request, columns=columns, target=target, clock=clock)
        assert facts.cursor is not None
        assert facts.window is not None
        by_hand = window_by_hand(request, facts.cursor, facts.window)
        source = a_source(request, columns, "c", by_hand.window)
        plan = a_plan(request, replace(facts, window=by_hand, source=source))
        assert str(plan.publishing.mode) == "replace_partitions"
        schema = [SchemaField("id", "INT64"), SchemaField("c", stored)]
        held = list(enumerate(values))
        staged = [(-n, one) for n, one in held if one is not None and start <= one < end]
        by = TimePartitioning(unit, "c")
        both.hold(str(plan.destination), schema, held, partitioning=by)
        both.hold(str(plan.run.staging.table), schema, staged)

        both.run(publish_statement(plan))

        left = [row for row in held if row[1] is None or not start <= row[1] < end]
        assert sorted(both.rows(str(plan.destination)), key=repr) == sorted(
            [*left, *staged], key=repr
        )
        assert len(staged) > 1


def test_shapes_of_postgis_are_published_as_the_analyzer_wants_it(googlesql: GoogleSql) -> None:
    """Analyzed only: the reference implementation has no GEOGRAPHY."""
    kinds = {"flat": "postgis.geometry", "round": "postgis.geography"}
    shapes = tuple(a_source_column(name, kind) for name, kind in kinds.items())
    looks = {name: Look(is_geography=True) for name in kinds}
    plan = a_plan(
        a_request(max_dead_letters=1),
        columns=(*JSON_COLUMNS, *shapes),
        target=a_target(exists=False),
        evidence=Evidence(looks=looks),
    )
    fields = [SchemaField(c.name, c.bigquery) for c in plan.schema.staged]
    tables = {str(plan.run.staging.table): Table.of(fields)}
    published = googlesql.analyze(publish_statement(plan), tables)
    assert isinstance(published, Analysis), published
    assert list(map(repr, published.columns))[-2:] == ["flat GEOGRAPHY", "round GEOGRAPHY"]
    for statement in (refused_json_letters(plan), count_refused_json(plan)):
        assert isinstance(googlesql.analyze(statement, tables), Analysis)
        assert "SAFE.ST_GEOGFROMWKB(FROM_HEX(_smart_sync_json_1), planar => TRUE)" in statement
    assert isinstance(googlesql.analyze(delete_refused_json(plan), tables), Analysis)
    assert '"GEOGRAPHY that BigQuery does not parse"' in refused_json_letters(plan)
