"""A window by hand: [sync_start, sync_end), merged, or replacing exactly its partitions.

Cursors count in whole units (a microsecond, a day, one), so [a, b) is the same as
(a − unit, b − unit], the form in which every window is read.
"""

import re
from datetime import UTC, date, datetime, timedelta

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.names import stamp_literal, string_literal
from auto_schema.schema import Partitioning
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.object_ids import object_id_at
from smart_sync.request import SyncRequest
from smart_sync.window import LOWEST_INT64, WindowPlan
from sources.values import CursorValue, Window, is_after

STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?"
ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
FORM = rf"^({STAMP}{ZONE}|-?[0-9]{{1,19}})$"
HIGHEST_INT64 = 2**63 - 1
EXAMPLES = {
    "timestamptz": "2025-07-01 or 2025-07-01T12:30:00Z",
    "timestamp": "2025-07-01 or 2025-07-01 12:30:00, without a zone",
    "date": "2025-07-01",
    "objectId": "2025-07-01 or 2025-07-01T12:30:00Z: the time in the ObjectId",
}


def parse_end(text: str, cursor: Cursor, parameter: str) -> CursorValue:
    """An end of a window as a value of the cursor; a stamp without a zone is UTC.

    Raises:
        ConfigError: it is none.
    """
    where = f"{parameter} {shown(text)}"
    example = EXAMPLES.get(cursor.type, "a whole number of 64 bits")
    fault = ConfigError(
        "window end of another type",
        where,
        f"the cursor {cursor.source_name} is {cursor.type}",
        f"write {example}.",
    )
    try:
        if cursor.is_integer:
            return _int64(text)
        if re.fullmatch(r"-?[0-9]+", text):
            raise fault
        if cursor.type == "date":
            return date.fromisoformat(text)
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise fault from None
    if cursor.is_naive:
        if stamp.tzinfo is not None:
            raise fault
        return stamp
    zoned = _in_utc(stamp, where)
    return object_id_at(zoned, last=False) if cursor.type == "objectId" else zoned


def _in_utc(stamp: datetime, where: str) -> datetime:
    try:
        return stamp.astimezone(UTC) if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    except OverflowError:
        why = "in UTC it lies before the year 1 or after the year 9999"
        fix = "write a time of these years."
        raise ConfigError("window end out of time", where, why, fix) from None


def _int64(text: str) -> int:
    number = int(text)
    if not LOWEST_INT64 <= number <= HIGHEST_INT64:
        raise ValueError(text)
    return number


def half_open(start: CursorValue, end: CursorValue) -> Window | None:
    """[start, end) in the form in which windows are read; None: nothing can lie in it.

    >>> half_open(1, 4)
    Window(low=0, high=3)
    """
    if not is_after(end, start):
        return None
    low = before(start)
    return Window(None if low == start else low, before(end))


def before(value: CursorValue) -> CursorValue:
    """The last value before this one; the first of all stays itself."""
    if isinstance(value, int):
        return max(value - 1, LOWEST_INT64)
    if isinstance(value, str):
        return f"{max(int(value, 16) - 1, 0):024x}"
    unit = timedelta(microseconds=1) if isinstance(value, datetime) else timedelta(days=1)
    try:
        return value - unit
    except OverflowError:
        return value  # nothing lies before the year 1


def window_by_hand(request: SyncRequest, cursor: Cursor, safe: WindowPlan) -> WindowPlan:
    """The window that the operator asked for.

    Args:
        request: with sync_start and sync_end.
        cursor: the cursor column.
        safe: the window that smart sync would read: its end is the last safe one.

    Raises:
        ConfigError: an end is no value of the cursor, later than what is safe to read, or
            the window is empty.
    """
    start_text, end_text = request.window.by_hand or ("", "")
    start = parse_end(start_text, cursor, "sync_start")
    end = parse_end(end_text, cursor, "sync_end")
    window = half_open(start, end)
    where = f"sync_start {shown(start_text)}, sync_end {shown(end_text)}"
    if window is None:
        why = "the window [sync_start, sync_end) holds nothing"
        raise ConfigError("empty window by hand", where, why, "write sync_start before sync_end.")
    if is_after(window.high, safe.window.high):
        raise ConfigError(
            "window by hand ends too late",
            where,
            f"rows up to {safe.window.high} can be read safely now ({safe.end_reason}): rows that"
            " commit behind a later end would be lost to smart sync",
            "choose an earlier sync_end, or run again later.",
        )
    held = safe.held_back if safe.held_back and safe.held_back.whole else None
    return WindowPlan(
        window,
        f"sync_start={start_text} by hand (included)",
        f"sync_end={end_text} by hand (not included)",
        safe.time_zone,
        safe.watermark,
        held,
        warnings=safe.warnings,
        by_hand=(start_text, end_text),
    )


def gap(hand: WindowPlan) -> Window | None:
    """What would lie between the watermark and a window by hand, never to be read."""
    low = hand.window.low
    if hand.watermark is None or low is None or not is_after(low, hand.watermark):
        return None
    return Window(hand.watermark, low)


def gap_error(request: SyncRequest, between: Window) -> ConfigError:
    """Rows between the watermark and the window would be skipped for ever."""
    start, end = request.window.by_hand or ("", "")
    return ConfigError(
        "window by hand leaves rows out",
        f"sync_start {shown(start)}, sync_end {shown(end)}",
        f"the destination is complete up to {between.low}, and the source has rows between that and"
        " sync_start: smart sync would go on after this window and never read them",
        f"set sync_start to {between.low} or earlier, or run without sync_start and sync_end.",
    )


def partition_faults(
    request: SyncRequest, cursor: Cursor, partitioning: Partitioning | None, hand: WindowPlan
) -> list[SyncError]:
    """Why a window can't replace exactly its partitions."""
    where = "sync_start, sync_end with WRITE_TRUNCATE"
    fix = "partition the table by the cursor column, or use WRITE_MERGE with merge_keys."
    if partitioning is None or partitioning.field.casefold() != cursor.name.casefold():
        by = f"by {partitioning.field}" if partitioning else "not at all"
        why = f"the table is partitioned {by}, the window is one of {cursor.name}"
        return [ConfigError("window by hand without partitions", where, why, fix)]
    faults: list[SyncError] = []
    for name, text in zip(("sync_start", "sync_end"), request.window.by_hand or (), strict=True):
        value = parse_end(text, cursor, name)
        if not _is_bound(value, partitioning.type):
            why = f"the table is partitioned by {partitioning.type}"
            fix = "write the first moment of a partition, or use WRITE_MERGE with merge_keys."
            faults.append(
                ConfigError("window by hand cuts a partition", f"{name} {shown(text)}", why, fix)
            )
    return faults


def _is_bound(value: CursorValue, unit: str) -> bool:
    if isinstance(value, int | str):
        return False
    if isinstance(value, datetime):
        whole = value.replace(minute=0, second=0, microsecond=0)
        if unit != "HOUR":
            whole = whole.replace(hour=0)
        if value != whole:
            return False
    if unit == "MONTH":
        return value.day == 1
    return unit != "YEAR" or (value.day, value.month) == (1, 1)


def not_later(column: str, end: CursorValue, cursor: Cursor) -> str:
    """Whether a row's cursor is at most the end of a window, or NULL, in BigQuery's SQL."""
    return f"({column} IS NULL OR {column} <= {bigquery_literal(end, cursor)})"


def bigquery_literal(value: CursorValue, cursor: Cursor) -> str:
    """An end of the window in BigQuery's SQL."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return string_literal(value)
    return stamp_literal(CURSOR_KINDS[cursor.type], value)
