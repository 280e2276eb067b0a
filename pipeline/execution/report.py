"""report(): one JSON log line, clearing up, history, webhook."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import SyncError
from pipeline.errors.lookup import with_address
from pipeline.parameters.webhook import Webhook
from pipeline.runs.ended import Ended, remember
from pipeline.runs.history import Append, append, event_row, write_event
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import CHECKS_FAILED, Failure, Outcome
from pipeline.runs.settle import clear_folders, clear_staging, is_noted
from pipeline.runs.usage import used_by
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import removes_alone
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
WELL = frozenset({"succeeded", "held_back", "published_mismatch"})
"""How a run ends that held its table to its end."""
KEPT = "What it has staged is kept: the next run takes it over and reads the rest (resume)."


class RunFailedError(Exception):
    """Ends a failed job, after its report was written."""


def report(
    plan: SyncPlan,
    outcome: Outcome,
    client: bigquery.Client,
    webhook: Webhook | None = None,
    write: Append = append,
    *,
    lock: Lock | None = None,
) -> Outcome:
    """Log how the run ended, clear up, write its last event, release the lock, tell the webhook.

    Who holds the run's lock in this process gives it, as it left it: then nobody has to look. One
    that the run shares with others of its launch, the launch releases.

    A run whose publishing job may still end keeps what it staged and is told as `publishing`:
    the next run settles it. So it does with one that is killed before its last event, but not
    after it: by then nothing may be left. Doing it twice equals doing it once, but for a worker
    that dies while it tells the webhook: that may be told again.
    """
    total = (datetime.now(UTC) - plan.run.launched_at).total_seconds()
    outcome.seconds["total"] = round(total, 3)
    outcome = _with_kept(plan, _with_usage(plan, outcome))
    row, is_told = event_row(plan, outcome, datetime.now(UTC)), False
    LOGGER.info("run_report %s", json.dumps(row, default=str, sort_keys=True))
    if outcome.traceback:
        LOGGER.error("%s", outcome.traceback)
    lock = lock or lock_of(plan, client)
    if outcome.status != "publishing":
        _clear(plan, outcome, client, lock)
    try:
        is_told = write_event(client, plan, outcome, write)
    except SyncError as error:
        LOGGER.error("the run history could not be written: %s", error)
    is_free = not plan.run.is_sharing and lock.release()
    remember(plan.run.run_id, Ended(row, is_told, is_free))
    tell_end(webhook, client, plan.run.history_table, row)
    return outcome


def raise_if_failed(outcome: Outcome) -> None:
    """End what is around the run as failed when the run did.

    Raises:
        RunFailedError: it did.
    """
    if outcome.exit_code:
        raise RunFailedError(with_address(outcome.message))


def was_reported(fault: Failure) -> bool:
    """Whether what ended a run in this process is the failed run itself, after its report."""
    return RunFailedError.__name__ in fault.traceback


def _keeps(plan: SyncPlan, outcome: Outcome) -> bool:
    """Whether the next run may take over what a failed one has staged."""
    has_some = outcome.rows_read > 0 or plan.run.taken is not None
    is_open = outcome.status == "failed" and outcome.keeps_staged
    run = plan.run
    return run.notes_splits and is_open and has_some and is_noted(run.staging.folder, run.endpoints)


def _with_usage(plan: SyncPlan, outcome: Outcome) -> Outcome:
    used = used_by(plan.run.run_id)
    if used is None:
        return outcome
    memory = used.peak_memory_bytes
    return replace(outcome, cpu_seconds=used.cpu_seconds, peak_memory_bytes=memory)


def _with_kept(plan: SyncPlan, outcome: Outcome) -> Outcome:
    """The same; what is kept is told with the fault."""
    if not _keeps(plan, outcome):
        return outcome
    return replace(outcome, message=f"{outcome.message} {KEPT}")


def _clear(plan: SyncPlan, outcome: Outcome, client: bigquery.Client, lock: Lock) -> None:
    """Remove what was staged, but what another run takes over, or has taken.

    A failed run that slept may be a dead one to others.
    """
    run, staging = plan.run, plan.run.staging
    keeps = _keeps(plan, outcome)
    if not keeps and run.notes_splits and outcome.status not in WELL:
        keeps = not _is_ours(lock) and is_noted(staging.folder, run.endpoints)
    if keeps:
        staging = replace(staging, folder="")
    clear_staging(client, staging, run.endpoints, _tables(plan, outcome))
    if run.taken is not None and not keeps:
        clear_folders(run.taken.folders, run.endpoints)


def _is_ours(lock: Lock) -> bool:
    try:
        lock.check()
    except SyncError as error:
        LOGGER.warning("what was staged is left to whoever has the table now: %s", error)
        return False
    return True


def _tables(plan: SyncPlan, outcome: Outcome) -> tuple[TableRef, ...]:
    """The staging tables that may have been made.

    Not by a run that ended well without a row to publish, or without a dead letter; but in
    place one is made before its rows are counted.
    """
    staging, has_dead = plan.run.staging, outcome.rows_dead > 0
    publishing, missing = plan.publishing, plan.publishing.missing
    has_keys = missing is not None and missing.needs_table
    kinds = {staging.result_table: publishing.sql, staging.missing_table: has_keys}
    result = tuple(table for table, is_made in kinds.items() if is_made)
    if outcome.status == CHECKS_FAILED:
        return tuple(table for table in (*staging.tables, *result) if table != plan.rows_table)
    if outcome.status not in ("succeeded", "held_back"):
        return (*staging.tables, *result)
    has_rows = outcome.rows_staged > 0 or has_dead or plan.publishes_without_rows
    rows = (staging.table, *result) if has_rows or plan.reading.is_in_place else ()
    if not outcome.rows_staged and removes_alone(plan):
        rows = result
    return (*rows, *((staging.dead_table,) if has_dead else ()))
