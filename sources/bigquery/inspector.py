"""I/O. BigQuery behind the Inspector protocol: metadata, dry runs and few small queries."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from auto_schema.bigquery_types import type_of, unknown_types
from auto_schema.errors import SchemaError, raise_all, shown
from auto_schema.names import string_literal
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.bigquery import evidence as bigquery_evidence
from sources.bigquery import verify as bigquery_verify
from sources.bigquery.clock import NOT_THEN, UNSEEN, Highest, read_clock, unseen_writers
from sources.bigquery.column_rules import BIGQUERY_COLUMNS
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.errors import as_source_errors
from sources.bigquery.jobs import ask, client_of, dry_run
from sources.bigquery.source import BigquerySource
from sources.bigquery.sql import DIALECT
from sources.bigquery.statement import bound, literal
from sources.bigquery.tables import TableFacts, all_tables, table_facts, tables_of
from sources.protocol import Inspector, Source, of_kind
from sources.questions import RangesQuestion, RowsQuestion
from sources.sql import placeholders
from sources.values import (
    Clock,
    CursorValue,
    DigestRow,
    Evidence,
    Extract,
    KeyValue,
    SourceColumn,
    SourceProfile,
)
from sources.writers import Writers

SAMPLES: tuple[CursorValue, ...] = (
    datetime(2000, 1, 1, tzinfo=UTC),
    date(2000, 1, 1),
    0,
)
"""What a query's placeholders are filled with for a dry run, until one is of a fitting type."""
WHOLE: Mapping[type, tuple[CursorValue | None, CursorValue]] = {
    datetime: (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    date: (date(1, 1, 1), date(9999, 12, 31)),
    int: (None, 2**63 - 1),
}
"""Ends that leave nothing out, by the kind of value that the placeholders take."""


@contextmanager
def inspecting(connection: object, query: str, table: str, cursor: str) -> Iterator[Inspector]:
    """Open an inspector.

    Args:
        connection: a BigqueryConnection.
        query: the operator's, placeholders and all; empty: the connection's table.
        table: not used: the connection names it.
        cursor: not used: columns are known by the schema.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what BigQuery said.
        SchemaError: a column of a type that no rule knows.
    """
    bare = BigquerySource(of_kind(connection, BigqueryConnection), query)
    with as_source_errors(bare.place):
        client = client_of(bare.connection, "")
        yield _opened(client, bare)


def _opened(client: bigquery.Client, bare: BigquerySource) -> "_Inspector":
    connection, query = bare.connection, bare.query
    facts: TableFacts | None = None
    sample: CursorValue | None = None
    if not query and not connection.is_wildcard:
        facts = table_facts(client, connection.table_id)
        fields: Sequence[Mapping[str, object]] = facts.fields
        tables, described = [connection.table_id], facts.description
        location = _location(client, tables)
    else:
        job, sample = _dry_run(client, bare)
        all_fields = (field.to_api_repr() for field in job.schema or ())
        fields = [
            field for field in all_fields if field["name"] != "_TABLE_SUFFIX"
        ]  # a pseudo-column
        read = {f"{t.project}.{t.dataset_id}.{t.table_id}" for t in job.referenced_tables}
        tables = sorted(read | ({connection.table_id} if connection.is_wildcard else set()))
        location, described = _location(client, tables), ""
    raise_all([_type_fault(name, kind) for name, kind in unknown_types(fields)])
    known = {connection.table_id: facts} if facts else {}
    reads = list(all_tables(client, {*tables, *_named_in(bare)}, known))
    shows_past = facts is not None and facts.kind in ("TABLE", "SNAPSHOT")
    profile = SourceProfile(
        columns=tuple(
            SourceColumn(str(f["name"]), type_of(f), str(f.get("description") or ""))
            for f in fields
        ),
        clock=unseen_writers(reads),
        rules=BIGQUERY_COLUMNS,
        server="BigQuery",
        description=described,
        tables=tuple(tables),
        reads=tuple((table.name, table.through) for table in reads),
        identity=f"bigquery:{connection.project}",
        location=location,
        deals_rows=True,
        json_is_exact=True,
        rows=facts.rows if facts else None,
        bytes=facts.bytes if facts else None,
        layout=(facts.partitioning, facts.clustering) if facts and facts.rows is not None else None,
        copy_reason=_copy_reason(facts),
        notes=(facts.layout_note,) if facts and facts.layout_note else (),
        protected=tuple(str(f["name"]) for f in fields if type_of(f).is_protected),
        writers=Writers(unseen=() if shows_past else (f"{UNSEEN}, and {NOT_THEN}",)),
    )
    source = replace(
        bare,
        location=location,
        is_direct=shows_past,
        filter_column=facts.requires_filter if facts else "",
    )
    return _Inspector(client, source, profile, sample, facts)


def _named_in(source: BigquerySource) -> list[str]:
    """The tables that the query names: not all stand in what a dry run lists."""
    connection = source.connection
    return tables_of(source.query, connection.project, connection.dataset)


def _copy_reason(facts: TableFacts | None) -> str:
    """Why a copy job can't take the table; empty when it can.

    https://cloud.google.com/bigquery/docs/managing-tables#limitations_on_copying_tables
    """
    if facts is None:
        return "the source is a query"
    if facts.kind != "TABLE":
        return f"the source is a {facts.kind}"
    if facts.is_streamed:
        return "rows of the source are in its streaming buffer, which a copy leaves out"
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


class _Inspector:
    """See `sources.protocol.Inspector`."""

    def __init__(
        self,
        client: bigquery.Client,
        bare: BigquerySource,
        profile: SourceProfile,
        sample: CursorValue | None,
        facts: TableFacts | None,
    ) -> None:
        self._client, self._bare, self.profile, self._facts = client, bare, profile, facts
        self._kind = type(sample)

    def clock(self, *, guard: bool) -> Clock:
        return read_clock(self._client, self._bare, self.profile.clock if guard else None)

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        stamps = ", ".join(literal(instant.astimezone(UTC)) for instant in instants)
        shown = f"DATETIME(t, {string_literal(zone)})"
        sql = f"SELECT {shown} AS shown FROM UNNEST([{stamps}]) AS t WITH OFFSET AS n ORDER BY n"
        return [row.shown for row in ask(self._client, self._bare, sql, "wall_clock")]

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        question = Highest(self._client, self._whole(), self._facts, name)
        clock = self.clock(guard=wait and auto)
        late = clock.unseen_for(margin)
        if not wait or not late or (auto and self.profile.writers.unseen):
            return question.now(), clock
        return question.before(clock.now, late), replace(clock, blind_for=late)

    def source(self, extract: Extract) -> Source:
        query, window = self._bare.query, extract.window
        if window is not None:
            low = window.low
            if low is None and not isinstance(window.high, int):
                low = WHOLE[type(window.high)][0]
            query = bound(query, low, window.high)
        elif placeholders(query, DIALECT):
            query = self._whole().query
        return replace(self._bare, query=query, extract=extract)

    def _whole(self) -> BigquerySource:
        """The query over all time."""
        if not placeholders(self._bare.query, DIALECT):
            return self._bare
        return replace(self._bare, query=bound(self._bare.query, *WHOLE[self._kind]))

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        return bigquery_verify.buckets(self._client, of_kind(source, BigquerySource))

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        return bigquery_verify.digests(self._client, of_kind(source, BigquerySource), keys, buckets)

    def has_rows(self, source: Source) -> bool:
        return bigquery_evidence.has_rows(self._client, of_kind(source, BigquerySource))

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        return bigquery_evidence.evidence(
            self._client, of_kind(source, BigquerySource), self._whole(), self.profile, asked
        )

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        return ()  # streams are dealt out, no matter what stands in them
