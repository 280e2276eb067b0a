"""plan_window(): both ends of a run's window, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from smart_sync.request import Guard, WindowRequest
from smart_sync.window import Watermark
from sources.values import Window
from tests.factories import NOW, a_clock, a_cursor, a_transaction, a_watermark, a_window, utc

EXACT = WindowRequest(margin=timedelta(0))
"""No margin: the window ends at the clock, as in the scenarios of the user's guide."""
EVERYTHING = datetime(1900, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


# The scenarios of the user's guide, with their values


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
    plan = a_window(EXACT, watermark=a_watermark(utc("2025-07-22 13:00")), replaces=True)
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
    plan = a_window(EXACT, clock=a_clock(open=opened))
    assert plan.window.high == NOW - 3 * HOUR - MICROSECOND
    assert "pid 99 (billing, user app, open for 3h 0m" in plan.end_reason


@pytest.mark.parametrize("age", [SECOND, HOUR])
def test_an_open_transaction_may_write_stamps_made_a_margin_before_it_began(age):
    plan = a_window(WindowRequest(), clock=a_clock(open=(a_transaction(NOW - age),)))
    assert plan.window.high == NOW - age - 10 * SECOND
    assert plan.end_reason.endswith("minus smart_sync_margin 10s")


def test_whoever_can_not_be_seen_may_write_stamps_made_a_margin_before_he_began():
    clock = a_clock(blind_spot="the server is a standby", blind_for=HOUR)
    assert a_window(WindowRequest(), clock=clock).window.high == NOW - HOUR - 10 * SECOND


def test_guard_off_does_not_look_at_transactions():
    clock = a_clock(
        open=(a_transaction(NOW - HOUR), a_transaction(None)),
        prepared=(a_transaction(NOW - HOUR),),
        stopped=("subscription s is disabled",),
        blind_spot="the server is a standby",
    )
    plan = a_window(replace(EXACT, guard=Guard(auto=False)), clock=clock)
    assert (plan.window.high, plan.held_back) == (NOW, None)


def test_a_guard_of_a_duration_ends_that_far_behind_the_clock():
    request = replace(EXACT, guard=Guard(auto=False, duration=HOUR))
    clock = a_clock(open=(a_transaction(NOW - 5 * HOUR), a_transaction(None)))
    plan = a_window(request, clock=clock)
    assert (plan.window.high, plan.held_back) == (NOW - HOUR, None)
    assert "late_commit_guard=3600s" in plan.end_reason


def test_a_margin_longer_than_the_guards_duration_wins():
    request = WindowRequest(margin=2 * HOUR, guard=Guard(auto=False, duration=HOUR))
    assert a_window(request).window.high == NOW - 2 * HOUR


PREPARED = a_transaction(NOW - HOUR, application="PREPARE TRANSACTION 'pay-7'")


@pytest.mark.parametrize(
    ("clock", "why"),
    [
        (a_clock(prepared=(PREPARED,)), "'pay-7' of app waits since 2025-07-22 14:00:00 UTC"),
        (a_clock(stopped=("subscription s is disabled",)), "subscription s is disabled; or set"),
    ],
)
def test_whoever_may_bring_stamps_of_any_age_holds_the_run_back(clock, why):
    plan = a_window(clock=clock)
    assert plan.held_back is not None
    assert plan.held_back.whole
    assert not plan.held_back.too_long
    assert why in plan.held_back.why
    assert "set late_commit_guard to longer than" in plan.held_back.why
    by_hand = replace(EXACT, guard=Guard(auto=False, duration=HOUR))
    assert a_window(by_hand, clock=clock).held_back is None


@pytest.mark.parametrize("blind", ["the server is a standby", "the database subscribes"])
def test_where_writers_cannot_be_seen_the_guard_is_ten_minutes(blind):
    plan = a_window(EXACT, clock=a_clock(blind_spot=blind))
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
    request = WindowRequest(guard=Guard(longest=longest))
    plan = a_window(request, clock=clock, watermark=a_watermark(NOW - HOUR))
    assert plan.held_back is not None
    assert plan.held_back.too_long is too_long
    assert "pid 4711 (billing, user app, open for 2h 0m" in plan.held_back.why


def test_an_old_transaction_with_a_window_before_it_is_not_too_long():
    clock = a_clock(open=(a_transaction(NOW - 24 * HOUR),))
    request = WindowRequest(guard=Guard(longest=timedelta(0)))
    assert a_window(request, clock=clock).held_back is None


def test_a_forgotten_prepared_transaction_becomes_too_long():
    clock = a_clock(prepared=(a_transaction(NOW - 7 * HOUR),))
    plan = a_window(clock=clock, watermark=a_watermark(NOW - HOUR))
    assert plan.held_back is not None
    assert plan.held_back.too_long


def test_the_margin_alone_is_never_too_long():
    request = WindowRequest(margin=24 * HOUR, guard=Guard(longest=timedelta(0)))
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
