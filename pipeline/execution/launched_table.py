"""A table of a launch in a job: whole, or split by split and then published; each end a value.

What is done twice, since a worker died, doubles nothing: a run that has ended says how, and one
job publishes. A run whose job has published is never called failed, whatever becomes of later
tries.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import RunInProgressError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import Folder, folder_of
from pipeline.execution.certain_end import Staged, certain_end
from pipeline.execution.first_failure import first_failure, note_failure
from pipeline.execution.kept import kept
from pipeline.execution.lanes import staged_splits
from pipeline.execution.report import report
from pipeline.execution.split_reading import READ, open_splits
from pipeline.execution.whole import whole_outcome
from pipeline.publish.published import Published
from pipeline.publish.publisher import Publisher
from pipeline.runs.history import event_row
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.many_report import TableResult, result_of
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.settle import published_job
from pipeline.runs.turn import lost, take_turn
from smart_sync.plan import SyncPlan
from sources.values import Split

LOGGER = logging.getLogger("smart_sync")


def sync_table(
    name: str, plan: SyncPlan, splits: tuple[Split, ...], client: bigquery.Client
) -> TableResult:
    """A table's whole way, when its turn has come.

    Raises:
        SyncError: its lock is lost, or nobody can tell.
    """
    publisher = _publisher(plan, client)
    staged = partial(kept, publisher.folder)
    ended = _ended(name, publisher, staged)
    if ended is not None:
        return ended
    try:
        outcome = whole_outcome(plan, splits, client, keeps=True)
    except Exception as error:
        outcome = _failed(Failure.of(error, "Run", traceback=traceback.format_exc()))
    return _reported(name, plan, certain_end(publisher, outcome, staged), client)


def opened_splits(
    plan: SyncPlan, splits: tuple[Split, ...], client: bigquery.Client
) -> tuple[Split, ...] | Failure:
    """A table's splits as they can be read, when its turn has come."""
    if plan.reading.bigquery is None:
        return splits
    try:
        folder = folder_of(plan)
        _hold(plan, client, folder)
        return open_splits(plan, splits, folder)
    except Exception as error:
        return Failure.of(error, READ, None, traceback.format_exc())


def stage_split(
    plan: SyncPlan, split: Split, client: bigquery.Client
) -> Iterator[StagedSplit | Failure]:
    """Read and stage one split of a table, under its lock."""
    try:
        folder = folder_of(plan)
        earlier = first_failure(folder)
        if earlier is not None:
            yield earlier
            return
        keeper = LeaseKeeper(_hold(plan, client, folder)).start()
        try:
            yield from staged_splits(plan, (split,), folder, keeper.check)
        finally:
            keeper.stop()
    except Exception as error:
        yield Failure.of(error, READ, split.index, traceback.format_exc())


def publish_table(
    name: str,
    plan: SyncPlan,
    client: bigquery.Client,
    staged: Sequence[StagedSplit],
    failures: Sequence[Failure],
) -> TableResult:
    """Publish and report a table whose splits have all come to an end.

    Raises:
        SyncError: its lock is lost, or nobody can tell.
    """

    def all_staged() -> Sequence[StagedSplit] | None:
        return None if failures else staged

    publisher = _publisher(plan, client)
    ended = _ended(name, publisher, all_staged)
    if ended is not None:
        return ended
    keeper = LeaseKeeper(publisher.lock).start()
    try:
        outcome = publisher.publish(staged, failures)
    except Exception as error:
        outcome = _failed(Failure.of(error, "Publish", traceback=traceback.format_exc()))
    finally:
        keeper.stop()
    return _reported(name, plan, certain_end(publisher, outcome, all_staged), client)


def taken_up(publisher: Publisher, staged: Staged) -> Mapping[str, Any] | Outcome | None:
    """What there is of a run whose turn has come.

    Args:
        publisher: of the run.
        staged: what was staged of it, should it be published.

    Returns:
        None: it holds its table, and has not published. A row of the history: so it has ended.
        An outcome: an earlier try has published it, and has not told its end.

    Raises:
        SyncError: its lock is lost, or nobody can tell.
    """
    plan, client, fault = publisher.plan, publisher.client, None
    try:
        row = take_turn(plan, client, publisher.lock)
        if row is not None:
            return row
    except RunInProgressError as error:
        fault = error
    job = published_job(client, event_row(plan, Outcome(status="running"), datetime.now(UTC)))
    if job is not None:
        return Published(plan, client).before(job, staged())
    if fault is not None:
        raise fault
    return None


def _publisher(plan: SyncPlan, client: bigquery.Client) -> Publisher:
    return Publisher(plan, client, folder_of(plan), lock_of(plan, client))


def _ended(name: str, publisher: Publisher, staged: Staged) -> TableResult | None:
    """None: the run holds its table, and has not published. Else its end.

    Raises:
        SyncError: its lock is lost, or nobody can tell.
    """
    end = taken_up(publisher, staged)
    if end is None:
        return None
    if isinstance(end, Outcome):
        return _reported(name, publisher.plan, end, publisher.client)
    LOGGER.info("%s: its run has ended before: %s", name, end["status"])
    return result_of(name, end)


def _hold(plan: SyncPlan, client: bigquery.Client, folder: Folder) -> Lock:
    """The lock of a run whose turn it is; once it is lost, no other split looks for it.

    Raises:
        SyncError: it isn't.
    """
    lock = lock_of(plan, client)
    try:
        row = take_turn(plan, client, lock)
    except RunInProgressError as error:
        note_failure(folder, Failure.of(error, READ))
        raise
    if row is not None:
        raise lost(plan, row["error"] or f"the run has ended: {row['status']}")
    return lock


def _failed(failure: Failure) -> Outcome:
    return Outcome(
        status="failed",
        exit_code=failure.exit_code,
        message=failure.message,
        traceback=failure.traceback,
        keeps_staged=failure.passes,
    )


def _reported(name: str, plan: SyncPlan, outcome: Outcome, client: bigquery.Client) -> TableResult:
    try:
        outcome = report(plan, outcome, client)
    except Exception as error:
        fault = Failure.of(error, "Report", traceback=traceback.format_exc())
        LOGGER.error("%s: %s\n%s", name, fault.message, fault.traceback)
        outcome = replace(
            outcome,
            exit_code=outcome.exit_code or fault.exit_code,
            message="; ".join(filter(None, (outcome.message, fault.message))),
        )
    return result_of(name, event_row(plan, outcome, datetime.now(UTC)))
