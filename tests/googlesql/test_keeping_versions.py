"""WRITE_HISTORY over tables of every layout: each version once, in its place, whatever came first.

Keys don't know of each other, so one script does with dozens of them what as many would do.
"""

import datetime as dt
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField, TimePartitioning
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.evolve import CurrentField
from auto_schema.schema import INGESTION_TIME, Partitioning
from pipeline.destination.jobs import keys_in
from smart_sync.check import Check, Scope, Unique
from smart_sync.check_sql import AFTERWARDS, relations
from smart_sync.history_plan import IS_CURRENT, VALID_FROM, VALID_TO
from smart_sync.missing_keys import INVALIDATE, ComparedKeys, MissingRequest
from smart_sync.missing_plan import plan_missing
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import publish_statement
from smart_sync.request import WriteDisposition
from sources.values import Window
from tests.factories import (
    MISSING,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    some_facts,
    some_fields,
)
from tests.googlesql.both import Both
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session
from tests.googlesql.seeds import FEW_SEEDS
from tests.sync import PROJECT
from warehouse.names import TableRef

KEYS = 24
START = dt.datetime(2025, 7, 20, 23, 59, 59, 999_998, dt.UTC)
PLACES = [None, dt.date(1, 1, 1), dt.date(2025, 7, 22), dt.date(2025, 8, 1), dt.date(9999, 12, 31)]
KINDS = {"timestamptz": "TIMESTAMP", "timestamp": "DATETIME", "date": "DATE", "int8": "INT64"}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Layout:
    """The cursor's type in the source, and what the table is partitioned by."""

    kind: str
    field: str = ""
    unit: str = "DAY"

    def __str__(self) -> str:
        return f"{self.kind}, {f'{self.unit} of {self.field}' if self.field else 'whole'}"


LAYOUTS = (
    Layout("timestamptz", "updated_at"),
    Layout("timestamptz", "place", "MONTH"),
    Layout("timestamp", "updated_at", "HOUR"),
    Layout("date", "updated_at"),
    Layout("int8", "place"),
    Layout("timestamptz", INGESTION_TIME),
    Layout("int8"),
)


def at(kind: str, number: int) -> Any:
    """The cursor's values, in the order of the numbers."""
    if kind == "int8":
        return number
    if kind == "date":
        return (START + dt.timedelta(days=number)).date()
    stamp = START + dt.timedelta(hours=17 * (number // 2), microseconds=number % 2)
    return stamp if kind == "timestamptz" else stamp.replace(tzinfo=None)


def columns_of(kind: str) -> tuple[Any, ...]:
    texts = (a_source_column("id", "int8"), a_source_column("name", "text"))
    return (*texts, a_source_column("updated_at", kind), a_source_column("place", "date"))


def fields_of(kind: str) -> list[SchemaField]:
    types = {"id": "INT64", "name": "STRING", "updated_at": KINDS[kind], "place": "DATE"}
    return [SchemaField(name, of) for name, of in types.items()]


def ours(kind: str) -> list[SchemaField]:
    """The columns beside those of rows."""
    types = {VALID_FROM: KINDS[kind], VALID_TO: KINDS[kind], IS_CURRENT: "BOOL"}
    return [SchemaField(name, of) for name, of in types.items()]


def a_history(dataset: str, layout: Layout, *, exists: bool = True) -> SyncPlan:
    """Of `orders` by `id`, with `updated_at` for the cursor."""
    request = a_request(
        destination=TableRef(PROJECT, dataset, "orders"),
        write_disposition=WriteDisposition.HISTORY,
        merge_keys=("id",),
        auto_schema=True,
        partition_field=layout.field,
        partition_given=layout.field in ("updated_at", "place"),
        partition_type=layout.unit,
    )
    columns = columns_of(layout.kind)
    beside = (CurrentField(one.name, one.field_type) for one in ours(layout.kind))
    there = (*some_fields(*columns), *beside)
    words: dict[str, Any] = {}
    if layout.field:
        words["partitioning"] = Partitioning(layout.field, layout.unit)
    target = a_target(fields=there, **words) if exists else MISSING
    plan = a_plan(request, columns=columns, target=target)
    assert str(plan.publishing.mode) == ("history" if exists else "create")
    return plan


def partitioning(layout: Layout) -> TimePartitioning | None:
    if not layout.field:
        return None
    field = None if layout.field == INGESTION_TIME else layout.field
    return TimePartitioning(layout.unit, field)


def kept(versions: Iterable[Row], ends: Iterable[tuple[int, Any]] = ()) -> list[Row]:
    """The table that keeps these versions: id, name, cursor, place; each key gone at its ends."""
    by_key, gone = defaultdict[int, list[Row]](list), defaultdict[int, list[Any]](list)
    for row in set(versions):
        by_key[row[0]].append(row)
    for key, end in ends:
        gone[key].append(end)
    table = list[Row]()
    for key, rows in by_key.items():
        rows.sort(key=lambda row: row[2])
        for row, following in itertools.zip_longest(rows, rows[1:]):
            later = [end for end in gone[key] if end > row[2]]
            later += [following[2]] if following else []
            until = min(later, default=None)
            table.append((*row, row[2], until, until is None))
    return table


def told(both: Both, plan: SyncPlan) -> int:
    """Publish what is staged; how many rows are said to change, which is the sum of the reasons."""
    ((expected, *reasons),) = both.run(publish_statement(plan))
    assert expected == sum(reasons)
    return expected


def some_versions(dice: random.Random, layout: Layout) -> list[Row]:
    return [
        (key, f"v{number}", at(layout.kind, number), dice.choice(PLACES))
        for key in range(KEYS)
        for number in dice.sample(range(8), dice.choice([1, 2, 4]))
    ]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_each_version_comes_to_its_place_and_an_end_of_its_key_stays(
    both: Both, dataset: str, layout: Layout
) -> None:
    dice = random.Random(str(layout))
    plan, versions = a_history(dataset, layout), some_versions(dice, layout)
    held = [row for row in versions if dice.random() < 0.5]
    gone = [(row[0], at(layout.kind, 9)) for row in held if dice.random() < 0.3]
    for key in range(KEYS):  # gone between two versions that are held
        stamps = sorted(row[2] for row in held if row[0] == key)
        if len(stamps) > 1 and dice.random() < 0.5:
            number = dice.randrange(8)
            if stamps[0] < at(layout.kind, number) < stamps[1]:
                gone.append((key, at(layout.kind, number)))
    before = kept(held, gone)
    staged = [row for row in versions if row not in held or dice.random() < 0.3]
    staged += dice.sample(staged, len(staged) // 3)
    both.hold(
        str(plan.destination),
        [*fields_of(layout.kind), *ours(layout.kind)],
        before,
        partitioning=partitioning(layout),
    )
    both.hold(str(plan.run.staging.table), fields_of(layout.kind), staged)
    after = kept([*held, *staged], gone)

    assert told(both, plan) == len(set(after) - set(before))
    assert Counter(both.rows(str(plan.destination))) == Counter(after)

    assert told(both, plan) == 0  # the same once more
    assert Counter(both.rows(str(plan.destination))) == Counter(after)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_is_made_holds_each_version_once(both: Both, dataset: str, kind: str) -> None:
    layout = Layout(kind, "place")
    plan = a_history(dataset, layout, exists=False)
    versions = some_versions(random.Random(kind), layout)
    both.hold(str(plan.run.staging.table), fields_of(kind), [*versions, *versions[::3]])

    assert told(both, plan) == len(versions)

    assert Counter(both.rows(str(plan.destination))) == Counter(kept(versions))


def test_checks_of_the_whole_table_see_the_current_versions_as_they_will_be(
    both: Both, dataset: str
) -> None:
    layout, dice = LAYOUTS[1], random.Random(2)
    plan, versions = a_history(dataset, layout), some_versions(random.Random(2), layout)
    held = [row for row in versions if dice.random() < 0.6]
    gone = [(row[0], at(layout.kind, 9)) for row in held if dice.random() < 0.2]
    staged = [row for row in versions if row not in held or dice.random() < 0.3]
    staged += [(key, "back", at(layout.kind, 12), None) for key, _ in gone[::2]]
    staged += [(*row[:1], "another", *row[2:]) for row in held if row not in staged][::3]
    fields, table = fields_of(layout.kind), str(plan.destination)
    both.hold(table, [*fields, *ours(layout.kind)], kept(held, gone))
    both.hold(str(plan.run.staging.table), fields, list(set(staged)))
    whole = Check("whole", "unique", Unique(("id",)), scope=Scope.TABLE)
    names = ", ".join(f"`{name.name}`" for name in fields)

    seen = both.run(f"{relations(plan, (whole,))}\nSELECT {names} FROM {AFTERWARDS}")
    both.run(publish_statement(plan))

    assert Counter(seen) == Counter(row[:4] for row in both.rows(table) if row[-1])


@pytest.mark.parametrize("layout", [LAYOUTS[0], LAYOUTS[1]], ids=str)
def test_the_last_version_of_a_vanished_key_ends_and_of_one_that_is_back_is_open_again(
    both: Both, dataset: str, layout: Layout
) -> None:
    """Those of keys that are staged as well are left alone."""
    plan, dice = a_history(dataset, layout), random.Random(3)
    assert plan.window is not None
    held = some_versions(dice, layout)
    gone = [(key, at(layout.kind, 9)) for key in range(0, KEYS, 3)]
    before = kept(held, gone)
    back = {key for key, _ in gone[::2]}
    missing = set(range(1, KEYS, 3))
    staged = [(key, "new", at(layout.kind, 11), None) for key in (1, 2)]
    keys = tuple(column for column in plan.schema if column.name == "id")
    compared = ComparedKeys(
        KEYS, KEYS, missing=tuple(map(str, missing)), returned=tuple(map(str, back))
    )
    asked = MissingRequest(INVALIDATE, most_percent=Decimal(100))
    request = replace(a_request(), missing=asked)
    end = at(layout.kind, 20)
    window = replace(plan.window, window=Window(None, end))
    facts = replace(some_facts(request), keys=compared, key_columns=keys, window=window)
    found, faults = plan_missing(request, facts)
    assert found is not None
    assert faults == []
    plan = replace(plan, publishing=replace(plan.publishing, missing=found))
    fields, table = fields_of(layout.kind), str(plan.destination)
    by = partitioning(layout)
    both.hold(table, [*fields, *ours(layout.kind)], before, partitioning=by)
    both.hold(str(plan.run.staging.table), fields, staged)
    still = [(key, stamp) for key, stamp in gone if key not in back]
    after = kept([*held, *staged], [*still, *((key, end) for key in missing - {1})])

    sql = publish_statement(plan)
    answers = both.run(sql, parameters=keys_in(plan, sql))

    ((expected, added, ended, replaced, deleted),) = answers
    assert Counter(both.rows(table)) == Counter(after)
    assert expected == added + ended + replaced == len(set(after) - set(before))
    assert (added, replaced, deleted) == (2, 0, len(missing) - 1)


def test_what_is_read_again_with_other_content_replaces_that_version_only(
    both: Both, dataset: str
) -> None:
    layout = LAYOUTS[0]
    plan, versions = a_history(dataset, layout), some_versions(random.Random(1), LAYOUTS[0])
    table, fields = str(plan.destination), fields_of(layout.kind)
    by = partitioning(layout)
    both.hold(table, [*fields, *ours(layout.kind)], kept(versions), partitioning=by)
    again = [(*row[:1], "another", *row[2:]) for row in versions[::4]]
    both.hold(str(plan.run.staging.table), fields, [*again, *versions[1::4]])

    assert told(both, plan) == len(again)

    stays = [row for row in versions if row not in versions[::4]]
    assert Counter(both.rows(table)) == Counter(kept([*stays, *again]))


def test_rows_of_one_key_and_cursor_that_differ_end_the_run(both: Both, dataset: str) -> None:
    layout = LAYOUTS[0]
    plan, fields = a_history(dataset, layout), fields_of(layout.kind)
    held = kept([(1, "v", at(layout.kind, 1), None)])
    both.hold(str(plan.destination), [*fields, *ours(layout.kind)], held)
    stamp = at(layout.kind, 2)
    staged = [(1, "a", stamp, None), (1, "b", stamp, None), (2, "c", stamp, None)]
    both.hold(str(plan.run.staging.table), fields, staged)

    with pytest.raises(
        GoogleSqlError, match="WRITE_HISTORY: rows with the same merge_keys and the same"
    ):
        both.run(publish_statement(plan))
    assert both.rows(str(plan.destination)) == held


@pytest.mark.parametrize("is_doubled", [True, False])
def test_a_version_that_the_table_holds_twice_or_without_its_beginning_ends_the_run(
    both: Both, dataset: str, is_doubled: bool
) -> None:
    layout = LAYOUTS[0]
    plan, fields = a_history(dataset, layout), fields_of(layout.kind)
    held = kept([(1, "v", at(layout.kind, 1), None)])
    held += held if is_doubled else [(1, "by hand", at(layout.kind, 0), None, None, None, None)]
    both.hold(str(plan.destination), [*fields, *ours(layout.kind)], held)
    both.hold(str(plan.run.staging.table), fields, [(1, "a", at(layout.kind, 2), None)])

    with pytest.raises(GoogleSqlError, match="holds a version more than once, or a row without"):
        both.run(publish_statement(plan))
    assert Counter(both.rows(str(plan.destination))) == Counter(held)


def test_ends_that_others_have_left_wrong_are_mended(both: Both, dataset: str) -> None:
    layout = LAYOUTS[0]
    plan, fields = a_history(dataset, layout), fields_of(layout.kind)
    rows = [(1, f"v{n}", at(layout.kind, n), None) for n in range(4)]
    wrong = [(*row, row[2], None, True) for row in rows[:3]]
    both.hold(str(plan.destination), [*fields, *ours(layout.kind)], wrong)
    both.hold(str(plan.run.staging.table), fields, rows[3:])

    assert told(both, plan) == 4
    assert Counter(both.rows(str(plan.destination))) == Counter(kept(rows))


NUMBERED = Layout("int8")
RUNS = 3


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, RUNS - 1))))
@FEW_SEEDS
def test_any_runs_in_any_order_leave_the_same_table(
    googlesql: GoogleSql, arrivals: Sequence[tuple[int, int, int]]
) -> None:
    """A version may come in several runs, and a run twice."""
    plan = a_history("d", NUMBERED)
    fields = fields_of(NUMBERED.kind)
    tables = {str(plan.destination): Table.of([*fields, *ours(NUMBERED.kind)], [])}
    runs = [
        {(key, f"v{n}", n, None) for key, n, run in arrivals if run == one} for one in range(RUNS)
    ]
    for staged in (*runs, runs[0]):
        tables[str(plan.run.staging.table)] = Table.of(fields, list(staged))
        session = Session(googlesql, tables)
        before = Counter(tables[str(plan.destination)].rows)
        expected = session.run(publish_statement(plan))[-1].rows[0][0]
        tables = {name: table for name, table in session.tables.items() if "." in name}
        after = Counter(tables[str(plan.destination)].rows)
        assert expected == (after - before).total()

    assert after == Counter(kept(set().union(*runs)))
