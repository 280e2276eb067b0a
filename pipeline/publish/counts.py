"""I/O. Rows that a publishing job had to give, or gave, by whom the plan's mode says."""

from collections.abc import Mapping
from typing import Any

from google.cloud import bigquery

from pipeline.destination.job_rows import changed_rows, copied_rows, statements_of, table_rows
from smart_sync.history_text import COUNTS, FIGURES
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
        return copied_rows(job)
    if by is Count.TOLD:
        return int(_told(job)["expected"])
    if by is Count.TABLE:
        return table_rows(client, str(plan.destination))
    return changed_rows(statements_of(client, job))


def deleted(plan: SyncPlan, job: Any) -> int:
    """How many rows a publishing job that is done has removed, or marked as deleted.

    Raises:
        TargetError: BigQuery refused, or didn't answer.
    """
    merge = plan.publishing.merge
    is_told = plan.publishing.deletes or (merge is not None and merge.mark is not None)
    return int(_told(job)["deleted"]) if is_told else 0


def version_figures(plan: SyncPlan, job: Any) -> dict[str, object]:
    """What a publishing job that is done says of versions; empty where none are kept.

    Raises:
        TargetError: BigQuery refused, or didn't answer.
    """
    merge = plan.publishing.merge
    if merge is None or merge.history is None:
        return {}
    told = _told(job)
    return {FIGURES: {name: int(told[name]) for name in COUNTS}}


def healed(plan: SyncPlan, job: Any) -> int:
    """How many rows a repair that is done has published which no ordinary run would have read.

    Raises:
        TargetError: BigQuery refused, or didn't answer.
    """
    return int(_told(job)["healed"]) if plan.publishing.healing else 0


def _told(job: Any) -> Mapping[str, Any]:
    """What the last statement of its script says."""
    with as_target_errors(f"job {job.job_id}"):
        return dict(next(iter(job.result())).items())
