"""The frontier: what runs leave behind, and where the next window starts."""

from datetime import date, timedelta

import pytest

from auto_schema.errors import SourceRefusedError, TargetError
from pipeline.launch.frontier import past_run
from smart_sync.frontier import (
    Frontier,
    PastRun,
    from_frontier,
    frontier_of,
    has_shrunk,
    not_older,
    parse_value,
)
from smart_sync.request import WriteDisposition
from smart_sync.value_text import value_text
from smart_sync.window import WindowPlan
from sources.values import Window
from tests.factories import NOW, a_clock, a_cursor, a_request, a_watermark

HOUR = timedelta(hours=1)
MERGES = a_request(write_disposition=WriteDisposition.MERGE, merge_keys=("id",))


def a_run(start, end, *, ended=NOW, **rest):
    return PastRun(f"run-{end}", ended, start, end, **rest)


def start(request, watermark, frontier, kind="timestamptz"):
    return from_frontier(request, a_cursor(kind), watermark, frontier)


@pytest.mark.parametrize(
    ("kind", "end", "latest"),
    [
        ("timestamptz", NOW, NOW + HOUR),
        ("timestamp", NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) + HOUR),
        ("date", date(2025, 7, 21), date(2025, 7, 22)),
        ("int8", 9, 10),
        ("objectId", f"{9:024x}", f"{10:024x}"),
    ],
)
def test_a_merge_starts_at_the_frontier_and_an_append_is_refused(kind, end, latest):
    frontier, there = Frontier(end, "run-1"), a_watermark(latest, above=3)
    found = start(MERGES, there, frontier, kind)
    assert found.value == end
    assert "the end of the last published window (run run-1)" in found.start_reason
    with pytest.raises(TargetError) as caught:
        start(a_request(), there, frontier, kind)
    assert "3 rows above" in caught.value.text
    assert "write_disposition=WRITE_MERGE" in caught.value.text


@pytest.mark.parametrize("latest", [NOW, NOW - HOUR, None])
def test_a_max_at_or_below_the_frontier_is_where_the_window_starts(latest):
    for request in (MERGES, a_request()):
        there = a_watermark(latest)
        assert start(request, there, Frontier(NOW)) == there
        assert start(request, there, Frontier()) == there


def test_an_append_whose_source_change_was_accepted_goes_on_from_max_and_says_so():
    there = a_watermark(NOW + HOUR)
    found = start(a_request(accept_source_change=True), there, Frontier(NOW, "run-1"))
    assert found.value == NOW + HOUR
    assert "accept_source_change=true" in found.warnings[0]


@pytest.mark.parametrize("latest", [NOW - HOUR, None])
def test_a_max_below_what_the_last_run_left_is_told(latest):
    there = a_watermark(latest)
    left = Frontier(NOW, watermark_after=NOW)
    assert has_shrunk(there, left)
    found = start(a_request(), there, left)
    assert found.value == latest
    assert "rows were removed" in found.warnings[0]
    assert not has_shrunk(a_watermark(NOW), left)


def test_the_frontier_is_the_highest_end_whatever_ran_last():
    backfill = a_run(NOW - 9 * HOUR, NOW - 8 * HOUR, ended=NOW)
    hourly = a_run(NOW - 2 * HOUR, NOW - HOUR, ended=NOW - HOUR, watermark_after=NOW - HOUR)
    first = a_run(None, NOW - 2 * HOUR, ended=NOW - 2 * HOUR, is_first=True)
    found = frontier_of([backfill, hourly, first])
    assert (found.end, found.event_time) == (NOW - HOUR, NOW)
    assert frontier_of([]) == Frontier()


def test_the_floor_is_where_the_first_window_began_or_one_that_reaches_it():
    first = a_run(NOW - 9 * HOUR, NOW, is_first=True)
    apart = a_run(NOW - 99 * HOUR, NOW - 50 * HOUR)
    reaching = a_run(NOW - 20 * HOUR, NOW - 9 * HOUR)
    assert frontier_of([first]).floor == NOW - 9 * HOUR
    assert frontier_of([apart, first]).floor == NOW - 9 * HOUR
    assert frontier_of([reaching, first]).floor == NOW - 20 * HOUR
    unknown = a_run(NOW - 9 * HOUR, NOW)
    assert frontier_of([unknown]).floor is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamptz", NOW + timedelta(microseconds=5)),
        ("timestamp", NOW.replace(tzinfo=None)),
        ("date", date(1, 1, 1)),
        ("int8", -5),
        ("objectId", f"{7:024x}"),
    ],
)
def test_values_come_back_from_the_history_as_they_were(kind, value):
    assert parse_value(value_text(value), a_cursor(kind)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("date", "2025-07-22 00:00:00"), ("timestamp", "7"), ("int8", "2025-07-22"), ("date", None)],
)
def test_a_value_of_another_type_is_not_taken(kind, text):
    assert parse_value(text, a_cursor(kind)) is None


@pytest.mark.parametrize(
    ("status", "mode", "after", "left"),
    [
        ("abandoned", "append", None, NOW),
        ("abandoned", "merge", None, NOW),
        ("abandoned", "append", NOW + HOUR, NOW + HOUR),
        ("abandoned", "replace", None, None),
        ("abandoned", "replace_partitions", None, None),
        ("published_mismatch", "append", None, None),
    ],
)
def test_a_dead_run_that_published_left_max_no_lower_than_it_was(status, mode, after, left):
    """It said MAX as it found it, and didn't come to say it as it left it."""
    row = {
        "run_id": "r",
        "event_time": NOW,
        "status": status,
        "mode": mode,
        "window_start": None,
        "window_end": value_text(NOW + HOUR),
        "watermark_before": value_text(NOW),
        "watermark_after": None if after is None else value_text(after),
    }
    frontier = frontier_of([past_run(row, a_cursor("timestamptz"))])
    assert frontier.watermark_after == left
    assert has_shrunk(a_watermark(NOW - HOUR), frontier) == (left is not None)


WALL = NOW.replace(tzinfo=None)
WINDOW = WindowPlan(Window(None, NOW), "", "", "UTC")


@pytest.mark.parametrize(
    ("kind", "now", "end", "left", "is_told"),
    [
        ("timestamptz", NOW, NOW + HOUR, None, True),
        ("timestamptz", NOW, NOW, NOW, False),
        ("timestamp", WALL, WALL + HOUR, WALL + HOUR, True),
        # windows ended by a zone whose clock no row was stamped by
        ("timestamp", WALL, WALL + HOUR, WALL, False),
        ("timestamp", WALL, WALL + HOUR, None, False),
        ("date", date(2025, 7, 21), date(2025, 7, 22), date(2025, 7, 22), True),
        ("int8", None, 9, 9, False),
        ("objectId", f"{8:024x}", f"{9:024x}", f"{9:024x}", False),
    ],
)
def test_a_clock_that_was_set_back_is_told(kind, now, end, left, is_told):
    frontier, cursor = Frontier(end, "run-1", watermark_after=left), a_cursor(kind)
    if not is_told:
        assert not_older(WINDOW, cursor, frontier, a_clock(), now) == WINDOW
        return
    with pytest.raises(SourceRefusedError, match="clock was set back") as caught:
        not_older(WINDOW, cursor, frontier, a_clock(), now)
    assert ("source_timezone" in caught.value.text) is cursor.is_naive


def test_a_copy_that_is_behind_is_waited_for():
    frontier, behind = Frontier(NOW + HOUR, "run-1"), a_clock(is_copy=True)
    held = not_older(WINDOW, a_cursor("timestamptz"), frontier, behind, NOW).held_back
    assert held
    assert "a standby that is behind" in held.why
    wall = Frontier(WALL + HOUR, "run-1", watermark_after=WALL + HOUR)
    assert not_older(WINDOW, a_cursor("timestamp"), wall, behind, WALL) == WINDOW
