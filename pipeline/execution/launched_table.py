"""A table of a launch in a job: whole, or split by split and then published; each end a value.

What is done twice, since a worker died, doubles nothing: a run that has ended says how, and one
job publishes.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import SyncError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import folder_of
from pipeline.execution.report import report
from pipeline.execution.split_reading import READ, open_splits
from pipeline.execution.whole import staged_splits, whole_outcome
from pipeline.publish.publisher import Publisher
from pipeline.runs.history import event_row
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.many_report import TableResult
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.settle import abandoned_row, fence, rows_of
from pipeline.runs.turn import lost, take_turn
from smart_sync.plan import SyncPlan
from sources.values import Split

LOGGER = logging.getLogger("smart_sync")


def sync_table(
    name: str, plan: SyncPlan, splits: tuple[Split, ...], client: bigquery.Client
) -> TableResult:
    """A table's whole way, when its turn has come.

    Raises:
        SyncError: its lock is lost.
    """
    ended = _turn(name, plan, client)
    if ended is not None:
        return ended
    try:
        outcome = whole_outcome(plan, splits, client, keeps=True)
    except Exception as error:
        outcome = _failed(Failure.of(error, "Run", traceback=traceback.format_exc()))
    return _reported(name, plan, certain_end(plan, outcome, client), client)


def opened_splits(
    plan: SyncPlan, splits: tuple[Split, ...], client: bigquery.Client
) -> tuple[Split, ...] | Failure:
    """A table's splits as they can be read, when its turn has come."""
    if plan.reading.bigquery is None:
        return splits
    try:
        _hold(plan, client)
        return open_splits(plan, splits, folder_of(plan))
    except Exception as error:
        return Failure.of(error, READ, None, traceback.format_exc())


def stage_split(
    plan: SyncPlan, split: Split, client: bigquery.Client
) -> Iterator[StagedSplit | Failure]:
    """Read and stage one split of a table, under its lock."""
    try:
        keeper = LeaseKeeper(_hold(plan, client)).start()
        try:
            yield from staged_splits(plan, (split,), folder_of(plan), keeper.check)
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
        SyncError: its lock is lost.
    """
    ended = _turn(name, plan, client)
    if ended is not None:
        return ended
    lock = lock_of(plan, client)
    keeper = LeaseKeeper(lock).start()
    try:
        outcome = Publisher(plan, client, folder_of(plan), lock).publish(staged, failures)
    except Exception as error:
        outcome = _failed(Failure.of(error, "Publish", traceback=traceback.format_exc()))
    finally:
        keeper.stop()
    return _reported(name, plan, outcome, client)


def failed_table(name: str, error: Exception) -> TableResult:
    """A table whose end is not its run's: the next run settles what it left."""
    failure = Failure.of(error, "Run", traceback=traceback.format_exc())
    LOGGER.error("%s: %s%s", name, failure.message, failure.traceback and f"\n{failure.traceback}")
    return TableResult(name, failure.exit_code, "failed", failure.message)


def _turn(name: str, plan: SyncPlan, client: bigquery.Client) -> TableResult | None:
    """None: the run holds its table. Else its end.

    Raises:
        SyncError: its lock is lost, or nobody can tell.
    """
    row = take_turn(plan, client, lock_of(plan, client))
    if row is None:
        return None
    LOGGER.info("%s: its run has ended before: %s", name, row["status"])
    return _result(name, row)


def _hold(plan: SyncPlan, client: bigquery.Client) -> Lock:
    """The lock of a run whose turn it is.

    Raises:
        SyncError: it isn't.
    """
    lock = lock_of(plan, client)
    row = take_turn(plan, client, lock)
    if row is not None:
        raise lost(plan, row["error"] or f"the run has ended: {row['status']}")
    return lock


def certain_end(plan: SyncPlan, outcome: Outcome, client: bigquery.Client) -> Outcome:
    """Before a run is called failed, nothing of it can be published any more.

    The same element may be at work on a worker that was given up, or have been: its job has the
    run's own id, which is used up here, or found.
    """
    if outcome.status != "failed":
        return outcome
    row = event_row(plan, outcome, datetime.now(UTC))
    try:
        job = fence(client, row, waits=True)
        if job is None:
            return outcome
        told = abandoned_row(row, job, rows_of(client, row, job), datetime.now(UTC))
    except SyncError as error:
        LOGGER.warning("%s; the next run settles it", error)
        return replace(outcome, status="publishing")
    return replace(
        outcome,
        status=told["status"],
        message=told["error"],
        rows_published=told["rows_published"],
        publish_job=told["publish_job"],
    )


def _failed(failure: Failure) -> Outcome:
    return Outcome(
        status="failed",
        exit_code=failure.exit_code,
        message=failure.message,
        traceback=failure.traceback,
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
    return _result(name, event_row(plan, outcome, datetime.now(UTC)))


def _result(name: str, row: Mapping[str, Any]) -> TableResult:
    return TableResult(name, int(row["exit_code"] or 0), row["status"], row["error"] or "", row)
