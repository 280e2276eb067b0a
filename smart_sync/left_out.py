"""Rows of the source that no window holds: counted in every run, and told."""

from collections.abc import Iterator

from smart_sync.cursor import Cursor
from smart_sync.facts import Facts
from smart_sync.value_text import value_text


def count_left_out(facts: Facts) -> int | None:
    """How many rows no run reads; None when it was not counted, or is not cheap to."""
    if facts.cursor is None:
        return None
    evidence = facts.evidence
    counts = (evidence.null_cursors, evidence.before, evidence.beyond)
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def left_out_warnings(facts: Facts, cursor: Cursor) -> Iterator[str]:
    """What the plan says of them."""
    evidence, name = facts.evidence, cursor.source_name
    is_first = facts.window is not None and facts.window.watermark is None
    floor = facts.window.window.low if facts.window and is_first else facts.frontier.floor
    if evidence.before and floor is None:
        yield (
            f"{evidence.before:,} rows have a {name} before the year 1, which BigQuery can't hold:"
            " no run reads them; give them another value"
        )
    elif evidence.before and floor is not None:
        yield (
            f"{evidence.before:,} rows have a {name} up to {value_text(floor)}, where the first"
            " window began: no run reads them, unless one by hand does (sync_start and sync_end,"
            " with WRITE_MERGE)"
        )
    if evidence.beyond:
        yield (
            f"{evidence.beyond:,} rows have infinity or a year after 9999 in {name}, which BigQuery"
            " can't hold: no run reads them; give them another value"
        )


def later_note(facts: Facts) -> str:
    """How many rows a first run leaves to later ones; nobody has to act. Empty: none known."""
    if not facts.evidence.after or facts.window is None or facts.window.watermark is not None:
        return ""
    return (
        f"{facts.evidence.after:,} rows lie after the window's end; a later run reads them, whose"
        " end has passed their stamps"
    )
