"""I/O. What a dead run left is settled before anything else is read of its table.

The taker holds the lock, so a run without its last event is dead, or asleep. Its next
publish id is used up by a job that does nothing: then it can publish no more. An id that
was used is waited for. Only then may MAX be read.
"""

import itertools
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from auto_schema.errors import SyncError
from pipeline.destination.attempts import BURNT, PUBLISH, burn, job_id_of
from pipeline.destination.folder import STORAGE_ERRORS, Folder
from pipeline.destination.job_rows import published_rows
from pipeline.destination.manifests import read_note
from pipeline.runs.history import FINAL, PLAN, append
from pipeline.runs.joint_events import fence_events
from pipeline.runs.lock import Lock, started
from pipeline.runs.past_runs import read_outcome
from pipeline.runs.rollback_end import end_rollback
from smart_sync.letters_sql import STEPS as LETTERS
from smart_sync.repair import ROLLBACK
from smart_sync.sql_plan import MADE
from smart_sync.staging import Staging, staging_of
from warehouse.errors import as_target_errors
from warehouse.names import Endpoints, TableRef

LOGGER = logging.getLogger("smart_sync")
ABANDONED = "abandoned"
ANY_CLOCK = timedelta(days=1)
"""By more a machine's clock isn't set back within a run."""
RUN_ID = r"[0-9]{8}t[0-9]{6}-[0-9a-f]{8}"
EXIT_CODE = 6
"""What a run that was taken over ends with, should it still be there to read it."""


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles dead runs of the lock's table; the lock is looked at before each act.

    Whoever slept since it took the lock would otherwise settle the run that has it now.
    """

    client: bigquery.Client
    history: TableRef
    lock: Lock
    endpoints: Endpoints

    def settle(self, unfinished: Iterable[Mapping[str, Any]], spared: str = "") -> frozenset[str]:
        """Fence, finish or clean up after every run that has no last event.

        Args:
            unfinished: the newest event of each.
            spared: the run of which the folder is left, if nothing of it was published.

        Returns:
            The runs that have published nothing, and never will.

        Raises:
            RunInProgressError: the lock is lost; what is left, its new holder settles.
            TargetError: BigQuery refused or can't be reached; then nothing may be read.
        """
        void = set[str]()
        for run in unfinished:
            LOGGER.warning("run %s did not end by itself and is settled first", run["run_id"])
            job = fence(self.client, run, self.lock.check, waits=True)
            if job is None:
                self._fence_letters(run)
            self.lock.check()
            if self._has_ended(run):
                continue
            self._clear(run, keeps_folder=job is None and run["run_id"] == spared)
            self.lock.check()
            append(self.client, self.history, self._last_event(run, job))
            if job is None:
                void.add(run["run_id"])
        return frozenset(void)

    def _fence_letters(self, run: Mapping[str, Any]) -> None:
        """So that one that only sleeps doesn't make letters its own again that another published.

        What it had staged need not be gone: the run that takes it over needs it.
        """
        if run.get("mode") == ROLLBACK:
            return
        for step in LETTERS:
            fence(self.client, run, self.lock.check, waits=True, step=step)

    def is_void(self, run: Mapping[str, Any]) -> bool:
        """Whether a run that has ended has published nothing, and never will.

        Raises:
            RunInProgressError: the lock is lost.
            TargetError: BigQuery refused or can't be reached.
        """
        return fence(self.client, run, self.lock.check, waits=True) is None

    def _last_event(self, run: Mapping[str, Any], job: Any) -> dict[str, Any]:
        """That of a dead run; a rollback that has restored its table is brought to its end."""
        if job is None or run.get("mode") != ROLLBACK:
            return abandoned_row(self.client, run, job)
        return end_rollback(self.client, self.history, run, job, self.lock)

    def _has_ended(self, run: Mapping[str, Any]) -> bool:
        """Whether its last event has come meanwhile with those of its launch, or never does."""
        if not run.get("batch_id"):
            return False  # then it has an id of its own, as ours has
        fence_events(self.client, self.history, run)
        since = run["event_time"] - ANY_CLOCK
        run_id, destination = run["run_id"], self.lock.destination
        newest = read_outcome(self.client, self.history, destination, run_id, since)
        return newest is not None and newest["seq"] >= FINAL

    def _clear(self, run: Mapping[str, Any], *, keeps_folder: bool) -> None:
        """Remove what it had staged; what can't be removed expires by itself."""
        folder = run.get("staging_folder") or ""
        if folder and not keeps_folder:
            clear_folders(older_folders(folder, self.endpoints), self.endpoints)
        staging = staging_of("" if keeps_folder else folder, self.lock.destination, run["run_id"])
        clear_staging(self.client, staging, self.endpoints)


class UnfinishedJobError(SyncError):
    """A publishing job still runs, and isn't waited for."""


def fence(
    client: bigquery.Client,
    run: Mapping[str, Any],
    before: Callable[[], None] = lambda: None,
    *,
    waits: bool = False,
    step: str = PUBLISH,
) -> Any:
    """Use up a run's first free publish id; the run's own job when it has published.

    Args:
        client: of whoever fences it.
        run: an event of it.
        before: raises when it may not be done any more.
        waits: for a job that still runs.
        step: which of its jobs.

    Raises:
        UnfinishedJobError: one runs, and isn't waited for.
        TargetError: BigQuery refused or can't be reached.
    """
    run_id = run["run_id"]
    for attempt in itertools.count(1):
        job_id = job_id_of(run_id, step, attempt)
        before()
        with as_target_errors(f"run {run_id}, job {job_id}"):
            if burn(client, run_id, job_id, **_place(run)):
                return None
            job = client.get_job(job_id, **_place(run))
            if job.state != "DONE" and not waits:
                raise UnfinishedJobError("job still runs", job_id, "", "run again.")
            job = _finished(client, run, job)
        if job.labels.get("step") == BURNT:
            return None
        if not job.error_result:
            return job
    raise AssertionError("unreachable")


def published_job(client: bigquery.Client, run: Mapping[str, Any]) -> Any:
    """A run's publishing job that has ended well, whatever its history says; None: there is none.

    Args:
        client: of BigQuery.
        run: its `run_id`, `job_project` and `job_location`.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    for attempt in itertools.count(1):
        job_id = job_id_of(run["run_id"], PUBLISH, attempt)
        with as_target_errors(f"run {run['run_id']}, job {job_id}"):
            try:
                job: Any = client.get_job(job_id, **_place(run))
            except NotFound:
                return None
        if job.state == "DONE" and job.error_result:
            continue
        return job if job.state == "DONE" and job.labels.get("step") != BURNT else None
    raise AssertionError("unreachable")


def _finished(client: bigquery.Client, run: Mapping[str, Any], job: Any) -> Any:
    """The job, once it is seen DONE."""
    if job.state != "DONE":
        LOGGER.warning("waiting for job %s of run %s", job.job_id, run["run_id"])
        try:
            job.result()
        except GoogleAPICallError as error:  # the job's own, or that of asking for it
            job = client.get_job(job.job_id, **_place(run))
            if job.state != "DONE":
                raise
            LOGGER.warning("job %s failed: %s", job.job_id, error.message)
    return job


def clear_staging(
    client: bigquery.Client,
    staging: Staging,
    endpoints: Endpoints,
    tables: Sequence[TableRef] | None = None,
) -> None:
    """Remove a run's staged files and tables; best effort, they also expire.

    Args:
        client: of the job project.
        staging: the run's.
        endpoints: where the folder's service is.
        tables: that the run may have made; None: any of its staging tables.
    """
    every = (*staging.tables, staging.result_table, staging.missing_table)
    tables = every if tables is None else tables
    removals = [partial(client.delete_table, str(t), not_found_ok=True) for t in tables]
    clear_folders([staging.folder] if staging.folder else [], endpoints)
    for remove in removals:
        try:
            with as_target_errors(f"staging of {staging.table}"):
                remove()
        except SyncError as error:
            LOGGER.warning("%s", error)


def clear_folders(folders: Iterable[str], endpoints: Endpoints) -> None:
    """Remove folders of runs with all their files; best effort."""
    for folder in folders:
        try:
            Folder(folder, endpoints).clear()
        except STORAGE_ERRORS as error:
            LOGGER.warning("%s could not be cleared: %s", folder, error)


def is_noted(folder: str, endpoints: Endpoints) -> bool:
    """Whether a run's folder has the note by which others take it over, or may have it.

    One that slept too long doesn't find its own: whoever took over has ended, and cleared all.
    """
    try:
        return read_note(Folder(folder, endpoints)) is not None
    except STORAGE_ERRORS as error:
        LOGGER.warning("whether %s can be taken over can't be read: %s", folder, error)
        return True


def older_folders(folder: str, endpoints: Endpoints) -> tuple[str, ...]:
    """The folders of runs that a run had taken over, by its own note; none: it had not."""
    try:
        note = read_note(Folder(folder, endpoints))
    except STORAGE_ERRORS as error:
        LOGGER.warning("what run folder %s had taken over can't be read: %s", folder, error)
        return ()
    return tuple(path for path in note.noted.older if beside(path, folder)) if note else ()


def beside(path: str, folder: str) -> bool:
    """Whether a path that a file tells is a folder of a run, beside that of another.

    >>> beside("gs://b/t/20250722t150000-3f9a0c1d", "gs://b/t/20250722t160000-00000000")
    True
    >>> beside("gs://b/t/other", "gs://b/t/x"), beside("gs://b/20250722t150000-3f9a0c1d", "/t/x")
    (False, False)
    """
    (place, _, name), parent = path.rpartition("/"), folder.rpartition("/")[0]
    return place == parent and re.fullmatch(RUN_ID, name) is not None


def _place(run: Mapping[str, Any]) -> dict[str, Any]:
    """Where its jobs are: ids are unique per project and location."""
    return {"project": run.get("job_project"), "location": run.get("job_location")}


def made_rows(verification: str | None) -> int:
    """Rows that transform_sql had made, by what a run has told of itself; 0: it told of none.

    >>> made_rows('{"transform_sql": {"rows": 3, "rows_staged": 5}}'), made_rows(None)
    (3, 0)
    """
    told = json.loads(verification) if verification else {}
    return int(told.get(MADE, {}).get("rows", 0))


def _rows_of(client: bigquery.Client, run: Mapping[str, Any], job: Any) -> int:
    """Rows that a dead run published: as it said before, or as its job says.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    if job is None:
        return 0
    told = made_rows(run.get("verification")) or int(run.get("rows_staged") or 0)
    return told or published_rows(client, job, run["destination"])


def abandoned_row(client: bigquery.Client, run: Mapping[str, Any], job: Any) -> dict[str, Any]:
    """The last event of a dead run: whether its rows are in the table, and how many.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    rows = _rows_of(client, run, job)
    begin = f"AbandonedError: run {run['run_id']}, started {started(run['run_id'])}, did not end"
    if job is None:
        message = f"{begin} by itself. Nothing of it was published, and it can't publish any more."
    else:
        message = f"{begin} by itself, but its job {job.job_id} did: its rows are in the table."
    return {
        **run,
        "seq": FINAL,
        "status": ABANDONED,
        "event_time": datetime.now(UTC),
        "rows_published": rows,
        "publish_job": job.job_id if job is not None else None,
        "exit_code": EXIT_CODE,
        "error": message,
        PLAN: None,
    }
