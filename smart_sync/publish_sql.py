"""The statements that publish a staging table: pure text from a plan.

One statement or script is one job; BigQuery makes its rows visible all at once.
"""

from functools import partial

from auto_schema.names import TABLE, in_any_partition, of_table, quoted, string_literal
from auto_schema.schema import Column, Partitioning, StagedColumn, TableSchema
from smart_sync.hand_window import bigquery_literal
from smart_sync.history_sql import history_create_script, history_script, versions_of
from smart_sync.merge_plan import MergePlan
from smart_sync.merge_sql import as_it_is, create_script, merge_script, newest
from smart_sync.missing_sql import deleting, script_without_rows
from smart_sync.plan import SyncPlan
from smart_sync.staging import Staging
from sources.values import Split
from warehouse.names import TableRef


def publish_statement(plan: SyncPlan) -> str:
    """The job that turns the staging table's rows into the destination's: its mode says it."""
    return plan.publishing.mode.statement(plan)


def create_statement(plan: SyncPlan) -> str:
    """A table that is missing is made with its rows."""
    return _with_unique_keys(plan, create_as_select(plan, plan.destination, or_replace=False))


def rebuild_statement(plan: SyncPlan) -> str:
    """The table is made anew in place, or beside it where its layout differs."""
    if not plan.publishing.swaps:
        return _with_unique_keys(plan, create_as_select(plan, plan.destination, or_replace=True))
    beside = create_as_select(plan, plan.run.staging.new_table, or_replace=True)
    return _with_unique_keys(plan, swap_script(plan.destination, plan.run.staging, beside))


def append_statement(plan: SyncPlan) -> str:
    """Rows are added to those that are there."""
    return adding_columns(plan) + insert_select(plan)


def fill_statement(plan: SyncPlan) -> str:
    """Rows are put into a table that has none, which is looked at once more."""
    message = string_literal(f"WRITE_EMPTY: {plan.destination} is not empty")
    check = (
        f"IF EXISTS (SELECT 1 FROM {plan.destination.sql} AS {TABLE}{always_true(plan)}) THEN\n"
        f"  RAISE USING MESSAGE = {message};\nEND IF;\n"
    )
    return adding_columns(plan) + in_transaction(check + insert_select(plan))


def replace_statement(plan: SyncPlan) -> str:
    """All rows go, and the staged ones come."""
    body = f"TRUNCATE TABLE {plan.destination.sql};\n{insert_select(plan)}"
    return adding_columns(plan) + in_transaction(body)


def partitions_statement(plan: SyncPlan) -> str:
    """The rows of the window go, and the staged ones come."""
    return adding_columns(plan) + in_transaction(f"{_delete_window(plan)};\n{insert_select(plan)}")


def merge_statement(plan: SyncPlan) -> str:
    """Rows of a key that is there are updated, all others added."""
    if plan.publishing.merge is None:
        raise ValueError("no keys to merge by")
    around = partial(_and_deleted, plan, plan.publishing.merge)
    items, first = staged_items(plan), adding_columns(plan)
    return merge_script(plan, plan.publishing.merge, items, first, around)


def _and_deleted(plan: SyncPlan, merge: MergePlan, body: str) -> str:
    """The MERGE, and in one with it what becomes of rows that are missing at the source."""
    missing = plan.publishing.missing
    if missing is None or not missing.is_needed:
        return as_it_is(body)
    return f"{in_transaction(f'{body};{chr(10)}{deleting(plan, missing, merge)}')}\n"


def removes_alone(plan: SyncPlan) -> bool:
    """Whether a run that has staged no row needs no table of rows: it only changes keys."""
    publishing = plan.publishing
    removes = publishing.mode.statement is merge_statement and publishing.deletes
    is_plain = publishing.sql is None and not publishing.audits and not plan.reading.is_in_place
    return removes and is_plain and not plan.changes.stale.clears


def removing_statement(plan: SyncPlan) -> str:
    """What it does then."""
    if plan.publishing.merge is None:
        raise ValueError("no keys to remove by")
    return script_without_rows(plan, plan.publishing.merge, adding_columns(plan), in_transaction)


def history_statement(plan: SyncPlan) -> str:
    """Versions are added, each in its place among those of its key."""
    merge = plan.publishing.merge
    if merge is None or merge.history is None:
        raise ValueError("no versions to keep")
    return history_script(plan, merge, merge.history, staged_items(plan), adding_columns(plan))


def _with_unique_keys(plan: SyncPlan, create: str) -> str:
    """The script around a table that is made, where its keys must be unique."""
    merge = plan.publishing.merge
    if merge and merge.history:
        return history_create_script(plan, merge, merge.history, create)
    return create_script(plan, merge, create) if merge else create


def in_transaction(body: str) -> str:
    """A script whose DML becomes visible at once, or not at all."""
    return f"BEGIN TRANSACTION;\n{body};\nCOMMIT TRANSACTION;"


def always_true(plan: SyncPlan) -> str:
    """A WHERE over `TABLE` that satisfies require_partition_filter and drops nothing."""
    partitioning = plan.schema.partitioning
    if partitioning is None:
        return ""
    field = of_table(partitioning.field)
    return f" WHERE {in_any_partition(field)}"


def added_columns(plan: SyncPlan) -> tuple[Column, ...]:
    """The planned columns that the destination lacks."""
    return tuple(column for column in plan.columns if column.name in plan.changes.added)


def adding_columns(plan: SyncPlan) -> str:
    """The statement that adds what the destination lacks, with its `;`; empty: it lacks nothing.

    One for all of them, which is one change of the table's metadata: BigQuery takes five of these
    in ten seconds. Repeating it changes nothing.
    """
    actions = ",\n  ".join(
        f"ADD COLUMN IF NOT EXISTS {column_definition(column)}" for column in added_columns(plan)
    )
    return f"ALTER TABLE {plan.destination.sql} {actions};\n" if actions else ""


def insert_select(plan: SyncPlan) -> str:
    """INSERT of all staged rows, columns by name."""
    names = ", ".join(quoted(column.name) for column in plan.schema)
    return f"INSERT INTO {plan.destination.sql} ({names})\n{select_staged(plan)}"


def select_staged(plan: SyncPlan) -> str:
    """The rows in the destination's types: staged ones, or the source's own."""
    if not plan.publishing.way.is_staged:
        return _with_ours(plan, plan.reading.source.statement(Split(0)))
    return f"SELECT {staged_items(plan)}\nFROM {plan.rows_table.sql}"


def _with_ours(plan: SyncPlan, select: str) -> str:
    """The source's own rows, with the columns that no row brings behind theirs."""
    ours = [f"{c.formula} AS {quoted(c.name)}" for c in plan.schema if c.formula]
    return f"SELECT *, {', '.join(ours)}\nFROM (\n{select}\n)" if ours else select


def staged_items(plan: SyncPlan) -> str:
    """The published columns, of a row of `plan.rows_table`."""
    if plan.is_staged_as_published:
        return ", ".join(
            f"{column.formula} AS {quoted(column.name)}" if column.formula else quoted(column.name)
            for column in plan.schema
        )
    return ", ".join(restored_value(column) for column in plan.schema.staged)


def is_dead(plan: SyncPlan) -> str:
    """Whether a staged row is a dead letter."""
    return " OR ".join(f"{quoted(name)} IS NULL" for name in plan.checks.not_null) or "FALSE"


def restored_value(column: StagedColumn) -> str:
    """How a staged column becomes the destination's, under its name."""
    name = quoted(column.name)
    return f"{column.restored} AS {name}" if column.needs_sql else name


def create_as_select(plan: SyncPlan, table: TableRef, *, or_replace: bool) -> str:
    """CREATE TABLE … AS SELECT with columns, descriptions, layout and labels."""
    create = "CREATE OR REPLACE TABLE" if or_replace else "CREATE TABLE"
    columns = ",\n  ".join(column_definition(column) for column in plan.columns)
    parts = [f"{create} {table.sql} (\n  {columns}\n)"]
    if plan.schema.partitioning:
        parts.append(f"PARTITION BY {partition_expression(plan.schema)}")
    if plan.schema.clustering:
        parts.append(f"CLUSTER BY {', '.join(map(quoted, plan.schema.clustering))}")
    if options := table_options(plan):
        parts.append(f"OPTIONS ({', '.join(options)})")
    select = select_staged(plan)
    merge = plan.publishing.merge
    if merge and merge.history:
        select = versions_of(merge, merge.history, select)
    elif plan.publishing.merge:
        select = newest(plan, plan.publishing.merge, select, adds=True)
    return "\n".join([*parts, f"AS {select}"])


def column_definition(column: Column) -> str:
    """One column of CREATE TABLE or ADD COLUMN."""
    kind = f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
    kind = kind if column.shape is None else column.shape.definition()
    text = f"{quoted(column.name)} {kind}"
    if column.description:
        text += f" OPTIONS (description={string_literal(column.description)})"
    return text


def partition_expression(schema: TableSchema) -> str:
    """PARTITION BY's expression for the column's type.

    See https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#partition_expression
    """
    partitioning = schema.partitioning or Partitioning("")
    column = schema.find(partitioning.field)
    field, kind = quoted(partitioning.field), column.bigquery if column else "TIMESTAMP"
    if kind == "DATE":
        return field if partitioning.type == "DAY" else f"DATE_TRUNC({field}, {partitioning.type})"
    return f"{kind}_TRUNC({field}, {partitioning.type})"


def table_options(plan: SyncPlan) -> list[str]:
    """OPTIONS of a table that this run makes."""
    options = []
    if plan.schema.description:
        options.append(f"description={string_literal(plan.schema.description)}")
    if plan.publishing.labels:
        pairs = ", ".join(
            f"({string_literal(k)}, {string_literal(v)})" for k, v in plan.publishing.labels
        )
        options.append(f"labels=[{pairs}]")
    return options


def _delete_window(plan: SyncPlan) -> str:
    """DELETE of the rows that the window by hand brings anew, whole partitions."""
    return f"DELETE FROM {plan.destination.sql} AS {TABLE}\nWHERE {within_window(plan)}"


def within_window(plan: SyncPlan) -> str:
    """Whether a row of the destination lies in the window by hand; NULL where its cursor is.

    Raises:
        ValueError: the plan has no window.
    """
    if plan.window is None or plan.cursor is None:
        raise ValueError("no window to replace")
    column = of_table(plan.cursor.name)
    low, high = plan.window.window.low, plan.window.window.high
    within = f"{column} <= {bigquery_literal(high, plan.cursor)}"
    if low is not None:  # else it begins with the year 1
        within = f"{column} > {bigquery_literal(low, plan.cursor)} AND {within}"
    return within


def swap_script(table: TableRef, staging: Staging, create: str) -> str:
    """Another layout can't be put in place: build beside, then rename.

    The names hold the run's, so that nobody else's table is in the way. A second attempt
    goes on where the first stopped: once the old table is aside, the new one is whole.
    Readers may miss the table between the two renames, for seconds.

    Args:
        table: the destination.
        staging: the run's, which names the tables beside it.
        create: makes `staging.new_table`, also where an attempt has left one.
    """
    new, old = staging.new_table, staging.old_table
    tables = quoted(table.project, table.dataset, "INFORMATION_SCHEMA", "TABLES")
    aside = f"SELECT 1 FROM {tables} WHERE table_name = {string_literal(old.table)}"
    return (
        f"IF NOT EXISTS ({aside}) THEN\n"
        f"{create};\n"
        f"ALTER TABLE {table.sql} RENAME TO {quoted(old.table)};\n"
        "END IF;\n"
        f"ALTER TABLE IF EXISTS {new.sql} RENAME TO {quoted(table.table)};\n"
        f"DROP TABLE IF EXISTS {old.sql}"
    )


def copy_before(plan: SyncPlan) -> str:
    """The command that copies the destination beside itself, as it was when the run began.

    A snapshot copy keeps partitioning and clustering, which CREATE OR REPLACE TABLE with
    FOR SYSTEM_TIME AS OF would have to repeat.
    """
    table = plan.destination
    before = table.sibling(f"{table.table}_before")
    return f"bq cp '{table.bq}@{plan.run.launched_at.timestamp() * 1000:.0f}' '{before.bq}'"
