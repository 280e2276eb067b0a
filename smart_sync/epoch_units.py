"""An integer cursor of times since 1970 that is written in another unit than so far. Pure.

One row in milliseconds, where the others are in seconds, would be MAX for ever, and all rows that
come after it below.
"""

from auto_schema.errors import SchemaError, SyncError
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest

_UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_YEAR_2001, _YEAR_2100 = 978_307_200, 4_102_444_800
"""In seconds since 1970. What lies between, in any unit, lies between in no other."""


def unit_faults(request: SyncRequest, facts: Facts) -> list[SyncError]:
    """Where the source's MAX is in another unit than what the runs so far have read."""
    window, cursor = facts.window, facts.cursor
    accepts = request.publishing.accept_source_change or request.replaces
    if window is None or cursor is None or accepts or request.window.by_hand:
        return []
    before, now = unit_of(window.watermark), unit_of(window.window.high)
    if not before or not now or before == now:
        return []
    return [
        SchemaError(
            "numbers in another unit",
            f"smart_sync_timestamp_column={cursor.source_name}",
            f"the runs so far have read up to {window.watermark:,}, {before} since 1970, and MAX of"
            f" the source is {window.window.high:,}, {now}: with that as the watermark rows that"
            f" come in {before} would be read by no run",
            f"correct the rows of the source that are in {now}; or make them one unit in the query"
            " (CASE). Where all rows that come are in the new one from now on, and those of before"
            " are read, set accept_source_change=true for one run.",
        )
    ]


def unit_of(value: object) -> str:
    """The unit in which a number is a time of this century; empty: in none.

    >>> unit_of(1_735_689_600), unit_of(1_735_689_600_000), unit_of(20_250_101)
    ('seconds', 'milliseconds', '')
    """
    if not isinstance(value, int):
        return ""
    for name, per_second in _UNITS.items():
        if _YEAR_2001 * per_second <= value < _YEAR_2100 * per_second:
            return name
    return ""
