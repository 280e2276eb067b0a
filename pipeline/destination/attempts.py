"""I/O. One job of a run: sent under ids that run once, and never called failed on a guess.

A job may run from the moment that its request may have left until it is seen DONE. What
goes wrong in between, of whatever class, says nothing about the job: the job itself is
asked, or its id is used up by one that does nothing.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from google.api_core.exceptions import Conflict, GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from auto_schema.errors import (
    LimitReachedError,
    OutcomeUnknownError,
    RunInProgressError,
    TargetError,
)
from smart_sync.plan import RunPlan
from warehouse.errors import CONNECTION_ERRORS, is_refusal, is_transient, target_error
from warehouse.jobs import JobLabels, find_job, query_config
from warehouse.names import TableRef

PUBLISH, BURNT = "publish", "burnt"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
API_ERRORS = (GoogleAPICallError, GoogleAuthError, RetryError, *CONNECTION_ERRORS)


class OfRun(Protocol):
    """A plan, of a sync or of another run."""

    @property
    def run(self) -> RunPlan:
        """The run itself."""
        ...

    @property
    def destination(self) -> TableRef:
        """The table that it changes."""
        ...


def run_attempts(
    client: bigquery.Client,
    plan: OfRun,
    step: str,
    start: Callable[[str, JobLabels], Any],
    before: Callable[[], None] = lambda: None,
) -> Any:
    """Run a step's job; the next attempt's id is used only after the one before has failed.

    Args:
        client: of the job project.
        plan: the run's.
        step: names the job.
        start: sends it under an id, and does nothing else that may fail.
        before: looks at the lock just before the job is sent, and raises when it is lost.

    Returns:
        The job, which is DONE without an error.

    Raises:
        RunInProgressError: the lock is lost; no job of the step runs or will run.
        SyncError: the job was refused, or has failed once too often; likewise.
        OutcomeUnknownError: a job may have run, may still run or may yet arrive.
    """
    return _Sending(client, plan, step, start, before).run()


def publish_job_id(plan: OfRun, step: str, attempt: int = 1) -> str:
    """The id of a step's job; ids are unique per project and location."""
    return job_id_of(plan.run.run_id, step, attempt)


def job_id_of(run_id: str, step: str, attempt: int) -> str:
    """The same, of a run that is known by its name only."""
    return f"sync_{run_id}_{step}_{attempt}"


def burn(client: bigquery.Client, run_id: str, job_id: str, **place: Any) -> bool:
    """Use an id up by a job that does nothing; False: it was used before.

    Args:
        client: of the taker.
        run_id: whose id it is.
        job_id: the id.
        **place: `project` and `location` where they aren't the client's.
    """
    config = query_config(JobLabels(run_id, BURNT))
    try:
        client.query("SELECT 1", config, job_id=job_id, job_retry=None, **place)
    except Conflict:
        return False
    return True


class _Sending:
    """One step on its way: which attempt it is at, and whether its job may be there."""

    def __init__(
        self,
        client: bigquery.Client,
        plan: OfRun,
        step: str,
        start: Callable[[str, JobLabels], Any],
        before: Callable[[], None],
    ) -> None:
        self._client, self._plan, self._step = client, plan, step
        self._start, self._before = start, before
        self._labels = JobLabels(plan.run.run_id, step)
        self._attempt = 1
        self._in_doubt = False

    @property
    def _job_id(self) -> str:
        return publish_job_id(self._plan, self._step, self._attempt)

    def run(self) -> Any:
        """Send, wait, and try again until the job is done or the tries are used up."""
        pause = FIRST_PAUSE_S
        for tries in range(self._plan.run.max_retries + 1):
            attempt = self._attempt
            try:
                job = (self._find() if self._in_doubt else None) or self._send()
                return self._wait(job)
            except Exception as error:
                lost = isinstance(error, RunInProgressError | LimitReachedError)
                hopeless = lost or not (self._in_doubt or _is_transient(error))
                if hopeless or tries == self._plan.run.max_retries:
                    raise self._verdict(error, self._id(attempt)) from error
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        raise AssertionError("unreachable")

    def _id(self, attempt: int) -> str:
        return publish_job_id(self._plan, self._step, attempt)

    def _send(self) -> Any:
        """Look at the lock and send the job; one that a repeated step has sent needs no look."""
        try:
            self._before()
        except (RunInProgressError, LimitReachedError):
            job = self._find()
            if job is None:
                raise
            return job
        doubt, self._in_doubt = self._in_doubt, True
        try:
            return self._start(self._job_id, self._labels)
        except Conflict:
            return self._own(self._client.get_job(self._job_id))
        except Exception as error:
            self._in_doubt = doubt or not is_refusal(error)
            job = self._find_quietly()  # a refusal of a repeated upload may hide that it ran
            if job is None:
                raise
            return job

    def _find_quietly(self) -> Any:
        """The job, or None: it isn't there, or nobody can tell."""
        try:
            return self._find()
        except API_ERRORS:
            return None

    def _find(self) -> Any:
        job = find_job(self._client, self._job_id)
        return None if job is None else self._own(job)

    def _own(self, job: Any) -> Any:
        """The same job when it is this step's.

        Raises:
            RunInProgressError: the id was burnt by a run that took over.
            TargetError: another job has the id. Either way ours can't be there any more.
        """
        if job.labels == self._labels.as_dict():
            self._in_doubt = True
            return job
        self._in_doubt = False
        if job.labels == JobLabels(self._plan.run.run_id, BURNT).as_dict():
            raise RunInProgressError(
                "lock lost",
                f"table {self._plan.destination}, run {self._plan.run.run_id}",
                "its lease was over, and another run has settled it",
                "nothing of this run is published any more; run again. If runs are suspended,"
                " raise lock_lease.",
            )
        fix = "run again: a new run has new ids."
        raise TargetError("job id taken", self._job_id, "a job of another run has it", fix)

    def _wait(self, job: Any) -> Any:
        """The job once it is done, whatever happens on the way.

        Raises:
            GoogleAPICallError: what the job itself ended with: the attempt has failed.
            Exception: anything else: nobody knows.
        """
        try:
            job.result()
        except Exception:
            job = find_job(self._client, self._job_id)
            if job is None or job.state != "DONE":
                raise
            if job.error_result:
                self._in_doubt, self._attempt = False, self._attempt + 1
                raise job.exception() from None
        return job

    def _verdict(self, error: Exception, job_id: str) -> Exception:
        """What is true of the step now: it failed, or nobody knows."""
        where = f"{self._plan.destination}, job {job_id}"
        fault = target_error(error, where) if isinstance(error, API_ERRORS) else error
        if self._in_doubt and not self._is_void():
            fix = "run again when BigQuery answers: that run waits for this job, or makes it void."
            why = getattr(fault, "why", "") or f"{type(error).__name__}: {error}"
            return OutcomeUnknownError("BigQuery does not answer", where, why, fix)
        return fault

    def _is_void(self) -> bool:
        """Whether nothing can run under the id any more: it is used up for nothing."""
        if self._step != PUBLISH:
            return False  # what is only staged is not told as published or not
        try:
            if burn(self._client, self._plan.run.run_id, self._job_id):
                return True
            job = find_job(self._client, self._job_id)
            return job is not None and job.labels.get("step") == BURNT
        except Exception:
            return False


def _is_transient(error: Exception) -> bool:
    """Whether another try may help; our own errors say it by what they were raised from."""
    return is_transient(error) or is_transient(error.__cause__ or error)
