"""One table's whole way in plain code: read, conform, stage, publish, report; no graph.

What a graph's steps do element by element is done here split by split, by the same functions, for
tables of which one connection reads all in little time.
"""

from collections.abc import Iterator

from google.cloud import bigquery

from pipeline.destination.elements import SplitElement, StagedSplit
from pipeline.destination.folder import Folder, folder_of
from pipeline.execution.conform import conformed_or_failure, renamed
from pipeline.execution.in_place import staged_or_failure
from pipeline.execution.report import report
from pipeline.execution.split_reading import open_splits, read_split
from pipeline.execution.stage import Stager
from pipeline.parameters.webhook import Webhook
from pipeline.publish.publisher import Publisher
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import lock_of
from pipeline.runs.outcome import Failure, Outcome, held_back_outcome
from smart_sync.plan import SyncPlan
from sources.values import Split


def sync_whole(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    client: bigquery.Client,
    webhook: Webhook | None = None,
) -> Outcome:
    """Do what the plan says, to its report; the lock is held, and released by the report.

    Returns:
        How it ended: faults are values, and only the report itself may raise.
    """
    outcome = held_back_outcome(plan) if plan.held_back else _published(plan, splits, client)
    return report(plan, outcome, client, webhook)


def _published(plan: SyncPlan, splits: tuple[Split, ...], client: bigquery.Client) -> Outcome:
    lock = lock_of(plan, client)
    folder = folder_of(plan)
    keeper = LeaseKeeper(lock).start()
    try:
        staged, failures = list[StagedSplit](), list[Failure]()
        for end in _staged(plan, splits, client, folder, keeper):
            if isinstance(end, Failure):
                failures.append(end)
            else:
                staged.append(end)
        return Publisher(plan, client, folder, lock).publish(staged, failures)
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
    stager = Stager(plan, folder)
    try:
        for split in opened:
            for element in read_split(plan, split, folder, keeper.check):
                yield from _taken(plan, stager, element)
    finally:
        stager.close()


def _taken(
    plan: SyncPlan, stager: Stager, element: SplitElement | Failure
) -> Iterator[StagedSplit | Failure]:
    if not isinstance(element, Failure):
        element = conformed_or_failure(renamed(element, plan.schema), plan.schema, plan.checks)
    if isinstance(element, Failure):
        yield element
    else:
        yield from stager.take(element)
