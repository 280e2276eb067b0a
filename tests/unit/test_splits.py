"""Splits cut a window or a key range without gap or overlap."""

import operator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.schema import TableSchema
from smart_sync.open_questions import open_questions
from smart_sync.splits import (
    SPLIT_BYTES,
    cut,
    fingerprint,
    lanes,
    make_splits,
    split_count,
)
from sources.postgresql.evidence import grid
from sources.postgresql.statement import split_ranges
from sources.profile import Cuts
from sources.questions import RangesQuestion
from sources.values import Evidence, Split
from tests.factories import NOW, a_request, some_facts

MB = 2**20
INTEGERS = st.integers(-(2**63), 2**63 - 1)
DATES = st.dates()
STAMPS = st.timedeltas(timedelta(-40_000), timedelta(40_000)).map(lambda d: NOW + d)
KINDS = st.sampled_from([INTEGERS, DATES, STAMPS, st.text("0123456789abcdef-", max_size=8)])


def _holds(split: Split, value: object) -> bool:
    """Whether a value lies in a split, said by its documented ends."""
    if split.by_key:
        above = split.lower is None or split.lower <= value
        return above and (split.upper is None or value < split.upper)
    above = split.lower is None or split.lower < value
    return above and (split.upper is None or value <= split.upper)


@st.composite
def _bounds_and_values(draw):
    kind = draw(KINDS)
    bounds = sorted(draw(st.sets(kind, max_size=40)))
    values = [*bounds, *draw(st.lists(kind, max_size=10))]
    return bounds, values


@given(_bounds_and_values(), st.integers(1, 60), st.booleans())
def test_every_value_lies_in_exactly_one_split(drawn, count, by_key):
    bounds, values = drawn
    splits = make_splits("c", cut(bounds, count), by_key=by_key)
    for value in values:
        assert sum(_holds(split, value) for split in splits) == 1, value


@given(st.sets(INTEGERS, max_size=20).map(sorted), st.lists(INTEGERS, max_size=9), st.booleans())
def test_the_sql_of_splits_holds_every_integer_once(bounds, others, by_key):
    splits = make_splits("c", cut(bounds, 12), by_key=by_key)
    for value in [*bounds, *others]:
        told = [
            any(all(_is_true(p, value) for p in within) for within in split_ranges(s))
            for s in splits
        ]
        assert told == [_holds(split, value) for split in splits]


def _is_true(predicate: str, value: int) -> bool:
    """A predicate such as `q."c" >= 7` for a value of the column that isn't NULL."""
    if predicate == 'q."c" IS NULL':
        return False
    column, comparison, bound = predicate.split()
    assert column == 'q."c"'
    compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
    return compare[comparison](value, int(bound))


@given(_bounds_and_values(), st.integers(1, 60), st.booleans())
def test_splits_are_adjacent_and_open_at_both_ends(drawn, count, by_key):
    splits = make_splits("c", cut(drawn[0], count), by_key=by_key)
    assert [split.index for split in splits] == list(range(len(splits)))
    assert splits[0].lower is None
    assert splits[-1].upper is None
    assert [s.upper for s in splits[:-1]] == [s.lower for s in splits[1:]]


@given(st.sets(INTEGERS, max_size=200).map(sorted), st.integers(1, 300))
def test_cuts_ascend_and_are_fewer_than_the_splits(bounds, count):
    cuts = cut(bounds, count)
    assert list(cuts) == sorted(set(cuts))
    assert set(cuts) <= set(bounds)
    assert len(cuts) == min(count - 1, len(bounds))


@given(st.integers(2, 40), st.integers(1, 20))
def test_cuts_are_even_among_even_bounds(count, each):
    cuts = cut(range(1, count * each), count)
    sizes = [b - a for a, b in zip((0, *cuts), (*cuts, count * each), strict=True)]
    assert max(sizes) - min(sizes) <= 1


def test_no_bounds_or_no_column_is_one_split_of_everything():
    assert cut((), 8) == ()
    assert make_splits("id", (), by_key=True) == (Split(0),)
    assert make_splits(None, (1, 2), by_key=True) == (Split(0),)


@given(
    low=st.one_of(st.tuples(INTEGERS, INTEGERS), st.tuples(DATES, DATES), st.tuples(STAMPS, STAMPS))
)
def test_a_grid_ascends_strictly_between_its_ends(low):
    first, last = sorted(low)
    points = grid(first, last)
    assert list(points) == sorted(points)
    assert all(first <= point <= last for point in points)
    assert len(points) <= 2000


def test_a_grid_of_days_holds_days_only():
    assert grid(date(2024, 2, 27), date(2024, 3, 1)) == (date(2024, 2, 28), date(2024, 2, 29))


@given(st.integers(1, 200), st.integers(1, 64))
def test_lanes_bound_the_connections_and_keep_the_order(count, connections):
    splits = make_splits("id", range(count - 1), by_key=True)
    dealt = lanes(splits, connections)
    assert [split for _, split in dealt] == list(splits)
    names = {lane for lane, _ in dealt}
    assert len(names) == min(count, connections)
    sizes = [sum(1 for lane, _ in dealt if lane == name) for name in names]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("asked", "size", "connections", "count"),
    [
        (0, None, 8, 1),
        (0, 0, 8, 1),
        (0, 1, 8, 1),
        (0, 256 * MB, 8, 1),
        (0, 256 * MB + 1, 8, 16),
        (0, 256 * MB + 1, 1, 2),
        (0, 100 * 256 * MB, 8, 104),
        (0, 7 * 256 * MB, 2, 8),
        (0, 10**15, 8, 5000),
        (0, 256 * MB + 1, 10_000, 5000),
        (1, 10**15, 8, 1),
        (7, None, 2, 7),
        (9_999, None, 2, 5000),
    ],
)
def test_the_number_of_splits_follows_parameter_size_and_connections(
    asked, size, connections, count
):
    assert split_count(asked, size, connections)[0] == count


@pytest.mark.parametrize(
    ("size", "connections", "count"),
    [
        (64 * MB, 2, 1),
        (64 * MB + 1, 2, 2),
        (64 * MB + 1, 1, 1),
        (256 * MB, 2, 2),
        (256 * MB + 1, 2, 4),
        (7 * 256 * MB, 2, 8),
    ],
)
def test_a_run_in_one_process_reads_over_all_its_connections_earlier(size, connections, count):
    assert split_count(0, size, connections, is_local=True)[0] == count


def test_the_reason_says_what_decided():
    assert split_count(7, None, 8)[1] == "num_splits=7"
    assert split_count(0, None, 8)[1] == "no estimate of the size: one split"
    assert split_count(0, 512 * MB, 2)[1] == (
        "about 512 MB by the estimate: 4 splits over 2 connections"
    )


def test_the_fingerprint_tells_other_cuts_apart():
    one = make_splits("id", (10, 20), by_key=True)
    assert fingerprint(one) == fingerprint(make_splits("id", (10, 20), by_key=True))
    others = [
        make_splits("id", (10, 21), by_key=True),
        make_splits("id", (10, 20), by_key=False),
        make_splits("di", (10, 20), by_key=True),
        make_splits("id", (10,), by_key=True),
    ]
    assert len({fingerprint(one), *map(fingerprint, others)}) == 5


@pytest.mark.parametrize(
    ("parameters", "facts", "question"),
    [
        ({"num_splits": 4, "smart_sync": False}, {}, RangesQuestion("id")),
        ({"num_splits": 4}, {}, RangesQuestion("updated_at")),
        ({"num_splits": 1}, {}, None),
        ({}, {}, None),
        ({}, {"evidence": Evidence(estimated_bytes=SPLIT_BYTES)}, None),
        (
            {},
            {
                "evidence": Evidence(estimated_bytes=SPLIT_BYTES + 1),
                "cuts": Cuts(key="id", indexed=("updated_at",)),
            },
            RangesQuestion("updated_at"),
        ),
        ({"num_splits": 4}, {"cuts": Cuts("the query has GROUP BY", "id")}, None),
    ],
)
def test_a_source_is_asked_for_ranges_only_where_they_become_splits(parameters, facts, question):
    request = a_request(**parameters)
    facts = some_facts(request, **facts)
    schema = TableSchema(())
    size = facts.evidence.estimated_bytes
    count, _ = split_count(request.reading.num_splits, size, request.connections)
    assert open_questions(request, facts, schema).ranges_of(count) == question
