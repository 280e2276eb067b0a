"""What a plan says of transform_sql: its statement, what it reads, and the columns it makes."""

from collections.abc import Iterator

from smart_sync.plan import SyncPlan
from smart_sync.read_plan import dollars_of
from smart_sync.sql_plan import MADE
from smart_sync.transform_sql import make_result


def sql_lines(plan: SyncPlan) -> Iterator[str]:
    """The query as it will run, and its price; none without one."""
    sql = plan.publishing.sql
    if sql is None:
        return
    staging = plan.run.staging
    yield f"  {MADE:<12}"
    yield f"               {staging.table.table} into {staging.result_table.table}, then checks"
    for table in sql.tables:
        yield f"               reads {table}"
    yield f"               {_price(plan)}"
    if sql.max_bytes_billed is not None:
        yield f"               at most {sql.max_bytes_billed:,} bytes (max_bytes_billed)"
    yield from (f"    | {line}" for line in make_result(plan, sql.text).split("\n"))
    yield "  published columns"
    columns = [column for column in plan.schema if not column.formula]
    width = max((len(column.name) for column in columns), default=0)
    for column in columns:
        kind = f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
        origin = "made by the query" if column.source_type == MADE else "as staged"
        yield f"    {column.name:<{width}}  {kind}  ({origin})"


def _price(plan: SyncPlan) -> str:
    sql = plan.publishing.sql
    if sql is None:
        return ""
    tables = f"{sql.bytes:,} bytes of tables" if sql.bytes else "no table"
    rows = "the staged rows"
    if sql.staged_bytes is not None:
        rows += f", about {sql.staged_bytes:,} bytes"
    dollars = dollars_of(sql.read_bytes, sql.price_per_tib)
    return f"reads {tables} and {rows}: about ${dollars} at ${sql.price_per_tib} per TiB"


def sql_dict(plan: SyncPlan) -> dict[str, object] | None:
    """The same as JSON-ready values."""
    sql = plan.publishing.sql
    if sql is None:
        return None
    return {
        "query": sql.text,
        "statement": make_result(plan, sql.text),
        "result_table": str(plan.run.staging.result_table),
        "tables": list(sql.tables),
        "table_bytes": sql.bytes,
        "staged_bytes": sql.staged_bytes,
        "price_usd": str(dollars_of(sql.read_bytes, sql.price_per_tib)),
        "max_bytes_billed": sql.max_bytes_billed,
        "columns": [
            {
                "name": column.name,
                "bigquery_type": column.bigquery,
                "mode": column.mode,
                "is_made": column.source_type == MADE,
            }
            for column in plan.schema
            if not column.formula
        ],
    }
