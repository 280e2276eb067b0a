"""I/O. The BigQuery client, made in one place: its retries and requests end."""

from typing import Any

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from warehouse.errors import REPEATED
from warehouse.names import Endpoints


def make_client(
    project: str, location: str | None, endpoints: Endpoints, max_retries: int
) -> bigquery.Client:
    """See `bounded_client`."""
    return bounded_client(project, location, endpoints.bigquery, max_retries)


RETRY_S = 10.0
"""Seconds of retries per call and per `max_retries`; the library's own are 600."""
REQUEST_TIMEOUT_S = 300.0
"""Of one HTTP request; BigQuery itself ends them after 2 minutes."""
REFRESH_S = 300
"""Of a request for a token, as the library has it."""
PART_BYTES = 16 * 1024 * 1024
"""Of a file that goes up, in one request; the next is read while the last is still in memory.

The library's own parts have 100 MB. A multiple of 256 KiB:
https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable
"""


class _MarkingRetry(Retry):
    """A retry that marks the error of a request that was sent more than once."""

    def __call__(self, func: Any, on_error: Any = None) -> Any:
        retrying = super().__call__

        def call(*args: Any, **words: Any) -> Any:
            sent = 0

            def send() -> Any:
                nonlocal sent
                sent += 1
                return func(*args, **words)

            try:
                return retrying(send, on_error)()
            except GoogleAPICallError as error:
                if sent > 1:
                    setattr(error, REPEATED, True)
                raise

        return call


class _Session(AuthorizedSession):
    """A session that asks the environment for proxies and certificates once for each host.

    requests looks through all of it for each request, and through ~/.netrc, whose password it
    would send in place of the token: a quarter of a request's processor time.
    """

    def __init__(self, credentials: Any) -> None:
        super().__init__(credentials, refresh_timeout=REFRESH_S)
        self.auth = lambda request: request  # the token is a header; any other keeps netrc away
        self._of_host: dict[Any, Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, *words: Any) -> Any:
        """As the first request to the host with the same words found it."""
        key = (*url.split("/", 3)[:3], *words)
        if key not in self._of_host:
            self._of_host[key] = super().merge_environment_settings(url, proxies, *words)
        return {**self._of_host[key]}


class _Client(bigquery.Client):
    """A client whose retries end: the library's own would hide an outage for 10 minutes."""

    def __init__(self, *args: Any, retry_s: float, **words: Any) -> None:
        super().__init__(*args, **words)
        self._retry_s = retry_s
        self._http_internal = _Session(self._credentials)
        self._http_internal.configure_mtls_channel(self._client_cert_source)

    def _bounded(self, retry: Any) -> _MarkingRetry | None:
        """The library's retry within the seconds of this client; None: no second try."""
        if not retry or not self._retry_s:
            return None
        pauses = retry._initial, retry._maximum, retry._multiplier
        return _MarkingRetry(retry._predicate, *pauses, self._retry_s, retry._on_error)

    def _call_api(self, retry: Any, *args: Any, **words: Any) -> Any:
        """All calls pass here, with the retry of their own defaults."""
        if words.get("timeout", "absent") is None:
            words["timeout"] = REQUEST_TIMEOUT_S
        bounded = self._bounded(retry)
        send = super()._call_api
        return bounded(send)(None, *args, **words) if bounded else send(None, *args, **words)

    def query(self, *args: Any, **words: Any) -> Any:
        """Without the library's second retry, which is around the first and not bounded."""
        words.setdefault("job_retry", None)
        return super().query(*args, **words)

    def query_and_wait(self, *args: Any, **words: Any) -> Any:
        """The same: its second retry would go on for 40 minutes.

        The first is around `_call_api`, not handed to it, so it is bounded here.
        """
        words.setdefault("job_retry", None)
        words.setdefault("retry", self._bounded(DEFAULT_RETRY))
        return super().query_and_wait(*args, **words)

    def load_table_from_file(self, *args: Any, **words: Any) -> Any:
        """With a timeout: uploads don't pass by `_call_api`, and would wait for ever."""
        words.setdefault("timeout", REQUEST_TIMEOUT_S)
        return super().load_table_from_file(*args, **words)

    def _initiate_resumable_upload(self, *args: Any, **words: Any) -> Any:
        """In parts of ours, which the library has no parameter for."""
        upload, transport = super()._initiate_resumable_upload(*args, **words)
        upload._chunk_size = PART_BYTES
        return upload, transport


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


def update_anyhow(client: bigquery.Client, table: bigquery.Table, field: str) -> None:
    """Change a field of a table, also one that was changed since it was read.

    For what is the same done once or twice, by one or by two at once.

    Args:
        client: of BigQuery.
        table: as it is to be.
        field: of it, as the client names it.
    """
    table._properties.pop("etag", None)  # which the client would send as If-Match
    client.update_table(table, [field])
