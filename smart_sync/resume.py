"""Whether a run may take over what one before has staged, and the plan by which it does. Pure.

What is taken over is the window with its splits: the end equals that of the other run, had it
ended late. So whatever decides about a row has to be what it was then.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from auto_schema.errors import SourceRefusedError, SyncError
from auto_schema.reshaping import changes
from auto_schema.schema import TableSchema
from smart_sync.draft import Shape
from smart_sync.plan import ReadPlan, SyncPlan
from smart_sync.request import SyncRequest
from smart_sync.source_labels import of_source
from smart_sync.splits import fingerprint
from smart_sync.taken_over import Noted, TakenOver
from smart_sync.value_text import value_text
from smart_sync.window import WindowPlan
from sources.values import Clock, CursorValue, Split, is_after

COLUMNS = "columns"
END = "margin or guard"
MOST_IN_TURN = 10
"""Runs that take over one another; what none of them has brought to an end is read anew."""


class NotResumedError(SyncError):
    """What a run before has staged is not taken over; why, and no fault of this run."""


def not_resumed(why: str) -> NotResumedError:
    """The reason, for the line that tells it."""
    return NotResumedError("not taken over", why=why)


def may_be_resumed(request: SyncRequest, reading: ReadPlan, window: WindowPlan | None) -> bool:
    """Whether a run's splits are worth a note: another one could go on with them.

    Without a window, or where all rows are replaced, the next run is to show the source as it is
    then. Of a BigQuery source the streams end with their session.
    """
    is_whole = window is None or request.replaces or request.backfills or request.missing.heals
    is_read = reading.bigquery is None and reading.split_total > 1
    return request.run.resume and is_read and not is_whole


def work_of(plan: SyncPlan, splits: tuple[Split, ...]) -> Mapping[str, str]:
    """What decides about the rows of a run and where they go, each as 32 hex digits by its name.

    Args:
        plan: of the run, or of another over the same window.
        splits: all of the run.
    """
    reading, publishing, letters = plan.reading, plan.publishing, plan.dead_letters
    writing = (publishing.write_disposition, publishing.mode.name, publishing.way, publishing.swaps)
    merge, sql, proof = publishing.merge, publishing.sql, publishing.proof
    source, window = reading.source, plan.window.window if plan.window else None
    parts: dict[str, tuple[object, ...]] = {
        "source": (reading.data_source, source.place, of_source(publishing.labels)),
        "table": reading.stored,
        "destination": (plan.destination, *writing),
        "query": (source.statement(Split(0)), source.statement(splits[0])),
        COLUMNS: _columns(plan.schema, reading.schema, plan.arriving),
        "transformation": (*changes(plan.reshaping), sql.text if sql else ""),
        "merge_keys": (*merge.keys, *filter(None, [merge.mark])) if merge else (),
        "window": (plan.cursor, window, fingerprint(splits)),
        END: (plan.window.rules if plan.window else "",),
        "limits": (plan.checks, proof and proof.compared, letters.table, letters.most),
    }
    return {name: _digest(values) for name, values in parts.items()}


def has_its_columns(before: Noted, shape: Shape) -> bool:
    """Whether columns that are planned without a look at the rows are those of the other run.

    Then nothing has to be asked of the rows: it has looked at all of them.
    """
    arriving = shape.reshaping.arriving if shape.reshaping else shape.reading
    planned = _columns(shape.schema, shape.reading, arriving)
    return before.work.get(COLUMNS) == _digest(planned)


def _columns(*schemas: TableSchema) -> tuple[object, ...]:
    return tuple(schema.fingerprint for schema in schemas)


def _digest(values: tuple[object, ...]) -> str:
    return hashlib.sha256("|".join(map(str, values)).encode()).hexdigest()[:32]


def noted(plan: SyncPlan, version: str, *, by_hand: bool) -> Noted:
    """What a run with a window notes of itself."""
    if plan.window is None:
        raise AssertionError("no window, nothing to be noted")
    window, splits = plan.window, plan.reading.splits
    work = work_of(plan, splits)
    name, zone = plan.run.run_id, window.time_zone
    return Noted(name, version, work, window.window, window.watermark, zone, by_hand, splits)


def window_taken_over(
    before: Noted, own: WindowPlan, request: SyncRequest, clock: Clock
) -> WindowPlan:
    """The other run's window in place of this one's own.

    Raises:
        NotResumedError: it isn't what this run would have begun with.
        SourceRefusedError: the source may show less than it has shown that run.
    """
    if clock.is_behind:
        raise _behind(before, request)
    if _kind(own.window.high) != _kind(before.window.high):
        raise not_resumed("its cursor was of another type")
    by_hand = request.window.by_hand is not None
    if by_hand != before.by_hand or (by_hand and own.window != before.window):
        raise not_resumed("it had another window by hand")
    if not by_hand and own.watermark != before.watermark:
        was, now = (_told(window.watermark) for window in (before, own))
        moved = f"its MAX was {was}, and is {now}"
        raise not_resumed(f"the destination has changed since it was planned: {moved}")
    if not by_hand and _begins_before(own.window.low, before.window.low):
        raise not_resumed("by the parameters of now its window would begin earlier")
    if is_after(before.window.high, own.window.high):
        now = f"{value_text(own.window.high)} ({own.end_reason})"
        was = value_text(before.window.high)
        raise not_resumed(f"its window ends at {was}, and one of now at {now}")
    why = f"taken over from run {before.run_id}"
    return replace(
        own,
        window=before.window,
        start_reason=why,
        end_reason=why,
        time_zone=before.time_zone,
        held_back=None,
        overdue=None,
    )


def _behind(before: Noted, request: SyncRequest) -> SourceRefusedError:
    return SourceRefusedError(
        "a standby that may be older than what is to be resumed",
        f"run {before.run_id}, table {request.destination}",
        "it has replayed no commit since it started and is behind, by how much isn't shown: rows of"
        " that run's window that it lacks would be lost",
        "let it catch up and run again: what was staged waits. To read all anew: resume=false.",
    )


def _told(watermark: CursorValue | None) -> str:
    return "none" if watermark is None else value_text(watermark)


def _kind(value: CursorValue) -> tuple[type, bool]:
    """Values of one kind can be compared: an instant not with the time of a wall clock."""
    return type(value), isinstance(value, datetime) and value.tzinfo is not None


def _begins_before(low: CursorValue | None, other: CursorValue | None) -> bool:
    return other is not None and (low is None or is_after(other, low))


def resumed_plan(
    plan: SyncPlan, before: Noted, staged: Collection[int], taken: TakenOver, connections: int
) -> SyncPlan:
    """The plan that reads only what is missing of the other run's splits.

    Args:
        plan: over the other run's window, cut anew.
        before: that run.
        staged: numbers of its splits that are taken over.
        taken: what is told of them.
        connections: that there may be to the source.

    Raises:
        NotResumedError: what decides about a row is no longer what it was.
    """
    work = work_of(plan, before.splits)
    other = [name for name, digest in work.items() if before.work.get(name) != digest]
    if other:
        raise not_resumed(f"planned now, it has another {' and another '.join(other)}")
    missing = tuple(split for split in before.splits if split.index not in staged)
    count = len(before.splits)
    reading = replace(
        plan.reading,
        splits=missing,
        split_total=count,
        split_fingerprint=fingerprint(before.splits),
        split_reason=f"{len(missing)} of them are read, {len(staged)} were staged before",
        connections=max(1, min(connections, len(missing))),
        estimated_rows=plan.reading.estimated_rows or _rows_in_all(taken, count),
    )
    repair = replace(plan.run.repair, resumed_run=before.run_id)
    run = replace(plan.run, repair=repair, taken=taken, notes_splits=True)
    return replace(plan, reading=reading, run=run)


def _rows_in_all(taken: TakenOver, splits: int) -> int:
    """Of so many splits, by those that were staged: they are about even."""
    return taken.rows_read * splits // max(taken.splits, 1)


def resume_lines(plan: SyncPlan) -> Iterator[str]:
    """What the plan says of it, for people."""
    taken = plan.run.taken
    if taken is None:
        return
    yield (
        f"{taken.splits} of {plan.reading.split_total} splits of run {taken.run_id} are taken over:"
        f" {taken.rows_read:,} rows read, {taken.bytes:,} bytes"
    )
    if not taken.by_hand:
        yield "the window from its end on is read by the run after this one"


def resume_dict(plan: SyncPlan) -> dict[str, object] | None:
    """The same for machines."""
    taken = plan.run.taken
    if taken is None:
        return None
    return {
        "run": taken.run_id,
        "splits_taken_over": taken.splits,
        "splits_read": plan.reading.split_total - taken.splits,
        "rows_taken_over": taken.rows_read,
        "bytes_taken_over": taken.bytes,
    }
