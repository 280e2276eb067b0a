"""report(): one JSON log line, clearing up, history, webhook."""

import json
import logging
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import SyncError
from pipeline.parameters.webhook import Webhook
from pipeline.runs.ended import Ended, remember
from pipeline.runs.history import Append, append, event_row, write_event
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import CHECKS_FAILED, Failure, Outcome
from pipeline.runs.settle import clear_staging
from smart_sync.plan import SyncPlan
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")


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

    Who holds the run's lock in this process gives it, as it left it: then nobody has to look.

    A run whose publishing job may still end keeps what it staged and is told as `publishing`:
    the next run settles it. So it does with one that is killed before its last event, but not
    after it: by then nothing may be left. Doing it twice equals doing it once, but for a worker
    that dies while it tells the webhook: that may be told again.
    """
    total = (datetime.now(UTC) - plan.run.launched_at).total_seconds()
    outcome.seconds["total"] = round(total, 3)
    row, is_told = event_row(plan, outcome, datetime.now(UTC)), False
    LOGGER.info("run_report %s", json.dumps(row, default=str, sort_keys=True))
    if outcome.traceback:
        LOGGER.error("%s", outcome.traceback)
    if outcome.status != "publishing":
        tables = _tables(plan, outcome)
        clear_staging(client, plan.run.staging, plan.run.endpoints, tables)
    try:
        is_told = write_event(client, plan, outcome, write)
    except SyncError as error:
        LOGGER.error("the run history could not be written: %s", error)
    is_free = (lock or lock_of(plan, client)).release()
    remember(plan.run.run_id, Ended(row, is_told, is_free))
    tell_end(webhook, client, plan.run.history_table, row)
    return outcome


def raise_if_failed(outcome: Outcome) -> None:
    """End what is around the run as failed when the run did.

    Raises:
        RunFailedError: it did.
    """
    if outcome.exit_code:
        raise RunFailedError(outcome.message)


def was_reported(fault: Failure) -> bool:
    """Whether what ended a run in this process is the failed run itself, after its report."""
    return RunFailedError.__name__ in fault.traceback


def _tables(plan: SyncPlan, outcome: Outcome) -> tuple[TableRef, ...]:
    """The staging tables that may have been made.

    Not by a run that ended well without a row to publish, or without a dead letter; but in
    place one is made before its rows are counted.
    """
    staging, has_dead = plan.run.staging, outcome.rows_dead > 0
    result = (staging.result_table,) if plan.publishing.sql else ()
    if outcome.status == CHECKS_FAILED:
        return tuple(table for table in (*staging.tables, *result) if table != plan.rows_table)
    if outcome.status not in ("succeeded", "held_back"):
        return (*staging.tables, *result)
    has_rows = outcome.rows_staged > 0 or has_dead or plan.publishes_without_rows
    rows = (staging.table, *result) if has_rows or plan.reading.is_in_place else ()
    return (*rows, *((staging.dead_table,) if has_dead else ()))
