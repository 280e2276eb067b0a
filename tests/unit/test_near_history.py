"""What a run is told of the runs before it, by the last days of the history and by all of it."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smart_sync.carried import carried_record, read_carried
from smart_sync.cursor import Cursor
from smart_sync.frontier import Frontier, PastRun, frontier_of
from tests.factories import NOW, a_target, some_facts
from tests.run_histories import KINDS, Table, values

STAMPS = ("timestamptz", "timestamp")
"""Whose texts are alike."""
CURSORS = (*STAMPS, "date", "int8")
WHOLE = {
    "end": "2020-01-10",
    "run_id": "r1",
    "floor": None,
    "watermark_after": None,
    "event_time": None,
    "apart": [],
}
KIND = st.sampled_from(CURSORS)


@given(st.randoms(use_true_random=False), KIND, st.lists(st.sampled_from(KINDS), max_size=25))
@settings(max_examples=100)
def test_the_last_days_say_what_the_whole_history_says_or_not_enough(dice, kind, runs):
    for _ in Table(dice, Cursor("c", "c", kind)).go_on(runs):
        pass


@pytest.mark.parametrize("kind", CURSORS)
def test_so_they_do_after_many_runs_of_any_kind_and_mostly_they_say_enough(kind):
    dice, found = random.Random(kind), list[bool]()
    for _ in range(40):
        table = Table(dice, Cursor("c", "c", kind))
        list(table.go_on(dice.choices(KINDS, k=30)))
        found += table.looks
    assert found.count(True) > 300
    assert found.count(False) > 100


@st.composite
def some_runs(draw):
    """Runs, the newest first, of which the oldest may have left nothing of those before."""
    ends = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 2))
    runs = [
        PastRun(f"r{number}", NOW - timedelta(hours=number), start, end, left, is_first=False)
        for number, (start, end, left) in enumerate(
            (values("date", low) if low else None, values("date", low + more), values("date", left))
            for low, more, left in draw(st.lists(ends, max_size=8))
        )
    ]
    first = PastRun("first", NOW - timedelta(days=9), values("date", 20), values("date", 40), None)
    return [*runs, PastRun(*_fields(first), is_first=draw(st.booleans()))]


def _fields(run):
    return run.run_id, run.event_time, run.start, run.end, run.watermark_after


@given(some_runs(), st.integers(0, 9), st.integers(0, 9))
def test_a_frontier_that_is_carried_on_is_that_of_all_runs(runs, newer, seen):
    """Whichever runs it knew already, and whichever are looked at once more."""
    newer = min(newer, len(runs) - 1)
    before = frontier_of(runs[max(0, newer - seen) :])
    assert frontier_of(runs[:newer], before) == frontier_of(runs)


@pytest.mark.parametrize("kind", CURSORS)
def test_what_is_carried_counts_for_its_table_and_its_cursor_only(kind):
    cursor, made = Cursor("c", "c", kind), NOW - timedelta(days=50)
    low, middle, high = (values(kind, number) for number in (3, 5, 9))
    frontier = Frontier(high, "r1", middle, high, NOW, ((None, low), (low, values(kind, 4))))
    known = replace(some_facts(), target=a_target(made=made), cursor=cursor, frontier=frontier)
    carried = read_carried(carried_record(replace(known, asked=NOW)))
    assert carried.asked == NOW
    assert carried.frontier_for(cursor, made) == frontier
    assert carried.frontier_for(cursor, made - timedelta(days=1)) is None  # which took its name
    assert carried.frontier_for(cursor, None) is None
    assert carried.frontier_for(Cursor("b", "b", kind), made) is None
    others = [one for one in CURSORS if one != kind and {one, kind} != {*STAMPS}]
    assert not any(carried.frontier_for(Cursor("c", "c", one), made) for one in others)
    assert carried_record(known) == ""


@pytest.mark.parametrize(
    "frontier",
    [{}, {"end": "2025-07-22"}, "as text", None, {"more": 1} | WHOLE, WHOLE | {"apart": [1]}],
    ids=str,
)
def test_what_a_later_version_says_otherwise_is_not_known(frontier):
    text = {"asked": NOW.isoformat(), "cursor": "c", "made": NOW.isoformat(), "frontier": frontier}
    cursor = Cursor("c", "c", "date")
    assert read_carried(json.dumps(text)).frontier_for(cursor, NOW) is None
    told = read_carried(json.dumps(text | {"frontier": WHOLE}))
    assert told.frontier_for(cursor, NOW) == Frontier(values("date", 9), "r1")
    assert read_carried(json.dumps({"asked": 5})) is None
