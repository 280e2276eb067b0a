"""A run that undoes earlier ones: which, from what, and what stands against it. Pure.

The table becomes what it was just before the earliest of them published: from the snapshot that
that run kept, else from BigQuery's time travel. What any run has published since goes with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auto_schema.errors import ConfigError, SyncError, shown
from smart_sync.modes import BACKFILL, MODES
from smart_sync.plan import RunPlan
from smart_sync.repair import ROLLBACK, ROLLED_BACK
from warehouse.names import TableRef

MOST_NAMED = 20
"""Runs that a message or a plan names."""
ANEW = tuple(mode.name for mode in MODES if mode.leaves_none)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undoing:
    """Which runs are undone.

    Attributes:
        first: the newest event of the earliest.
        runs: those of all of them, the earliest first; some found no row, and changed nothing.
    """

    first: Row
    runs: tuple[Row, ...]

    @property
    def changing(self) -> tuple[Row, ...]:
        """Those that changed the table."""
        return tuple(run for run in self.runs if run["publish_job"])


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """Everything that a rollback does, fixed before it starts.

    Attributes:
        run: the run itself.
        destination: the table that is restored.
        undoing: the runs that are undone.
        source: the snapshot that is restored.
        as_of: when the table was as it is to be, and the snapshot is made of it; None: it is there.
        expires: when that snapshot is removed, if it is made.
        settings: of the table and its columns, which are kept as they are; JSON.
        filter: the partition column that queries must name; empty: none.
        rows_now, rows_before: of the table; None: not known.
        bytes: that the proof reads; None: not known.
        columns: what becomes of columns, a line each.
        cursor: the cursor column under its name in the table; empty: none is known.
        key: of Cloud KMS, by which the table is encrypted; empty: Google's own.
        warnings: what the operator should know before.
    """

    run: RunPlan
    destination: TableRef
    undoing: Undoing
    source: TableRef
    as_of: datetime | None
    expires: datetime
    settings: Mapping[str, Any]
    filter: str
    rows_now: int | None
    rows_before: int | None
    bytes: int | None
    columns: tuple[str, ...] = ()
    cursor: str = ""
    key: str = ""
    warnings: tuple[str, ...] = ()


def has_published(run: Row) -> bool:
    """Whether a run's newest event says that its rows are in the table.

    >>> has_published({"status": "rolled_back", "mode": "append", "publish_job": "j"})
    False
    """
    if run["mode"] == ROLLBACK:
        return False
    told = run["status"] in ("succeeded", "published_mismatch")
    return told or (run["status"] == "abandoned" and run["publish_job"] is not None)


def is_undone(run_id: str, known: Sequence[Row]) -> Row | None:
    """The newest event of a run that was rolled back already; None: it wasn't."""
    newest = (run for run in known if run["run_id"] == run_id and run["status"] == ROLLED_BACK)
    return next((run for run in newest if run["mode"] != ROLLBACK), None)


def choose_undone(
    run_id: str, to: str, known: Sequence[Row], destination: TableRef, order: Mapping[str, datetime]
) -> Undoing:
    """The runs that are undone with this one.

    Args:
        run_id: the earliest.
        to: the newest, where the operator has named one.
        known: the newest events of runs of that id, and of all runs since it of its table.
        destination: the table.
        order: when each run published, by its id.

    Raises:
        ConfigError: it published nothing into this table, or others did since.
    """
    own = [run for run in known if run["run_id"] == run_id]
    first = next((run for run in own if run["destination"] == str(destination)), None)
    if first is None or not (has_published(first) and first["publish_job"]):
        raise _nothing_to_undo(run_id, destination, first, own)
    since = sorted(
        (
            run
            for run in known
            if run["destination"] == str(destination)
            and has_published(run)
            and order[run["run_id"]] >= order[run_id]
        ),
        key=lambda run: (order[run["run_id"]], run["run_id"] != run_id),
    )
    undoing = Undoing(first, tuple(since))
    if fault := _later_runs(undoing, to, destination):
        raise fault
    return undoing


def _nothing_to_undo(
    run_id: str, destination: TableRef, run: Row | None, own: Sequence[Row]
) -> SyncError:
    where = f"rollback_run, {shown(run_id)}"
    if run is not None:
        why = f"its status is {run['status']}, and it published nothing"
        if run["status"] == ROLLED_BACK:
            why = "it is a rollback itself: the next sync brings again what it has undone"
        elif run["status"] in ("running", "publishing"):
            why = f"it is {run['status']}: it is at work, or died, and the next run settles it"
        elif has_published(run):
            why = "it published no row, and changed nothing"
        fix = "give the id of a run that published; sync_runs_latest has them all."
        return ConfigError("nothing to undo", where, why, fix)
    if own:
        why = f"it is a run of {own[0]['destination']}, and this launch is of {destination}"
        fix = "give the destination of that run, or the id of one of this table's runs."
        return ConfigError("a run of another table", where, why, fix)
    why = f"the run history of {destination} doesn't know it"
    fix = "take the id from sync_runs_latest, and give the run_history_table that it wrote."
    return ConfigError("an unknown run", where, why, fix)


def _later_runs(undoing: Undoing, to: str, destination: TableRef) -> SyncError | None:
    """That runs have published since which the operator hasn't agreed to undo."""
    changing, first = undoing.changing, undoing.first["run_id"]
    names = [run["run_id"] for run in changing]
    agreed = to or first
    where = f"rollback_run {first}, table {destination}"
    if agreed not in names:
        why = f"{agreed} isn't among the runs that published since {first}: {_named(names)}"
        fix = f"give rollback_to={names[-1]}, which undoes all of these, or leave it out."
        return ConfigError("no run to undo up to", f"rollback_to, {where}", why, fix)
    later = names[names.index(agreed) + 1 :]
    if not later:
        return None
    why = (
        f"{len(later)} more {'run has' if len(later) == 1 else 'runs have'} published since"
        f" {agreed}: {_named(later)}. The table as it was before has no row of theirs either"
    )
    fix = f"give rollback_to={names[-1]} to undo them all, or undo only from the newest on."
    return ConfigError("later runs would be undone, too", where, why, fix)


def _named(names: Sequence[str]) -> str:
    shown_ = ", ".join(names[:MOST_NAMED])
    return shown_ + (f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")


def not_brought_again(undoing: Undoing) -> Iterator[str]:
    """What of the undone runs no sync brings again by itself, a line each."""
    mark = _mark(undoing)
    below = [run["run_id"] for run in undoing.changing if _is_below(run["window_end"], mark)]
    if below:
        yield (
            "the windows of these lie below the watermark, so that no sync reads them again: give"
            f" sync_start and sync_end, or call the backfill, once more: {_named(below)}"
        )
    partly = [run["run_id"] for run in undoing.changing if _is_partly_below(run, mark)]
    if partly:
        yield (
            f"the windows of these began below the watermark, {mark}, where the next sync doesn't"
            " begin (but for smart_sync_lookback, as far as that reaches): give sync_start and"
            f" sync_end, or call the backfill, once more: {_named(partly)}"
        )
    aside = [run["run_id"] for run in undoing.changing if run.get("replayed_run")]
    if aside:
        yield f"dead letters that these replayed have to be replayed again: {_named(aside)}"
    filled = [run["run_id"] for run in undoing.changing if run["mode"] == BACKFILL.name]
    if filled:
        yield f"columns that these filled have to be filled again: {_named(filled)}"
    if any(run["rows_dead"] for run in undoing.runs):
        yield "dead letters of the undone runs stay in their table; read again, none is doubled"


def _mark(undoing: Undoing) -> str | None:
    """MAX as the first of the runs that tells it found it; None: none does of this very table."""
    for run in undoing.runs:
        mark: str | None = run["watermark_before"]
        if mark or run["mode"] in ANEW:
            return mark
    return None


def _is_below(end: str | None, mark: str | None) -> bool:
    if end is None or mark is None:
        return False
    if _is_integer(end) and _is_integer(mark):
        return int(end) <= int(mark)
    return end <= mark


def _is_partly_below(run: Row, mark: str | None) -> bool:
    """Whether a window that ends above a mark began below it, and not at it."""
    start, end = run["window_start"], run["window_end"]
    if end is None or mark is None or _is_below(end, mark):
        return False
    return start is None or (start != mark and _is_below(start, mark))


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdigit()
