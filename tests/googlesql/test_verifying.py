"""verify_only's own path on GoogleSQL and on the local BigQuery, beside a model in Python."""

import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from google.cloud.bigquery import SchemaField
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.bigquery_columns import bigquery_column
from auto_schema.bigquery_types import type_of
from auto_schema.canonical import bigquery_row_text, bigquery_sums
from auto_schema.schema import Column
from pipeline.launch.verify import Comparison
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.hand_window import half_open
from smart_sync.verdict import Verdict
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.inspector import _Inspector
from sources.bigquery.profile import Described
from sources.bigquery.source import BigquerySource
from sources.profile import SourceProfile
from sources.values import Extract, Window
from tests.factories import a_clock, a_request
from tests.googlesql.both import Both
from tests.googlesql.seeds import ONE_SEED
from tests.googlesql.test_canonical_forms import TYPES
from tests.googlesql.test_questions import VALUES, same
from tests.sync import PROJECT
from warehouse.names import TableRef

ROWS = 60
KINDS = {name: TYPES[name] for name in TYPES if name != "bignumeric"}
"""The local BigQuery's BIGNUMERIC is narrow: test_row_hashes.py has it."""
STAMPS = [datetime(2025, 7, 22, tzinfo=UTC) + timedelta(microseconds=n) for n in range(-3, 4)]
WINDOW = STAMPS[2], STAMPS[5]
"""[start, end) of the hand, which is (start − 1 µs, end − 1 µs]."""
NOTHING = Described((), (), "")
Row = tuple[Any, ...]


@pytest.fixture
def destination(dataset: str) -> TableRef:
    return TableRef(PROJECT, dataset, "orders")


def a_row(source: random.Random, number: int) -> Row:
    values: list[Any] = [number, source.choice(STAMPS)]
    for _, field, make, hard in KINDS.values():
        value = source.choice([*hard, make(source)])
        is_null = field.mode != "REPEATED" and source.random() < 0.1
        values.append(None if is_null else value)
    return tuple(values)


def moved(source: random.Random, rows: list[Row]) -> list[Row]:
    """Rows of a destination: some are lost, some twice, some in another version."""
    there = []
    for row in rows:
        fate = source.random()
        other = a_row(source, row[0])
        if fate < 0.1:
            there += [(*row[:2], *other[2:])]
        elif fate < 0.2:
            there += [other]
        elif fate < 0.3:
            there += [row, row]
        elif fate < 0.9:
            there += [row]
    return there


def judged(rows: list[Row], there: list[Row]) -> Verdict:
    """What verify_only has to say; without examples."""
    low, high = WINDOW

    def within(some: list[Row]) -> Counter[str]:
        return Counter(repr(_alike(row)) for row in some if low <= row[1] < high)

    wanted, held = within(rows), within(there)
    lacking, beyond = wanted - held, held - wanted
    doubled = sum(n for row, n in beyond.items() if row in wanted)
    stamps = {repr(_alike(row)): (row[0], row[1]) for row in [*rows, *there]}
    others = dict(stamps[row] for row in held if row not in wanted)
    changed = sum(others.get(stamps[row][0]) == stamps[row][1] for row in lacking)
    return Verdict(
        wanted.total(),
        held.total(),
        lacking.total(),
        doubled,
        beyond.total() - doubled - changed,
    )


def _alike(value: Any) -> Any:
    """Values that have one form: the signs of zero, and a decimal's zeros."""
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Decimal):
        return value.normalize() + 0
    return [_alike(one) for one in value] if isinstance(value, list | tuple) else value


def fields() -> list[SchemaField]:
    own = [SchemaField("id", "INT64"), SchemaField("at", "TIMESTAMP")]
    others = enumerate(field for _, field, *_ in KINDS.values())
    return own + [SchemaField(f"c{n}", of.field_type, of.mode) for n, of in others]


def compared(
    client: Any,
    source: TableRef,
    destination: TableRef,
    cursor: Cursor,
    window: Window,
    columns: tuple[Column, ...],
) -> Comparison:
    """The first column is the key."""
    connection = BigqueryConnection(PROJECT, source.dataset, source.table, PROJECT)
    bare = BigquerySource(connection, extract=Extract(cursor.source_name, window))
    return Comparison(
        a_request(destination=destination, show_values=True),
        client,
        _Inspector(client, bare, NOTHING, cast("SourceProfile", None), a_clock()),
        bare.with_columns(columns),
        cursor,
        window,
        columns,
        columns[:1],
        (),
    )


@ONE_SEED
@given(seed=st.integers(0, 2**32))
def test_the_verdict_over_rows_of_every_type_is_the_models(
    both: Both, dataset: str, seed: int
) -> None:
    dice = random.Random(seed)
    rows = [a_row(dice, number) for number in range(ROWS)]
    there = moved(dice, rows)
    source, destination = (TableRef(PROJECT, dataset, name) for name in ("theirs", "ours"))
    both.hold(str(source), fields(), rows)
    both.hold(str(destination), fields(), there)
    cursor, window = Cursor("at", "at", "timestamptz"), half_open(*WINDOW)
    assert window is not None
    columns = tuple(bigquery_column(of.name, type_of(of.to_api_repr())) for of in fields())

    verdict = same(
        both,
        lambda client: compared(client, source, destination, cursor, window, columns).verdict(),
    )

    sums = bigquery_sums(f"SELECT {bigquery_row_text(columns)} FROM `{destination}` AS s")
    (figures,) = both.run(sums)
    assert figures[0] == len(there)
    assert replace(verdict, examples=()) == judged(rows, there)
    assert len(verdict.examples) == min(10, verdict.lacking + verdict.doubled) > 0


@pytest.mark.parametrize("kind", VALUES)
def test_windows_by_hand_are_cut_alike_on_both_sides(
    both: Both, destination: TableRef, kind: str
) -> None:
    """For all pairs of ends that have values between them: [start, end) of source and table."""
    values = VALUES[kind]
    field = SchemaField("c", CURSOR_KINDS[kind])
    both.hold(str(destination), [field], [(value,) for value in [*values, *values, None]])
    column = bigquery_column("c", type_of(field.to_api_repr()))
    cursor, parts, expected = Cursor("c", "c", kind), list[str](), list[Any]()
    for start, end in itertools.combinations(values, 2):
        window = half_open(start, end)
        assert window is not None
        comparison = compared(both.client, destination, destination, cursor, window, (column,))
        source = cast("BigquerySource", comparison.source)
        selects = comparison._select("s.c"), source.in_place_rows("s.c")
        parts += [f"SELECT {len(parts) + n} AS n, c FROM (\n{s}\n)" for n, s in enumerate(selects)]
        expected += 2 * [[value for value in values for _ in "ab" if start <= value < end]]

    rows = both.run("\nUNION ALL\n".join(parts))

    assert sorted(rows) == [(n, value) for n, some in enumerate(expected) for value in some]
