"""I/O. A table of a job that can't go on: its run is ended by what the history knows of it.

Its plan may be what can't be read. What is left to the next run is only what BigQuery itself
doesn't let us tell.
"""

import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import RunInProgressError
from pipeline.destination.folder import STORAGE_ERRORS, Folder
from pipeline.destination.manifests import read_note
from pipeline.execution.packing import LaunchOnItsWay, TableOnItsWay
from pipeline.runs.batches import began
from pipeline.runs.history import FINAL, append
from pipeline.runs.lock import RELEASED_LIFE, Lock
from pipeline.runs.many_report import TableResult, result_of
from pipeline.runs.outcome import Failure
from pipeline.runs.past_runs import BEGINNING, read_outcome
from pipeline.runs.settle import (
    abandoned_row,
    clear_folders,
    clear_staging,
    fence,
    older_folders,
)
from smart_sync.staging import staging_of
from warehouse.client import make_client

LOGGER = logging.getLogger("smart_sync")


def failed_table(launch: LaunchOnItsWay, table: TableOnItsWay, error: Exception) -> TableResult:
    """End the run of a table that nobody goes on with, as what it is; its lock is given back.

    Args:
        launch: of the table.
        table: whose plan is not needed.
        error: why it can't go on.
    """
    failure, name = Failure.of(error, "Run", traceback=traceback.format_exc()), table.name
    LOGGER.error("%s: %s%s", name, failure.message, failure.traceback and f"\n{failure.traceback}")
    row = None
    try:
        row = _end(launch, table, failure)
    except Exception as fault:  # whatever it is: other tables are on their way
        LOGGER.warning("%s: the next run settles what its run left: %s", name, fault)
    if row is None:
        return TableResult(name, failure.exit_code, "failed", failure.message)
    return result_of(name, row)


def _end(
    launch: LaunchOnItsWay, table: TableOnItsWay, failure: Failure
) -> Mapping[str, Any] | None:
    """The run's last event, written here or before; None: no history knows the run.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    client = make_client(launch.job_project, launch.location, launch.endpoints, launch.max_retries)
    since, run_id = began(launch.batch_id) or BEGINNING, table.run_id
    for history in launch.histories:
        run = read_outcome(client, history, table.destination, run_id, since)
        if run is None:
            continue
        if run["seq"] < FINAL:
            run = _ended(client, run, failure)
            _clear(client, launch, table, run, failure)
            append(client, history, run)
        Lock(client, table.destination, run_id, RELEASED_LIFE).release()
        return run
    return None


def _clear(
    client: bigquery.Client,
    launch: LaunchOnItsWay,
    table: TableOnItsWay,
    run: Mapping[str, Any],
    failure: Failure,
) -> None:
    """Remove what it had staged, but what another run takes over, or has taken."""
    path = run["staging_folder"] or ""
    try:
        note = read_note(Folder(path, launch.endpoints)) if path else None
    except STORAGE_ERRORS:
        note = None
    is_others = failure.exit_code == RunInProgressError.exit_code
    if note is not None and (failure.passes or is_others):
        path = ""
    elif note is not None:
        clear_folders(older_folders(path, launch.endpoints), launch.endpoints)
    staging = staging_of(path, table.destination, table.run_id)
    clear_staging(client, staging, launch.endpoints)


def _ended(client: bigquery.Client, run: Mapping[str, Any], failure: Failure) -> dict[str, Any]:
    """The last event of a run that can publish no more: failed, unless its job has published.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    job = fence(client, run, waits=True)
    if job is not None:
        return abandoned_row(client, run, job)
    return {
        **run,
        "seq": FINAL,
        "status": "failed",
        "event_time": datetime.now(UTC),
        "exit_code": failure.exit_code,
        "error": failure.message,
    }
