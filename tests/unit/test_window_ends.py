"""What ends a window, by kind of cursor, and that windows tile time."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema.errors import ConfigError
from smart_sync.cursor import WallClock, now_as_cursor
from smart_sync.hand_window import half_open, parse_end
from smart_sync.holds import duration_text
from smart_sync.request import Guard, WindowRequest
from smart_sync.window import Watermark
from sources.values import CursorValue, Window
from tests.factories import NOW, a_clock, a_cursor, a_transaction, a_watermark, a_window, utc

EXACT = WindowRequest(margin=timedelta(0))
"""No margin: the window ends at the clock, as in the scenarios of the user's guide."""
EVERYTHING = datetime(1900, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


# The scenarios of the user's guide, with their values


@pytest.mark.parametrize(
    ("zone", "kind", "precision", "minutes", "high"),
    [
        ("Europe/Berlin", "timestamp", 6, 30, "2025-10-26 01:59:59.999999"),
        ("Europe/Berlin", "timestamp", 0, 30, "2025-10-26 01:59:59"),
        ("Europe/Berlin", "timestamp", 6, 60, "2025-10-26 02:00:00"),
        ("Europe/Berlin", "timestamp", 6, 90, "2025-10-26 02:30:00"),
        ("Europe/Berlin", "timestamp", 6, 130, "2025-10-26 03:10:00"),
        ("Europe/Berlin", "timestamp", 6, -110, "2025-10-26 00:10:00"),
        ("Atlantic/Azores", "date", 6, 30, "2025-10-25"),
        ("Atlantic/Azores", "date", 6, 150, "2025-10-25"),
    ],
)
def test_the_hour_that_comes_twice_is_read_when_it_has_passed_for_good(
    zone, kind, precision, minutes, high
):
    now = utc("2025-10-26 00:00") + timedelta(minutes=minutes)
    plan = a_window(EXACT, a_cursor(kind, precision), a_clock(now, time_zone=zone))
    end = plan.window.high
    assert str(end) == high
    assert ("are set back within 3 hours" in plan.end_reason) is (minutes == 30)
    assert not plan.warnings


@pytest.mark.parametrize("kind", ["timestamp", "date"])
def test_a_role_with_another_zone_is_warned_about_until_source_timezone_is_said(kind):
    clock = a_clock(other_zones=(("app", "Asia/Tokyo"),))
    (warning,) = a_window(cursor=a_cursor(kind), clock=clock).warnings
    assert "app has Asia/Tokyo" in warning
    said = replace(EXACT, source_timezone="Asia/Tokyo")
    assert a_window(said, a_cursor(kind), clock).warnings == ()
    assert a_window(cursor=a_cursor("timestamptz"), clock=clock).warnings == ()


@pytest.mark.parametrize(
    ("zone", "last_complete"),
    [
        ("America/Bogota", date(2025, 7, 21)),
        ("UTC", date(2025, 7, 21)),
        ("Asia/Tokyo", date(2025, 7, 22)),
    ],
)
def test_a_date_cursor_ends_with_the_last_complete_day_of_its_zone(zone, last_complete):
    plan = a_window(EXACT, a_cursor("date"), a_clock(time_zone=zone))
    assert plan.window == Window(date(1900, 1, 1), last_complete)


def test_a_date_cursor_is_held_back_for_the_rest_of_the_day():
    plan = a_window(EXACT, a_cursor("date"), watermark=a_watermark(date(2025, 7, 21)))
    assert plan.held_back is not None
    assert not plan.held_back.too_long


def test_a_date_cursors_fallback_is_a_day_too():
    request = replace(EXACT, sync_all_on_empty_table=False, fallback=timedelta(days=3))
    plan = a_window(request, a_cursor("date"))
    assert plan.window == Window(date(2025, 7, 19), date(2025, 7, 21))


@pytest.mark.parametrize(
    ("precision", "now", "high"),
    [
        (0, "2025-07-22 15:00:00.499999", "2025-07-22 14:59:59"),
        (0, "2025-07-22 15:00:00.500000", "2025-07-22 15:00:00"),
        (None, "2025-07-22 15:00:00.400000", "2025-07-22 14:59:59"),
        (3, "2025-07-22 15:00:00.000499", "2025-07-22 14:59:59.999"),
        (3, "2025-07-22 15:00:00.000500", "2025-07-22 15:00:00"),
        (6, "2025-07-22 15:00:00.000001", "2025-07-22 15:00:00.000001"),
    ],
)
@pytest.mark.parametrize("kind", ["timestamptz", "timestamp"])
def test_a_coarse_stamp_rounds_up_so_the_window_ends_a_unit_earlier(kind, precision, now, high):
    plan = a_window(EXACT, a_cursor(kind, precision), a_clock(utc(now)))
    zone = UTC if kind == "timestamptz" else None
    assert plan.window.high == utc(high).replace(tzinfo=zone)


def test_an_integer_cursor_ends_at_the_sources_max_without_margin():
    plan = a_window(cursor=a_cursor("int8"), watermark=a_watermark(41), cursor_max=99)
    assert plan.window == Window(41, 99)
    assert plan.held_back is None


def test_an_integer_cursor_on_an_empty_destination_is_open_downwards():
    plan = a_window(cursor=a_cursor("int4"), cursor_max=-3)
    assert plan.window == Window(None, -3)
    assert plan.held_back is None


def test_an_integer_cursor_without_new_values_reads_nothing():
    plan = a_window(cursor=a_cursor("int2"), watermark=a_watermark(7), cursor_max=7)
    assert plan.window.is_empty
    assert plan.held_back is None


def test_an_integer_cursor_of_an_emptied_source_reads_nothing():
    plan = a_window(cursor=a_cursor("int8"), watermark=a_watermark(7), cursor_max=None)
    assert plan.window.is_empty


def test_integers_have_no_clock_to_be_later_than():
    east = WallClock("Asia/Tokyo", ((NOW, datetime(2025, 7, 23)),))
    assert now_as_cursor(a_clock(), a_cursor("int8"), WallClock()) is None
    assert now_as_cursor(a_clock(), a_cursor("date"), east) == date(2025, 7, 23)
    assert now_as_cursor(a_clock(), a_cursor("timestamp"), WallClock()) == datetime(2025, 7, 22, 15)


def test_rows_of_the_destination_later_than_now_are_counted_in_a_warning():
    watermark = a_watermark(utc("2025-07-22 13:00"), future_rows=3, highest=utc("2999-01-01 00:00"))
    plan = a_window(EXACT, watermark=watermark)
    assert plan.window.low == utc("2025-07-22 13:00")
    (warning,) = plan.warnings
    assert warning.startswith("3 rows of the destination have updated_at later than now")
    assert "2999-01-01" in warning


@pytest.mark.parametrize(
    ("age", "text"),
    [(0, "0s"), (59, "59s"), (61, "1m 1s"), (11107, "3h 5m"), (180_000, "2d 2h")],
)
def test_durations_read_as_people_say_them(age, text):
    assert duration_text(timedelta(seconds=age)) == text


# Properties


@dataclass(frozen=True)
class _Row:
    """A row stamped by its transaction's begin, visible from its commit on."""

    began: datetime
    commits: datetime


ROWS = st.builds(
    lambda began, open_for: _Row(NOW + began, NOW + began + open_for),
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.timedeltas(timedelta(0), timedelta(hours=30)),
)
RUNS = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(days=4)),
        st.timedeltas(timedelta(0), timedelta(hours=1)),
    ),
    max_size=8,
)
"""When each run reads the clock, and how much later it reads the rows."""


def _stamp(instant: datetime, kind: str, precision: int, zone: str) -> CursorValue:
    """What PostgreSQL stores of now() in such a column: it rounds half up."""
    unit = 10 ** (6 - precision)
    second = instant.replace(microsecond=0)
    rounded = second + (instant.microsecond + unit // 2) // unit * unit * MICROSECOND
    if kind == "timestamptz":
        return rounded
    wall = instant if kind == "date" else rounded
    naive = wall.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return naive.date() if kind == "date" else naive


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(ROWS, max_size=12),
    runs=RUNS,
    cursor=st.sampled_from(
        [("timestamptz", 6), ("timestamp", 6), ("timestamptz", 0), ("timestamp", 3), ("date", 6)]
    ),
    zone=st.sampled_from(["UTC", "America/Bogota", "Asia/Tokyo", "Asia/Kathmandu"]),
    margin=st.timedeltas(timedelta(0), timedelta(minutes=5)),
)
def test_every_row_is_read_once_whenever_it_commits_and_whenever_runs_come(
    rows, runs, cursor, zone, margin
):
    last = NOW + timedelta(days=10)
    synced: list[int] = []
    watermark: CursorValue | None = None
    for clock_at, read_at in [*sorted((NOW + at, NOW + at + lag) for at, lag in runs), (last,) * 2]:
        opened = tuple(a_transaction(r.began) for r in rows if r.began <= clock_at < r.commits)
        plan = a_window(
            WindowRequest(margin=margin),
            a_cursor(*cursor),
            a_clock(clock_at, time_zone=zone, open=opened),
            a_watermark(watermark),
        )
        if plan.held_back:
            continue
        low, high = plan.window.low, plan.window.high
        found = {
            number: stamp
            for number, row in enumerate(rows)
            if row.commits <= read_at and low < (stamp := _stamp(row.began, *cursor, zone)) <= high
        }
        synced += found
        watermark = max(found.values(), default=watermark)
    assert sorted(synced) == list(range(len(rows)))


@settings(deadline=None)
@given(
    steps=st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), min_size=1, max_size=10),
    kind=st.sampled_from(["timestamptz", "timestamp", "date"]),
    precision=st.sampled_from([0, 3, 6]),
)
def test_windows_that_start_where_the_last_one_ended_tile_time(steps, kind, precision):
    now, ends = NOW, []
    for step in steps:
        now += step
        watermark = a_watermark(ends[-1]) if ends else Watermark()
        plan = a_window(EXACT, a_cursor(kind, precision), a_clock(now), watermark)
        assert plan.window.is_empty is (plan.held_back is not None)
        if plan.held_back is None:
            assert not ends or plan.window.low == ends[-1]
            ends.append(plan.window.high)
    assert ends == sorted(set(ends))


def test_without_the_guard_a_row_that_commits_late_is_lost():
    late, reader = a_transaction(NOW - MINUTE), replace(EXACT, guard=Guard(auto=False))
    first = a_window(reader, clock=a_clock(open=(late,)))
    second = a_window(reader, clock=a_clock(NOW + HOUR), watermark=a_watermark(first.window.high))
    assert late.started is not None
    assert not second.window.low < late.started <= second.window.high


# Windows by hand, [start, end)


LOWEST = {
    "timestamptz": ("0001-01-01", utc("0001-01-01 00:00")),
    "timestamp": ("0001-01-01", datetime(1, 1, 1)),
    "date": ("0001-01-01", date(1, 1, 1)),
    "int8": (str(-(2**63)), -(2**63)),
}
"""The first value of a type, as it is written by hand."""


@pytest.mark.parametrize("kind", LOWEST)
def test_a_window_that_begins_with_the_first_value_holds_it(kind):
    text, lowest = LOWEST[kind]
    start = parse_end(text, a_cursor(kind), "verify_start")
    unit = {"date": timedelta(days=1), "int8": 1}.get(kind, MICROSECOND)
    assert start == lowest
    assert half_open(start, lowest + unit) == Window(None, lowest)
    assert half_open(lowest + unit, lowest + 3 * unit) == Window(lowest, lowest + 2 * unit)


@pytest.mark.parametrize("kind", LOWEST)
def test_a_window_that_holds_nothing_is_none(kind):
    _, lowest = LOWEST[kind]
    unit = {"date": timedelta(days=1), "int8": 1}.get(kind, MICROSECOND)
    assert half_open(lowest, lowest) is None
    assert half_open(lowest + unit, lowest + unit) is None
    assert half_open(lowest + unit, lowest) is None


@pytest.mark.parametrize("text", [str(2**63), str(-(2**63) - 1), "9" * 19, f"-{'9' * 19}"])
def test_an_integer_that_bigquery_has_no_literal_for_is_no_end(text):
    with pytest.raises(ConfigError, match="window end of another type"):
        parse_end(text, a_cursor("int8"), "sync_end")
