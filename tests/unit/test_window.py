"""plan_window(): both ends of a run's window, and why."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smart_sync.window import Watermark, WindowRequest, duration_text, now_as_cursor
from sources.base import CursorValue, Window
from tests.factories import NOW, a_clock, a_cursor, a_transaction, a_watermark, a_window, utc

EXACT = WindowRequest(margin=timedelta(0))
"""No margin: the window ends at the clock, as in the README's scenarios."""
EVERYTHING = datetime(1900, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


# The scenarios of the README, with their values


def test_a_run_every_two_hours_reads_two_hours():
    plan = a_window(EXACT, watermark=a_watermark(utc("2025-07-22 13:00")))
    assert plan.window == Window(utc("2025-07-22 13:00"), utc("2025-07-22 15:00"))
    assert plan.held_back is None


def test_a_first_run_on_an_empty_table_reads_everything_since_1900():
    plan = a_window(EXACT, watermark=a_watermark(None))
    assert plan.window == Window(utc("1900-01-01 00:00"), utc("2025-07-22 15:00"))


def test_a_run_after_an_outage_reads_all_that_was_missed():
    plan = a_window(EXACT, watermark=a_watermark(utc("2025-07-21 10:30")))
    assert plan.window == Window(utc("2025-07-21 10:30"), utc("2025-07-22 15:00"))


# The start


@pytest.mark.parametrize("watermark", [Watermark(), a_watermark(None)], ids=["missing", "empty"])
@pytest.mark.parametrize(
    ("everything", "days", "low"),
    [
        (True, 1, EVERYTHING),
        (True, 30, EVERYTHING),
        (False, 1, utc("2025-07-21 15:00")),
        (False, 7, utc("2025-07-15 15:00")),
        (False, 0, NOW),
    ],
)
def test_an_empty_destination_starts_as_its_two_parameters_say(watermark, everything, days, low):
    request = replace(EXACT, sync_all_on_empty_table=everything, fallback=timedelta(days=days))
    plan = a_window(request, watermark=watermark)
    assert plan.window.low == low
    assert plan.watermark is None
    assert ("missing" if watermark == Watermark() else "empty") in plan.start_reason
    assert f"sync_all_on_empty_table={str(everything).lower()}" in plan.start_reason


def test_the_fallback_counts_from_the_source_clock_not_from_the_margin():
    request = WindowRequest(sync_all_on_empty_table=False, margin=HOUR)
    assert a_window(request).window == Window(utc("2025-07-21 15:00"), utc("2025-07-22 14:00"))


def test_a_table_with_a_watermark_needs_no_fallback():
    request = replace(EXACT, sync_all_on_empty_table=False)
    plan = a_window(request, watermark=a_watermark(utc("2025-01-01 00:00"), how=" (partition x)"))
    assert plan.window.low == utc("2025-01-01 00:00")
    assert plan.start_reason == "MAX(updated_at) of the destination (partition x)"


def test_a_table_that_the_run_replaces_has_no_watermark():
    plan = a_window(replace(EXACT, replaces=True), watermark=a_watermark(utc("2025-07-22 13:00")))
    assert plan.window.low == EVERYTHING
    assert plan.watermark is None
    assert "replaced" in plan.start_reason


# The end


@pytest.mark.parametrize("margin", [timedelta(0), 10 * SECOND, 2 * HOUR])
def test_the_margin_is_taken_off_the_source_clock(margin):
    plan = a_window(WindowRequest(margin=margin))
    assert plan.window.high == NOW - margin
    assert f"smart_sync_margin {margin.total_seconds():g}s" in plan.end_reason


def test_the_window_ends_just_before_the_oldest_open_transaction():
    opened = (a_transaction(NOW - 5 * MINUTE), a_transaction(NOW - 3 * HOUR, pid=99))
    plan = a_window(clock=a_clock(open=opened))
    assert plan.window.high == NOW - 3 * HOUR - MICROSECOND
    assert "pid 99 (billing, user app, open for 3h 0m" in plan.end_reason


def test_a_transaction_younger_than_the_margin_holds_nothing_back():
    plan = a_window(clock=a_clock(open=(a_transaction(NOW - SECOND),)))
    assert plan.window.high == NOW - 10 * SECOND


def test_guard_off_does_not_look_at_transactions():
    clock = a_clock(
        open=(a_transaction(NOW - HOUR), a_transaction(None)),
        prepared=("pay", NOW - HOUR),
        blind_spot="the server is a standby",
    )
    plan = a_window(replace(EXACT, guard_auto=False), clock=clock)
    assert (plan.window.high, plan.held_back) == (NOW, None)


def test_a_guard_of_a_duration_ends_that_far_behind_the_clock():
    request = replace(EXACT, guard_auto=False, guard_duration=HOUR)
    clock = a_clock(open=(a_transaction(NOW - 5 * HOUR), a_transaction(None)))
    plan = a_window(request, clock=clock)
    assert (plan.window.high, plan.held_back) == (NOW - HOUR, None)
    assert "late_commit_guard=3600s" in plan.end_reason


def test_a_margin_longer_than_the_guards_duration_wins():
    request = WindowRequest(margin=2 * HOUR, guard_auto=False, guard_duration=HOUR)
    assert a_window(request).window.high == NOW - 2 * HOUR


def test_a_prepared_transaction_holds_to_ten_minutes_before_it_was_prepared():
    plan = a_window(clock=a_clock(prepared=("pay-7", NOW - HOUR)))
    assert plan.window.high == NOW - HOUR - 10 * MINUTE
    assert "'pay-7' was prepared (2025-07-22 14:00:00 UTC" in plan.end_reason


@pytest.mark.parametrize("blind", ["the server is a standby", "the database subscribes"])
def test_where_writers_cannot_be_seen_the_guard_is_ten_minutes(blind):
    plan = a_window(clock=a_clock(blind_spot=blind))
    assert plan.window.high == NOW - 10 * MINUTE
    assert blind in plan.end_reason


# Held back


def test_a_transaction_whose_start_stays_hidden_holds_the_run_back():
    plan = a_window(clock=a_clock(open=(a_transaction(None, pid=31, application=""),)))
    assert plan.held_back is not None
    assert not plan.held_back.too_long
    assert "pid 31 (no application_name, user app, start not shown)" in plan.held_back.why
    assert "pg_read_all_stats" in plan.held_back.why


def test_an_integer_cursor_held_back_by_a_visible_transaction_asks_for_no_grant():
    opened = (replace(a_transaction(None), virtual_id="3/7"),)
    plan = a_window(cursor=a_cursor("int8"), clock=a_clock(open=opened), cursor_max=9)
    assert plan.held_back is not None
    assert "pid 4711 (billing, user app" in plan.held_back.why
    assert "pg_read_all_stats" not in plan.held_back.why


@pytest.mark.parametrize("beyond", [timedelta(0), MICROSECOND, HOUR])
def test_an_end_not_after_the_start_is_held_back(beyond):
    plan = a_window(EXACT, watermark=a_watermark(NOW + beyond))
    assert plan.held_back is not None
    assert not plan.held_back.too_long


def test_one_microsecond_is_a_window():
    plan = a_window(EXACT, watermark=a_watermark(NOW - MICROSECOND))
    assert plan.held_back is None


@pytest.mark.parametrize(
    ("longest", "too_long"), [(3 * HOUR, False), (2 * HOUR, False), (2 * HOUR - SECOND, True)]
)
def test_held_back_is_too_long_only_past_late_commit_guard_max(longest, too_long):
    clock = a_clock(open=(a_transaction(NOW - 2 * HOUR),))
    request = WindowRequest(guard_longest=longest)
    plan = a_window(request, clock=clock, watermark=a_watermark(NOW - HOUR))
    assert plan.held_back is not None
    assert plan.held_back.too_long is too_long
    assert "pid 4711 (billing, user app, open for 2h 0m" in plan.held_back.why


def test_an_old_transaction_with_a_window_before_it_is_not_too_long():
    clock = a_clock(open=(a_transaction(NOW - 24 * HOUR),))
    request = WindowRequest(guard_longest=timedelta(0))
    assert a_window(request, clock=clock).held_back is None


def test_a_forgotten_prepared_transaction_becomes_too_long():
    clock = a_clock(prepared=("forgotten", NOW - 7 * HOUR))
    plan = a_window(clock=clock, watermark=a_watermark(NOW - HOUR))
    assert plan.held_back is not None
    assert plan.held_back.too_long


def test_the_margin_alone_is_never_too_long():
    request = WindowRequest(margin=24 * HOUR, guard_longest=timedelta(0))
    plan = a_window(request, watermark=a_watermark(NOW - HOUR))
    assert plan.held_back is not None
    assert not plan.held_back.too_long


# Kinds of cursors


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("America/Bogota", datetime(2025, 7, 22, 10)),
        ("UTC", datetime(2025, 7, 22, 15)),
        ("Asia/Tokyo", datetime(2025, 7, 23, 0)),
    ],
)
def test_a_naive_cursor_is_said_in_its_zones_wall_clock(zone, wall):
    by_server = a_window(EXACT, a_cursor("timestamp"), a_clock(time_zone=zone))
    by_parameter = a_window(replace(EXACT, source_timezone=zone), a_cursor("timestamp"))
    for plan in (by_server, by_parameter):
        assert plan.window == Window(datetime(1900, 1, 1), wall)
        assert plan.time_zone == zone
        assert not plan.warnings


def test_source_timezone_comes_before_the_servers_setting():
    request = replace(EXACT, source_timezone="Asia/Tokyo")
    plan = a_window(request, a_cursor("timestamp"), a_clock(time_zone="America/Bogota"))
    assert plan.window.high == datetime(2025, 7, 23)


def test_a_cursor_with_a_zone_is_said_in_utc_whatever_the_server_is_set_to():
    plan = a_window(EXACT, clock=a_clock(time_zone="Asia/Tokyo"))
    assert plan.window.high == NOW
    assert plan.time_zone == "UTC"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_a_naive_cursor_in_a_zone_with_daylight_saving_is_warned_about(zone):
    clock = a_clock(time_zone=zone)
    (warning,) = a_window(cursor=a_cursor("timestamp"), clock=clock).warnings
    assert zone in warning
    assert "repeats an hour" in warning
    assert not a_window(cursor=a_cursor("timestamptz"), clock=clock).warnings
    assert not a_window(cursor=a_cursor("date"), clock=clock).warnings


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
    assert now_as_cursor(a_clock(), a_cursor("int8"), "") is None
    assert now_as_cursor(a_clock(), a_cursor("date"), "Asia/Tokyo") == date(2025, 7, 23)
    assert now_as_cursor(a_clock(), a_cursor("timestamp"), "") == datetime(2025, 7, 22, 15)


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
    late, reader = a_transaction(NOW - MINUTE), replace(EXACT, guard_auto=False)
    first = a_window(reader, clock=a_clock(open=(late,)))
    second = a_window(reader, clock=a_clock(NOW + HOUR), watermark=a_watermark(first.window.high))
    assert late.started is not None
    assert not second.window.low < late.started <= second.window.high
