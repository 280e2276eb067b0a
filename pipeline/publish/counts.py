"""I/O. Rows that a publishing job had to give, or gave, by whom the plan's mode says."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google.cloud import bigquery

from pipeline.destination.job_rows import changed_rows, copied_rows, statements_of, table_rows
from smart_sync.history_text import COUNTS, FIGURES
from smart_sync.missing_sql import NEWEST_STAYS
from smart_sync.plan import SyncPlan
from smart_sync.ways import Count
from warehouse.errors import as_target_errors


class Counts:
    """What a publishing job that is done says of its rows; its last statement is fetched once.

    Each question raises a TargetError where BigQuery refuses, or doesn't answer.
    """

    def __init__(self, client: bigquery.Client, plan: SyncPlan, job: Any) -> None:
        """Of a run's job, with a client of the job project."""
        self._client, self._plan, self._job = client, plan, job

    def rows(self, by: Count, staged: int = 0) -> int:
        """How many rows.

        Args:
            by: who says it.
            staged: rows of the staged files.
        """
        if by is Count.STAGED:
            return staged
        if by is Count.LOADED:
            return int(self._job.output_rows)
        if by is Count.COPIED:
            return copied_rows(self._job)
        if by is Count.TOLD:
            return int(self._told["expected"])
        if by is Count.TABLE:
            return table_rows(self._client, str(self._plan.destination))
        return changed_rows(statements_of(self._client, self._job))

    def deleted(self) -> int:
        """How many rows it has removed, or marked as deleted."""
        merge = self._plan.publishing.merge
        is_told = self._plan.publishing.deletes or (merge is not None and merge.mark is not None)
        return int(self._told["deleted"]) if is_told else 0

    def newest_stays(self) -> bool:
        """Whether it says that MAX is as it was when the window was chosen."""
        return self._plan.publishing.removes_missing and bool(self._told.get(NEWEST_STAYS))

    def healed(self) -> int:
        """How many rows of a repair no ordinary run would have read."""
        return int(self._told["healed"]) if self._plan.publishing.healing else 0

    def versions(self) -> dict[str, object]:
        """What it says of versions; empty where none are kept."""
        merge = self._plan.publishing.merge
        if merge is None or merge.history is None:
            return {}
        return {FIGURES: {name: int(self._told[name]) for name in COUNTS}}

    @cached_property
    def _told(self) -> Mapping[str, Any]:
        """What the last statement of its script says."""
        with as_target_errors(f"job {self._job.job_id}"):
            return dict(next(iter(self._job.result())).items())
