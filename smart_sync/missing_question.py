"""Whether keys are compared, and by which columns. Pure."""

from auto_schema.row_filter import RowFilter, Test
from auto_schema.schema import Column
from smart_sync.draft import Draft
from smart_sync.facts import Facts


def compares(draft: Draft, facts: Facts) -> bool:
    """Whether the run looks for keys that are missing: it merges into a table that has rows."""
    merges = draft.shape.mode.updates_rows and not draft.shape.mode.is_aside
    is_read = facts.window is None or facts.window.held_back is None
    has_rows = facts.target.exists and facts.target.rows != 0
    return draft.request.missing.is_asked and merges and is_read and has_rows


def key_columns(draft: Draft) -> tuple[Column, ...]:
    """The columns that tell rows apart, as they are read, in the order of merge_keys."""
    by_name = {column.name: column for column in draft.shape.arriving}
    keys = draft.merge.keys if draft.merge else ()
    return tuple(by_name[name] for name in keys)


def dead_at_source(draft: Draft) -> tuple[RowFilter | None, tuple[Column, ...]]:
    """Rows that the source marks as deleted, where the table doesn't count them; and by what.

    It has none of them where marks remove rows. Where missing rows are marked, too, it has them
    marked: then none of them counts.
    """
    mark = draft.merge.mark if draft.merge else None
    if mark is None or not (mark.removes or draft.request.missing.marks):
        return None, ()
    test = Test(mark.column, "=", (True,)) if mark.is_flag else Test(mark.column, "is not null")
    marking = tuple(column for column in draft.shape.arriving if column.name == mark.column)
    return RowFilter(((test,),)), marking
