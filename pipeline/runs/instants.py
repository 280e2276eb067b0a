"""The ends of a run's window as values of time, for the history. Pure.

They decide nothing: windows are reckoned by the source's own server, see `smart_sync/cursor.py`.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfoNotFoundError

from pipeline.parameters.zones import zone
from smart_sync.cursor import UTC_NAMES, Cursor
from smart_sync.object_ids import object_id_time
from sources.values import CursorValue

DAY = timedelta(days=1)


def local_of(value: CursorValue | None, cursor: Cursor) -> datetime | None:
    """What a cursor without a zone holds, as a DATETIME: a date is its midnight; else None.

    >>> local_of(date(2025, 7, 22), Cursor("d", "d", "date"))
    datetime.datetime(2025, 7, 22, 0, 0)
    """
    if not cursor.is_naive or not isinstance(value, date):
        return None
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def instant_of(value: CursorValue | None, cursor: Cursor, time_zone: str) -> datetime | None:
    """The instant of a window's end, in UTC; None: the cursor is no time, or nothing tells it.

    Of a date it is the end of that day, for rows of the whole day lie before it.

    >>> instant_of(datetime(2025, 7, 22, 9), Cursor("c", "c", "timestamp"), "Asia/Tokyo")
    datetime.datetime(2025, 7, 22, 0, 0, tzinfo=datetime.timezone.utc)
    >>> instant_of(4711, Cursor("c", "c", "int8"), "UTC") is None
    True
    """
    if cursor.type == "objectId" and isinstance(value, str):
        return object_id_time(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    local = local_of(value, cursor)
    try:
        if local is None:
            return None
        local = local if isinstance(value, datetime) else local + DAY
        at = UTC if time_zone in UTC_NAMES else zone(time_zone)
        return local.replace(tzinfo=at).astimezone(UTC)
    except (OverflowError, ZoneInfoNotFoundError):  # the year 9999, or a zone of that server's own
        return None
