"""A source's table that isn't the one which the runs so far have read. Pure.

It was dropped and made again under its name, or emptied so that its numbers begin again: its rows
may have any value of the cursor, and no window reads those below the destination's MAX.
"""

from auto_schema.errors import SyncError, TargetError
from smart_sync.facts import Facts, stored_column
from smart_sync.predicate import PART_DIGITS, digest
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile

MADE = "sync_made"
_WAYS = (
    "one run with repair=true where rows can be compared, with sync_start and sync_end by keys"
    " (WRITE_MERGE or WRITE_HISTORY), or with delete_existing_table=true"
)


def made_label(profile: SourceProfile) -> str:
    """What tells the table from others, and then which of its columns come; empty: not known."""
    told = profile.identity.made
    columns = sorted((c.name, stored_column(profile, c.name)) for c in profile.columns)
    if not told or not any(stored for _, stored in columns):
        return told and digest(told)
    return f"{digest(told)}-{digest(repr(columns), PART_DIGITS)}"


def is_another_table(before: str, now: str) -> bool:
    """Whether two labels are of two tables, both of which are known."""
    return bool(before and now) and before.partition("-")[0] != now.partition("-")[0]


def may_have_other_columns(facts: Facts) -> bool:
    """Whether the history may know a column under whose name another comes now."""
    return dict(facts.target.labels).get(MADE, "") not in ("", made_label(facts.profile))


def made_faults(request: SyncRequest, profile: SourceProfile) -> list[SyncError]:
    """Of an integer cursor: numbers that are given out anew are below MAX until they pass it."""
    if not _is_integer(request, profile):
        return []
    return [
        TargetError(
            "numbers that began again",
            f"table {request.destination}, label {MADE}",
            f"{_told(profile)}, or the sequence of {request.window.cursor} was"
            " (TRUNCATE … RESTART IDENTITY): rows that have got a number which the destination's"
            " MAX has passed would be read by no run",
            f"load what is new below MAX by {_WAYS}. Where all is loaded, or the rows are the same"
            " as before (a copy under the old name, another type of the column, SET LOGGED, ALTER"
            " SEQUENCE without RESTART), set accept_source_change=true for one run.",
        )
    ]


def made_warning(request: SyncRequest, profile: SourceProfile) -> str:
    """Of a cursor of dates and times, which rows of the new table mostly have later ones of."""
    return (
        f"{_told(profile)}, as the label {MADE} of {request.destination} says: rows of it whose"
        f" {request.window.cursor} is not after the window's start are read by no run, and what"
        f" only the table of before had stays in the destination. Load them by {_WAYS}. A table"
        " that is built anew again and again is better replaced (write_disposition=WRITE_TRUNCATE)."
        " This is told until a run has published rows"
    )


def _is_integer(request: SyncRequest, profile: SourceProfile) -> bool:
    column = profile.column(request.window.cursor)
    return column is not None and (column.type.cursor_type or "").startswith("int")


def _told(profile: SourceProfile) -> str:
    tables = " or ".join(profile.identity.tables)
    return f"{tables} was made anew since the last run (dropped and created, swapped or restored)"
