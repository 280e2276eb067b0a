"""I/O. Rows that a job of ours which is done gave, as BigQuery says it."""

from collections.abc import Iterable
from typing import Any

from google.cloud import bigquery

from warehouse.errors import as_target_errors


def published_rows(client: bigquery.Client, job: Any, table: str) -> int:
    """Rows that a publishing job gave, of a run whose plan is gone.

    Args:
        client: of the job's project and location.
        job: that has ended well.
        table: the destination, in which nobody else has written since.

    Raises:
        TargetError: BigQuery refused, or didn't answer.
    """
    if job.job_type == "load":
        return int(job.output_rows or 0)
    if job.job_type == "copy":
        return copied_rows(job)
    statements = statements_of(client, job)
    kinds = [one.statement_type or "" for one in statements]
    is_made = any(kind.endswith("TABLE_AS_SELECT") for kind in kinds)
    if is_made and "MERGE" not in kinds:  # a merge makes temporary tables
        return table_rows(client, table)
    return changed_rows(statements)


def statements_of(client: bigquery.Client, job: Any) -> list[Any]:
    """The jobs of a script's statements, the last one first; of any other job that job itself."""
    if job.statement_type != "SCRIPT":
        return [job]
    with as_target_errors(f"job {job.job_id}"):
        return list(client.list_jobs(project=job.project, parent_job=job.job_id))


def changed_rows(statements: Iterable[Any]) -> int:
    """Rows that statements inserted or merged."""
    return sum(
        int(one.num_dml_affected_rows or 0)
        for one in statements
        if one.statement_type in ("INSERT", "MERGE")
    )


def copied_rows(job: Any) -> int:
    """Rows of a copy job.

    See https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics5
    """
    return int(job._properties["statistics"]["copy"]["copiedRows"])


def table_rows(client: bigquery.Client, table: str) -> int:
    """Rows of a table that was just made."""
    with as_target_errors(f"table {table}"):
        return int(client.get_table(table).num_rows or 0)
