"""I/O. Dead letters into their table: loaded by their own job, each one once.

They are kept before the run's verdict, and also when the run then fails.
"""

from collections.abc import Sequence

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from auto_schema.conform import DEAD_LETTER_SCHEMA
from auto_schema.names import string_literal
from pipeline.bigquery import as_target_errors, table_id
from pipeline.elements import StagedFile
from pipeline.load_jobs import load_into_existing, make_staging_table, run_statement
from smart_sync.plan import SyncPlan

FIELDS = (
    ("run_id", "STRING"),
    ("time", "TIMESTAMP"),
    ("destination", "STRING"),
    ("column_name", "STRING"),
    ("value", "STRING"),
    ("reason", "STRING"),
    ("raw_row", "JSON"),
    ("row_hash", "STRING"),
)


def keep_dead_letters(client: bigquery.Client, plan: SyncPlan, files: Sequence[StagedFile]) -> None:
    """Merge staged dead letters into the table; one that is there already isn't doubled."""
    if not files:
        return
    _make_table(client, plan)
    staging = plan.staging.dead_table
    fields = [bigquery.SchemaField(name, "STRING") for name in DEAD_LETTER_SCHEMA.names]
    make_staging_table(client, staging, fields)
    load_into_existing(client, plan, staging, files, "dead")
    run_statement(client, plan, merge_statement(plan, staging.sql), "dead_letters")


def _make_table(client: bigquery.Client, plan: SyncPlan) -> None:
    table = bigquery.Table(
        table_id(plan.dead_letter_table),
        schema=[bigquery.SchemaField(name, kind) for name, kind in FIELDS],
    )
    table.description = "Rows that Smart Sync could not conform, with column and reason."
    with as_target_errors(f"dead letter table {plan.dead_letter_table}"):
        try:
            client.get_table(table_id(plan.dead_letter_table))
        except NotFound:
            try:
                client.create_table(table)
            except Conflict:
                return


def merge_statement(plan: SyncPlan, staging: str) -> str:
    """INSERT of the letters that aren't there by (destination, row, column, reason)."""
    destination = string_literal(str(plan.destination))
    return (
        "CREATE TEMP TABLE letters AS\n"
        "SELECT * EXCEPT (raw_row), PARSE_JSON(raw_row, wide_number_mode=>'round') AS raw_row\n"
        f"FROM (SELECT {destination} AS destination, column_name, reason, row_hash,\n"
        "             ANY_VALUE(value) AS value, ANY_VALUE(raw_row) AS raw_row\n"
        f"      FROM {staging} GROUP BY column_name, reason, row_hash);\n"
        f"MERGE {plan.dead_letter_table.sql} AS t\n"
        "USING letters AS s\n"
        "ON t.destination = s.destination AND t.row_hash = s.row_hash\n"
        "   AND t.column_name = s.column_name AND t.reason = s.reason\n"
        "WHEN NOT MATCHED THEN INSERT\n"
        "  (run_id, time, destination, column_name, value, reason, raw_row, row_hash)\n"
        f"VALUES ({string_literal(plan.run_id)}, CURRENT_TIMESTAMP(), s.destination,"
        " s.column_name, s.value,\n"
        "        s.reason, s.raw_row, s.row_hash)"
    )
