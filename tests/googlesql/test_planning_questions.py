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
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.request import WindowRequest
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
