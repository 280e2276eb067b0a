"""When a schedule fires: cron expressions, named patterns, the next runs. Pure.

cronsim does the arithmetic. How Cloud Scheduler itself treats the hours that a clock change
skips or repeats isn't documented, so such runs are warned about, not promised.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from auto_schema.errors import ConfigError
from pipeline.parameters import zones


@dataclass(frozen=True, slots=True)
class Pattern:
    """A named schedule: its name, its expression, when it runs, what it is good for."""

    name: str
    cron: str
    runs: str
    good_for: str


PATTERNS = (
    Pattern("every 15 minutes", "*/15 * * * *", "00:00, 00:15, 00:30, 00:45, 01:00, …", "small tables whose readers can't wait"),
    Pattern("every 30 minutes", "*/30 * * * *", "00:00, 00:30, 01:00, …", "operational dashboards"),
    Pattern("hourly", "0 * * * *", "00:00, 01:00, 02:00, …", "user activity, logs"),
    Pattern("every 2 hours", "0 */2 * * *", "00:00, 02:00, 04:00, …", "transactional data"),
    Pattern("every 4 hours", "0 */4 * * *", "00:00, 04:00, 08:00, 12:00, 16:00, 20:00", "product updates"),
    Pattern("every 6 hours", "0 */6 * * *", "00:00, 06:00, 12:00, 18:00", "reference data"),
    Pattern("every 12 hours", "0 */12 * * *", "00:00, 12:00", "configuration"),
    Pattern("daily", "0 0 * * *", "00:00 every day", "daily reports"),
    Pattern("off-peak", "0 2 * * *", "02:00 every day", "whole tables, heavy queries"),
    Pattern("business hours", "0 9-17 * * 1-5", "09:00, 10:00, …, 17:00, Monday to Friday", "what people look at while they work"),
    Pattern("weekly", "0 0 * * 0", "00:00 every Sunday", "weekly reports"),
    Pattern("monthly", "0 0 1 * *", "00:00 on the 1st of each month", "monthly aggregates"),
)  # fmt: skip
BY_NAME = {pattern.name: pattern for pattern in PATTERNS}


@dataclass(frozen=True, slots=True)
class Field:
    """One of the five, as Cloud Scheduler takes it.

    https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def value(self, text: str) -> int | None:
        """A number or a name as its number; None when the field has no such value."""
        if text in self.names:
            return self.low + self.names.index(text)
        return int(text) if text.isdigit() and self.low <= int(text) <= self.high else None


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("weekday", 0, 7, WEEKDAYS),
)
TERM = re.compile(
    r"([*]|(?P<low>[A-Z]+|[0-9]{1,4})(-(?P<high>[A-Z]+|[0-9]{1,4}))?)(/(?P<step>[0-9]{1,4}))?"
)
HOURS = re.compile(r"every ([0-9]+) hours?")
MINUTES = re.compile(r"every ([0-9]+) minutes?")


def expression(text: str) -> str:
    """The cron expression that a text is or names, with single spaces.

    >>> expression("business hours"), expression("every 8 hours"), expression("5  4 * * *")
    ('0 9-17 * * 1-5', '0 */8 * * *', '5 4 * * *')

    Raises:
        ConfigError: it is neither, or can't be one of five fields.
    """
    plain = " ".join(text.split()).lower()
    if plain in BY_NAME:
        return BY_NAME[plain].cron
    if (match := HOURS.fullmatch(plain)) and 24 % max(int(match[1]), 1) == 0 and match[1] != "0":
        return f"0 */{int(match[1])} * * *" if int(match[1]) < 24 else "0 0 * * *"
    if (match := MINUTES.fullmatch(plain)) and 60 % max(int(match[1]), 1) == 0 and match[1] != "0":
        return f"*/{int(match[1])} * * * *" if int(match[1]) < 60 else "0 * * * *"
    return _five_fields(text)


def _five_fields(text: str) -> str:
    fields = text.upper().split()
    if len(fields) != 5:
        why = f"{len(fields)} fields"
        why += "; Cloud Scheduler knows no seconds" if len(fields) == 6 else ""
        raise _malformed(text, why)
    for field, written in zip(FIELDS, fields, strict=True):
        for term in written.split(","):
            if why := _term_fault(field, term):
                raise _malformed(text, f"{field.name} {term!r}: {why}")
    days = (fields[2], fields[4])
    if any(day.startswith("*/") for day in days) and "*" not in days:
        raise _malformed(text, "whether day and weekday must both hold is not documented")
    joined = " ".join(fields)
    try:
        next(CronSim(joined, datetime(2024, 1, 1)))  # noqa: DTZ001 - any day will do
    except (CronSimError, StopIteration):
        fix = "name a date that exists."
        raise ConfigError("schedule that never fires", f"cron {text!r}", "", fix) from None
    return joined


def _malformed(text: str, why: str) -> ConfigError:
    names = ", ".join(BY_NAME)
    fix = f"write five fields (minute hour day month weekday), or one of: {names}, every N hours."
    return ConfigError("malformed schedule", f"cron {text!r}", why, fix)


def _term_fault(field: Field, term: str) -> str:
    """What Cloud Scheduler would not take in a part of a field; empty when it would."""
    match = TERM.fullmatch(term)
    if match is None:
        return "write *, a value, a range 1-5, or steps through one (*/2, 1-5/2)"
    low, high, step = match["low"], match["high"], match["step"]
    values = [field.value(text) for text in (low, high) if text]
    if any(value is None for value in values):
        return f"give {field.low} to {field.high}" + (" or a name" if field.names else "")
    if step and low and not high:
        return f"write {low}-{field.high}/{step}: steps go through a range"
    if step and not 0 < int(step) <= field.high - field.low + 1:
        return "a step can't be longer than the field"
    if len(values) == 2 and (values[0] or 0) > (values[1] or 0):
        return "its end comes before its beginning"
    return ""


def runs_after(cron: str, zone: str, start: datetime) -> Iterator[datetime]:
    """The runs after a moment, in the schedule's zone, earliest first.

    Args:
        cron: five fields.
        zone: IANA name.
        start: an aware time; not included.
    """
    try:
        runs = CronSim(cron, start.astimezone(zones.zone(zone)))
    except (CronSimError, ZoneInfoNotFoundError, ValueError) as error:
        fix = "give it five fields, and the name of a zone, with update."
        raise ConfigError("unknown schedule", f"cron {cron!r}, zone {zone!r}", "", fix) from error
    # In an hour that comes twice, cronsim may begin in the first one.
    yield from dropwhile(lambda at: at.astimezone(UTC) <= start, runs)


def next_runs(cron: str, zone: str, start: datetime, count: int) -> list[datetime]:
    """The next `count` runs.

    >>> [str(at) for at in next_runs("0 2 * * *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 2)]
    ['2026-01-01 02:00:00+00:00', '2026-01-02 02:00:00+00:00']
    """
    return list(islice(runs_after(cron, zone, start), count))


def previous_run(cron: str, zone: str, moment: datetime) -> datetime | None:
    """The last run at or before a moment; None when there was none for four years.

    >>> str(previous_run("0 9-17 * * 1-5", "UTC", datetime(2026, 1, 4, tzinfo=UTC)))
    '2026-01-02 17:00:00+00:00'
    """
    for days in (1, 8, 32, 367, 4 * 367):
        latest = None
        for at in runs_after(cron, zone, moment - timedelta(days=days)):
            if at > moment:
                break
            latest = at
        if latest is not None:
            return latest
    return None


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A moment at which a zone's clocks are set: wall times [begin, end) are missing or doubled."""

    begin: datetime
    end: datetime
    is_skipped: bool


def clock_changes(zone: str, start: datetime, end: datetime) -> Iterator[ClockChange]:
    """The clock changes of a zone in [start, end), in order."""
    place = zones.zone(zone)
    at, step = start.astimezone(UTC), timedelta(days=1)
    at = at.replace(second=0, microsecond=0)
    while at < end:
        here, there = at.astimezone(place), (at + step).astimezone(place)
        before, after = here.utcoffset(), there.utcoffset()
        if before is not None and after is not None and before != after:
            moment = _exact(at, at + step, place)
            if moment >= end:
                return
            old, new = (moment + before).replace(tzinfo=None), (moment + after).replace(tzinfo=None)
            yield ClockChange(min(old, new), max(old, new), is_skipped=after > before)
        at += step


def _exact(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The minute in [low, high] at which the offset changes."""
    old = low.astimezone(place).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        if middle.astimezone(place).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def clock_warnings(cron: str, zone: str, start: datetime, end: datetime) -> list[str]:
    """Runs whose wall time a clock change skips or doubles, in [start, end).

    >>> for text in clock_warnings("30 2 * * *", "Europe/Berlin",
    ...         datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)): print(text)
    2026-03-29 02:30 doesn't exist in Europe/Berlin: clocks go from 02:00 to 03:00
    """
    warnings = []
    for change in clock_changes(zone, start, end):
        earlier = change.begin - timedelta(seconds=1)
        for at in CronSim(cron, earlier):
            if at >= change.end:
                break
            says = "doesn't exist" if change.is_skipped else "comes twice"
            ends = (change.begin, change.end)
            old, new = ends if change.is_skipped else ends[::-1]
            hours = f"clocks go from {old:%H:%M} to {new:%H:%M}"
            warnings.append(f"{at:%Y-%m-%d %H:%M} {says} in {zone}: {hours}")
    return warnings
