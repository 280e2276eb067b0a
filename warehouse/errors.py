"""What BigQuery says against a request: worth another attempt, a refusal, and ours of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from google.api_core.exceptions import (
    BadRequest,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServerError,
    TooManyRequests,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from requests.exceptions import RequestException

from auto_schema.errors import SyncError, TargetError
from auto_schema.told import without_row_values

REFUSED_QUERY = (BadRequest, NotFound)
"""What a dry run of a query that BigQuery doesn't understand ends with."""


def target_error(error: BaseException, where: str) -> TargetError:
    """BigQuery's answer as our error."""
    cause = getattr(error, "cause", None)  # what each of the tries ended with
    text = getattr(error, "message", "") or str(error)
    text += f"; {type(cause).__name__}: {cause}" if cause else ""
    text = without_row_values(" ".join(text.split("\n\nLocation:")[0].split()))
    if isinstance(error, (*CONNECTION_ERRORS, RetryError)):
        fix = "check the network path to BigQuery, and run again."
        return TargetError("BigQuery unreachable", where, text, fix)
    if isinstance(error, GoogleAuthError):
        fix = (
            "give the service account access, or run `gcloud auth application-default login`;"
            " for a local BigQuery set BIGQUERY_EMULATOR_HOST."
        )
        return TargetError("no credentials for BigQuery", where, text, fix)
    if getattr(error, "code", None) == 403:
        fix = (
            "grant roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the"
            " job project to the service account."
        )
        return TargetError("BigQuery refused", where, text, fix)
    return TargetError("BigQuery refused", where, text, "correct what it names, and run again.")


@contextmanager
def as_target_errors(where: str) -> Iterator[None]:
    """Turn the client library's errors into TargetError."""
    try:
        yield
    except SyncError:
        raise
    except (GoogleAPICallError, GoogleAuthError, RetryError, *CONNECTION_ERRORS) as error:
        raise target_error(error, where) from error


CONNECTION_ERRORS = (RequestException, ConnectionError, TimeoutError)
TRANSIENT_REASONS = frozenset(
    {"backendError", "internalError", "rateLimitExceeded", "jobBackendError"}
)
"""https://cloud.google.com/bigquery/docs/error-messages: worth another attempt."""

REPEATED = "was_repeated"
"""Marks the answer to a request that was sent more than once."""


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help: connection loss, 429, 5xx, BigQuery's own backends."""
    if isinstance(error, (*CONNECTION_ERRORS, ServerError, TooManyRequests, RetryError)):
        return True
    if isinstance(error, GoogleAuthError):
        return error.retryable or isinstance(error, TransportError)
    if isinstance(error, GoogleAPICallError):
        said = (one for one in error.errors or () if isinstance(one, Mapping))  # gRPC's are none
        return any(one.get("reason") in TRANSIENT_REASONS for one in said)
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
