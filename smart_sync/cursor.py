"""The cursor column and its values: an instant, said as the column would hold it. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auto_schema.errors import ConfigError, shown
from smart_sync.object_ids import object_id_at, object_id_time
from sources.base import Clock, CursorValue

MICROSECOND = timedelta(microseconds=1)

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


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ConfigError: it is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            "the server's TimeZone setting is no IANA zone",
            f"source_timezone, TimeZone {shown(name)}",
            "a cursor column without a zone can't be read by it",
            "set source_timezone, such as America/Bogota or Etc/GMT+5.",
        ) from None


def as_cursor(instant: datetime, cursor: Cursor, zone: str, *, complete: bool) -> CursorValue:
    """An instant as a value of the cursor: in its zone, and at its last complete unit."""
    if cursor.type == "objectId":
        second = timedelta(seconds=1) if complete else timedelta(0)
        return object_id_at(instant - second, last=True)
    if cursor.type == "date":
        day = instant.astimezone(zone_of(zone)).date()
        return day - timedelta(days=1) if complete else day
    if complete:
        instant = last_complete(instant, 0 if cursor.precision is None else cursor.precision)
    if cursor.is_naive:
        return instant.astimezone(zone_of(zone)).replace(tzinfo=None)
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
    return as_cursor(clock.now, cursor, zone, complete=False)


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


def has_daylight_saving(zone: str, now: datetime) -> bool:
    """Whether the zone sets its clocks within a year."""
    offsets = {
        now.astimezone(UTC).replace(month=month, day=1).astimezone(zone_of(zone)).utcoffset()
        for month in range(1, 13)
    }
    return len(offsets) > 1
