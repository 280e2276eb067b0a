"""I/O. The BigQuery client of a plan."""

from google.cloud import bigquery

from smart_sync.plan import SyncPlan
from warehouse.client import make_client


def client_of(plan: SyncPlan) -> bigquery.Client:
    """A client where a plan's jobs run."""
    return make_client(
        plan.run.job_project, plan.run.location, plan.run.endpoints, plan.run.max_retries
    )
