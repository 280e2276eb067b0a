"""Stamps without a zone whose windows ended by another zone's clock in the runs so far. Pure."""

from collections.abc import Mapping

from auto_schema.names import label
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest
from sources.stamp_zone import is_same_zone

ZONE = "sync_zone"


def zone_label(facts: Facts) -> dict[str, str]:
    """The label of the zone by whose clock windows end; none of a cursor that has no need of it."""
    if facts.cursor is None or facts.window is None or not facts.cursor.is_naive:
        return {}
    zone = facts.window.time_zone
    return {ZONE: label("UTC" if is_same_zone(zone, "UTC") else zone.replace("+", "plus"))}


def has_moved(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether both sets of labels say a zone, and another one."""
    return ZONE in now and before.get(ZONE, now[ZONE]) != now[ZONE]


def moved_warning(request: SyncRequest, facts: Facts) -> str:
    """What becomes of rows that are stamped behind those which were read."""
    before = dict(facts.target.labels)[ZONE]
    zone = facts.window.time_zone if facts.window else ""
    return (
        f"windows end by the clock of {zone}, and by another zone's in the runs so far, as the"
        f" label {ZONE} of {request.destination} says ({before}): if rows are stamped by another"
        " clock since, and it is behind the one before, those of the first hours lie below the"
        " watermark, where no window reads them. Bring them by repair=true, or by a"
        " smart_sync_lookback with WRITE_MERGE as long as it is behind, once it has passed the"
        " last stamps of before. If rows are stamped as before, name that zone by source_timezone."
        " This is told until a run has published rows"
    )
