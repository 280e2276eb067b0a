"""A cursor whose stamps are made by the clock of another zone than windows end by. Pure."""

from collections.abc import Iterator

from auto_schema.errors import ConfigError, SyncError
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest
from sources.stamp_zone import StampZone, is_same_zone


def zone_faults(request: SyncRequest, facts: Facts) -> list[SyncError]:
    """Where a query or a view brings stamps to another clock, and no parameter names one."""
    zone = _other_zone(request, facts)
    if zone is None or zone.is_written or request.window.source_timezone:
        return []
    return [
        ConfigError(
            "cursor stamped by another clock than its windows",
            f"smart_sync_timestamp_column={request.window.cursor}",
            f"{zone.by} gives the time of {zone.zone}, {_told(facts)}",
            f"set source_timezone={zone.parameter}.",
        )
    ]


def zone_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """The same of defaults and triggers, and where the parameter names another zone."""
    zone = _other_zone(request, facts)
    if zone is not None and (zone.is_written or request.window.source_timezone):
        yield (
            f"{zone.by} stamps {request.window.cursor} by the time of {zone.zone}, {_told(facts)};"
            f" set source_timezone={zone.parameter}"
        )


def _told(facts: Facts) -> str:
    ends = facts.window.time_zone if facts.window else ""
    return (
        f"and windows end by that of {ends}: where stamps are behind it no window waits for rows"
        " that commit late, and they are lost; where they are ahead, rows come hours late"
    )


def _other_zone(request: SyncRequest, facts: Facts) -> StampZone | None:
    zone, cursor, window = facts.profile.zone, facts.cursor, facts.window
    if zone is None or cursor is None or window is None or request.replaces:
        return None
    differs = cursor.is_naive and not is_same_zone(zone.zone, window.time_zone)
    return zone if differs else None
