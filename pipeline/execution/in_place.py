"""Rows of a BigQuery source gathered beside the destination; none leaves BigQuery.

Only merges and proofs need it: they look at the rows before these are published. Rows
that would be dead letters are few, and are fetched.
"""

import time
import traceback
from dataclasses import replace
from typing import Any

from google.cloud import bigquery

from auto_schema.bigquery_columns import staged_rows
from auto_schema.canonical import bigquery_digest, bigquery_row_text, bigquery_sums
from auto_schema.conform import conform
from auto_schema.names import quoted
from auto_schema.row_sums import DIGEST, RowSums
from pipeline.destination.elements import SplitBatch, SplitDone, StagedFile, StagedSplit
from pipeline.destination.files import AttemptFiles
from pipeline.destination.folder import Folder
from pipeline.destination.jobs import (
    make_staging_table,
    published_field,
    reading_source,
    run_statement,
)
from pipeline.runs.deadline import bounded
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.outcome import Failure
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import in_transaction, is_dead
from sources.values import Split
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config

STAGE = "Stage in BigQuery"
SUMS = "source_sums"


def staged_or_failure(
    plan: SyncPlan, client: bigquery.Client, folder: Folder, keeper: LeaseKeeper
) -> StagedSplit | Failure:
    """The staged rows, while the lock is kept; what befalls them is a value."""
    if not plan.publishing.way.is_staged:
        return StagedSplit(0, 0, 0)  # the publishing job reads the source itself
    try:
        bounded(plan.run, keeper.check)()
        return stage_in_place(plan, client, folder)
    except Exception as error:
        return Failure.of(error, STAGE, 0, traceback.format_exc())


def stage_in_place(plan: SyncPlan, client: bigquery.Client, folder: Folder) -> StagedSplit:
    """Fill the staging table by one job, and look for what may not be published.

    Raises:
        SyncError: BigQuery refuses, or doesn't answer.
    """
    began = time.monotonic()
    table = plan.run.staging.table
    make_staging_table(client, table, [published_field(c) for c in plan.reading.schema])
    job = run_statement(client, plan, staging_script(plan), "stage_0", config=reading_source(plan))
    sums = None
    with as_target_errors(f"staging table {table}"):
        if plan.publishing.proof is not None:
            sums = RowSums.of(tuple(next(iter(job.result())).values()))
        rows, dead, lowest, highest = _look(plan, client)
        size = int(client.get_table(str(table)).num_bytes or 0)
    staged = StagedSplit(0, 0, rows, sums=sums)
    if dead:
        staged = replace(_take_dead(plan, client, folder, rows), sums=sums)
    return replace(
        staged,
        files=(StagedFile(str(table), rows - dead, size),),
        lowest=lowest,
        highest=highest,
        seconds=time.monotonic() - began,
    )


def staging_script(plan: SyncPlan) -> str:
    """INSERT of the source's rows; with a proof, the source's sums in the same snapshot."""
    names = ", ".join(quoted(column.name) for column in plan.reading.schema)
    source = plan.reading.source.statement(Split(0))
    insert = f"INSERT INTO {plan.run.staging.table.sql} ({names})\n{source}"
    if plan.publishing.proof is None:
        return insert
    columns = plan.reading.schema.columns
    rows = f"SELECT {bigquery_row_text(columns)}\nFROM (\n{staged_rows(columns, source)}\n) AS s"
    sums = f"CREATE TEMP TABLE {SUMS} AS\n{bigquery_sums(rows)}"
    return f"{in_transaction(f'{insert};{chr(10)}{sums}')}\nSELECT * FROM {SUMS};"


def _look(plan: SyncPlan, client: bigquery.Client) -> tuple[int, int, Any, Any]:
    """Rows, dead letters among them, lowest and highest cursor."""
    ends = "NULL, NULL"
    if plan.cursor is not None:
        cursor = quoted(plan.cursor.name)
        ends = f"MIN({cursor}), MAX({cursor})"
    sql = f"SELECT COUNT(*), COUNTIF({is_dead(plan)}), {ends} FROM {plan.run.staging.table.sql}"
    (row,) = _ask(plan, client, sql)
    return tuple(row)


def _take_dead(plan: SyncPlan, client: bigquery.Client, folder: Folder, rows: int) -> StagedSplit:
    """The dead letters as files; publishing takes them out of the staging table.

    Not here: this step may be run again, and has to find them again.
    """
    table, columns = plan.run.staging.table.sql, plan.reading.schema.columns
    dead_rows = f"SELECT * FROM {table} WHERE {is_dead(plan)}"
    digest = f", {bigquery_digest(columns)} AS {DIGEST}" if plan.publishing.proof else ""
    sql = f"SELECT s.*{digest}\nFROM (\n{staged_rows(columns, dead_rows)}\n) AS s"
    files = AttemptFiles(folder, plan.reading.schema.staged, None, 0, 0)
    with as_target_errors(f"staging table {table}"):
        found_rows = _ask(plan, client, sql).to_arrow(create_bqstorage_client=False)
        for batch in found_rows.to_batches():
            conformed = conform(batch, plan.reading.schema, plan.checks)
            files.write(SplitBatch(0, 0, conformed.batch, conformed.dead))
    return files.finish(SplitDone(0, 0, rows))


def _ask(plan: SyncPlan, client: bigquery.Client, sql: str) -> Any:
    return client.query_and_wait(sql, job_config=query_config(JobLabels(plan.run.run_id, "look")))
