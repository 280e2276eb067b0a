"""plan_window(): from watermark and clock to the window (start, end] of one run.

    start = MAX(cursor) of the destination
    end   = source clock − margin, pulled back to before the oldest open transaction

A row stamped by the database inside its writing transaction with cursor <= end is then
already committed, so the next run may start at end without missing it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auto_schema.errors import ConfigError, shown
from smart_sync.object_ids import object_id_at, object_id_time
from sources.base import Clock, CursorValue, OpenTransaction, Window

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
"""Where the window of an empty table starts with sync_all_on_empty_table=true."""
PREPARED_HEADROOM = timedelta(minutes=10)
"""A prepared transaction shows when it was prepared, not when it began."""
MICROSECOND = timedelta(microseconds=1)
REPEATED_HOUR = timedelta(hours=1)

CURSOR_KINDS = {
    "timestamptz": "TIMESTAMP",
    "timestamp": "DATETIME",
    "date": "DATE",
    "int2": "INT64",
    "int4": "INT64",
    "int8": "INT64",
    "objectId": "STRING",
}
"""Types of a cursor column and what they are in the destination."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor column: source and destination name, type, and digits of a second.

    `precision` None: not known, taken as whole seconds.
    """

    source_name: str
    name: str
    type: str
    precision: int | None = 6

    @property
    def is_naive(self) -> bool:
        """Whether it holds wall-clock time of some zone."""
        return self.type in ("timestamp", "date")

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.type.startswith("int")


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the destination says of the cursor.

    Attributes:
        value: MAX(cursor) not later than now; None for a missing or empty table.
        table_exists: whether there is a table at all.
        future_rows: rows later than now, which MAX leaves out; None: none were found.
        highest: the highest value of those.
        how: how MAX was found, with its cost, for the plan.
    """

    value: CursorValue | None = None
    table_exists: bool = False
    future_rows: int = 0
    highest: CursorValue | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """The parameters that bear on the window."""

    sync_all_on_empty_table: bool = True
    fallback: timedelta = timedelta(days=1)
    margin: timedelta = timedelta(seconds=10)
    guard_auto: bool = True
    guard_duration: timedelta = timedelta(0)
    guard_longest: timedelta = timedelta(hours=6)
    replaces: bool = False
    source_timezone: str = ""
    lookback: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why nothing is read this time; `too_long` asks for exit code 9."""

    why: str
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """The window, the reasons for both ends, and what the operator should know."""

    window: Window
    start_reason: str
    end_reason: str
    time_zone: str
    watermark: CursorValue | None = None
    held_back: HeldBack | None = None
    overdue: HeldBack | None = None
    """What the run is if no new row lies in the window: its end has been held for too long."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hold:
    """One thing that ends the window at an instant, and its story."""

    end: datetime
    why: str
    since: datetime | None = None


def plan_window(
    request: WindowRequest,
    cursor: Cursor,
    clock: Clock,
    watermark: Watermark,
    *,
    cursor_max: int | None = None,
) -> WindowPlan:
    """Decide both ends of the window.

    Args:
        request: margin, guard and the behaviour on an empty table.
        cursor: the cursor column.
        clock: the source's clock and open transactions.
        watermark: the destination's MAX.
        cursor_max: MAX of an integer cursor in the source.
    """
    zone = request.source_timezone or clock.time_zone
    warnings = _warnings(request, cursor, clock, watermark)
    low, start_reason = _start(request, cursor, clock, watermark, zone)
    hidden = tuple(t for t in clock.open if t.started is None) if request.guard_auto else ()
    if cursor.is_integer:
        hidden = clock.open  # what is left of those that were waited for
    high: CursorValue
    if cursor.is_integer:
        high, end_reason, hold = _integer_end(low, cursor_max, clock)
    else:
        hold = _hold(request, clock)
        high = _as_cursor(hold.end, cursor, zone, complete=True)
        end_reason = hold.why
    window = Window(low, high)
    new_from = low if request.replaces or watermark.value is None else watermark.value
    beyond = Window(new_from, high)
    if not cursor.is_integer and hold.since is not None:
        free = _as_cursor(clock.now - request.margin, cursor, zone, complete=True)
        if free == high:  # a date ends with yesterday, whoever has been open since this morning
            hold = replace(hold, since=None)
    held = _held_back(request, cursor, beyond, clock, (hold, hidden))
    return WindowPlan(
        window,
        start_reason,
        end_reason,
        zone if cursor.is_naive else "UTC",
        None if request.replaces else watermark.value,
        held,
        _overdue(request, clock, hold) if held is None else None,
        warnings,
    )


def _start(
    request: WindowRequest, cursor: Cursor, clock: Clock, watermark: Watermark, zone: str
) -> tuple[CursorValue | None, str]:
    if watermark.value is not None and not request.replaces:
        why = f"MAX({cursor.name}) of the destination{watermark.how}"
        if not request.lookback:
            return watermark.value, why
        why += f", minus smart_sync_lookback {request.lookback.total_seconds():g}s"
        return _back(watermark.value, request.lookback), why
    if request.replaces:
        why = "the destination is replaced"
    else:
        why = "the destination is empty" if watermark.table_exists else "the destination is missing"
    if cursor.is_integer:
        return None, f"{why}: everything"
    if request.sync_all_on_empty_table and cursor.type == "objectId":
        return None, f"{why}: everything (sync_all_on_empty_table=true)"
    if request.sync_all_on_empty_table:
        first = FIRST.replace(tzinfo=None) if cursor.is_naive else FIRST
        low: CursorValue = first.date() if cursor.type == "date" else first
        return low, f"{why}: everything (sync_all_on_empty_table=true)"
    low = _as_cursor(clock.now - request.fallback, cursor, zone, complete=False)
    days = request.fallback.days
    return low, f"{why}: the last {days} days (sync_all_on_empty_table=false, fallback_days)"


def _back(value: CursorValue, lookback: timedelta) -> CursorValue:
    """That far behind a watermark; days count whole."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return object_id_at(object_id_time(value) - lookback, last=True)
    days = timedelta(days=-(-lookback // timedelta(days=1)))
    try:
        return value - (lookback if isinstance(value, datetime) else days)
    except OverflowError:
        return value.replace(year=1, month=1, day=1)


def _hold(request: WindowRequest, clock: Clock) -> _Hold:
    """The earliest end that anything asks for."""
    margin = f"source clock {clock.now:%Y-%m-%d %H:%M:%S} UTC minus smart_sync_margin"
    holds = [_Hold(clock.now - request.margin, f"{margin} {request.margin.total_seconds():g}s")]
    if request.guard_duration:
        text = f"late_commit_guard={request.guard_duration.total_seconds():g}s before the clock"
        holds.append(_Hold(clock.now - request.guard_duration, text))
    if request.guard_auto:
        holds.extend(_guard_holds(clock))
    return min(holds, key=lambda hold: hold.end)


def _guard_holds(clock: Clock) -> list[_Hold]:
    holds = []
    for transaction in clock.open:
        if transaction.started is not None:
            age = clock.now - transaction.started
            why = f"late-commit guard: before the open {transaction_text(transaction, age)}"
            holds.append(_Hold(transaction.started - MICROSECOND, why, transaction.started))
    if clock.prepared:
        name, prepared = clock.prepared
        why = (
            f"late-commit guard: {PREPARED_HEADROOM.total_seconds():g}s before transaction"
            f" {name!r} was prepared ({prepared:%Y-%m-%d %H:%M:%S} UTC; its start is not shown)"
        )
        holds.append(_Hold(prepared - PREPARED_HEADROOM, why, prepared))
    if clock.blind_spot:
        why = f"late-commit guard: {clock.blind_for.total_seconds():g}s, since {clock.blind_spot}"
        holds.append(_Hold(clock.now - clock.blind_for, why))
    return holds


def transaction_text(transaction: OpenTransaction, age: timedelta | None) -> str:
    """pid, application, user and age of a transaction, for plans and errors."""
    application = transaction.application or "no application_name"
    text = f"transaction of pid {transaction.pid} ({application}, user {transaction.user}"
    return text + (f", open for {duration_text(age)})" if age is not None else ", start not shown)")


def duration_text(age: timedelta) -> str:
    """A duration as people say it.

    >>> duration_text(timedelta(hours=3, minutes=5, seconds=7))
    '3h 5m'
    """
    seconds = int(age.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"


def _integer_end(
    low: CursorValue | None, cursor_max: int | None, clock: Clock
) -> tuple[int, str, _Hold]:
    floor = low if isinstance(low, int) else 0
    hold = _Hold(clock.now, "MAX of the source")
    if cursor_max is None:
        return floor, "the source holds no value", hold
    return cursor_max, "MAX of the source, after waiting for open transactions", hold


def _held_back(
    request: WindowRequest,
    cursor: Cursor,
    window: Window,
    clock: Clock,
    holders: tuple[_Hold, tuple[OpenTransaction, ...]],
) -> HeldBack | None:
    hold, hidden = holders
    if hidden and cursor.is_integer:
        names = ", ".join(
            transaction_text(t, clock.now - t.started if t.started else None) for t in hidden
        )
        why = f"{names} may still commit lower values, and didn't end within 60 s"
        ages = [clock.now - t.started for t in hidden if t.started is not None]
        return HeldBack(why, max(ages, default=timedelta(0)) > request.guard_longest)
    if hidden:
        names = ", ".join(transaction_text(t, None) for t in hidden)
        return HeldBack(
            f"the start of {names} can't be seen, and it didn't end within 60 s: grant"
            " pg_read_all_stats to the role, or set late_commit_guard to a duration"
        )
    if not window.is_empty or cursor.is_integer:
        return None  # of an integer cursor there is simply nothing new
    age = clock.now - hold.since if hold.since else timedelta(0)
    return HeldBack(hold.why, age > request.guard_longest)


def _overdue(request: WindowRequest, clock: Clock, hold: _Hold) -> HeldBack | None:
    too_long = hold.since is not None and clock.now - hold.since > request.guard_longest
    return HeldBack(hold.why, too_long=True) if too_long else None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            "the server's TimeZone setting is no IANA zone",
            f"source_timezone, TimeZone {shown(name)}",
            "a cursor column without a zone can't be read by it",
            "set source_timezone, such as America/Bogota or Etc/GMT+5.",
        ) from None


def _as_cursor(instant: datetime, cursor: Cursor, zone: str, *, complete: bool) -> CursorValue:
    """An instant as a value of the cursor: in its zone, and at its last complete unit."""
    if cursor.type == "objectId":
        second = timedelta(seconds=1) if complete else timedelta(0)
        return object_id_at(instant - second, last=True)
    if cursor.type == "date":
        day = instant.astimezone(_zone(zone)).date()
        return day - timedelta(days=1) if complete else day
    if complete:
        instant = last_complete(instant, 0 if cursor.precision is None else cursor.precision)
    if cursor.is_naive:
        return instant.astimezone(_zone(zone)).replace(tzinfo=None)
    return instant.astimezone(UTC)


def last_complete(instant: datetime, precision: int) -> datetime:
    """The last stamp of a precision that no later row can get: timestamp(0) rounds up.

    >>> last_complete(datetime(2025, 1, 1, 12, 0, 0, 400_000, UTC), 0).time()
    datetime.time(11, 59, 59)
    """
    unit = timedelta(microseconds=10 ** (6 - precision))
    if unit == MICROSECOND:
        return instant
    earlier = instant - unit / 2
    midnight = earlier.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (earlier - midnight) // unit * unit


def now_as_cursor(clock: Clock, cursor: Cursor, source_timezone: str) -> CursorValue | None:
    """The clock as a value of the cursor, to tell future rows; None for integers."""
    if cursor.is_integer:
        return None
    zone = source_timezone or clock.time_zone
    return _as_cursor(clock.now, cursor, zone, complete=False)


def _warnings(
    request: WindowRequest, cursor: Cursor, clock: Clock, watermark: Watermark
) -> tuple[str, ...]:
    warnings = []
    zone = request.source_timezone or clock.time_zone
    if watermark.future_rows:
        warnings.append(
            f"{watermark.future_rows} rows of the destination have {cursor.name} later than now"
            f" (up to {watermark.highest}); MAX leaves them out"
        )
    repeats = cursor.type == "timestamp" and _has_daylight_saving(zone, clock.now)
    if repeats and request.lookback < REPEATED_HOUR:
        warnings.append(
            f"{cursor.name} has no time zone and is read as {zone}, which repeats an hour each"
            " autumn: rows stamped in the repeated hour can be missed. Use timestamptz,"
            " store UTC (source_timezone=UTC), or WRITE_MERGE with smart_sync_lookback=1h"
        )
    return tuple(warnings)


def _has_daylight_saving(zone: str, now: datetime) -> bool:
    offsets = {
        now.astimezone(UTC).replace(month=month, day=1).astimezone(_zone(zone)).utcoffset()
        for month in range(1, 13)
    }
    return len(offsets) > 1
