"""plan_window(): from watermark and clock to the window (start, end] of one run.

    start = MAX(cursor) of the destination
    end   = source clock − margin, pulled back to before the oldest open transaction

A row stamped by the database inside its writing transaction with cursor <= end is then
already committed, so the next run may start at end without missing it.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from smart_sync.cursor import Cursor, WallClock, as_cursor, back, instants
from smart_sync.holds import HeldBack, Hold, earliest, held_back, overdue
from smart_sync.request import WindowRequest
from smart_sync.value_text import have
from sources.values import Clock, CursorValue, Window, is_after

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
"""Where the window of an empty table starts with sync_all_on_empty_table=true."""
LOWEST_INT64 = -(2**63)
UTC_CLOCK = WallClock()


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
        left_empty: up to where a run had read that removed the last row; None: none did. Others
            may have read less below it, so that no window begins later than of any empty table.
        start_reason: why a window starts at `value`, when it is not MAX, or at `left_empty`.
        warnings: what the run history and the table together tell.
    """

    value: CursorValue | None = None
    table_exists: bool = False
    future_rows: int = 0
    highest: CursorValue | None = None
    how: str = ""
    is_whole: bool = True
    above: int = 0
    left_empty: CursorValue | None = None
    start_reason: str = ""
    warnings: tuple[str, ...] = ()


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
    reach: CursorValue | None = field(default=None, repr=False)
    """The highest end of windows that may be published beside this one; None: there are none."""
    goes_on: bool = field(default=False, repr=False)
    """Whether an empty table's begins where the runs so far have ended."""
    usual: CursorValue | None = field(default=None, repr=False)
    """Of a repair: where the window would have begun without it."""
    rules: str = field(default="", repr=False)
    """What was asked of its end: margin, guard and time zone, as text."""
    by_hand: tuple[str, str] | None = field(default=None, repr=False)
    """The ends as the operator wrote them, the first included; None: they are the run's own."""

    @property
    def begun(self) -> CursorValue | None:
        """Up to where earlier runs have read; None: nothing, or it isn't known."""
        return self.window.low if self.usual is None else self.usual


def instants_of(request: WindowRequest, cursor: Cursor, clock: Clock) -> tuple[datetime, ...]:
    """The instants whose wall-clock time the server has to say for `plan_window`."""
    end = earliest(clock, request.margin, request.guard).end
    now = clock.now
    return instants(cursor, now, now - request.margin, now - request.fallback, end)


def plan_window(
    request: WindowRequest,
    cursor: Cursor,
    clock: Clock,
    watermark: Watermark,
    *,
    replaces: bool = False,
    cursor_max: int | None = None,
    wall: WallClock = UTC_CLOCK,
) -> WindowPlan:
    """Decide both ends of the window.

    Args:
        request: margin, guard and the behaviour on an empty table.
        cursor: the cursor column.
        clock: the source's clock and open transactions.
        watermark: the destination's MAX.
        replaces: whether the run replaces all rows, so that no watermark counts.
        cursor_max: MAX of an integer cursor in the source.
        wall: the server's answers to `instants_of`, for a cursor without a zone.
    """
    warnings = (*_warnings(cursor, watermark), *_zone_warnings(request, cursor, clock))
    reached = None if replaces else watermark.value
    low, start_reason = _start(request, cursor, clock, watermark, wall, replaces=replaces)
    if cursor.is_integer:
        high, end_reason, hold = _integer_end(low, cursor_max, clock)
        warnings = (*warnings, *_below(cursor, reached, cursor_max, end_reason))
    else:
        high, end_reason, hold = _end(request, cursor, clock, wall)
    beyond = Window(low if reached is None else reached, high)
    held = held_back(request.guard, cursor, beyond, clock, hold)
    return WindowPlan(
        Window(low, high),
        start_reason,
        end_reason,
        wall.zone if cursor.is_naive else "UTC",
        reached,
        held,
        overdue(request.guard, clock, hold) if held is None else None,
        warnings,
        goes_on=watermark.left_empty is not None and start_reason == watermark.start_reason,
        rules=_rules(request),
    )


def _rules(request: WindowRequest) -> str:
    """By what a window's end is chosen, for comparing it with that of another run."""
    guard = request.guard
    asked = (request.margin, guard.auto, guard.duration, request.source_timezone)
    return "|".join(map(str, asked))


def _start(
    request: WindowRequest,
    cursor: Cursor,
    clock: Clock,
    watermark: Watermark,
    wall: WallClock,
    *,
    replaces: bool,
) -> tuple[CursorValue | None, str]:
    if watermark.value is not None and not replaces:
        why = watermark.start_reason or f"MAX({cursor.name}) of the destination{watermark.how}"
        if isinstance(watermark.value, int) and request.lookback_numbers:
            why += f", minus smart_sync_lookback {request.lookback_numbers:,}"
            return max(watermark.value - request.lookback_numbers, LOWEST_INT64), why
        if not request.lookback:
            return watermark.value, why
        why += f", minus smart_sync_lookback {request.lookback.total_seconds():g}s"
        return back(watermark.value, request.lookback), why
    low, why = _start_of_empty(request, cursor, clock, watermark, wall, replaces=replaces)
    left = None if replaces else watermark.left_empty
    if left is None or low is None or not is_after(low, left):
        return low, why
    return back(left, request.lookback), watermark.start_reason


def _start_of_empty(
    request: WindowRequest,
    cursor: Cursor,
    clock: Clock,
    watermark: Watermark,
    wall: WallClock,
    *,
    replaces: bool,
) -> tuple[CursorValue | None, str]:
    if replaces:
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
    low = as_cursor(clock.now - request.fallback, cursor, wall, complete=False)
    days = request.fallback.days
    return low, f"{why}: the last {days} days (sync_all_on_empty_table=false, fallback_days)"


def _end(
    request: WindowRequest, cursor: Cursor, clock: Clock, wall: WallClock
) -> tuple[CursorValue, str, Hold]:
    """The end of a window of time, why, and what holds it there."""
    hold = earliest(clock, request.margin, request.guard)
    high = as_cursor(hold.end, cursor, wall, complete=True)
    why = hold.why + _twice(hold.end, cursor, wall)
    free = as_cursor(clock.now - request.margin, cursor, wall, complete=True)
    if free == high:  # a date ends with yesterday, whoever has been open since this morning
        hold = replace(hold, since=None)
    return high, why, hold


def _integer_end(
    low: CursorValue | None, cursor_max: int | None, clock: Clock
) -> tuple[CursorValue, str, Hold]:
    floor = low if isinstance(low, int) else LOWEST_INT64
    hold = Hold(clock.now, "MAX of the source")
    before, why = f"{clock.blind_for.total_seconds():g}s before", f"since {clock.blind_spot}"
    if cursor_max is None and clock.blind_spot:
        return floor, f"the source held no value {before}: nothing yet, {why}", hold
    if cursor_max is None:
        return floor, "the source holds no value", hold
    if clock.blind_spot:
        return cursor_max, f"MAX of {before}, {why}", hold
    return cursor_max, "MAX of the source, after waiting for open transactions", hold


def _below(
    cursor: Cursor, reached: CursorValue | None, cursor_max: int | None, how: str
) -> tuple[str, ...]:
    """That the source's numbers end below those that are there already."""
    if cursor_max is None or not isinstance(reached, int) or cursor_max >= reached:
        return ()
    return (
        f"{cursor.source_name} ends at {cursor_max:,} in the source ({how}), and the destination"
        f" has it up to {reached:,}: rows were deleted there, or its numbers began again (TRUNCATE"
        " … RESTART IDENTITY, a restored backup). If they did, no run reads those up to"
        f" {reached:,}: load them with sync_start and sync_end by keys (WRITE_MERGE or"
        " WRITE_HISTORY), or all rows by delete_existing_table=true",
    )


def _twice(end: datetime, cursor: Cursor, wall: WallClock) -> str:
    if not cursor.is_naive or not wall.goes_back(end):
        return ""
    return (
        f"; clocks of {wall.zone} are set back within 3 hours: what is stamped in the hour that"
        " comes twice is read when it has passed for good"
    )


def _zone_warnings(request: WindowRequest, cursor: Cursor, clock: Clock) -> tuple[str, ...]:
    if not cursor.is_naive or request.source_timezone or not clock.other_zones:
        return ()
    roles = ", ".join(f"{role} has {zone}" for role, zone in clock.other_zones)
    return (
        f"{cursor.name} has no time zone and is taken for {clock.time_zone}, this role's own"
        f" setting, but {roles}: if such a role stamps rows, set source_timezone to its zone, or"
        " the guard ends the window hours beside their stamps",
    )


def _warnings(cursor: Cursor, watermark: Watermark) -> tuple[str, ...]:
    if not watermark.future_rows:
        return watermark.warnings
    return (
        *watermark.warnings,
        f"{have(watermark.future_rows, 'row of the destination', 'rows of the destination')}"
        f" {cursor.name} later than now"
        f" (up to {watermark.highest}); MAX leaves them out",
    )
