"""Rows of the source that no window holds: counted in every run, and told."""

from collections.abc import Iterator

from smart_sync.cursor import Cursor
from smart_sync.value_text import counted, have, value_text
from sources.values import CursorValue, Evidence


def count_left_out(evidence: Evidence) -> int | None:
    """How many rows no run reads; None when it was not counted, or is not cheap to."""
    counts = (evidence.null_cursors, evidence.before, evidence.beyond)
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def left_out_warnings(
    evidence: Evidence, cursor: Cursor, floor: CursorValue | None
) -> Iterator[str]:
    """What the plan says of them; `floor` is where the first window of all began."""
    name = cursor.source_name
    if evidence.before and floor is None:
        yield (
            f"{have(evidence.before)} a {name} before the year 1, which BigQuery can't hold:"
            " no run reads that; give it another value"
        )
    elif evidence.before and floor is not None:
        yield (
            f"{have(evidence.before)} a {name} up to {value_text(floor)}, where the first"
            " window began: no run reads that, unless one by hand does (sync_start and sync_end,"
            " with WRITE_MERGE), or a backfill that has slices left is called again"
        )
    if evidence.beyond:
        yield (
            f"{have(evidence.beyond)} infinity or a year after 9999 in {name}, which BigQuery"
            " can't hold: no run reads that; give it another value"
        )


def later_note(evidence: Evidence) -> str:
    """How many rows a first run leaves to later ones; nobody has to act. Empty: none known."""
    if not evidence.after:
        return ""
    return (
        f"{counted(evidence.after, 'row lies', 'rows lie')} after the window's end; a later run,"
        " whose end has passed their stamps, reads what lies there"
    )
