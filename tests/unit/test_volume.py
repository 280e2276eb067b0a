"""volume_check: what is odd beside earlier runs of the same hours, and what isn't."""

from datetime import UTC, datetime, timedelta

import pytest

from smart_sync.cursor import Cursor
from smart_sync.volume import PastVolume, VolumePlan, past_volumes, plan_volume
from smart_sync.window import WindowPlan
from sources.values import Window

NOW = datetime(2025, 7, 22, 15, tzinfo=UTC)
STEADY = [100, 101, 99, 100, 102, 98, 100]


def planned(rows, hours=None, past_hours=None):
    window = hours and WindowPlan(Window(NOW - timedelta(hours=hours), NOW), "", "", "UTC")
    return plan_volume([PastVolume(n, past_hours) for n in rows], window, ends=True)


@pytest.mark.parametrize(
    ("rows", "odd"),
    [(0, True), (49, True), (50, False), (100, False), (200, False), (201, True)],
)
def test_half_and_twice_of_steady_volumes_are_not_odd_and_beyond_is(rows, odd):
    assert planned(STEADY).is_odd(rows) is odd


def test_what_varies_widely_may_vary_widely():
    volume = planned([10, 1000, 50, 400, 90, 700, 300, 20])
    assert not volume.is_odd(1500)
    assert not volume.is_odd(5)
    assert volume.is_odd(0)  # there never were none


def test_no_rows_are_odd_only_where_there_never_were_none():
    assert not planned([0, 100, 0, 90, 120, 0, 80]).is_odd(0)
    assert planned([1, 2, 1, 3, 1, 2, 1]).is_odd(0)


def test_a_few_odd_runs_move_little():
    assert planned([*STEADY, 90_000, 0, 0]).is_odd(1_000)


def test_fewer_than_seven_runs_judge_nothing():
    few = planned(STEADY[:6])
    assert not few.is_odd(0)
    assert few.text == "not judged: 6 runs of these hours so far, 7 are needed"


def test_windows_are_compared_by_rows_per_hour():
    """The run after an outage of ten hours brings ten times as many, and is not odd."""
    volume = planned(STEADY, hours=10, past_hours=1.0)
    assert not volume.is_odd(1_000)
    assert volume.is_odd(100)
    assert volume.text == "500 to 2,000 rows, by 7 runs of these hours"


def test_runs_without_a_window_are_not_compared_with_windows():
    assert planned(STEADY, hours=1, past_hours=None).runs == 0
    assert planned(STEADY, hours=None, past_hours=1.0).runs == 0


def test_only_runs_that_read_by_the_same_cursor_are_compared():
    row = {
        "rows_read": 5,
        "cursor_column": "updated_at",
        "window_start": "2025-07-22 10:00:00",
        "window_end": "2025-07-22 12:00:00",
    }
    whole = {"rows_read": 7, "cursor_column": None, "window_start": None, "window_end": None}
    first = row | {"window_start": None}
    other = row | {"cursor_column": "id"}
    cursor = Cursor("updated_at", "updated_at", "timestamptz")
    assert past_volumes([row, whole, first, other], cursor) == (PastVolume(5, 2.0),)
    assert past_volumes([row, whole], None) == (PastVolume(7),)
    number = row | {"window_start": "10", "window_end": "20"}
    assert past_volumes([number], Cursor("updated_at", "updated_at", "int8")) == (PastVolume(5),)


def test_zero_is_told_as_what_may_not_be():
    volume = VolumePlan(ends=True, runs=9, low=0.0, high=40.0, is_never_zero=True)
    assert volume.text == "1 to 40 rows, by 9 runs of these hours"
