"""An integer cursor whose MAX is a number that hides what comes after it. Pure.

One row in milliseconds since 1970, where the others are in seconds, would be MAX for ever, and all
rows that come after it below; so would one that says "no end" by the highest integer.
"""

from auto_schema.errors import SchemaError, SyncError
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest
from sources.values import is_after

_UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_YEAR_2001, _YEAR_2100 = 978_307_200, 4_102_444_800
"""In seconds since 1970. What lies between, in any unit, lies between in no other."""
_HIGHEST = (2**31 - 1, 2**63 - 1)
"""Of the integers in use. One of a smallint's end may as well be passed by a wider one."""


def number_faults(request: SyncRequest, facts: Facts) -> list[SyncError]:
    """Where the source's MAX is in another unit than what was read, or an integer's highest."""
    window, cursor = facts.window, facts.cursor
    accepts = request.publishing.accept_source_change or request.replaces
    moves = not request.window.by_hand and not request.backfills
    if window is None or cursor is None or accepts or not moves:
        return []
    if window.window.high in _HIGHEST:
        return [
            SchemaError(
                "highest number of its type as cursor",
                f"smart_sync_timestamp_column={cursor.source_name}",
                f"MAX of the source is {window.window.high:,}, and no number of such a type comes"
                " after it: with that as the watermark each row that comes would be read by no run",
                "correct the row, or leave it out by the query (WHERE), where that number says"
                " that there is none. Where a sequence has really ended there, set"
                " accept_source_change=true for one run.",
            )
        ]
    before, now = unit_of(window.watermark), unit_of(window.window.high)
    if window.watermark is None or not before or before == now:
        return []
    if not now and not is_after(window.window.high, window.watermark):
        return []
    now = now or "a time of no unit before the year 2100"
    return [
        SchemaError(
            "numbers in another unit",
            f"smart_sync_timestamp_column={cursor.source_name}",
            f"the runs so far have read up to {window.watermark:,}, {before} since 1970, and MAX of"
            f" the source is {window.window.high:,}, {now}: with that as the watermark rows that"
            f" come in {before} would be read by no run",
            "correct the rows of the source above those; or make them one unit in the query (CASE)."
            " Where all rows that come are in the new one from now on, and those of before"
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
