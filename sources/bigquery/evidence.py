"""I/O. A look at the rows of the window: by a dry run, and by queries that cost next to nothing."""

from collections.abc import Mapping
from typing import Any

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
    row = _looked(client, source, whole, asked)
    low, high = row.get("low"), row.get("high")
    return Evidence(
        estimated_rows=known.rows if known else None,
        estimate_doubt=_streamed(known) if known else "",
        estimated_bytes=max(size, known.bytes or 0 if known else 0),
        scan_bytes=size,
        over_limit=over is not None and size > over,
        null_cursors=row.get("null_rows"),
        before=row.get("before"),
        after=row.get("after"),
        partition_span=None if low is None or high is None else (low, high),
        partition_count=row.get("units"),
    )


def _streamed(table: TableFacts) -> str:
    """Why the rows of a table are more than BigQuery counts; empty: they aren't.

    https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery
    """
    if not table.is_streamed:
        return ""
    counted = "rows" if table.rows is None else f"{table.rows:,} rows"
    return f"those in its streaming buffer aren't among the {counted} that BigQuery counts"


def _looked(
    client: bigquery.Client,
    source: BigqueryStatement,
    whole: BigqueryStatement,
    asked: RowsQuestion,
) -> Mapping[str, Any]:
    """Counts over all time and the span of the window, by name; those that cost too much lack.

    One job answers both, where that is cheap: a job takes a second, however little it reads.
    """
    row = dict[str, Any]()
    items = _counts(source, asked.floor, count_outside=asked.count_outside)
    counts = whole.selecting(items) if items else ""
    if counts and _is_cheap(client, whole, counts):
        if asked.partition and source.rows() == whole.rows():
            both = (*items, *_span(*asked.partition, within=source.predicate("q.")))
            if _is_cheap(client, whole, whole.selecting(both)):
                return dict(_one(client, whole, whole.selecting(both)))
        row |= _one(client, whole, counts)
    if asked.partition:
        span = source.selecting(_span(*asked.partition))
        row |= _one(client, source, span) if _is_cheap(client, source, span) else {}
    return row


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


def _span(partition: SourceColumn, unit: str, within: str = "") -> tuple[str, ...]:
    """Of the rows for which a condition is true; empty: of all."""
    column = f"q.{quoted(partition.name)}"
    kind = {"date": "DATE", "timestamp": "DATETIME"}.get(partition.type.cursor_type, "TIMESTAMP")
    zone = ", 'UTC'" if kind == "TIMESTAMP" else ""  # a project may have another by default
    value = f"IF({within}, {column}, NULL)" if within else column
    return (
        f"MIN({value}) AS low",
        f"MAX({value}) AS high",
        f"COUNT(DISTINCT {kind}_TRUNC({value}, {unit}{zone})) AS units",
    )


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
