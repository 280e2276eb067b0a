"""I/O. The BigQuery client: made in one place, its jobs with fixed ids."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import (
    Conflict,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServerError,
    TooManyRequests,
)
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import bigquery
from requests.exceptions import RequestException

from auto_schema.errors import TargetError

CONNECTION_ERRORS = (RequestException, ConnectionError, TimeoutError)
TRANSIENT_REASONS = frozenset(
    {"backendError", "internalError", "rateLimitExceeded", "jobBackendError"}
)
"""https://cloud.google.com/bigquery/docs/error-messages: worth another attempt."""

APPLICATION = "bigquery-smart-sync"


RETRY_S = 10.0
"""Seconds of retries per call and per `max_retries`; the library's own are 600."""
REQUEST_TIMEOUT_S = 300.0
"""Of one HTTP request; BigQuery itself ends them after 2 minutes."""


MOST_ATTEMPTS = 50
"""Of one job, over all calls that want it done."""
SENT_AT_ONCE, PAUSE_S = 3, 1.0
"""By one call, when BigQuery's own backends failed."""

REPEATED = "was_repeated"
"""Marks the answer to a request that was sent more than once."""


class _Client(bigquery.Client):
    """A client whose retries end: the library's own would hide an outage for 10 minutes."""

    def __init__(self, *args: Any, retry_s: float, **words: Any) -> None:
        super().__init__(*args, **words)
        self._retry_s = retry_s

    def _call_api(self, retry: Any, *args: Any, **words: Any) -> Any:
        """All calls pass here, with the retry of their own defaults."""
        if words.get("timeout", "absent") is None:
            words["timeout"] = REQUEST_TIMEOUT_S
        if not retry or not self._retry_s:
            return super()._call_api(None, *args, **words)
        sent = 0

        def send() -> Any:
            nonlocal sent
            sent += 1
            return super(_Client, self)._call_api(None, *args, **words)

        try:
            return retry.with_timeout(self._retry_s)(send)()
        except GoogleAPICallError as error:
            if sent > 1:
                setattr(error, REPEATED, True)
            raise

    def query(self, *args: Any, **words: Any) -> Any:
        """Without the library's second retry, which is around the first and not bounded."""
        words.setdefault("job_retry", None)
        return super().query(*args, **words)

    def query_and_wait(self, *args: Any, **words: Any) -> Any:
        """The same: its second retry would go on for 40 minutes."""
        words.setdefault("job_retry", None)
        return super().query_and_wait(*args, **words)

    def load_table_from_file(self, *args: Any, **words: Any) -> Any:
        """With a timeout: uploads don't pass by `_call_api`, and would wait for ever."""
        words.setdefault("timeout", REQUEST_TIMEOUT_S)
        return super().load_table_from_file(*args, **words)


def bounded_client(
    project: str, location: str | None, endpoint: str, max_retries: int
) -> bigquery.Client:
    """A client of the real service, or of the stand-in that listens at the endpoint.

    Args:
        project: that runs and pays the jobs.
        location: of the jobs; None until it is known.
        endpoint: URL of a stand-in; empty for the service.
        max_retries: each call is tried again for 10 s times this.
    """
    words: dict[str, Any] = {"retry_s": RETRY_S * max_retries}
    if endpoint:
        words["credentials"] = AnonymousCredentials()
        words["client_options"] = ClientOptions(api_endpoint=endpoint)
    return _Client(project=project, location=location, **words)


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help: connection loss, 429, 5xx, BigQuery's own backends."""
    if isinstance(error, (*CONNECTION_ERRORS, ServerError, TooManyRequests, RetryError)):
        return True
    if isinstance(error, GoogleAuthError):
        return error.retryable or isinstance(error, TransportError)
    if isinstance(error, GoogleAPICallError):
        return any(e.get("reason") in TRANSIENT_REASONS for e in error.errors or ())
    return False


def is_refusal(error: BaseException) -> bool:
    """Whether it is BigQuery's own no to the only request that was sent: it did nothing.

    An error after a request that may have come through is none, whatever it says, nor is
    one that says nothing of the request (a gateway's 5xx, 408).
    """
    if not isinstance(error, GoogleAPICallError) or getattr(error, REPEATED, False):
        return False
    no = error.code is not None and 400 <= error.code < 500 and error.code not in (408, 409)
    return no and not is_transient(error)


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
        found = find_job(client, job.job_id)
        if found is None or found.state != "DONE":
            raise
        return cast(Exception | None, found.exception())
    return None


def find_job(client: bigquery.Client, job_id: str) -> Any:
    """The job of that id, or None: for an answer that got lost."""
    try:
        return client.get_job(job_id)
    except NotFound:
        return None


def query_config(labels: JobLabels, parameters: Sequence[Any] = ()) -> bigquery.QueryJobConfig:
    """Configuration of one of our statements."""
    config = bigquery.QueryJobConfig(use_legacy_sql=False, query_parameters=list(parameters))
    config.labels = labels.as_dict()
    return config
