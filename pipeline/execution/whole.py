"""One table's whole way in plain code: read, conform, stage, publish, report; no graph.

What a graph's steps do element by element is done here split by split, by the same functions, for
tables of which one connection reads all in little time.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from google.cloud import bigquery

from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import Folder, folder_of
from pipeline.execution.in_place import staged_or_failure
from pipeline.execution.kept import keep, kept
from pipeline.execution.lanes import staged_splits
from pipeline.execution.report import report
from pipeline.execution.split_reading import open_splits
from pipeline.parameters.webhook import Webhook
from pipeline.publish.publisher import ANY_TIME, Publisher
from pipeline.runs.history import Append, append
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.outcome import Failure, Outcome, held_back_outcome
from smart_sync.plan import SyncPlan
from sources.values import Split


def sync_whole(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    client: bigquery.Client,
    webhook: Webhook | None = None,
    write: Append = append,
    *,
    lock: Lock | None = None,
    turn: AbstractContextManager[object] = ANY_TIME,
) -> Outcome:
    """Do what the plan says, to its report; the lock is held, and released by the report.

    Args:
        plan: the run's header.
        splits: of the plan.
        client: where its jobs run.
        webhook: that is told how it ended.
        write: appends its last event.
        lock: as its holder left it.
        turn: held while it changes the destination.

    Returns:
        How it ended: faults are values, and only the report itself may raise.
    """
    outcome = whole_outcome(plan, splits, client, turn=turn)
    return report(plan, outcome, client, webhook, write, lock=lock)


def whole_outcome(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    client: bigquery.Client,
    *,
    keeps: bool = False,
    turn: AbstractContextManager[object] = ANY_TIME,
) -> Outcome:
    """Do what the plan says, but for its report.

    Args:
        plan: the run's header.
        splits: of the plan.
        client: where its jobs run.
        keeps: what is staged, since this may be done once more for the same run.
        turn: held while it changes the destination.
    """
    if plan.held_back:
        return held_back_outcome(plan)
    lock = lock_of(plan, client)
    folder = folder_of(plan)
    keeper = LeaseKeeper(lock).start()
    try:
        staged, failures = kept(folder) if keeps else None, list[Failure]()
        if staged is None:
            ends = list(_staged(plan, splits, client, folder, keeper))
            failures = [end for end in ends if isinstance(end, Failure)]
            staged = [end for end in ends if isinstance(end, StagedSplit)]
            staged.sort(key=lambda end: end.split)
            staged = keep(folder, staged) if keeps and not failures else staged
        return Publisher(plan, client, folder, lock, turn).publish(staged, failures)
    finally:
        keeper.stop()


def _staged(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    client: bigquery.Client,
    folder: Folder,
    keeper: LeaseKeeper,
) -> Iterator[StagedSplit | Failure]:
    if plan.reading.is_in_place:
        yield staged_or_failure(plan, client, folder, keeper)
        return
    opened: tuple[Split, ...] | Failure = splits
    if plan.reading.bigquery is not None:
        opened = open_splits(plan, splits, folder)
    if isinstance(opened, Failure):
        yield opened
        return
    yield from staged_splits(plan, opened, folder, keeper.check)
