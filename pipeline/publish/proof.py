"""verify=true: the source's own sums beside BigQuery's over the staged rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from google.cloud import bigquery

from auto_schema.bigquery_columns import staged_rows
from auto_schema.canonical import bigquery_row_text, bigquery_sums
from auto_schema.errors import VerificationError
from auto_schema.row_sums import RowSums
from pipeline.destination.elements import StagedSplit
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile


@dataclass(frozen=True, slots=True)
class ContentProof:
    """The audit of verify=true: the rows staged are those of the source, by their digests."""

    step: str = "verify"
    of_published: bool = False

    def reason(self, request: SyncRequest, _: SourceProfile) -> str:
        """That it was asked for."""
        return "verify=true hashes the staged rows in BigQuery" if request.publishing.verify else ""

    def query(self, plan: SyncPlan) -> str:
        """How many rows were staged, and four sums of their digests."""
        columns, table = plan.reading.schema.columns, plan.run.staging.table.sql
        if plan.reading.is_in_place:
            table = f"(\n{staged_rows(columns, f'SELECT * FROM {table}')}\n)"
        return bigquery_sums(f"SELECT {bigquery_row_text(columns)}\nFROM {table} AS s")

    def verdict(
        self,
        _: bigquery.Client,
        plan: SyncPlan,
        splits: Sequence[StagedSplit],
        answer: tuple[Any, ...] | None,
    ) -> Mapping[str, object]:
        """The sums of both sides.

        Raises:
            VerificationError: the rows staged are not those of the source.
        """
        source = _source_sums(plan, splits)
        dead = sum((split.dead_sums for split in splits), RowSums())
        filtered = sum((split.filtered for split in splits), RowSums())
        staged = RowSums() if answer is None else RowSums.of(answer)
        if source - dead - filtered != staged:
            raise VerificationError(
                "staged rows are not the source's",
                f"run {plan.run.run_id}",
                f"source {source.figures}, dead letters {dead.figures}, filtered out"
                f" {filtered.figures}, staged {staged.figures}"
                " (rows and four sums of their digests)",
                "run again; nothing was published. If it repeats, report it as a bug.",
            )
        proof = plan.publishing.proof
        return {
            "rows": staged.rows,
            "source": source.figures,
            "dead_letters": dead.figures,
            "staged": staged.figures,
            "compared": list(proof.compared) if proof else [],
            "left_out": [name for name, _ in proof.left_out] if proof else [],
        }


def _source_sums(plan: SyncPlan, staged: Sequence[StagedSplit]) -> RowSums:
    """What the source says of all splits: of each its own, or in one go where it deals rows."""
    if plan.reading.bigquery is None:
        return sum((_sums_of(plan, split) for split in staged), RowSums())
    sums = sum((split.sums for split in staged if split.sums is not None), RowSums())
    rows = sum(split.rows_read for split in staged)
    return _sums_of(plan, replace(staged[0], sums=sums, rows_read=rows))


def _sums_of(plan: SyncPlan, split: StagedSplit) -> RowSums:
    """What the source says of a split; its count must be what was read.

    Raises:
        VerificationError: it isn't.
    """
    if split.sums is None or split.sums.rows != split.rows_read:
        counted = "nothing" if split.sums is None else str(split.sums.rows)
        raise VerificationError(
            "rows read are not those of the snapshot",
            f"run {plan.run.run_id}, split {split.split}",
            f"{split.rows_read} read, {counted} counted by the source in the same transaction",
            "run again; nothing was published. If it repeats, report it as a bug.",
        )
    return split.sums
