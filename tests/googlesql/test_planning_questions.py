"""What a plan asks of BigQuery, over rows from a seed: GoogleSQL, the local one and a model agree.

Each table holds the rows of many cases, or each case asks many things, so that few tables do.
"""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from google.cloud.bigquery import SchemaField, TimePartitioning
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.bigquery_types import type_of
from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from pipeline.destination.target import read_watermark
from pipeline.launch.frontier import (
    _DOUBTFUL,
    ANEW,
    BEGINNING,
    _parameters,
    frontier_in,
    frontier_near,
    frontier_question,
    read_frontier,
)
from pipeline.runs import history, past_runs
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.request import WindowRequest
from smart_sync.value_text import value_text
from smart_sync.window import Watermark
from sources.bigquery.clock import Highest
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.evidence import evidence, has_rows
from sources.bigquery.inspector import _Inspector
from sources.bigquery.profile import Described
from sources.bigquery.source import BigquerySource
from sources.profile import SourceProfile
from sources.questions import RowsQuestion
from sources.values import Extract, SourceColumn, Split, Window
from tests.factories import a_clock, a_target, a_watermark, a_window
from tests.googlesql.both import Both, GoogleSqlClient
from tests.googlesql.catalog import VIEWS
from tests.googlesql.catalog import Table as CatalogTable
from tests.googlesql.engine import GoogleSql
from tests.googlesql.seeds import ONE_SEED
from tests.googlesql.test_questions import FIRST, LAST, VALUES, naive, same
from tests.run_histories import (
    KINDS,
    Table,
    carried_rows,
    last,
    published,
    unfinished,
    windows_of,
)
from tests.sync import PROJECT
from warehouse.names import TableRef

UNITS = ("YEAR", "MONTH", "DAY", "HOUR")


@pytest.fixture
def destination(dataset: str) -> TableRef:
    return TableRef(PROJECT, dataset, "orders")


def of_unit(value: Any, unit: str) -> str:
    """The partition of a value, as BigQuery names it."""
    digits = {"YEAR": 4, "MONTH": 6, "DAY": 8, "HOUR": 10}[unit]
    text = value.isoformat().replace("-", "").replace("T", "").replace(":", "")
    return str(text[:digits])


def a_value(dice: random.Random, kind: str) -> Any:
    """Any value of a cursor: near others as often as far away from them."""
    if dice.random() < 0.3:
        return dice.choice(VALUES[kind])
    if kind == "int8":
        return dice.randrange(-5, 5) if dice.random() < 0.5 else dice.randrange(-(2**63), 2**63)
    near = datetime(2024, 2, 28, 22, tzinfo=UTC)
    far = FIRST + timedelta(days=dice.randrange((LAST - FIRST).days))
    hours, micros = dice.randrange(80), dice.choice([0, 1, 999_999])
    stamp = dice.choice([near, near, far]) + timedelta(hours=hours, microseconds=micros)
    if kind == "date":
        return stamp.date()
    return naive(stamp) if kind == "timestamp" else stamp


# --- the source: a look at the rows -----------------------------------------------------------


@pytest.mark.parametrize("kind", VALUES)
@ONE_SEED
@given(seed=st.integers(0, 2**32))
def test_counts_and_spans_of_a_look_are_the_models(
    both: Both, googlesql: GoogleSql, destination: TableRef, kind: str, seed: int
) -> None:
    """Also in a project whose functions of time go by another zone than UTC."""
    dice = random.Random(seed)
    rows = [None if dice.random() < 0.1 else a_value(dice, kind) for _ in range(40)]
    field = SchemaField("c", CURSOR_KINDS[kind])
    both.hold(str(destination), [field], [(row,) for row in rows])
    connection = BigqueryConnection(PROJECT, destination.dataset, destination.table, PROJECT)
    column = SourceColumn("c", type_of(field.to_api_repr()))
    there = [row for row in rows if row is not None]
    whole = BigquerySource(connection, extract=Extract("c"))
    for _ in range(2):
        low, high = dice.choice([None, a_value(dice, kind)]), a_value(dice, kind)
        floor, unit = dice.choice([None, a_value(dice, kind)]), dice.choice(UNITS[:3])
        source = replace(whole, extract=Extract("c", Window(low, high)))
        asked = RowsQuestion(
            count_outside=True,
            partition=None if kind == "int8" else (column, unit),
            floor=floor,
        )

        def ask(client: Any, source: Any = source, asked: RowsQuestion = asked) -> Any:
            seen = evidence(client, source, whole, None, asked)
            counts = seen.null_cursors, seen.before, seen.after
            highest = Highest(client, whole, None, "c")
            return (
                *counts,
                seen.partition_span,
                seen.partition_count,
                has_rows(client, source),
                highest.now() if kind == "int8" else None,
            )

        within = [row for row in there if (low is None or row > low) and row <= high]
        span = (min(within), max(within)) if within and kind != "int8" else None
        elsewhere = GoogleSqlClient(GoogleSql(googlesql.module, "America/St_Johns"), both.tables)
        assert (
            same(both, ask)
            == ask(elsewhere)
            == (
                rows.count(None),
                sum(floor is not None and row <= floor for row in there),
                sum(row > high for row in there),
                span,
                None if kind == "int8" else len({of_unit(row, unit) for row in within}),
                bool(within),
                max(there) if kind == "int8" else None,
            )
        )


NOTHING = Described((), (), "")
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia")


def test_the_wall_clock_of_a_zone_is_what_the_server_shows(both: Both) -> None:
    """Around days on which clocks are set, and the day that Samoa left out."""
    days = [(2011, 12, 30), (2025, 3, 30), (2025, 10, 26), (2025, 11, 2), (1926, 7, 1)]
    hours = [timedelta(minutes=15 * n) for n in range(-8, 24)]
    instants = [datetime(*day, tzinfo=UTC) + hour for day in days for hour in hours]
    bare = BigquerySource(BigqueryConnection(PROJECT, "d", "t", PROJECT))
    for zone in ZONES:
        shown = same(
            both,
            lambda client, zone=zone: _Inspector(
                client, bare, NOTHING, cast("SourceProfile", None), a_clock()
            ).wall_clock(zone, instants),
        )
        assert shown == [naive(one.astimezone(ZoneInfo(zone))) for one in instants]


# --- the destination: the newest partition ----------------------------------------------------


def listed(both: Both, table: TableRef, ids: Iterable[str]) -> None:
    """Let GoogleSQL's view of partitions say these; the local one looks at its own."""
    view = f"{table.project}.{table.dataset}.INFORMATION_SCHEMA.PARTITIONS"
    columns = [SchemaField(*part.split()) for part in VIEWS["PARTITIONS"].split(", ")]
    rows = [{"table_name": table.table, "partition_id": one, "total_rows": 1} for one in ids]
    both.tables = {**both.tables, view: CatalogTable.of(columns, rows)}


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
@ONE_SEED
@given(seed=st.integers(0, 2**32))
def test_max_is_found_whatever_partitions_are_listed(
    both: Both, destination: TableRef, kind: str, seed: int
) -> None:
    """Those of the rows; fewer, as where the list lags; and some that have no rows any more."""
    dice = random.Random(seed)
    field = SchemaField("c", CURSOR_KINDS[kind])
    for unit in dice.sample(UNITS[: 3 if kind == "date" else 4], 2):
        rows = [None if dice.random() < 0.1 else a_value(dice, kind) for _ in range(12)]
        table = replace(destination, table=f"{kind}_{unit}_{seed}")
        both.hold(
            str(table), [field], [(row,) for row in rows], partitioning=TimePartitioning(unit, "c")
        )
        there = [row for row in rows if row is not None]
        ids = {of_unit(row, unit) for row in there}
        ids |= {"__NULL__"} if None in rows else set()
        named = {
            row["partition_id"]
            for row in both.client.query_and_wait(
                f"SELECT partition_id FROM `{table.project}.{table.dataset}`"
                f".INFORMATION_SCHEMA.PARTITIONS WHERE table_name = '{table.table}'"
            )
        }
        assert named == ids
        stale = {of_unit(a_value(dice, kind), unit) for _ in range(2)}
        fewer = {one for one in ids if dice.random() < 0.5}
        target = a_target(
            fields=(CurrentField("c", CURSOR_KINDS[kind]),),
            rows=len(rows),
            partitioning=Partitioning("c", unit),
        )
        for some in (ids, fewer | stale, fewer | {"__UNPARTITIONED__"}):
            now: Any = dice.choice([None, a_value(dice, kind), dice.choice(there)])
            left: Any = dice.choice([None, a_value(dice, kind), dice.choice(there)])
            listed(both, table, some)

            def ask(
                client: Any,
                table: Any = table,
                target: Any = target,
                now: Any = now,
                left: Any = left,
            ) -> Any:
                cursor = Cursor("c", "c", kind)
                mark = read_watermark(client, table, target, cursor, now, left=left)
                return mark.value, mark.future_rows, mark.highest

            past = [row for row in there if now is None or row <= now]
            expected = max(past, default=None), len(there) - len(past), max(there)
            assert same(both, ask) == expected, (unit, some, now, rows)


# --- the history ------------------------------------------------------------------------------

RUNS = 9
PUBLISHED = ("succeeded", "published_mismatch")
STATUSES = ("succeeded", *PUBLISHED, "failed", "abandoned", "publishing", "running", "held_back")


def some_events(dice: random.Random, destination: str, kind: str) -> list[dict[str, Any]]:
    """Runs of one destination, one event after the other, some with more than one."""
    events = []
    for number in range(dice.randrange(RUNS)):
        status = dice.choice(STATUSES)
        low, high = sorted(a_value(dice, kind) for _ in "ab")
        event = {
            "run_id": f"r{number}",
            "status": status,
            "seq": history.SEQUENCE.get(status, history.FINAL),
            "event_time": datetime(2025, 7, 1, tzinfo=UTC)
            + timedelta(days=number, seconds=dice.randrange(3600)),
            "destination": destination,
            "mode": dice.choice(["append", "merge", "append", "merge", *ANEW]),
            "cursor_column": dice.choice(["c", "c", "c", "other"]),
            "window_start": dice.choice([None, value_text(low)]),
            "window_end": dice.choice([None, value_text(high), value_text(high)]),
            "watermark_before": dice.choice([None, value_text(low)]),
            "watermark_after": dice.choice([None, value_text(high)]),
            "publish_job": dice.choice([None, "job"]),
        }
        if event["seq"] == history.FINAL:
            earlier = {"status": "publishing", "seq": history.SEQUENCE["publishing"]}
            at = {"event_time": event["event_time"] - timedelta(seconds=1)}
            events.append(event | earlier | at)
        events.append(event)
    dice.shuffle(events)
    return events


@pytest.mark.parametrize("kind", ["timestamptz", "date", "int8"])
def test_the_history_is_read_as_all_its_runs_say(both: Both, dataset: str, kind: str) -> None:
    """The frontier of a few picked runs is that of all; runs in doubt are all named."""
    dice, cursor = random.Random(kind), Cursor("c", "c", kind)
    table = TableRef(PROJECT, dataset, "sync_runs")
    destinations = [TableRef(PROJECT, dataset, f"t{n}") for n in range(4)]
    events = {str(one): some_events(dice, str(one), kind) for one in destinations}
    fields = [SchemaField(*one) for one in history.FIELDS]
    rows = [[event.get(f.name) for f in fields] for some in events.values() for event in some]
    both.hold(str(table), fields, rows)
    for destination in destinations:
        since = dice.choice([None, datetime(2025, 7, 3, tzinfo=UTC)])
        target, some = a_target(made=since), events[str(destination)]
        wanted = frontier_in(windows_of(some, cursor, since or BEGINNING), cursor)

        frontier = same(
            both,
            lambda client, destination=destination, target=target: read_frontier(
                client, table, destination, target, cursor
            ),
        )
        doubtful = same(
            both,
            lambda client, destination=destination, since=since: sorted(
                run["run_id"]
                for run in past_runs.ask_history(
                    client,
                    table,
                    _DOUBTFUL.format(table=table.sql),
                    _parameters(destination, cursor, since or BEGINNING),
                )
            ),
        )

        assert frontier == wanted
        assert doubtful == sorted(
            event["run_id"]
            for event in last(some, since or BEGINNING)
            if event["cursor_column"] == "c"
            and event["window_end"]
            and (
                event["status"] in ("running", "publishing")
                or (event["status"] == "failed" and event["publish_job"])
            )
        )


def dense_events(dice: random.Random, destination: str) -> list[dict[str, Any]]:
    """A first run of new rows, then windows by hand below it: many touch, some lie apart."""
    events = []
    for number in range(12):
        low, high = (40, 50) if number == 0 else sorted(dice.sample(range(0, 60, 2), 2))
        high = min(high, low + 8)
        events.append(
            {
                "run_id": f"r{number:02}",
                "status": "succeeded",
                "seq": history.FINAL,
                "event_time": datetime(2025, 7, 1 + number, tzinfo=UTC),
                "destination": destination,
                "mode": ANEW[0] if number == 0 else "merge",
                "cursor_column": "c",
                "window_start": value_text(low),
                "window_end": value_text(high),
                "watermark_after": value_text(high),
            }
        )
    return events


def test_windows_that_touch_are_put_together_in_any_order(both: Both, dataset: str) -> None:
    dice, cursor = random.Random("dense"), Cursor("c", "c", "int8")
    table = TableRef(PROJECT, dataset, "sync_runs")
    destinations = [TableRef(PROJECT, dataset, f"t{n}") for n in range(10)]
    events = {str(one): dense_events(dice, str(one)) for one in destinations}
    fields = [SchemaField(*one) for one in history.FIELDS]
    rows = [[event.get(f.name) for f in fields] for some in events.values() for event in some]
    both.hold(str(table), fields, rows)
    lowered = 0
    for destination in destinations:
        some = events[str(destination)]
        wanted = frontier_in(windows_of(some, cursor, BEGINNING), cursor)

        frontier = same(
            both,
            lambda client, destination=destination: read_frontier(
                client, table, destination, a_target(made=None), cursor
            ),
        )

        assert frontier == wanted
        lowered += bool(frontier.floor is not None and frontier.floor < 40 and frontier.apart)
    assert lowered > 2


ASKED = 5
"""How often each history is asked."""


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "int8"])
def test_a_near_look_is_told_what_the_model_is(both: Both, dataset: str, kind: str) -> None:
    """Of which tests/unit/test_near_history.py shows that it is all, or found not to be enough."""
    dice, cursor = random.Random(f"near {kind}"), Cursor("c", "c", kind)
    ref, destination = TableRef(PROJECT, dataset, "sync_runs"), TableRef(PROJECT, dataset, "t")
    fields = [SchemaField(*one) for one in history.FIELDS]
    kinds = [one for one in KINDS if "others" not in one]  # which leave nothing to ask for
    for _ in range(ASKED):
        table = Table(dice, cursor)
        (*_, (events, now)) = table.go_on(dice.choices(kinds, k=30))
        told = [one | {"destination": str(destination)} for one in events]
        both.hold(str(ref), fields, [[one.get(f.name) for f in fields] for one in told])
        since, target = now - past_runs.NEAR, a_target(made=table.made)
        beside = {
            "windows": frontier_question(ref, destination, target, cursor, since),
            "written": past_runs.written_question(ref, destination, since),
            "carried": past_runs.carried_question(ref, destination, since),
        }

        def ask(client: Any, since: datetime = since, beside: Any = beside) -> Any:
            return past_runs.unfinished_runs(
                client, ref, destination, beside, recent=since, is_made=True
            )

        runs, answers = same(both, ask)

        assert {run["run_id"] for run in runs} == unfinished(events, since)
        assert answers["carried"] == [
            {"frontier": one["frontier"]} for one in carried_rows(events, since)
        ]
        carried = past_runs.carried_in(answers["carried"], now)
        windows = windows_of(events, cursor, max(since, table.made))
        near, wanted = (
            frontier_near(rows, cursor, table.made, since, carried)
            for rows in (answers["windows"], windows)
        )
        assert near == wanted
        assert frontier_in(answers["windows"], cursor) == frontier_in(windows, cursor)
        assert bool(answers["written"]) == bool(published(events, since))


# --- windows of runs that follow one another ---------------------------------------------------


@pytest.mark.parametrize("kind", VALUES)
def test_runs_with_any_margin_read_each_row_once(
    both: Both, destination: TableRef, kind: str
) -> None:
    """Each window begins at the MAX that the one before has left; all are cut in one query."""
    dice = random.Random(kind)
    cursor = Cursor("c", "c", kind)
    field = SchemaField("c", CURSOR_KINDS[kind])
    connection = BigqueryConnection(PROJECT, destination.dataset, destination.table, PROJECT)
    parts, expected = list[str](), list[Any]()
    start = datetime(2024, 2, 28, 22, tzinfo=UTC)
    rows = [a_value(dice, kind) for _ in range(60)]
    both.hold(str(destination), [field], [(row,) for row in [*rows, None]])
    for history_of in range(6):
        request = WindowRequest(margin=timedelta(seconds=dice.choice([0, 1, 90, 100_000])))
        mark, windows = None, list[Window]()
        now = start + timedelta(seconds=dice.randrange(80 * 3600))
        for _ in range(4):
            now += timedelta(seconds=dice.choice([1, 60, 3600, 90_000, 10**9]))
            top = dice.choice(rows) if kind == "int8" else None
            watermark = Watermark() if mark is None else a_watermark(mark)
            plan = a_window(request, cursor, a_clock(now), watermark, cursor_max=top)
            if plan.window.is_empty:
                continue
            windows.append(plan.window)
            read = [row for row in rows if row <= plan.window.high]
            mark = max(read, default=mark)
        for window in windows:
            source = BigquerySource(connection, extract=Extract("c", window))
            text = source.statement(Split(0))
            parts.append(f"SELECT {history_of} AS run, c FROM (\n{text}\n)")
        if windows:
            low, high = windows[0].low, windows[-1].high
            whole = [row for row in rows if (low is None or row > low) and row <= high]
            expected += [(history_of, row) for row in whole]

    assert sorted(both.run("\nUNION ALL\n".join(parts))) == sorted(expected)
    assert len(expected) > len(rows)
