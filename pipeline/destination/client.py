"""I/O. The BigQuery client of a request, and of a plan."""

from google.cloud import bigquery

from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from warehouse.client import make_client
from warehouse.errors import as_target_errors


def client_of(plan: SyncPlan) -> bigquery.Client:
    """A client where a plan's jobs run."""
    return make_client(
        plan.run.job_project, plan.run.location, plan.run.endpoints, plan.run.max_retries
    )


def asking_client(request: SyncRequest, location: str | None = None) -> bigquery.Client:
    """A client that asks before there is a plan; without a location until it is known.

    Raises:
        TargetError: there are no credentials.
    """
    project = request.run.job_project or request.destination.project
    with as_target_errors(f"project {project}"):
        return make_client(project, location, request.run.endpoints, request.run.max_retries)
