"""I/O. Dead letters into their table: loaded by their own job, each one once.

They are kept before the run's verdict, and also when the run then fails.
"""

from collections.abc import Sequence
from dataclasses import replace

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from auto_schema.dead_letters import DEAD_LETTER_SCHEMA
from auto_schema.errors import DeadLetterLimitError, SyncError, TargetError
from auto_schema.reshaping import made_of
from pipeline.destination.elements import StagedFile
from pipeline.destination.jobs import (
    asked_row,
    load_into_existing,
    make_staging_table,
    run_statement,
)
from pipeline.runs.outcome import Outcome
from smart_sync.letters_sql import FIELDS, OF_FILES, OF_JSON, merge_statement
from smart_sync.plan import SyncPlan
from smart_sync.refused_json import (
    count_refused_json,
    delete_refused_json,
    refusal,
    refused_json_letters,
)
from warehouse.client import update_anyhow
from warehouse.errors import as_target_errors


def without_refused_json(
    client: bigquery.Client, plan: SyncPlan, outcome: Outcome, *, has_rows: bool
) -> Outcome:
    """Take the rows whose JSON BigQuery can't parse out of staging, as dead letters.

    Without a budget of dead letters nothing is asked for: then it is the publishing statement
    that finds such a row, see `named_refusal`.

    Raises:
        DeadLetterLimitError: they are too many.
    """
    if not has_rows or not plan.dead_letters.most:
        return outcome
    refused, first = _keep_refused_json(client, plan)
    if not refused:
        return outcome
    if outcome.rows_dead + refused > plan.dead_letters.most:
        raise too_many(plan, outcome.rows_dead + refused, first)
    run_statement(client, plan, delete_refused_json(plan), "json_rows")
    rows, dead = outcome.rows_staged - refused, outcome.rows_dead + refused
    return replace(outcome, rows_staged=rows, rows_dead=dead)


def named_refusal(client: bigquery.Client, plan: SyncPlan, error: TargetError) -> SyncError:
    """What a publishing statement's refusal is told as: by its row, if JSON is the cause."""
    try:
        refused, first = _keep_refused_json(client, plan)
    except SyncError:
        return error
    return too_many(plan, refused, first) if refused else error


def too_many(plan: SyncPlan, count: int, first: str) -> DeadLetterLimitError:
    """That more rows can't be published than there may be dead letters; `first` tells of one."""
    return DeadLetterLimitError(
        "too many dead letters",
        f"table {plan.destination}",
        f"{count:,} rows could not be published, max_dead_letters={plan.dead_letters.most};"
        f" the first: {first}",
        f"look into {plan.dead_letters.table}, mend the rows or cast the column to text in the"
        " query, or raise max_dead_letters. Nothing was published.",
    )


def _keep_refused_json(client: bigquery.Client, plan: SyncPlan) -> tuple[int, str]:
    """Dead letters of the staged rows whose JSON BigQuery can't parse: how many, and one.

    They stay in the staging table. The one is told by its column and its row's hash.
    """
    count = count_refused_json(plan)
    if not count or not asked_row(client, plan, count, "json_check").found:
        return 0, ""
    make_letters(client, plan)
    letters = f"(\n{refused_json_letters(plan, made_of(plan.reshaping))}\n)"
    run_statement(client, plan, merge_statement(plan, letters), OF_JSON)
    sql = (
        "SELECT COUNT(*) AS found, ANY_VALUE(column_name) AS name, MIN(row_hash) AS row_hash"
        f" FROM {letters}"
    )
    first = asked_row(client, plan, sql, "json_example")
    why = f"{refusal(plan, first.name)}, row_hash {first.row_hash}"
    return int(first.found), f"column {first.name!r}: {why}"


def keep_dead_letters(client: bigquery.Client, plan: SyncPlan, files: Sequence[StagedFile]) -> None:
    """Merge staged dead letters into the table; one that is there already isn't doubled."""
    if not files:
        return
    make_letters(client, plan)
    staging = plan.run.staging.dead_table
    fields = [bigquery.SchemaField(name, "STRING") for name in DEAD_LETTER_SCHEMA.names]
    make_staging_table(client, staging, fields)
    load_into_existing(client, plan, staging, files, "dead")
    run_statement(client, plan, merge_statement(plan, staging.sql), OF_FILES)


def make_letters(client: bigquery.Client, plan: SyncPlan) -> None:
    """Make the table of dead letters where it is missing, and columns that it lacks."""
    table = bigquery.Table(
        str(plan.dead_letters.table),
        schema=[bigquery.SchemaField(name, kind) for name, kind in FIELDS],
    )
    table.description = "Rows that Smart Sync could not conform, with column and reason."
    with as_target_errors(f"dead letter table {plan.dead_letters.table}"):
        try:
            there = client.get_table(str(plan.dead_letters.table))
        except NotFound:
            try:
                client.create_table(table)
            except Conflict:
                return
            return
        names = {field.name for field in there.schema}
        if missing := [field for field in table.schema if field.name not in names]:
            there.schema = [*there.schema, *missing]
            update_anyhow(client, there, "schema")
