"""When schedules fire, in every zone and year: cron expressions, patterns, clock changes."""

import zoneinfo
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path

import pytest
import tzdata
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema.errors import ConfigError
from pipeline.parameters import zones
from scheduler.cron import (
    PATTERNS,
    clock_changes,
    clock_warnings,
    expression,
    next_runs,
    previous_run,
    runs_after,
)

NAMED = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Antarctica/Troll",
)
ZONES = st.sampled_from(NAMED) | st.sampled_from(sorted(zones.names() - {"Factory"}))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
CRONS = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("{} * * * *".format, st.integers(0, 59)),
    st.builds("*/{} {}-23 * * *".format, st.sampled_from([5, 7, 20]), st.integers(0, 23)),
    st.builds("{} 1,2,3 * * MON-FRI".format, st.sampled_from(["0", "0,30", "10-50/20"])),
    st.builds("30 2 {} * {}".format, st.integers(1, 31), st.sampled_from(["*", "0", "7", "SAT"])),
)


def year_of(cron, zone, year):
    """All runs of a local year."""
    place = zones.zone(zone)
    begin = datetime(year, 1, 1, tzinfo=place).astimezone(UTC) - timedelta(seconds=1)
    return list(takewhile(lambda at: at.year == year, runs_after(cron, zone, begin)))


@given(CRONS, ZONES, MOMENTS)
@settings(max_examples=150)
def test_runs_ascend_and_come_after_the_start(cron, zone, start):
    runs = [at.astimezone(UTC) for at in next_runs(cron, zone, start, 30)]
    assert len(runs) == 30
    assert all(one < two for one, two in pairwise([start, *runs]))


@given(CRONS, ZONES, MOMENTS)
@settings(max_examples=100)
def test_the_previous_run_is_the_last_of_those_that_came(cron, zone, start):
    first, second = next_runs(cron, zone, start, 2)
    assert previous_run(cron, zone, first) == first
    assert previous_run(cron, zone, second - timedelta(seconds=1)) == first
    earlier = previous_run(cron, zone, start)
    assert earlier <= start
    assert next_runs(cron, zone, earlier, 1)[0].astimezone(UTC) == first.astimezone(UTC)


def test_a_start_within_the_second_of_two_equal_hours_gives_no_run_of_the_first():
    start = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15 in Berlin, for the second time
    (run,) = next_runs("30 2 * * *", "Europe/Berlin", start, 1)
    assert run.isoformat() == "2026-10-26T02:30:00+01:00"


@pytest.mark.parametrize("hour", [0, 2])
@pytest.mark.parametrize("zone", NAMED)
@pytest.mark.parametrize("year", [2024, 2027, 2030])
def test_a_daily_schedule_fires_once_on_every_local_day(zone, year, hour):
    runs = year_of(f"{hour * 15} {hour} * * *", zone, year)
    days = Counter(at.date() for at in runs)
    assert set(days.values()) == {1}
    assert len(days) == (366 if year % 4 == 0 else 365)


@given(ZONES, st.integers(2024, 2030), st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=25)
def test_a_daily_schedule_fires_once_a_day_in_any_zone(zone, year, hour, minute):
    days = Counter(at.date() for at in year_of(f"{minute} {hour} * * *", zone, year))
    assert set(days.values()) == {1}
    assert len(days) == (366 if year % 4 == 0 else 365)


@pytest.mark.parametrize("zone", [name for name in NAMED if name != "Australia/Lord_Howe"])
def test_an_hourly_schedule_fires_in_every_hour_that_passes(zone):
    place = zones.zone(zone)
    for day, count in Counter(at.date() for at in year_of("0 * * * *", zone, 2026)).items():
        begin = datetime(day.year, day.month, day.day, tzinfo=place).astimezone(UTC)
        after = day + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=place).astimezone(UTC)
        assert count == (end - begin) / timedelta(hours=1)


def odd_minutes(zone, start, end):
    """Wall times between two moments that don't exist or come twice, by counting minutes."""
    place, minute = zones.zone(zone), timedelta(minutes=1)
    told = Counter()
    at = start
    while at < end:
        told[at.astimezone(place).replace(tzinfo=None)] += 1
        at += minute
    wall, skipped = min(told), set()
    while wall < max(told):
        skipped |= set() if wall in told else {wall}
        wall += minute
    return skipped, {wall for wall, count in told.items() if count == 2}


@pytest.mark.parametrize("zone", NAMED)
def test_warnings_name_exactly_the_wall_times_that_are_skipped_or_doubled(zone):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    changes = list(clock_changes(zone, start, start + timedelta(days=365)))
    assert bool(changes) == (zone not in ("UTC", "Asia/Kolkata"))
    for change in changes:
        day = change.begin.replace(tzinfo=UTC)
        begin, end = day - timedelta(days=1), day + timedelta(days=1)
        skipped, doubled = odd_minutes(zone, begin, end)
        wanted = [f"{at:%Y-%m-%d %H:%M} doesn't exist" for at in sorted(skipped)]
        wanted += [f"{at:%Y-%m-%d %H:%M} comes twice" for at in sorted(doubled)]
        said = clock_warnings("* * * * *", zone, begin, end)
        assert [text.split(" in ")[0] for text in said] == wanted


def test_clock_changes_are_those_from_the_start_on_and_before_the_end():
    moment = datetime(2026, 3, 29, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    for start, end, count in [
        (moment - second, moment + second, 1),
        (moment + 30 * 60 * second, moment + 7200 * second, 0),
        (moment - 7200 * second, moment - second, 0),
        (moment - 7200 * second, moment, 0),
    ]:
        assert len(list(clock_changes("Europe/Berlin", start, end))) == count


def times(*hours):
    return [f"{hour:02}:00" for hour in hours]


QUARTERS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
DAYS = {
    "every 15 minutes": QUARTERS,
    "every 30 minutes": QUARTERS[::2],
    "hourly": times(*range(24)),
    "every 2 hours": times(*range(0, 24, 2)),
    "every 4 hours": times(0, 4, 8, 12, 16, 20),
    "every 6 hours": times(0, 6, 12, 18),
    "every 12 hours": times(0, 12),
    "daily": times(0),
    "off-peak": times(2),
    "business hours": times(*range(9, 18)),
    "weekly": times(0),
    "monthly": times(0),
}


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda each: each.name)
def test_a_pattern_fires_as_its_text_says(pattern):
    start = datetime(2026, 2, 1, tzinfo=UTC) - timedelta(seconds=1)
    end = datetime(2026, 3, 1, tzinfo=UTC)
    runs = list(takewhile(lambda at: at < end, runs_after(pattern.cron, "UTC", start)))
    days = sorted({at.date() for at in runs})
    assert [f"{at:%H:%M}" for at in runs] == DAYS[pattern.name] * len(days)
    wanted = {
        "business hours": lambda at: at.weekday() < 5,
        "weekly": lambda at: at.weekday() == 6,
        "monthly": lambda at: at.day == 1,
    }.get(pattern.name, lambda at: True)
    february = [start.date() + timedelta(days=number) for number in range(1, 29)]
    assert days == [day for day in february if wanted(day)]
    hours = pattern.runs.split(" every ")[0].split(", Monday")[0].split(" on ")[0].split(", ")
    listed = hours[: hours.index("…")] if "…" in hours else hours
    assert DAYS[pattern.name][: len(listed)] == listed
    assert hours[-1] in ("…", DAYS[pattern.name][-1])


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        *((pattern.name, pattern.cron) for pattern in PATTERNS),
        (" Business  HOURS ", "0 9-17 * * 1-5"),
        ("every 3 hours", "0 */3 * * *"),
        ("every 24 hours", "0 0 * * *"),
        ("every 60 minutes", "0 * * * *"),
        ("0 9 * jan-mar mon-fri", "0 9 * JAN-MAR MON-FRI"),
        ("1-59/2,0  4 1,15 */2 7", "1-59/2,0 4 1,15 */2 7"),
        ("0 0 1 * MON", "0 0 1 * MON"),
    ],
)
def test_an_expression_is_what_a_text_is_or_names(text, cron):
    assert expression(text) == cron
    assert expression(cron) == cron


REFUSED = {
    "": "0 fields",
    "hourli": "1 fields",
    "every 7 hours": "3 fields",
    "every 0 hours": "3 fields",
    "@daily": "1 fields",
    "* * * *": "4 fields",
    "0 0 0 * * *": "Cloud Scheduler knows no seconds",
    "60 * * * *": "minute '60': give 0 to 59",
    "0 24 * * *": "hour '24': give 0 to 23",
    "0 0 0 * *": "day '0': give 1 to 31",
    "0 0 1 13 *": "month '13': give 1 to 12 or a name",
    "0 0 * * 8": "weekday '8': give 0 to 7 or a name",
    "0 0 * * MONDAY": "weekday 'MONDAY': give",
    "0 JAN * * *": "hour 'JAN': give 0 to 23",
    "-1 * * * *": "minute '-1': write",
    "0 0 L * *": "day 'L': give",
    "0 0 LW * *": "day 'LW': give",
    "0 0 15W * *": "day '15W': write",
    "0 0 * * 5L": "weekday '5L': write",
    "0 0 * * MON#2": "weekday 'MON#2': write",
    "0 0 ? * 1": "day '?': write",
    "H * * * *": "minute 'H': give",
    "5/15 * * * *": "write 5-59/15",
    "*/0 * * * *": "a step",
    "*/90 * * * *": "a step can't be longer",
    "0 17-9 * * *": "its end comes before its beginning",
    "0 0 * * FRI-MON": "its end comes before its beginning",
    "0, * * * *": "minute '': write",
    "1-2-3 * * * *": "minute '1-2-3': write",
    "0 0 */2 * MON": "must both hold",
    "0 0 1 * */2": "must both hold",
    "0 0 */2 * */2": "must both hold",
    "٣ * * * *": "minute",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cloud_scheduler_would_not_take_is_refused(text):
    with pytest.raises(ConfigError) as caught:
        expression(text)
    assert caught.value.what == "malformed schedule"
    assert REFUSED[text] in caught.value.why
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_schedule_that_never_fires_is_refused(text):
    with pytest.raises(ConfigError, match="schedule that never fires"):
        expression(text)


@given(st.text("0123456789*/-,LW#?MONJA ", max_size=20))
def test_an_expression_is_taken_and_fires_or_is_refused(text):
    try:
        cron = expression(text)
    except ConfigError:
        return
    assert expression(cron) == cron
    assert next_runs(cron, "Europe/Berlin", datetime(2026, 1, 1, tzinfo=UTC), 1)


@pytest.mark.parametrize(("cron", "zone"), [("every day 09:00", "UTC"), ("0 0 * * *", "No/Zone")])
def test_what_a_hand_made_job_has_and_we_cannot_read_is_one_clear_error(cron, zone):
    with pytest.raises(ConfigError, match="unknown schedule"):
        next_runs(cron, zone, datetime(2026, 1, 1, tzinfo=UTC), 1)


def test_schedules_know_the_pinned_zones_whatever_the_machines_files_say(tmp_path):
    """Edmonton keeps its summer time from 2026 on; a machine's older files don't know."""
    folder = tmp_path / "America"
    folder.mkdir()
    (folder / "Edmonton").symlink_to(Path(tzdata.__file__).parent / "zoneinfo/America/Toronto")
    zones.zone.cache_clear()
    zoneinfo.reset_tzpath([str(tmp_path)])
    try:
        autumn = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
        assert clock_warnings("30 1 * * *", "America/Toronto", *autumn)
        assert clock_warnings("30 1 * * *", "America/Edmonton", *autumn) == []
        (run,) = next_runs("0 12 * * *", "America/Edmonton", autumn[1], 1)
        assert run.utcoffset() == timedelta(hours=-6)
    finally:
        zoneinfo.reset_tzpath()
    assert zones.VERSION == tzdata.IANA_VERSION
