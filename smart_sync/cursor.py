"""The cursor column and its values: an instant, said as the column would hold it. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from smart_sync.object_ids import object_id_at, object_id_time
from sources.values import Clock, CursorValue

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
REPEATED = timedelta(hours=3)
"""More than clocks are set back at once."""
UTC_NAMES = frozenset({"UTC", "Etc/UTC"})

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
    def digits(self) -> int:
        """Digits of a second that are sure."""
        return 0 if self.precision is None else self.precision

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.type.startswith("int")


@dataclass(frozen=True, slots=True)
class WallClock:
    """Instants in a zone, as the source's own server says them.

    Zone files of two machines differ, so those of this one decide nothing.
    """

    zone: str = "UTC"
    times: tuple[tuple[datetime, datetime], ...] = ()
    """Instants, aware UTC, and what a clock on the wall shows then; of UTC none are needed."""

    def at(self, instant: datetime) -> datetime:
        """The wall-clock time of an instant that was asked for."""
        if self.zone in UTC_NAMES:
            return instant.astimezone(UTC).replace(tzinfo=None)
        return dict(self.times)[instant]

    def from_then_on(self, instant: datetime) -> datetime:
        """The lowest wall-clock time from an instant on: clocks are set back at times."""
        return min(self.at(moment) for moment in following(instant))

    def goes_back(self, instant: datetime) -> bool:
        """Whether a lower time is still to come, so that times come twice."""
        return self.from_then_on(instant) < self.at(instant)


def following(instant: datetime) -> tuple[datetime, ...]:
    """An instant and the quarters of an hour after it: clocks are set at such ones.

    >>> [f"{each:%H:%M}" for each in following(datetime(2025, 10, 26, 0, 20, tzinfo=UTC))][:3]
    ['00:20', '00:30', '00:45']
    """
    quarter = instant - (instant - EPOCH) % QUARTER
    return (instant, *(quarter + n * QUARTER for n in range(1, REPEATED // QUARTER + 1)))


def as_cursor(instant: datetime, cursor: Cursor, wall: WallClock, *, complete: bool) -> CursorValue:
    """An instant as a value of the cursor: in its zone, and at its last complete unit.

    A complete value is one that no later row can have: where clocks are about to be set
    back, it lies before the times that come twice.
    """
    if cursor.type == "objectId":
        second = timedelta(seconds=1) if complete else timedelta(0)
        return object_id_at(instant - second, last=True)
    if cursor.type == "date":
        if complete:
            return wall.from_then_on(instant).date() - timedelta(days=1)
        return wall.at(instant).date()
    if complete:
        instant = last_complete(instant, cursor.digits)
    if not cursor.is_naive:
        return instant.astimezone(UTC)
    if complete and wall.goes_back(instant):
        return wall.from_then_on(instant) - unit_of(cursor.digits)
    return wall.at(instant)


def instants(cursor: Cursor, *ends: datetime) -> tuple[datetime, ...]:
    """What `as_cursor` asks a wall clock for these ends; none of a cursor with a zone."""
    if not cursor.is_naive:
        return ()
    exact = [moment for end in ends for moment in (end, last_complete(end, cursor.digits))]
    return tuple(dict.fromkeys(one for moment in exact for one in following(moment)))


def unit_of(precision: int) -> timedelta:
    """How far apart two stamps are at least, by their digits of a second."""
    return timedelta(microseconds=10 ** (6 - precision))


def last_complete(instant: datetime, precision: int) -> datetime:
    """The last stamp of a precision that no later row can get: timestamp(0) rounds up.

    >>> last_complete(datetime(2025, 1, 1, 12, 0, 0, 400_000, UTC), 0).time()
    datetime.time(11, 59, 59)
    """
    unit = unit_of(precision)
    if unit == MICROSECOND:
        return instant
    earlier = instant - unit / 2
    midnight = earlier.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (earlier - midnight) // unit * unit


def now_as_cursor(clock: Clock, cursor: Cursor, wall: WallClock) -> CursorValue | None:
    """The clock as a value of the cursor, to tell future rows; None for integers."""
    return None if cursor.is_integer else as_cursor(clock.now, cursor, wall, complete=False)


def back(value: CursorValue, lookback: timedelta) -> CursorValue:
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
