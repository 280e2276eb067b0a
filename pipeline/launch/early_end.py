"""I/O. The end of a run that its own report doesn't tell: a signal, or a launch that failed.

A job of it may be on its way, sent by a thread or a service that goes on without us. So its
publishing id is used up first; only then is the run called failed and its staging cleared.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import SyncError
from pipeline.launch.program_end import RUN_THREAD
from pipeline.runs.history import Append, append, event_row
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.settle import (
    UnfinishedJobError,
    abandoned_row,
    clear_folders,
    clear_staging,
    fence,
    is_noted,
)
from smart_sync.plan import SyncPlan

LAUNCH = "Launch"
"""The step of a job that could not be submitted: no run of it has touched what was taken over."""
HEARD_S = 1.0
"""A signal that another thread was given wakes nobody: so often it is looked for."""
LOGGER = logging.getLogger("smart_sync")


def end_early(
    client: bigquery.Client, plan: SyncPlan, fault: Failure, write: Append = append
) -> None:
    """Write the run's last event as what it is, and clear its staging; best effort.

    What can't be told now is left to the next run, which settles it as that of a dead one.
    """
    outcome = Outcome(status="failed", exit_code=fault.exit_code, message=fault.message)
    row = event_row(plan, outcome, datetime.now(UTC))
    try:
        job = fence(client, row)
        if job is not None:
            row = abandoned_row(client, row, job) | {"exit_code": fault.exit_code}
        _clear(client, plan, fault)
        write(client, plan.run.history_table, row)
    except UnfinishedJobError as error:
        LOGGER.warning("%s; the next run waits for it", error)
    except SyncError as error:
        LOGGER.warning(
            "how the run ended is not in the history, the next run settles it: %s", error
        )


def _clear(client: bigquery.Client, plan: SyncPlan, fault: Failure) -> None:
    """Remove what was staged, but what the next run may take over."""
    run, staging = plan.run, plan.run.staging
    is_kept = run.taken is not None if fault.step == LAUNCH else fault.passes
    if run.notes_splits and is_kept and is_noted(staging.folder, run.endpoints):
        staging = replace(staging, folder="")
    elif run.taken is not None:
        clear_folders(run.taken.folders, run.endpoints)
    clear_staging(client, staging, run.endpoints)


class Working:
    """Work in a thread of its own: a signal is heard at once, whatever the work waits for."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=RUN_THREAD, daemon=True)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def wait(self) -> None:
        """Start it and wait for its end; raises what it raised.

        Raises:
            KeyboardInterrupt: a signal came; the work goes on, and ends with the process.
        """
        self._thread.start()
        while self._thread.is_alive():
            self._thread.join(HEARD_S)
        if self._error is not None:
            raise self._error
