"""I/O. What is known of the tables that a query reads, views followed to their own.

A view over the destination would feed the destination with its own rows in every run.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.api_core.exceptions import Forbidden, GoogleAPICallError
from google.cloud import bigquery
from sqlglot import exp

from auto_schema.names import SYNC_SOURCE
from auto_schema.schema import INGESTION_TIME, Partitioning
from sources.query_tree import trees_of

MOST_TABLES = 100
"""Tables that are looked at for a cycle; a query of more is unheard of."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table, view or snapshot as it is.

    Attributes:
        kind: TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT.
        fields: its schema as the API writes it.
        rows, bytes: None where BigQuery doesn't know.
        layout_note: how it is laid out, where that can't be said by Partitioning.
        is_streamed: whether rows are still in the buffer of streaming inserts.
        query: of a view.
        created: None where BigQuery doesn't say.
        max_staleness: how old what it shows may be, an INTERVAL; empty: not at all.
        is_restricted: whether its data is given to queries only, by who shares its dataset:
            https://cloud.google.com/bigquery/docs/analytics-hub-introduction#data_egress
        is_iceberg: whether it is one for Apache Iceberg.
        partitions_live: how long BigQuery keeps each of its partitions; None: for ever.
        is_synced: whether a sync fills it, as its label says.
    """

    kind: str
    fields: tuple[dict[str, Any], ...] = ()
    description: str = ""
    rows: int | None = None
    bytes: int | None = None
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    layout_note: str = ""
    requires_filter: str = ""
    is_streamed: bool = False
    query: str = ""
    created: datetime | None = None
    max_staleness: str = ""
    is_restricted: bool = False
    is_iceberg: bool = False
    partitions_live: timedelta | None = None
    is_synced: bool = False


def table_facts(client: bigquery.Client, table_id: str) -> TableFacts:
    """Look at a table.

    Raises:
        GoogleAPICallError: it isn't there, or may not be seen.
    """
    table = client.get_table(table_id)
    time, numbers = table.time_partitioning, table.range_partitioning
    partitioning = Partitioning(time.field or INGESTION_TIME, time.type_) if time else None
    note = ""
    if numbers is not None:
        note = f"the source is partitioned by ranges of {numbers.field}"
    elif partitioning is not None and partitioning.field == INGESTION_TIME:
        note = "the source is partitioned by ingestion time"
    is_table = table.table_type in ("TABLE", "SNAPSHOT")
    told, lives = table.to_api_repr(), time.expiration_ms if time else None
    return TableFacts(
        kind=table.table_type,
        fields=tuple(field.to_api_repr() for field in table.schema),
        description=table.description or "",
        rows=int(table.num_rows) if is_table and table.num_rows is not None else None,
        bytes=int(table.num_bytes) if is_table and table.num_bytes is not None else None,
        partitioning=None if note else partitioning,
        clustering=tuple(table.clustering_fields or ()),
        layout_note=note,
        requires_filter=_filtered(table, partitioning),
        is_streamed=getattr(table, "streaming_buffer", None) is not None,
        query=table.view_query or table.mview_query or "",
        created=table.created,
        max_staleness=str(told.get("maxStaleness") or ""),
        is_restricted=(told.get("restrictions") or {}).get("type") == "RESTRICTED_DATA_EGRESS",
        is_iceberg=bool(told.get("biglakeConfiguration")),
        partitions_live=timedelta(milliseconds=int(lives)) if lives else None,
        is_synced=SYNC_SOURCE in table.labels,
    )


def _filtered(table: bigquery.Table, partitioning: Partitioning | None) -> str:
    """The column that each query must filter by, or empty."""
    if not table.require_partition_filter:
        return ""
    if table.range_partitioning is not None:
        return str(table.range_partitioning.field)
    return partitioning.field if partitioning else ""


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table that is read.

    Attributes:
        through: the view by which it is, or empty.
        facts: None if it can't be seen.
        is_closed: whether BigQuery refuses to show it.
    """

    name: str
    through: str
    facts: TableFacts | None
    is_closed: bool = False


def all_tables(
    client: bigquery.Client, tables: Iterable[str], known: Mapping[str, TableFacts]
) -> Iterator[ReadTable]:
    """The tables and those behind their views; what is known of one isn't asked again.

    Tables that may not be seen are not followed: BigQuery then refuses to read them, too.
    """
    waiting = [(table, "") for table in tables]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_TABLES:
        table, through = waiting.pop()
        if table in seen:
            continue
        seen.add(table)
        facts, is_closed = known.get(table), False
        if facts is None and not table.endswith("*"):
            try:
                facts = table_facts(client, table)
            except Forbidden:
                is_closed = True
            except GoogleAPICallError:
                facts = None
        yield ReadTable(table, through, facts, is_closed)
        query = facts.query if facts else ""
        project, dataset, _ = table.split(".", 2)
        waiting += [(named, table) for named in tables_of(query, project, dataset)]


def tables_of(query: str, project: str, dataset: str) -> list[str]:
    """The tables that stand in a query's FROM, qualified; none if it can't be parsed.

    >>> tables_of("WITH w AS (SELECT 1) SELECT * FROM `p.d.t` JOIN e.u USING (a), w", "q", "f")
    ['p.d.t', 'q.e.u']
    """
    if not query:
        return []
    trees = trees_of(query, "bigquery")
    named = {cte.alias for tree in trees for cte in tree.find_all(exp.CTE)}
    names = set()
    for table in (table for tree in trees for table in tree.find_all(exp.Table)):
        name = table.name
        if not isinstance(table.this, exp.Identifier) or (name in named and not table.db):
            continue
        names.add(f"{table.catalog or project}.{table.db or dataset}.{name}")
    return sorted(names)
