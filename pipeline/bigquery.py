"""I/O. The BigQuery client of the destination, and its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from auto_schema.errors import SyncError, TargetError
from auto_schema.told import without_row_values
from smart_sync.plan import SyncPlan
from smart_sync.request import Endpoints, TableRef
from sources.bigquery_client import CONNECTION_ERRORS, bounded_client


def make_client(
    project: str, location: str | None, endpoints: Endpoints, max_retries: int
) -> bigquery.Client:
    """See `bounded_client`."""
    return bounded_client(project, location, endpoints.bigquery, max_retries)


def client_of(plan: SyncPlan) -> bigquery.Client:
    """A client where a plan's jobs run."""
    return make_client(plan.job_project, plan.location, plan.endpoints, plan.max_retries)


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


def table_id(ref: TableRef) -> str:
    """As the client library wants it."""
    return f"{ref.project}.{ref.dataset}.{ref.table}"
