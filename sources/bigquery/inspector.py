"""I/O. BigQuery behind the Inspector protocol: metadata, dry runs and few small queries."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from google.cloud import bigquery

from auto_schema.names import string_literal
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.bigquery import evidence as bigquery_evidence
from sources.bigquery import verify as bigquery_verify
from sources.bigquery.clock import Highest, read_clock, unseen_writers
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.errors import as_source_errors
from sources.bigquery.full_access import partly_seen
from sources.bigquery.jobs import ask, client_of
from sources.bigquery.key_snapshot import comparing
from sources.bigquery.profile import (
    Described,
    describe,
    profile_of,
    tables_behind,
    with_stamps,
)
from sources.bigquery.source import BigquerySource
from sources.bigquery.sql import DIALECT
from sources.bigquery.statement import bound, literal
from sources.bigquery.wildcard import look_behind
from sources.profile import SourceProfile
from sources.protocol import Inspector, KeySnapshot, Source, of_kind
from sources.questions import KeysQuestion, RangesQuestion, RowsQuestion
from sources.sql import placeholders
from sources.values import (
    Clock,
    CursorValue,
    DigestRow,
    Evidence,
    Extract,
    KeyValue,
)

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
        cursor: the cursor column, which is looked for in the query and its views.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what BigQuery said.
        SchemaError: a column of a type that no rule knows.
    """
    bare = BigquerySource(of_kind(connection, BigqueryConnection), query)
    with as_source_errors(bare.place):
        client = client_of(bare.connection, "")
        yield _opened(client, bare, cursor)


def _opened(client: bigquery.Client, bare: BigquerySource, cursor: str) -> "_Inspector":
    described = describe(client, bare)
    reads = tables_behind(client, bare, described)
    source = replace(
        bare,
        location=described.location,
        is_direct=described.is_stored,
        filter_column=described.table.requires_filter if described.table else "",
    )
    profile = profile_of(bare.connection.project, described, reads, partly_seen(client, reads))
    profile = with_stamps(profile, bare, described, reads, cursor)
    if bare.connection.is_wildcard and not bare.query and profile.in_bigquery:
        asking = client_of(bare.connection, described.location)
        behind = look_behind(asking, source, described.fields)
        missing, others = (behind.left_out, behind.others) if behind else (None, ())
        here = replace(profile.in_bigquery, left_out=missing, others=others)
        profile = replace(profile, in_bigquery=here)
    return _Inspector(client, source, described, profile, unseen_writers(reads))


class _Inspector:
    """See `sources.protocol.Inspector`."""

    def __init__(
        self,
        client: bigquery.Client,
        bare: BigquerySource,
        described: Described,
        profile: SourceProfile,
        unseen: Clock,
    ) -> None:
        self._client, self._bare, self._unseen = client, bare, unseen
        self._table, self._kind = described.table, type(described.sample)
        self.profile = profile

    def clock(self, *, guard: bool) -> Clock:
        return read_clock(self._client, self._bare, self._unseen if guard else None)

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        stamps = ", ".join(literal(instant.astimezone(UTC)) for instant in instants)
        shown = f"DATETIME(t, {string_literal(zone)})"
        sql = f"SELECT {shown} AS shown FROM UNNEST([{stamps}]) AS t WITH OFFSET AS n ORDER BY n"
        return [row.shown for row in ask(self._client, self._bare, sql, "wall_clock")]

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        question = Highest(self._client, self._whole(), self._table, name)
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

    def comparing(self, source: Source, asked: KeysQuestion) -> AbstractContextManager[KeySnapshot]:
        return nullcontext(comparing(self._client, of_kind(source, BigquerySource), asked))

    def has_rows(self, source: Source) -> bool:
        return bigquery_evidence.has_rows(self._client, of_kind(source, BigquerySource))

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        return bigquery_evidence.evidence(
            self._client, of_kind(source, BigquerySource), self._whole(), self._table, asked
        )

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        return ()  # streams are dealt out, no matter what stands in them
