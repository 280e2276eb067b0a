"""I/O. A look at the rows of the window: by a dry run, and by queries that cost next to nothing."""

from datetime import date, datetime

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from auto_schema.names import quoted
from sources.bigquery.jobs import ask, dry_run
from sources.bigquery.statement import BigqueryStatement, literal
from sources.bigquery.tables import TableFacts
from sources.questions import RowsQuestion
from sources.values import CursorValue, Evidence, SourceColumn

CHEAP_BYTES = 100 * 1024 * 1024
"""A look that reads no more than this is taken without being asked for: below a cent."""


def evidence(
    client: bigquery.Client,
    source: BigqueryStatement,
    whole: BigqueryStatement,
    table: TableFacts | None,
    asked: RowsQuestion,
) -> Evidence:
    """Size by a dry run; counts and spans where a dry run says that they are cheap.

    Args:
        client: where the source's rows are.
        source: of the window.
        whole: of all time.
        table: what the source is; None: a query.
        asked: what is wanted of the rows.
    """
    size = int(dry_run(client, source, source.selecting(("q.*",))).total_bytes_processed or 0)
    over = source.connection.max_bytes_billed
    known = table if source.extract.window is None else None
    items = _counts(source, asked.floor, count_outside=asked.count_outside)
    before = after = nulls = None
    if items and _is_cheap(client, whole, whole.selecting(items)):
        row = _one(client, whole, whole.selecting(items))
        nulls, before, after = row["null_rows"], row.get("before"), row.get("after")
    span, count = _span(client, source, asked.partition)
    return Evidence(
        estimated_rows=known.rows if known else None,
        estimated_bytes=max(size, known.bytes or 0 if known else 0),
        scan_bytes=size,
        over_limit=over is not None and size > over,
        null_cursors=nulls,
        before=before,
        after=after,
        partition_span=span,
        partition_count=count,
    )


def _counts(
    source: BigqueryStatement, floor: CursorValue | None, *, count_outside: bool
) -> tuple[str, ...]:
    if source.extract.cursor is None or source.extract.window is None:
        return ()
    column, window = f"q.{quoted(source.extract.cursor)}", source.extract.window
    items = [f"COUNTIF({column} IS NULL) AS null_rows"]
    if count_outside:
        low = "FALSE" if floor is None else f"{column} <= {literal(floor)}"
        items.append(f"COUNTIF({low}) AS `before`")
        items.append(f"COUNTIF({column} > {literal(window.high)}) AS `after`")
    return tuple(items)


def _span(
    client: bigquery.Client, source: BigqueryStatement, partition: tuple[SourceColumn, str] | None
) -> tuple[tuple[datetime | date, datetime | date] | None, int | None]:
    if partition is None:
        return None, None
    column, unit = f"q.{quoted(partition[0].name)}", partition[1]
    kind = {"date": "DATE", "timestamp": "DATETIME"}.get(partition[0].type.cursor_type, "TIMESTAMP")
    zone = ", 'UTC'" if kind == "TIMESTAMP" else ""  # a project may have another by default
    items = (
        f"MIN({column}) AS low",
        f"MAX({column}) AS high",
        f"COUNT(DISTINCT {kind}_TRUNC({column}, {unit}{zone})) AS units",
    )
    sql = source.selecting(items)
    if not _is_cheap(client, source, sql):
        return None, None
    row = _one(client, source, sql)
    return (None if row["low"] is None else (row["low"], row["high"])), row["units"]


def has_rows(client: bigquery.Client, source: BigqueryStatement) -> bool:
    """Whether the window holds any row; True when that costs more than next to nothing."""
    items = (f"q.{quoted(source.extract.cursor)}" if source.extract.cursor else "1",)
    sql = f"SELECT EXISTS ({source.selecting(items)}) AS found"
    return not _is_cheap(client, source, sql) or bool(_one(client, source, sql)["found"])


def _is_cheap(client: bigquery.Client, source: BigqueryStatement, sql: str) -> bool:
    try:
        return int(dry_run(client, source, sql).total_bytes_processed or 0) <= CHEAP_BYTES
    except GoogleAPICallError:
        return False


def _one(client: bigquery.Client, source: BigqueryStatement, sql: str) -> bigquery.Row:
    (row,) = ask(client, source, sql, "look")
    return row
