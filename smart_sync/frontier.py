"""The frontier: up to where the runs so far have read everything, beside the table's MAX.

MAX <= frontier   the window starts at MAX: nothing lay between the two when it was read
MAX >  frontier   a stamp whose time has come, or a row added by hand, which hides what the
                  source wrote in between: the window starts at the frontier, and merges
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cmp_to_key
from typing import TypeGuard

from auto_schema.errors import SourceRefusedError, TargetError
from auto_schema.names import quoted
from smart_sync.cursor import Cursor
from smart_sync.hand_window import bigquery_literal
from smart_sync.holds import HeldBack
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.value_text import value_text
from smart_sync.window import Watermark, WindowPlan
from sources.values import Clock, CursorValue, is_after

DATE_DIGITS = len("2025-01-01")
Interval = tuple[CursorValue | None, CursorValue]
"""Windows that were read and touch each other: (start, end]; None: open downwards."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """What the run history says of one table and one cursor.

    Attributes:
        end: the highest end of a window that was published since the table was made anew;
            None: the history knows none.
        run_id: the run that read up to there.
        floor: where the lowest of those windows began; None: open downwards, or not known.
        watermark_after: MAX as the newest of those runs left it; None: not known.
        event_time: when the newest of them ended.
        apart: what was read below the floor and doesn't reach it, the lowest first.
    """

    end: CursorValue | None = None
    run_id: str = ""
    floor: CursorValue | None = None
    watermark_after: CursorValue | None = None
    event_time: datetime | None = None
    apart: tuple[Interval, ...] = ()

    def moved(self, end: CursorValue, run_id: str) -> "Frontier":
        """The same, as a run leaves it that read up to `end`."""
        return replace(self, end=end, run_id=run_id)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that published a window; `is_first`: all that the table held is of its window.

    `start` is where the windows began that reach its own. `end` None: it had no window of the
    cursor.
    """

    run_id: str
    event_time: datetime
    start: CursorValue | None
    end: CursorValue | None
    watermark_after: CursorValue | None = None
    is_first: bool = False


def not_older(
    plan: WindowPlan,
    cursor: Cursor,
    frontier: Frontier | None,
    clock: Clock,
    now: CursorValue | None,
) -> WindowPlan:
    """The window, held back where a copy of the source shows less than was read of it already.

    So it is with a standby that replays late, or another of several behind one name: rows that are
    gone by now would come again. An instant only: a time of a wall clock may be of another zone.

    Args:
        plan: the run's.
        cursor: the cursor column.
        frontier: as the history has it; None: no watermark counts.
        clock: the source's.
        now: the same as a value of the cursor.

    Raises:
        SourceRefusedError: the source is no copy: its clock, or the zone of its stamps, was set
            back, and no window would read the rows that it stamps below what was read.
    """
    end = frontier.end if frontier else None
    if frontier is None or not (_is_time(end) and _is_time(now)) or not is_after(end, now):
        return plan
    read = f"run {frontier.run_id} has read up to {value_text(end)}"
    if clock.is_copy and not cursor.is_naive:
        why = f"the source shows its rows up to {value_text(now)} only, and {read}"
        return replace(plan, held_back=HeldBack(f"{why}: a standby that is behind"))
    left = frontier.watermark_after
    if clock.is_copy or (cursor.is_naive and (left is None or not is_after(left, now))):
        return plan
    raise _set_back(cursor, f"{value_text(now)}, and {read}", value_text(end))


def _is_time(value: CursorValue | None) -> TypeGuard[date]:
    return isinstance(value, date)


def _set_back(cursor: Cursor, told: str, end: str) -> SourceRefusedError:
    what, mend = "its clock", ""
    if cursor.is_naive:
        what = "its clock, or the zone of its stamps,"
        mend = "if rows are still stamped by the zone of before, name it by source_timezone; else "
    return SourceRefusedError(
        "the source's clock was set back",
        f"smart_sync_timestamp_column={cursor.source_name}",
        f"{what} shows {told}: rows are stamped below that now, and no later window reads them",
        f"{mend}wait until the clock has passed {end}, and let the first run then bring what was"
        " stamped in between: by repair=true, or with WRITE_MERGE by smart_sync_lookback of at"
        " least as much as it was set back; of a table that is appended to, first delete there what"
        " is stamped later than it was set back to, and that run reads it again.",
    )


def frontier_of(runs: Sequence[PastRun], before: Frontier | None = None) -> Frontier:
    """The frontier that runs leave, of one table and one cursor.

    Args:
        runs: the newest first.
        before: as runs before these left it, and perhaps some of these; None: there were none.
    """
    known = before or Frontier()
    windows = [(run, run.end) for run in runs if run.end is not None]
    if not windows:
        return known
    end, run_id = known.end, known.run_id
    for run, its_end in reversed(windows):
        if end is None or not is_after(end, its_end):
            end, run_id = its_end, run.run_id
    newest, oldest = windows[0][0], windows[-1][0]
    floor = oldest.start if before is None and oldest.is_first else known.floor
    intervals = [*known.apart, *((run.start, end) for run, end in windows)]
    floor, apart = _lowered(floor, intervals)
    return Frontier(end, run_id, floor, newest.watermark_after, newest.event_time, apart)


def _lowered(
    floor: CursorValue | None, read: Iterable[Interval]
) -> tuple[CursorValue | None, tuple[Interval, ...]]:
    """The floor, lowered by what reaches it from below, and what doesn't reach it."""
    apart = list[Interval]()
    for start, end in sorted(read, key=cmp_to_key(_by_end), reverse=True):
        if floor is None:
            return None, ()  # nothing is lower
        if is_after(floor, end):
            above = apart[-1] if apart else None
            if above and (above[0] is None or not is_after(above[0], end)):
                apart[-1] = (_lower(start, above[0]), above[1])
            else:
                apart.append((start, end))
        else:
            floor = _lower(start, floor)
    return (floor, tuple(reversed(apart))) if floor is not None else (None, ())


def _by_end(one: Interval, other: Interval) -> int:
    return is_after(one[1], other[1]) - is_after(other[1], one[1])


def _lower(one: CursorValue | None, other: CursorValue | None) -> CursorValue | None:
    """The lower of two; None is lower than all."""
    if one is None or other is None:
        return None
    return one if is_after(other, one) else other


def parse_value(text: object, cursor: Cursor) -> CursorValue | None:
    """A value of the cursor as the history writes it; None when it is of another type.

    >>> parse_value("2025-07-22", Cursor("day", "day", "date"))
    datetime.date(2025, 7, 22)
    >>> parse_value("2025-07-22", Cursor("at", "at", "timestamptz")) is None
    True
    """
    if not isinstance(text, str):
        return None
    try:
        if cursor.is_integer:
            return int(text)
        if cursor.type == "objectId":
            return f"{int(text, 16):024x}" if len(text) == 24 else None
        if (len(text) == DATE_DIGITS) != (cursor.type == "date"):
            return None
        if cursor.type == "date":
            return date.fromisoformat(text)
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return None
    return stamp if cursor.is_naive else stamp.replace(tzinfo=UTC)


def has_shrunk(watermark: Watermark, frontier: Frontier) -> bool:
    """Whether MAX is lower than the last run left it."""
    left = frontier.watermark_after
    if left is None or not watermark.table_exists:
        return False
    return watermark.value is None or is_after(left, watermark.value)


def seems_empty(watermark: Watermark, rows: int | None) -> bool:
    """Whether a table that has rows shows none: all of them lack a cursor, or are hidden."""
    return bool(rows) and watermark.value is None and not watermark.future_rows


def refuse_unstamped(
    request: SyncRequest,
    cursor: Cursor,
    watermark: Watermark,
    frontier: Frontier,
    rows: int | None,
) -> None:
    """Refuse to append to a table whose rows have no cursor: it may hold the source's already.

    Args:
        request: how rows are written.
        cursor: the cursor column.
        watermark: the destination's MAX, asked of the table itself.
        frontier: as the history has it: by windows that it knows only rows with a cursor came.
        rows: of the table; None: not known.

    Raises:
        TargetError: so it is.
    """
    publishing = request.publishing
    appends = publishing.write_disposition is WriteDisposition.APPEND
    if not appends or publishing.accept_source_change or not seems_empty(watermark, rows):
        return
    if frontier.end is not None:
        return
    raise TargetError(
        "rows of the destination without a cursor",
        f"table {request.destination}, column {cursor.name}",
        f"it has {rows or 0:,} rows, and in none of them the column has a value: nothing shows"
        " which rows of the source they are, and all of those would be appended",
        f"fill {cursor.name} in the table (one run with merge_keys and"
        f" backfill_columns={cursor.name}), or rebuild it with delete_existing_table=true. If the"
        " source's rows that have a value there aren't in the table, one run with"
        " accept_source_change=true appends them.",
    )


def was_left_empty(watermark: Watermark, frontier: Frontier) -> bool:
    """Whether the table is as empty as the last run left it, having read up to the frontier."""
    is_empty = watermark.table_exists and watermark.value is None and not watermark.future_rows
    return is_empty and frontier.end is not None and frontier.watermark_after is None


def is_hiding(watermark: Watermark, frontier: Frontier) -> bool:
    """Whether MAX lies above the frontier."""
    if watermark.value is None or frontier.end is None:
        return False
    return is_after(watermark.value, frontier.end)


def from_frontier(
    request: SyncRequest, cursor: Cursor, watermark: Watermark, frontier: Frontier
) -> Watermark:
    """The watermark to start from, with what the operator should know of it.

    Args:
        request: how rows are written.
        cursor: the cursor column.
        watermark: the destination's MAX, asked of the table itself.
        frontier: what the history knows.

    Raises:
        TargetError: MAX hides rows, and appending from the frontier would double others.
    """
    if has_shrunk(watermark, frontier):
        watermark = replace(watermark, warnings=(*watermark.warnings, _shrunk(watermark, frontier)))
    if request.deletes.removes and was_left_empty(watermark, frontier):
        return replace(
            watermark,
            left_empty=frontier.end,
            start_reason=f"the end of the last published window (run {frontier.run_id}), which left"
            " no row in the destination",
        )
    if not is_hiding(watermark, frontier) or frontier.end is None or watermark.value is None:
        return watermark
    end, highest = value_text(frontier.end), value_text(watermark.value)
    told = (
        f"the destination holds {cursor.name} up to {highest}, but the runs so far have read up to"
        f" {end} (run {frontier.run_id}): a stamp whose time has come, or rows added by hand"
    )
    appends = request.publishing.write_disposition is WriteDisposition.APPEND
    if appends and request.publishing.accept_source_change:
        told += "; the window starts at MAX all the same, since accept_source_change=true"
        return replace(watermark, warnings=(*watermark.warnings, told))
    if appends:
        raise _hiding_error(request, cursor, watermark, frontier)
    return replace(
        watermark,
        value=frontier.end,
        start_reason=f"the end of the last published window (run {frontier.run_id}), below"
        f" MAX({cursor.name}) {highest} of the destination{watermark.how}",
        warnings=(*watermark.warnings, f"{told}; the window starts at {end}"),
    )


def _shrunk(watermark: Watermark, frontier: Frontier) -> str:
    left = frontier.watermark_after
    now = "none" if watermark.value is None else value_text(watermark.value)
    return (
        f"MAX of the destination is {now}, and the last run left"
        f" {'' if left is None else value_text(left)}: rows were removed"
    )


def _hiding_error(
    request: SyncRequest, cursor: Cursor, watermark: Watermark, frontier: Frontier
) -> TargetError:
    ref = request.destination
    end = "" if frontier.end is None else value_text(frontier.end)
    above = f"{quoted(cursor.name)} > {bigquery_literal(frontier.end or 0, cursor)}"
    highest = "" if watermark.value is None else value_text(watermark.value)
    return TargetError(
        "rows of the destination hide rows of the source",
        f"table {ref}, column {cursor.name}",
        f"the runs so far have read everything up to {end} (run {frontier.run_id}), and the table"
        f" holds {watermark.above:,} rows above that, up to {highest}: stamps whose time has come,"
        " or rows added by hand. A window from there would pass over what the source wrote in"
        " between, and one from the first would append those rows a second time",
        f"look at them with `SELECT * FROM {ref.sql} WHERE {above}`; then set"
        f" write_disposition=WRITE_MERGE with merge_keys, which reads from {end} on, or delete"
        " them, and this run reads again what the source has of them. If another tool filled the"
        " table up to there whole, one run with accept_source_change=true goes on from MAX.",
    )
