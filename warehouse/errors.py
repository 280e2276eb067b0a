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
    fix = "correct what it names, and run again."
    if getattr(error, "code", None) == 403:
        fix = (
            "grant roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the"
            " job project to the service account."
        )
    return TargetError("BigQuery refused", where, text, no_right(error) or fix)


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

LIMITS = frozenset({"quotaExceeded", "rateLimitExceeded", "jobRateLimitExceeded"})
BILLING = "billingNotEnabled"
OVERTAKEN = "due to concurrent update"
"""What a statement or a transaction ends with that another has overtaken: nothing was changed.

https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency
"""

REPEATED = "was_repeated"
"""Marks the answer to a request that was sent more than once."""


def reasons(error: BaseException) -> frozenset[str]:
    """Why BigQuery refused, in its own words for it."""
    said = (one for one in getattr(error, "errors", None) or () if isinstance(one, Mapping))
    return frozenset(str(one.get("reason")) for one in said)  # gRPC's errors are no mappings


def no_right(error: BaseException) -> str:
    """What mends a refusal that no role would: a limit, or a bill; empty: it is another.

    https://cloud.google.com/bigquery/docs/error-messages
    """
    if reasons(error) & LIMITS:
        return (
            "wait until the limit that it names is free again (a quota of a day frees itself hour"
            " by hour), run less often or fewer tables at once, or ask for more of it:"
            " https://cloud.google.com/bigquery/quotas"
        )
    if BILLING in reasons(error):
        return "enable billing for the job project: BigQuery's sandbox takes no such statement."
    return ""


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help.

    After connection loss, 429, 5xx, a fault of BigQuery's own, or a change that came between.
    """
    if isinstance(error, (*CONNECTION_ERRORS, ServerError, TooManyRequests, RetryError)):
        return True
    if isinstance(error, GoogleAuthError):
        return error.retryable or isinstance(error, TransportError)
    if isinstance(error, GoogleAPICallError):
        return bool(reasons(error) & TRANSIENT_REASONS) or OVERTAKEN in str(error.message)
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
