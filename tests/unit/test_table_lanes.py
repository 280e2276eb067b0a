"""Many tables over lanes: both ceilings hold, and no small table waits for a large one."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from smart_sync.table_lanes import seats

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=60)
CEILINGS = st.tuples(st.integers(1, 16), st.integers(1, 16))


def dealt(splits, at_once, connections):
    """Lane → its work in its order, as (table, split)."""
    lanes = defaultdict(list)
    placed = seats(splits, at_once, connections)
    for table, (seat, count) in enumerate(zip(placed, splits, strict=True)):
        for split in range(max(count, 1)):
            lanes[seat.lane(split)].append((seat.number, split, table))
    return {
        lane: [(table, split) for _, split, table in sorted(work)] for lane, work in lanes.items()
    }


@given(COUNTS, CEILINGS)
def test_there_are_never_more_lanes_than_connections(splits, ceilings):
    at_once, connections = ceilings
    assert set(dealt(splits, at_once, connections)) <= set(range(connections))


def most_at_once(lanes):
    """As many tables as lanes can be at, each at one of its own: a largest matching."""
    at = {}

    def finds(lane, tried):
        for table in {table for table, _ in lanes[lane]} - tried:
            tried.add(table)
            if table not in at or finds(at[table], tried):
                at[table] = lane
                return True
        return False

    return sum(finds(lane, set()) for lane in lanes)


@given(COUNTS, CEILINGS)
def test_no_more_tables_are_at_work_than_may_be_however_fast_each_lane_is(splits, ceilings):
    at_once, connections = ceilings
    assert most_at_once(dealt(splits, at_once, connections)) <= min(at_once, connections)


@given(COUNTS, CEILINGS)
def test_tables_that_go_whole_come_first_in_their_lane(splits, ceilings):
    for work in dealt(splits, *ceilings).values():
        are_large = [splits[table] >= 2 for table, _ in work]
        assert are_large == sorted(are_large)


@given(COUNTS, CEILINGS)
def test_each_split_is_dealt_once(splits, ceilings):
    work = [item for lane in dealt(splits, *ceilings).values() for item in lane]
    assert sorted(work) == [
        (table, split) for table, count in enumerate(splits) for split in range(max(count, 1))
    ]


def test_one_large_table_has_all_connections_that_small_ones_leave():
    assert len(dealt([100], 4, 8)) == 8
    lanes = dealt([100, 1, 1], 4, 8)
    assert [sorted({table for table, _ in lanes[lane]}) for lane in sorted(lanes)] == [
        [1],
        [2],
        *[[0]] * 6,
    ]


def test_more_large_tables_than_may_be_at_work_share_as_many_lanes():
    lanes = dealt([9, 9, 9, 9, 9, 1], 4, 8)
    assert len(lanes) == 4
    assert {len({table for table, _ in work} - {5}) for work in lanes.values()} == {5}


@given(COUNTS, CEILINGS)
def test_no_more_tables_are_published_at_once_than_may_be_at_work(splits, ceilings):
    placed = seats(splits, *ceilings)
    publishers = {seat.publisher for seat, count in zip(placed, splits, strict=True) if count >= 2}
    assert len(publishers) <= min(ceilings)
