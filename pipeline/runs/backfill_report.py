"""The report of a backfill: a line for each slice, one sum, one error. Pure."""

from collections.abc import Sequence

from auto_schema.errors import SomeFailedError, SyncError, one_line
from pipeline.runs.many_report import HEADINGS, RIGHT, TOLD, TableResult, cells
from smart_sync.text_table import text_table
from smart_sync.value_text import counted

DONE_BEFORE, LEFT = "done before", "left"
"""Of a slice that an earlier run had done, and of one that waits for the next launch."""


def report(results: Sequence[TableResult], width: int = 0) -> str:
    """All slices as one table, for a terminal of that width if there is one."""
    rows = [cells(one) for one in results]
    return "\n".join(text_table(("slice", *HEADINGS[1:]), rows, RIGHT, width))


def total(name: str, results: Sequence[TableResult]) -> str:
    """All slices in one line."""
    rows = [one.row for one in results if one.row]
    read, published, dead = (
        sum(row[key] for row in rows) for key in ("rows_read", "rows_published", "rows_dead")
    )
    counts = [(sum(one.exit_code > 0 for one in results), "failed")]
    counts += [(_count(results, LEFT), "left to be done"), (_count(results, DONE_BEFORE), "before")]
    good = len(results) - sum(count for count, _ in counts)
    text = f"backfill {name}: {good:,} of {len(results):,} slices done"
    text += "".join(f", {count:,} {word}" for count, word in counts if count)
    text += f": {counted(read, 'row')} read, {published:,} published"
    text += f", {counted(dead, 'dead letter')}" if dead else ""
    is_over = _count(results, DONE_BEFORE) == len(results)
    return f"{text}; another backfill_id does them anew" if is_over else text


def _count(results: Sequence[TableResult], status: str) -> int:
    return sum(one.status == status for one in results)


def error_of(
    name: str, launch_id: str, results: Sequence[TableResult], fault: SyncError | None
) -> SomeFailedError | None:
    """What the program's last line says where slices are not done.

    Args:
        name: of the backfill.
        launch_id: whose report it is.
        results: of all slices.
        fault: what ended the launch before; None: nothing did.
    """
    failed = [one.name for one in results if one.exit_code]
    left = _count(results, LEFT)
    if not failed and not left:
        return None
    what = f"{len(failed) + left:,} of {len(results):,} slices are not done"
    why = ", ".join(failed[:TOLD]) + (", …" if len(failed) > TOLD else "")
    why = f"failed: {why}" if failed else "none failed"
    if fault:
        why += f"; then {one_line(str(fault))}"
    fix = "see the line of each above; the same command goes on with those that are not done."
    return SomeFailedError(what, f"backfill {name}, launch {launch_id}", why, fix)
