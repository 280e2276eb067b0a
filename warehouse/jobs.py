"""I/O. Jobs of BigQuery under fixed ids, so that a step done twice does its work once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from google.api_core.exceptions import (
    Conflict,
    GoogleAPICallError,
    NotFound,
)
from google.cloud import bigquery

from auto_schema.errors import TargetError
from warehouse.errors import CONNECTION_ERRORS, is_transient

APPLICATION = "bigquery-smart-sync"


MOST_ATTEMPTS = 50
"""Of one job, over all calls that want it done."""
SENT_AT_ONCE, PAUSE_S = 3, 1.0
"""By one call, when BigQuery's own backends failed."""


@dataclass(frozen=True, slots=True)
class JobLabels:
    """Labels by which a job is known as a run's own."""

    run_id: str
    step: str

    def as_dict(self) -> dict[str, str]:
        """As BigQuery wants them."""
        return {"application": APPLICATION, "run_id": self.run_id.lower(), "step": self.step}


def run_job(
    client: bigquery.Client,
    job_id: Callable[[int], str],
    labels: JobLabels,
    start: Callable[[str], Any],
) -> Any:
    """Start a job, or find it when it was already sent; wait until it is done.

    A job that has ended with an error keeps its id for ever: the next one gets the next
    number. Nothing else lets it be used, so that never two of them can end well.

    Args:
        client: of the job's project and location.
        job_id: deterministic, by the number of the attempt, which begins at 1.
        labels: the job's own; a job of that id with others isn't ours.
        start: sends the job under an id.

    Returns:
        The job, which is DONE without an error.

    Raises:
        TargetError: the id belongs to another job.
        GoogleAPICallError: the job ended with an error, or nobody knows.
    """
    sent, error = 0, None
    for attempt in range(1, MOST_ATTEMPTS + 1):
        job, is_new = _sent(client, job_id(attempt), labels, start)
        error = _error_of(client, job)
        if error is None:
            return job
        if is_new:
            sent += 1
            if sent == SENT_AT_ONCE or not is_transient(error):
                break
            time.sleep(PAUSE_S)
    raise error or AssertionError("unreachable")


def _sent(
    client: bigquery.Client, job_id: str, labels: JobLabels, start: Callable[[str], Any]
) -> tuple[Any, bool]:
    """The job of that id, and whether it was sent just now."""
    try:
        return start(job_id), True
    except Conflict:
        job = client.get_job(job_id)
        if job.labels != labels.as_dict():
            fix = "run again: a new run has new ids."
            raise TargetError("job id taken", job_id, "a job of another run has it", fix) from None
        return job, False
    except (GoogleAPICallError, *CONNECTION_ERRORS):
        job = find_job(client, job_id)  # a refusal of a repeated upload may hide that it ran
        if job is None or job.labels != labels.as_dict():
            raise
        return job, True


def _error_of(client: bigquery.Client, job: Any) -> Exception | None:
    """What the job has ended with once it is DONE; None: it ended well."""
    try:
        job.result()
    except Exception:
        known = find_job(client, job.job_id)
        if known is None or known.state != "DONE":
            raise
        return cast(Exception | None, known.exception())
    return None


def find_job(client: bigquery.Client, job_id: str) -> Any:
    """The job of that id, or None: for an answer that got lost."""
    try:
        return client.get_job(job_id)
    except NotFound:
        return None


def query_config(labels: JobLabels, parameters: Sequence[Any] = ()) -> bigquery.QueryJobConfig:
    """Configuration of a query: its days and its stamps without a zone are those of UTC.

    The project that runs it may have a `default_time_zone`. Partitions are of UTC all the same,
    and so are the ends of a window that stand in the operator's query.
    """
    config = bigquery.QueryJobConfig(use_legacy_sql=False, query_parameters=list(parameters))
    config.labels = labels.as_dict()
    config.connection_properties = [bigquery.ConnectionProperty("time_zone", "UTC")]
    return config


def reading_config(
    labels: JobLabels, default_dataset: str, max_bytes_billed: int | None = None
) -> bigquery.QueryJobConfig:
    """Configuration of a job that reads a source.

    Args:
        labels: the job's own.
        default_dataset: `project.dataset` of tables named without one; empty: none.
        max_bytes_billed: what the job may cost at most; None: no ceiling.
    """
    config = query_config(labels)
    if default_dataset:
        config.default_dataset = default_dataset
    if max_bytes_billed is not None:
        config.maximum_bytes_billed = max_bytes_billed
    return config
