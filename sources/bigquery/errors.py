"""BigQuery's errors as a source's, sorted into «try again» and «won't help»."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError

from auto_schema.errors import SourceError, SourceRefusedError, SourceUnreachableError, SyncError
from auto_schema.told import without_row_values
from warehouse.errors import CONNECTION_ERRORS, is_transient, no_right

ALL_ERRORS = (GoogleAPICallError, GoogleAuthError, RetryError, *CONNECTION_ERRORS)
_READ_FIX = (
    "grant roles/bigquery.dataViewer on the source dataset, roles/bigquery.jobUser and"
    " roles/bigquery.readSessionUser on the job project to the service account."
)


def source_error(error: BaseException, place: str) -> SourceError:
    """What BigQuery answered, and what to do."""
    text = getattr(error, "message", "") or str(error)
    text = without_row_values(" ".join(text.split("\n\nLocation:")[0].split()))
    if is_transient(error):
        fix = no_right(error) or "check the network path to BigQuery, and run again."
        return SourceUnreachableError("source unreachable", place, text, fix)
    if isinstance(error, GoogleAuthError):
        fix = "give the service account access, or run `gcloud auth application-default login`."
        return SourceRefusedError("no credentials for the source", place, text, fix)
    if getattr(error, "code", None) == 403:
        return SourceRefusedError("source refused", place, text, no_right(error) or _READ_FIX)
    if "bytesBilledLimitExceeded" in str(getattr(error, "errors", "")):
        fix = "raise max_bytes_billed, or narrow the query or the window."
        return SourceRefusedError("over max_bytes_billed", place, text, fix)
    fix = (
        "correct source_bigquery_query, source_bigquery_project, source_bigquery_dataset or"
        " source_bigquery_table; the query has to run as it is in the console."
    )
    return SourceRefusedError("source refused the query", place, text, fix)


@contextmanager
def as_source_errors(place: str) -> Iterator[None]:
    """Turn the client libraries' errors into ours."""
    try:
        yield
    except SyncError:
        raise
    except ALL_ERRORS as error:
        raise source_error(error, place) from error
