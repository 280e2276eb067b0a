"""plan_window(): from watermark and clock to the window (start, end] of one run.

    start = MAX(cursor) of the destination
    end   = source clock − margin, pulled back to before the oldest open transaction

A row stamped by the database inside its writing transaction with cursor <= end is then
already committed, so the next run may start at end without missing it.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from smart_sync.cursor import Cursor, as_cursor, back, has_daylight_saving
from smart_sync.holds import HeldBack, Hold, earliest, held_back, overdue
from smart_sync.request import Guard
from sources.base import Clock, CursorValue, Window

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
"""Where the window of an empty table starts with sync_all_on_empty_table=true."""
LOWEST_INT64 = -(2**63)
REPEATED_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the destination says of the cursor.

    Attributes:
        value: MAX(cursor) not later than now; None for a missing or empty table.
        table_exists: whether there is a table at all.
        future_rows: rows later than now, which MAX leaves out; None: none were found.
        highest: the highest value of those.
        how: how MAX was found, with its cost, for the plan.
        is_whole: whether the table itself was asked, not its statistics and one partition.
        above: rows above the frontier, where they were counted.
        start_reason: why a window starts at `value`, when it is not MAX.
        warnings: what the run history and the table together tell.
    """

    value: CursorValue | None = None
    table_exists: bool = False
    future_rows: int = 0
    highest: CursorValue | None = None
    how: str = ""
    is_whole: bool = True
    above: int = 0
    start_reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """The parameters that bear on the window."""

    sync_all_on_empty_table: bool = True
    fallback: timedelta = timedelta(days=1)
    margin: timedelta = timedelta(seconds=10)
    guard: Guard = field(default_factory=Guard)
    replaces: bool = False
    source_timezone: str = ""
    lookback: timedelta = timedelta(0)
    lookback_numbers: int = 0


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
    high: CursorValue
    if cursor.is_integer:
        high, end_reason, hold = _integer_end(low, cursor_max, clock)
    else:
        hold = earliest(clock, request.margin, request.guard)
        high = as_cursor(hold.end, cursor, zone, complete=True)
        end_reason = hold.why
    window = Window(low, high)
    new_from = low if request.replaces or watermark.value is None else watermark.value
    beyond = Window(new_from, high)
    if not cursor.is_integer and hold.since is not None:
        free = as_cursor(clock.now - request.margin, cursor, zone, complete=True)
        if free == high:  # a date ends with yesterday, whoever has been open since this morning
            hold = replace(hold, since=None)
    held = held_back(request.guard, cursor, beyond, clock, hold)
    return WindowPlan(
        window,
        start_reason,
        end_reason,
        zone if cursor.is_naive else "UTC",
        None if request.replaces else watermark.value,
        held,
        overdue(request.guard, clock, hold) if held is None else None,
        warnings,
    )


def _start(
    request: WindowRequest, cursor: Cursor, clock: Clock, watermark: Watermark, zone: str
) -> tuple[CursorValue | None, str]:
    if watermark.value is not None and not request.replaces:
        why = watermark.start_reason or f"MAX({cursor.name}) of the destination{watermark.how}"
        if isinstance(watermark.value, int) and request.lookback_numbers:
            why += f", minus smart_sync_lookback {request.lookback_numbers:,}"
            return max(watermark.value - request.lookback_numbers, LOWEST_INT64), why
        if not request.lookback:
            return watermark.value, why
        why += f", minus smart_sync_lookback {request.lookback.total_seconds():g}s"
        return back(watermark.value, request.lookback), why
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
    low = as_cursor(clock.now - request.fallback, cursor, zone, complete=False)
    days = request.fallback.days
    return low, f"{why}: the last {days} days (sync_all_on_empty_table=false, fallback_days)"


def _integer_end(
    low: CursorValue | None, cursor_max: int | None, clock: Clock
) -> tuple[int, str, Hold]:
    floor = low if isinstance(low, int) else 0
    hold = Hold(clock.now, "MAX of the source")
    if cursor_max is None:
        return floor, "the source holds no value", hold
    if clock.blind_spot:
        why = f"MAX of {clock.blind_for.total_seconds():g}s before, since {clock.blind_spot}"
        return cursor_max, why, hold
    return cursor_max, "MAX of the source, after waiting for open transactions", hold


def _warnings(
    request: WindowRequest, cursor: Cursor, clock: Clock, watermark: Watermark
) -> tuple[str, ...]:
    warnings = list(watermark.warnings)
    zone = request.source_timezone or clock.time_zone
    if watermark.future_rows:
        warnings.append(
            f"{watermark.future_rows} rows of the destination have {cursor.name} later than now"
            f" (up to {watermark.highest}); MAX leaves them out"
        )
    repeats = cursor.type == "timestamp" and has_daylight_saving(zone, clock.now)
    if repeats and request.lookback < REPEATED_HOUR:
        warnings.append(
            f"{cursor.name} has no time zone and is read as {zone}, which repeats an hour each"
            " autumn: rows stamped in the repeated hour can be missed. Use timestamptz,"
            " store UTC (source_timezone=UTC), or WRITE_MERGE with smart_sync_lookback=1h"
        )
    return tuple(warnings)
