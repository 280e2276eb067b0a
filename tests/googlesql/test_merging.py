"""WRITE_MERGE over tables of every layout: each key's newest row wins, and no other row changes.

Keys don't know of each other, so one script does with hundreds of them what as many would do:
each is held and staged in a way of its own, and most have partitions that no other key has.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.bigquery import PartitionRange, RangePartitioning, SchemaField, TimePartitioning

from auto_schema.schema import INGESTION_TIME, Partitioning
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import is_dead, publish_statement
from smart_sync.request import WriteDisposition
from tests.factories import (
    MISSING,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    a_watermark,
    some_fields,
)
from tests.googlesql.both import Both
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session
from tests.sync import PROJECT
from warehouse.names import TableRef

KEYS = 80
NEAR = datetime(2025, 7, 22, 12, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
EDGES = [FIRST, FIRST + timedelta(microseconds=1), LAST, LAST - timedelta(days=366)]
COLUMNS = (
    a_source_column("id", "int8"),
    a_source_column("name", "text"),
    a_source_column("updated_at", "timestamptz"),
    a_source_column("p", "timestamptz"),
)
KINDS = {"timestamptz": "TIMESTAMP", "timestamp": "DATETIME", "date": "DATE"}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Layout:
    """How the destination is laid out: by `p` of a source's type, by unit; or otherwise.

    Attributes:
        is_staged: whether rows bring `p` with them.
    """

    kind: str
    unit: str = ""
    is_staged: bool = True

    def __str__(self) -> str:
        return f"{self.kind} {self.unit}{'' if self.is_staged else ', not staged'}"


LAYOUTS = (
    *(Layout("timestamptz", unit) for unit in ("HOUR", "DAY", "MONTH", "YEAR")),
    Layout("timestamp", "HOUR"),
    Layout("date", "DAY"),
    Layout("date", "MONTH", is_staged=False),
    Layout("range"),
    Layout("ingestion"),
)
"""The last ones aren't pruned: the whole table is read."""


def a_moment(dice: random.Random) -> datetime:
    """Near others, within their hour, or anywhere in time."""
    kind = dice.random()
    if kind < 0.1:
        return dice.choice(EDGES)
    if kind < 0.3:
        return NEAR + timedelta(microseconds=dice.choice([-1, 0, 1, 3_599_999_999, 3_600_000_000]))
    hours = timedelta(hours=dice.randrange(24), microseconds=dice.choice([0, 1, 3_599_999_999]))
    return FIRST + timedelta(days=dice.randrange((LAST - FIRST).days)) + hours


def a_place(dice: random.Random, layout: Layout) -> Any:
    """A value of the partition column; NULL at times."""
    if layout.kind in ("ingestion", "none") or dice.random() < 0.15:
        return None
    if layout.kind == "range":
        return dice.choice([-(2**63), -1, 0, 9, 10, 99, 100, 2**63 - 1])
    moment = a_moment(dice)
    if layout.kind == "date":
        return moment.date()
    return moment if layout.kind == "timestamptz" else moment.replace(tzinfo=None)


def some_rows(dice: random.Random, layout: Layout) -> tuple[list[Row], list[Row]]:
    """Rows that are held, and rows that are staged: key, value, cursor, place."""
    held: list[Row] = []
    staged: list[Row] = []
    for key in range(KEYS):
        there = dice.random() < 0.7
        cursor = None if there and dice.random() < 0.1 else a_moment(dice)
        if there:
            held.append((key, "held", cursor, a_place(dice, layout)))
        if dice.random() < 0.2:
            continue
        place = a_place(dice, layout)
        if there and dice.random() < 0.3:
            place = held[-1][3]
        same = cursor is not None and dice.random() < 0.3
        first = cursor if same else a_moment(dice)
        for number in range(dice.choice([1, 1, 1, 2, 3])):
            row = (key, f"staged {number}", _later(first, number), place)
            staged += [row] * dice.choice([1, 1, 2])
            place = a_place(dice, layout)
    dice.shuffle(staged)
    return held, staged


def _later(moment: datetime | None, micros: int) -> datetime | None:
    """Another stamp, or the one before where there is none after it."""
    assert moment is not None
    try:
        return moment + timedelta(microseconds=micros)
    except OverflowError:
        return moment - timedelta(microseconds=micros)


def merged(held: list[Row], staged: list[Row], *, brings_place: bool) -> tuple[int, list[Row]]:
    """How many rows a merge touches, and what it leaves: the newest row of each key."""
    newest: dict[Any, Row] = {}
    for row in staged:
        if row[0] not in newest or row[2] > newest[row[0]][2]:
            newest[row[0]] = row
    left, touched = [], 0
    for row in held:
        new = newest.pop(row[0], None)
        if new is None or (row[2] is not None and new[2] < row[2]):
            left.append(row)
            continue
        touched += 1
        left.append(new if brings_place else (*new[:3], row[3]))
    added = [row if brings_place else (*row[:3], None) for row in newest.values()]
    return touched + len(added), left + added


def a_merge(dataset: str, layout: Layout) -> SyncPlan:
    """Of `orders` by `id`, with `updated_at` for the cursor."""
    kind = layout.kind if layout.kind in KINDS else "int8"
    columns, place = COLUMNS[:-1], a_source_column("p", kind)
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
    )
    words: dict[str, Any] = {}
    if layout.unit:
        words["partitioning"] = Partitioning("p", layout.unit)
    elif layout.kind == "ingestion":
        words["partitioning"] = Partitioning(INGESTION_TIME, "DAY")
    target = a_target(fields=some_fields(*columns, place), **words)
    staged = (*columns, place) if layout.is_staged else columns
    plan = a_plan(request, columns=staged, target=target, watermark=a_watermark(NEAR))
    assert plan.publishing.merge is not None
    assert (plan.publishing.merge.partition is not None) == bool(layout.unit)
    return plan


def fields(layout: Layout) -> list[SchemaField]:
    return [
        SchemaField("id", "INT64"),
        SchemaField("name", "STRING"),
        SchemaField("updated_at", "TIMESTAMP"),
        SchemaField("p", KINDS.get(layout.kind, "INT64")),
    ]


def partitioning(layout: Layout) -> TimePartitioning | RangePartitioning | None:
    """The local table's; an integer outside of its range lies in __UNPARTITIONED__."""
    if layout.unit:
        return TimePartitioning(layout.unit, "p")
    if layout.kind == "range":
        return RangePartitioning(PartitionRange(0, 100, 10), "p")
    return TimePartitioning("DAY") if layout.kind == "ingestion" else None


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_newest_row_of_each_key_wins(both: Both, dataset: str, layout: Layout) -> None:
    dice = random.Random(str(layout))
    plan, (held, staged) = a_merge(dataset, layout), some_rows(dice, layout)
    schema = fields(layout)
    both.hold(str(plan.destination), schema, held, partitioning=partitioning(layout))
    width, table = 4 if layout.is_staged else 3, plan.run.staging.table
    without_key = [(None, "no key", NEAR, None)] * 2
    both.hold(str(table), schema[:width], [row[:width] for row in [*staged, *without_key]])
    touched, left = merged(held, staged, brings_place=layout.is_staged)

    both.run(f"DELETE FROM {table.sql} WHERE {is_dead(plan)}")  # as dead letters go
    assert both.run(publish_statement(plan)) == [(touched,)]

    assert Counter(both.rows(str(plan.destination))) == Counter(left)


ZONES = {"America/St_Johns": "DAY", "Pacific/Apia": "MONTH", "Asia/Kathmandu": "HOUR"}


@pytest.mark.parametrize("zone", ZONES)
def test_the_merge_is_the_same_in_a_project_with_a_time_zone_of_its_own(
    googlesql: GoogleSql, zone: str
) -> None:
    """Where functions of time are told no zone: default_time_zone of BigQuery's settings.

    https://cloud.google.com/bigquery/docs/default-configuration
    """
    layout, dice = Layout("timestamptz", ZONES[zone]), random.Random(zone)
    plan, (held, staged) = a_merge("d", layout), some_rows(dice, layout)
    held, staged = ([row for row in rows if _is_within(row[3])] for rows in (held, staged))
    tables = {
        str(plan.destination): Table.of(fields(layout), held),
        str(plan.run.staging.table): Table.of(fields(layout), staged),
    }
    touched, left = merged(held, staged, brings_place=True)

    session = Session(GoogleSql(googlesql.module, zone), tables)

    assert session.run(publish_statement(plan))[-1].value == touched
    assert Counter(session.tables[str(plan.destination)].rows) == Counter(left)


def test_a_row_of_the_table_without_a_key_ends_the_merge(googlesql: GoogleSql) -> None:
    layout = Layout("timestamptz", "DAY")
    plan, (held, staged) = a_merge("d", layout), some_rows(random.Random(0), layout)
    held.append((None, "no key", NEAR, None))
    tables = {
        str(plan.destination): Table.of(fields(layout), held),
        str(plan.run.staging.table): Table.of(fields(layout), staged),
    }
    with pytest.raises(GoogleSqlError, match="no value in a column of merge_keys"):
        Session(googlesql, tables).run(publish_statement(plan))


def _is_within(place: datetime | None) -> bool:
    """Whether a day of any zone holds it whole."""
    return place is None or 1 < place.year < 9999


def test_a_key_that_the_table_holds_twice_ends_the_run(both: Both, dataset: str) -> None:
    """Also where the two lie in partitions that are far apart, and one in that of NULL."""
    for places in ((FIRST, LAST), (None, NEAR)):
        layout = Layout("timestamptz", "DAY")
        plan, schema = a_merge(dataset, layout), fields(layout)
        held = [(1, "held", NEAR, place) for place in places] + [(2, "held", NEAR, NEAR)]
        both.hold(str(plan.destination), schema, held, partitioning=partitioning(layout))
        both.hold(str(plan.run.staging.table), schema, [(1, "new", LAST, NEAR)])

        with pytest.raises(GoogleSqlError, match="holds a key more than once"):
            both.run(publish_statement(plan))
        assert Counter(both.rows(str(plan.destination))) == Counter(held)


def test_a_table_that_is_made_holds_the_newest_row_of_each_key(both: Both, dataset: str) -> None:
    layout = Layout("timestamptz", "YEAR")
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
        partition_field="p",
        partition_type=layout.unit,
        auto_schema=True,
    )
    plan = a_plan(request, columns=COLUMNS, target=MISSING)
    assert str(plan.publishing.mode) == "create"
    _, staged = some_rows(random.Random(1), layout)
    both.hold(str(plan.run.staging.table), fields(layout), staged)
    touched, left = merged([], staged, brings_place=True)

    assert both.run(publish_statement(plan)) == [(touched,)]

    assert Counter(both.rows(str(plan.destination))) == Counter(left)
    other = (staged[0][0], "another", *staged[0][2:])
    both.hold(str(plan.run.staging.table), fields(layout), [*staged, other])
    with pytest.raises(GoogleSqlError, match="same updated_at differ"):
        both.run(publish_statement(plan).replace("CREATE TABLE", "CREATE OR REPLACE TABLE"))
