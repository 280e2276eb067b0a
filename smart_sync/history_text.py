"""What a plan tells of the versions that it keeps, and a run of those that it has written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from smart_sync.history_plan import NAMES, HistoryPlan
from smart_sync.merge_plan import MergePlan

FIGURES = "versions"
"""Under this name in the column `verification` of the history."""
COUNTS = ("added", "ended", "replaced")
"""What the script's last statement tells: versions that are new; that were there, and have another
end now; that were there, and have other content alone."""


def history_lines(merge: MergePlan, history: HistoryPlan, *, is_there: bool) -> Iterator[str]:
    """For people; `is_there`: the table holds versions of earlier runs."""
    yield f"  versions     of {', '.join(merge.keys)}, told apart by {history.cursor}"
    yield f"               each that a run sees is kept, with {', '.join(NAMES)}"
    yield "               what a row was between two runs is not seen"
    if not is_there:
        return
    if merge.first_bytes is not None:
        yield (
            f"               the first query reads keys and {', '.join(NAMES)} of the table:"
            f" {merge.first_bytes:,} bytes"
        )
    size = f" of {merge.bytes:,} bytes" if merge.bytes is not None else ""
    if merge.partition:
        yield (
            f"               the MERGE reads those partitions by {merge.partition.field}{size}"
            " that hold a version whose end moves, or that comes again"
        )
    else:
        yield f"               NOT PRUNED: the MERGE reads all{size}, since {merge.why_whole}"


def history_dict(history: HistoryPlan | None) -> dict[str, object] | None:
    """The same for plan_format=json."""
    if history is None:
        return None
    return {
        "cursor": history.cursor,
        "columns": [column.name for column in history.columns],
        "added_columns": list(history.added),
    }


def versions_text(row: Mapping[str, Any]) -> str:
    """What became of the versions, by a run's last event; empty where it tells nothing of any.

    >>> told = json.dumps({"versions": {"added": 1200, "ended": 7, "replaced": 0}})
    >>> versions_text({"verification": told})
    ' (1,200 versions added, 7 ends moved, 0 replaced)'
    """
    told = _told(row)
    if not told:
        return ""
    ended, replaced = f"{told['ended']:,} ends moved", f"{told['replaced']:,} replaced"
    return f" ({told['added']:,} versions added, {ended}, {replaced})"


def rows_taken(row: Mapping[str, Any]) -> int:
    """Rows that a run has put into the table, by its last event: versions that are new, if any are.

    >>> rows_taken({"rows_published": 2, "verification": None})
    2
    """
    return int(_told(row).get("added", row["rows_published"]))


def _told(row: Mapping[str, Any]) -> dict[str, int]:
    return dict(json.loads(row.get("verification") or "{}").get(FIGURES, {}))
