"""I/O. verify=true: the source's own sums beside BigQuery's over the staged rows."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from google.cloud import bigquery

from auto_schema.bigquery_columns import staged_rows
from auto_schema.canonical import bigquery_row_text, bigquery_sums
from auto_schema.errors import VerificationError
from auto_schema.row_sums import RowSums
from pipeline.destination.elements import StagedSplit
from pipeline.destination.jobs import run_statement
from smart_sync.plan import SyncPlan
from warehouse.errors import as_target_errors


def prove(
    client: bigquery.Client, plan: SyncPlan, staged: Sequence[StagedSplit], *, has_rows: bool
) -> str:
    """Compare before anything is published.

    Args:
        client: of the job project.
        plan: the run's.
        staged: all splits, with the source's sums and those of their dead letters.
        has_rows: whether the staging table was loaded at all.

    Returns:
        The figures as JSON, for the history.

    Raises:
        VerificationError: the rows staged are not those of the source.
    """
    source = _source_sums(plan, staged)
    dead = sum((split.dead_sums for split in staged), RowSums())
    found = _staged_sums(client, plan) if has_rows else RowSums()
    figures = {
        "rows": found.rows,
        "source": source.figures,
        "dead_letters": dead.figures,
        "staged": found.figures,
        "left_out": [name for name, _ in plan.publishing.proof.left_out]
        if plan.publishing.proof
        else [],
    }
    if source - dead != found:
        raise VerificationError(
            "staged rows are not the source's",
            f"run {plan.run.run_id}",
            f"source {source.figures}, dead letters {dead.figures}, staged {found.figures}"
            " (rows and four sums of their digests)",
            "run again; nothing was published. If it repeats, report it as a bug.",
        )
    return json.dumps(figures, sort_keys=True)


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


def _staged_sums(client: bigquery.Client, plan: SyncPlan) -> RowSums:
    columns, table = plan.schema.columns, plan.run.staging.table.sql
    if plan.reading.is_in_place:
        table = f"(\n{staged_rows(columns, f'SELECT * FROM {table}')}\n)"
    rows = f"SELECT {bigquery_row_text(columns)}\nFROM {table} AS s"
    job: Any = run_statement(client, plan, bigquery_sums(rows), "verify")
    with as_target_errors(f"job {job.job_id}"):
        return RowSums.of(tuple(next(iter(job.result())).values()))
