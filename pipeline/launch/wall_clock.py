"""I/O. The source's own wall clock, asked in one question for all that a plan needs of it."""

from smart_sync.cursor import UTC_NAMES, Cursor, WallClock
from smart_sync.request import WindowRequest
from smart_sync.window import instants_of
from sources.protocol import Inspector, ZoneInspector
from sources.values import Clock


def read_wall_clock(
    inspector: Inspector, request: WindowRequest, cursor: Cursor, clock: Clock
) -> WallClock:
    """The wall clock of a cursor without a zone; UTC for any other.

    Raises:
        ConfigError: the server doesn't know the zone.
    """
    if not cursor.is_naive:
        return WallClock()
    zone = request.source_timezone or clock.time_zone
    if zone in UTC_NAMES:
        return WallClock(zone)
    if not isinstance(inspector, ZoneInspector):
        raise TypeError(f"{type(inspector).__name__} where dates have no zone")
    asked = instants_of(request, cursor, clock)
    return WallClock(zone, tuple(zip(asked, inspector.wall_clock(zone, asked), strict=True)))
