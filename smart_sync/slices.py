"""A range by hand, cut into slices: each is the window of a run of its own. Pure.

Bounds between slices are those of units in UTC, of a cursor without a zone by its own clock; the
first slice and the last take the ends that were given. Neighbours touch, so that a row of the
range lies in exactly one.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.schema import Partitioning
from smart_sync.cursor import Cursor
from smart_sync.hand_window import HIGHEST_INT64, half_open, parse_end
from smart_sync.request import Slicing, SyncRequest
from sources.values import CursorValue, Window, is_after

MOST_SLICES = 5_000
UNITS = ("hour", "day", "month", "year")
WHERE = "backfill_by"


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the range.

    Attributes:
        start, end: its ends as sync_start and sync_end say them, the second one not included.
        window: in the form in which it is read.
    """

    start: str
    end: str
    window: Window

    @property
    def name(self) -> str:
        """As it is told."""
        return f"[{self.start}, {self.end})"


def slices_of(request: SyncRequest, cursor: Cursor) -> tuple[Slice, ...]:
    """The slices of a range that has none of `slicing_faults`, the lowest first."""
    cuts = list(_cuts(request, cursor))
    texts = [text for text, _ in cuts]
    values = [value for _, value in cuts]
    windows = (half_open(low, high) for low, high in pairwise(values))
    pairs = zip(pairwise(texts), windows, strict=True)
    return tuple(Slice(start, end, window) for (start, end), window in pairs if window)


def slicing_faults(
    request: SyncRequest, cursor: Cursor, partitioning: Partitioning | None
) -> list[SyncError]:
    """Why a range can't be cut as it was asked for."""
    slicing = request.window.slicing
    if slicing is None:
        return []
    if fault := _unit_fault(slicing.by, cursor):
        return [fault]
    faults = list[SyncError]()
    if request.replaces_partitions and partitioning and slicing.by in UNITS:
        unit = partitioning.type.lower()
        if UNITS.index(slicing.by) < UNITS.index(unit):
            why = f"the table is partitioned by {unit}, and WRITE_TRUNCATE replaces whole ones"
            fix = f"set {WHERE}={unit} or longer, or use WRITE_MERGE with merge_keys."
            where = f"{WHERE} {shown(slicing.by)}"
            faults.append(ConfigError("slices that cut a partition", where, why, fix))
    count = sum(1 for _ in islice(_cuts(request, cursor), MOST_SLICES + 2)) - 1
    if count > MOST_SLICES:
        where = f"{WHERE} {shown(slicing.by)}"
        why = f"that makes more than {MOST_SLICES:,} slices"
        faults.append(ConfigError("too many slices", where, why, _fewer(request, cursor)))
    return faults


def _unit_fault(by: str, cursor: Cursor) -> ConfigError | None:
    """That a cursor of this type has no such units."""
    fits = by.isdigit() if cursor.is_integer else by in UNITS[cursor.type == "date" :]
    if fits:
        return None
    fix = "write a count of numbers, such as 100000."
    if not cursor.is_integer:
        fix = f"write {', '.join(UNITS[cursor.type == 'date' :])}."
    why = f"the cursor {cursor.source_name} is {cursor.type}"
    return ConfigError("slices of another type", f"{WHERE} {shown(by)}", why, fix)


def _fewer(request: SyncRequest, cursor: Cursor) -> str:
    """How to get fewer slices."""
    slicing, ends = request.window.slicing, request.window.by_hand
    if slicing and ends and cursor.is_integer:
        span = int(ends[1]) - int(ends[0])
        return f"set {WHERE}={span // (MOST_SLICES - 1) + 1} or more."
    longer = UNITS[UNITS.index(slicing.by) + 1 :] if slicing else ()
    return f"set {WHERE}={longer[0]}." if longer else "choose a shorter range."


def _cuts(request: SyncRequest, cursor: Cursor) -> Iterator[tuple[str, CursorValue]]:
    """The ends of all slices, ascending: as parameters say them, and as values of the cursor."""
    slicing, ends = request.window.slicing, request.window.by_hand
    if slicing is None or ends is None:
        return
    start, end = (
        parse_end(text, cursor, name)
        for text, name in zip(ends, ("sync_start", "sync_end"), strict=True)
    )
    yield ends[0], start
    bound = _bound_after(_place(ends[0], start), slicing)
    while bound is not None:
        text = _text(bound)
        value = parse_end(text, cursor, WHERE)
        if not is_after(end, value):
            break
        yield text, value
        bound = _bound_after(bound, slicing)
    yield ends[1], end


Place = int | date | datetime
"""Where bounds are counted: an ObjectId's is the time in it."""


def _place(text: str, value: CursorValue) -> Place:
    if not isinstance(value, str):
        return value
    stamp = datetime.fromisoformat(text)
    return stamp.astimezone(UTC) if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def _text(bound: Place) -> str:
    """A bound as a parameter says it.

    >>> _text(datetime(2025, 7, 1, tzinfo=UTC)), _text(date(2025, 7, 1)), _text(10)
    ('2025-07-01T00:00:00Z', '2025-07-01', '10')
    """
    if isinstance(bound, datetime):
        return bound.isoformat().replace("+00:00", "Z")
    return bound.isoformat() if isinstance(bound, date) else str(bound)


def _bound_after(place: Place, slicing: Slicing) -> Place | None:
    """The first bound of a unit after a place; None: there is none that a cursor can hold."""
    if isinstance(place, int):
        step = int(slicing.by)
        bound = (place // step + 1) * step
        return bound if bound <= HIGHEST_INT64 else None
    try:
        return _NEXT[slicing.by](place)
    except (OverflowError, ValueError):
        return None


def _at_midnight(day: date, like: date) -> date:
    """The beginning of a day, of the type and zone that another place has."""
    if isinstance(like, datetime):
        return datetime.combine(day, time(), like.tzinfo)
    return day


def _next_hour(place: date) -> date:
    if not isinstance(place, datetime):
        raise TypeError("hours of a date")
    return place.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _next_day(place: date) -> date:
    return _at_midnight(date(place.year, place.month, place.day) + timedelta(days=1), place)


def _next_month(place: date) -> date:
    year, month = (place.year + 1, 1) if place.month == 12 else (place.year, place.month + 1)
    return _at_midnight(date(year, month, 1), place)


def _next_year(place: date) -> date:
    return _at_midnight(date(place.year + 1, 1, 1), place)


_NEXT: Mapping[str, Callable[[date], date]] = dict(
    zip(UNITS, (_next_hour, _next_day, _next_month, _next_year), strict=True)
)


def backfill_name(request: SyncRequest, place: str) -> str:
    """The name of a backfill, which follows from what is read and written.

    A given name stands in place of the range: a slice that was done under it is done for every
    range that has that slice, but for no other query.

    Args:
        request: of the range.
        place: of the source.
    """
    window, publishing, slicing = request.window, request.publishing, request.window.slicing
    if slicing is None:
        return ""
    schema, reading = request.schema, request.reading
    parts: Sequence[object] = (
        place,
        request.destination,
        reading.query,
        reading.schema_table,
        (window.cursor, window.source_timezone),
        (publishing.write_disposition, publishing.merge_keys, publishing.sql),
        (schema.json_numbers, schema.unknown_types, schema.rename_columns),
        schema.transformation,
        None if slicing.name else (window.by_hand, slicing.by),
        *([request.deletes] if request.deletes.deleted_column else ()),
    )
    digest = hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()
    return f"{slicing.name or 'backfill'}-{digest[:12]}"


def next_wave(
    left: Sequence[Slice],
    watermark: CursorValue | None,
    *,
    newest_first: bool,
    at_once: int,
    lost: Sequence[Slice] = (),
) -> tuple[Slice, ...]:
    """Which slices may be done next, in this order; none: those that are left must wait.

    No slice may raise the destination's MAX past rows that nobody has read: smart sync would
    go on after them. So behind the watermark slices are done in any order, and of those that
    reach beyond it the lowest alone. An empty table has no watermark to be behind of: its first
    slice is done alone.

    Args:
        left: not done yet, the lowest first.
        watermark: MAX of the destination, as it is now.
        newest_first: which are done first.
        at_once: slices that are at work side by side.
        lost: those of the backfill that failed in this launch, the lowest first.
    """
    if watermark is None:
        ends = left[-1:] if newest_first else left[:1]
        is_free = newest_first or not lost
        return tuple(ends) if is_free else ()
    behind = [one for one in left if not is_after(one.window.high, watermark)]
    beyond = [one for one in left if is_after(one.window.high, watermark)][:1]
    if beyond and _is_blocked(beyond[0], lost, watermark):
        beyond = []
    if newest_first:
        return (*beyond, *reversed(behind))
    return tuple(behind) if len(behind) >= at_once else (*behind, *beyond)


def _is_blocked(one: Slice, lost: Sequence[Slice], watermark: CursorValue) -> bool:
    """Whether a lost slice lies between the watermark and this one."""
    return any(
        is_after(other.window.high, watermark) and is_after(one.window.high, other.window.high)
        for other in lost
    )
