"""I/O. Rows that a publishing job had to give, or gave, by whom the plan's mode says."""

from typing import Any

from google.cloud import bigquery

from smart_sync.plan import SyncPlan
from smart_sync.ways import Count
from warehouse.errors import as_target_errors


def counted(client: bigquery.Client, plan: SyncPlan, job: Any, by: Count, staged: int = 0) -> int:
    """How many rows, after the job is done.

    Args:
        client: of the job project.
        plan: the run's.
        job: the publishing job.
        by: who says it.
        staged: rows of the staged files.

    Raises:
        TargetError: BigQuery refused, or didn't answer.
    """
    if by is Count.STAGED:
        return staged
    if by is Count.LOADED:
        return int(job.output_rows)
    if by is Count.COPIED:
        # https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics5
        return int(job._properties["statistics"]["copy"]["copiedRows"])
    if by is Count.TOLD:
        with as_target_errors(f"job {job.job_id}"):
            return int(next(iter(job.result()))["expected"])
    if by is Count.TABLE:
        with as_target_errors(f"table {plan.destination}"):
            return int(client.get_table(str(plan.destination)).num_rows or 0)
    return _changed(client, job)


def _changed(client: bigquery.Client, job: Any) -> int:
    """Rows that a statement, or those of a script, inserted or merged."""
    if job.statement_type != "SCRIPT":
        return int(job.num_dml_affected_rows or 0)
    with as_target_errors(f"job {job.job_id}"):
        children = list(client.list_jobs(parent_job=job.job_id))
    return sum(
        int(child.num_dml_affected_rows or 0)
        for child in children
        if child.statement_type in ("INSERT", "MERGE")
    )
