"""I/O. What BigQuery shows before the window is known: table or query, and what it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from auto_schema.bigquery_types import type_of, unknown_types
from auto_schema.errors import SchemaError, raise_all, shown
from auto_schema.names import quoted
from sources.bigquery.clock import NOT_THEN, UNSEEN
from sources.bigquery.column_rules import BIGQUERY_COLUMNS
from sources.bigquery.full_access import LISTED, PartlySeen
from sources.bigquery.jobs import dry_run
from sources.bigquery.source import BigquerySource
from sources.bigquery.sql import DIALECT
from sources.bigquery.statement import bound
from sources.bigquery.tables import ReadTable, TableFacts, all_tables, table_facts, tables_of
from sources.chosen_rows import with_chosen_rows
from sources.cursor_sql import CursorSql
from sources.given_stamps import given_stamps
from sources.profile import InBigquery, SourceIdentity, SourceProfile, Texts
from sources.sql import placeholders
from sources.values import CursorValue, SourceColumn
from sources.writers import Writers

SAMPLES: tuple[CursorValue, ...] = (
    datetime(2000, 1, 1, tzinfo=UTC),
    date(2000, 1, 1),
    0,
)
"""What a query's placeholders are filled with for a dry run, until one is of a fitting type."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a source delivers, and from which tables.

    Attributes:
        fields: of its rows, as the API writes them.
        tables: that it reads, qualified; views not followed.
        location: of the first one; empty without one.
        table: the one table that it is; None: a query, or a wildcard.
        sample: of the kind that the query's placeholders take; None: it has none.
    """

    fields: tuple[Mapping[str, object], ...]
    tables: tuple[str, ...]
    location: str
    table: TableFacts | None = None
    sample: CursorValue | None = None

    @property
    def shows_past(self) -> bool:
        """Whether BigQuery shows it as it was before."""
        return self.table is not None and self.table.kind in ("TABLE", "SNAPSHOT")

    @property
    def is_stored(self) -> bool:
        """Whether Storage Read hands over all of its rows: it may, and they are all in storage.

        Not those in the buffer of streaming inserts, nor changes of CDC that aren't applied yet:
        https://github.com/GoogleCloudDataproc/spark-bigquery-connector/issues/95
        """
        if self.table is None or not self.shows_past:
            return False
        if self.table.is_restricted:
            return False
        return not (self.table.is_streamed or self.table.max_staleness)


def describe(client: bigquery.Client, bare: BigquerySource) -> Described:
    """The table by its schema, a query or wildcard by a dry run.

    Raises:
        GoogleAPICallError: the table can't be seen, or the query is refused.
        SchemaError: a column of a type that no rule knows.
    """
    is_table = not bare.query and not bare.connection.is_wildcard
    described = _table(client, bare) if is_table else _query(client, bare)
    raise_all([_type_fault(name, kind) for name, kind in unknown_types(described.fields)])
    return described


def _table(client: bigquery.Client, bare: BigquerySource) -> Described:
    name = bare.connection.table_id
    facts = table_facts(client, name)
    return Described(facts.fields, (name,), _location(client, (name,)), facts)


def _query(client: bigquery.Client, bare: BigquerySource) -> Described:
    connection = bare.connection
    job, sample = _dry_run(client, bare)
    fields = tuple(field.to_api_repr() for field in job.schema or ())
    real = tuple(field for field in fields if field["name"] != "_TABLE_SUFFIX")  # a pseudo-column
    read = {f"{t.project}.{t.dataset_id}.{t.table_id}" for t in job.referenced_tables}
    tables = tuple(sorted(read | ({connection.table_id} if connection.is_wildcard else set())))
    return Described(real, tables, _location(client, tables), sample=sample)


def tables_behind(
    client: bigquery.Client, bare: BigquerySource, described: Described
) -> tuple[ReadTable, ...]:
    """All tables that it reads, views followed, and those that its query names."""
    connection = bare.connection
    known = {connection.table_id: described.table} if described.table else {}
    # not all that a query names stand in what a dry run lists
    named = tables_of(bare.query, connection.project, connection.dataset)
    return tuple(all_tables(client, {*described.tables, *named}, known))


def profile_of(
    project: str, described: Described, reads: Sequence[ReadTable], seen: PartlySeen
) -> SourceProfile:
    """The profile of a source that was described.

    Args:
        project: of the source.
        described: what it delivers.
        reads: all tables that it reads.
        seen: what of them this account doesn't see as it is.
    """
    fields, table = described.fields, described.table
    is_listed = table is not None and table.kind in LISTED
    is_kept = table is not None and table.rows is not None
    return SourceProfile(
        tuple(
            SourceColumn(str(f["name"]), type_of(f), str(f.get("description") or ""))
            for f in fields
        ),
        BIGQUERY_COLUMNS,
        identity=SourceIdentity(
            f"bigquery:{project}",
            tables=described.tables,
            views=tuple(sorted({r.facts.query for r in reads if r.facts and r.facts.query})),
        ),
        texts=Texts(json_is_exact=True),
        writers=Writers(unseen=() if described.shows_past else (f"{UNSEEN}, and {NOT_THEN}",)),
        in_bigquery=InBigquery(
            described.location,
            tuple((read.name, read.through) for read in reads),
            layout=(table.partitioning, table.clustering) if table and is_kept else None,
            copy_reason=copy_reason(table),
            protected=tuple(str(f["name"]) for f in fields if type_of(f).is_protected),
            masked=seen.masked[0][1] if is_listed and seen.masked else (),
            partly_masked=() if is_listed else seen.masked,
            closed=seen.closed,
            partitions_live=_lifetimes(reads),
            synced=tuple(sorted(r.name for r in reads if r.facts and r.facts.is_synced)),
        ),
        description=table.description if table else "",
        notes=(table.layout_note,) if table and table.layout_note else (),
    )


def with_stamps(
    profile: SourceProfile,
    bare: BigquerySource,
    described: Described,
    reads: Sequence[ReadTable],
    cursor: str,
) -> SourceProfile:
    """The profile, with what the query, or the views that it reads, make of rows and cursor."""
    sample = SAMPLES[0] if described.sample is None else described.sample
    query = bound(bare.query or f"SELECT * FROM `{bare.connection.table_id}`", sample, sample)
    profile = with_chosen_rows(profile, query, cursor, "bigquery")
    column = profile.column(cursor)
    kind = column.type.cursor_type if column else None
    if column is None or not kind or kind.startswith("int"):
        return profile
    views = {
        read.name.rpartition(".")[2]: read.facts.query
        for read in reads
        if read.facts is not None and read.facts.query
    }
    behind = CursorSql(query, column, "bigquery", views, _defaults(reads) | views)
    return replace(
        profile,
        coarse=behind.coarse(),
        given=given_stamps(query, column.name, "bigquery", views),
        zone=behind.zone() if behind.is_naive else None,
    )


def _defaults(reads: Sequence[ReadTable]) -> dict[str, str]:
    """What tables give to columns that their writers leave out, as queries by their names."""
    selects = dict[str, str]()
    for read in reads:
        fields = read.facts.fields if read.facts else ()
        items = (
            f"{field['defaultValueExpression']} AS {quoted(str(field['name']))}"
            for field in fields
            if field.get("defaultValueExpression")
        )
        if text := ", ".join(items):
            selects[read.name.rpartition(".")[2]] = f"SELECT {text}"
    return selects


def _lifetimes(reads: Sequence[ReadTable]) -> tuple[tuple[str, timedelta], ...]:
    facts = sorted((read.name, read.facts) for read in reads if read.facts)
    return tuple((name, one.partitions_live) for name, one in facts if one.partitions_live)


def copy_reason(table: TableFacts | None) -> str:
    """Why a copy job can't take the table; empty when it can.

    https://cloud.google.com/bigquery/docs/managing-tables#limitations_on_copying_tables
    """
    if table is None:
        return "the source is a query"
    if table.kind != "TABLE":
        return f"the source is a {table.kind}"
    if table.is_restricted:
        return "who shares the source's dataset gives its data to queries only"
    if table.is_iceberg:
        return "the source is a table for Apache Iceberg"
    if table.is_streamed:
        return "rows of the source are in its streaming buffer, which a copy leaves out"
    if table.max_staleness:
        return "changes of the source may wait to be applied (max_staleness)"
    return ""


def _type_fault(name: str, kind: str) -> SchemaError:
    return SchemaError(
        "type without a mapping",
        f"column {shown(name)}, type {kind}",
        "there is no rule on record for it",
        "cast it in source_bigquery_query, or leave the column out.",
    )


def _dry_run(
    client: bigquery.Client, bare: BigquerySource
) -> tuple[bigquery.QueryJob, CursorValue | None]:
    """What the query delivers and reads, and the kind of value that its placeholders take.

    Raises:
        GoogleAPICallError: BigQuery refuses the query, whatever stands in them.
    """
    refused: list[BadRequest] = []
    samples = SAMPLES if placeholders(bare.query, DIALECT) else (None,)
    for sample in samples:
        query = bare.query if sample is None else bound(bare.query, sample, sample)
        tried = replace(bare, query=query)
        try:
            return dry_run(client, tried, tried.selecting(("q.*",))), sample
        except BadRequest as error:
            refused.append(error)
    raise refused[0]


def _location(client: bigquery.Client, tables: Sequence[str]) -> str:
    """Of the dataset of the first table; a query without one runs anywhere."""
    if not tables:
        return ""
    project, dataset, _ = tables[0].split(".", 2)
    return str(client.get_dataset(f"{project}.{dataset}").location)
