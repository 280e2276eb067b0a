"""I/O. PostgreSQL behind the Inspector protocol: one session for all facts of a plan."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg2

from auto_schema.errors import SourceRefusedError
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.chosen_rows import with_chosen_rows
from sources.postgresql import (
    catalog as postgresql_inspect,
)
from sources.postgresql import (
    clock as postgresql_clock,
)
from sources.postgresql import (
    evidence as postgresql_evidence,
)
from sources.postgresql import (
    verify as postgresql_verify,
)
from sources.postgresql.asking import Asking
from sources.postgresql.column_rules import sql_type
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.files import files_of
from sources.postgresql.key_snapshot import comparing
from sources.postgresql.session import Settings
from sources.postgresql.shape import shape
from sources.postgresql.source import PostgresqlSource
from sources.postgresql.sql import DIALECT, without_order
from sources.postgresql.stamps import SQLGLOT
from sources.postgresql.statistics import doubt
from sources.postgresql.surroundings import surroundings
from sources.postgresql.writers import with_writers
from sources.profile import SourceProfile
from sources.protocol import Inspector, KeySnapshot, Source, of_kind
from sources.questions import KeysQuestion, RangesQuestion, RowsQuestion
from sources.sql import bind, placeholders
from sources.values import (
    Clock,
    CursorValue,
    DigestRow,
    Evidence,
    Extract,
    KeyValue,
    SourceColumn,
)

LAST_INT64 = 2**63 - 1
FIRST_STAMP, LAST_STAMP = datetime.min, datetime.max  # noqa: DTZ901 - the widest window
SAMPLE_STAMP = datetime(1900, 1, 1)  # noqa: DTZ001 - stands in for either kind of timestamp
SAMPLES: tuple[CursorValue, ...] = (SAMPLE_STAMP, 0)
"""What stands in the placeholders while the query is described: a stamp, or an integer."""


@contextmanager
def inspecting(connection: object, query: str, table: str, cursor: str) -> Iterator[Inspector]:
    """Open an inspector.

    Args:
        connection: a PostgresqlConnection.
        query: the user's query, placeholders and all; empty: all of `table`.
        table: source_table_for_schema; empty: none.
        cursor: the cursor column, which is found among the others.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what the server said.
    """
    connection = of_kind(connection, PostgresqlConnection)
    with postgresql_inspect.session(connection) as opened:
        qualified, place = None, connection.place
        with postgresql_inspect.reading(opened) as asking:
            if table:
                qualified = postgresql_inspect.qualified_table(asking, table, place)
            text = query or f"SELECT * FROM {qualified}"
            around = surroundings(asking, place, text)
        profile, collation = _profile(opened, connection, text, qualified, cursor)
        profile = _doubting(profile, around.money_doubt)
        at = _At(connection, around.settings, text, collation)
        yield _Inspector(opened, at, profile)


def _profile(
    opened: Asking,
    connection: PostgresqlConnection,
    query: str,
    table: str | None,
    cursor: str,
) -> tuple[SourceProfile, str]:
    """What is found of the query, and the collation in which ranges of its key are said."""
    samples = SAMPLES if placeholders(query, DIALECT) else SAMPLES[:1]
    refused: list[SourceRefusedError] = []
    for sample in samples:
        try:
            bound = bind(query, sample, sample, DIALECT)
            profile, collation = postgresql_inspect.profile(
                opened, connection, bound, schema_table=table
            )
            profile = with_chosen_rows(profile, bound, cursor, SQLGLOT)
            if cursor:
                profile = with_writers(opened, profile, bound, cursor)
            return profile, collation
        except SourceRefusedError as error:
            refused.append(error)
    raise refused[0]


def _doubting(profile: SourceProfile, doubt: str) -> SourceProfile:
    """The profile, whose columns of money say why they can't be trusted, if they can't."""
    if not doubt:
        return profile
    columns = tuple(
        replace(column, type=replace(sql_type(column), doubt=doubt))
        if sql_type(column).name == "money"
        else column
        for column in profile.columns
    )
    return replace(profile, columns=columns)


@dataclass(frozen=True, slots=True)
class _At:
    """What readers are told of the query, besides its profile."""

    connection: PostgresqlConnection
    settings: Settings
    query: str
    key_collation: str


class _Inspector:
    """See `sources.protocol.Inspector`."""

    def __init__(self, opened: Asking, at: _At, profile: SourceProfile) -> None:
        self._opened, self._at, self.profile = opened, at, profile

    def clock(self, *, guard: bool) -> Clock:
        clock = postgresql_clock.read_clock(self._opened, guard=guard)
        return clock.beside(self.profile.writers) if guard else clock

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        return postgresql_clock.wall_clock(self._opened, zone, instants)

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        whole, column = bind(self._at.query, None, LAST_INT64, DIALECT), self._column(name)
        repeated_for = margin if self.profile.numbers.may_repeat else timedelta()
        highest, remaining = postgresql_clock.integer_cursor(
            self._opened, whole, column, repeated_for, wait=wait
        )
        return highest, replace(self.clock(guard=False), open=remaining)

    def source(self, extract: Extract) -> Source:
        query, window = self._at.query, extract.window
        if window is not None:
            low = window.low
            if low is None and not isinstance(window.high, int):
                low = "-infinity"  # of a window by hand from the year 1 on
            query = bind(query, low, window.high, DIALECT)
        if shape(query).has_order:
            query = without_order(query)
        names = tuple(column.name for column in self.profile.columns)
        return PostgresqlSource(
            self._at.connection,
            query,
            names,
            extract=extract,
            encoding="UTF8" if self.profile.texts.are_utf8 else "SQL_ASCII",
            key_collation=self._at.key_collation,
            result_types=tuple(sql_type(column).oid for column in self.profile.columns),
            result_tables=tuple((column.origin or (0, 0))[0] for column in self.profile.columns),
            files=files_of(self.profile.identity.stored),
            settings=self._at.settings,
        )

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        return postgresql_verify.buckets(self._opened, of_kind(source, PostgresqlSource))

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        return postgresql_verify.digests(
            self._opened, of_kind(source, PostgresqlSource), keys, buckets
        )

    def comparing(self, source: Source, asked: KeysQuestion) -> AbstractContextManager[KeySnapshot]:
        return comparing(of_kind(source, PostgresqlSource), asked)

    def has_rows(self, source: Source) -> bool:
        return postgresql_evidence.has_rows(self._opened, of_kind(source, PostgresqlSource))

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        ours = of_kind(source, PostgresqlSource)
        known = postgresql_evidence.evidence(
            self._opened,
            ours,
            asked,
            hidden_nulls=self._hidden_nulls(ours),
            whole_query=self._whole_query(ours),
        )
        rows, has_window = known.estimated_rows, ours.extract.window is not None
        why_not = doubt(self.profile.statistics, rows, has_window=has_window)
        return replace(known, estimate_doubt=why_not)

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        ours = of_kind(source, PostgresqlSource)
        return postgresql_evidence.bounds(self._opened, ours, self._column(asked.column))

    def _whole_query(self, source: PostgresqlSource) -> str:
        """The query over all time, to count what lies outside the window."""
        if source.extract.window is None or not placeholders(self._at.query, DIALECT):
            return source.query
        if isinstance(source.extract.window.high, int):
            return bind(self._at.query, None, LAST_INT64, DIALECT)
        return self._with_infinities() or bind(self._at.query, FIRST_STAMP, LAST_STAMP, DIALECT)

    def _with_infinities(self) -> str:
        """The query over all time and beyond; empty when it can't calculate with infinities."""
        query = bind(self._at.query, "-infinity", "infinity", DIALECT)
        try:
            with postgresql_inspect.reading(self._opened) as cursor:
                cursor.execute(f"EXPLAIN {query}")
        except psycopg2.DatabaseError:
            return ""
        return query

    def _hidden_nulls(self, source: PostgresqlSource) -> SourceColumn | None:
        """The cursor, when a predicate with the placeholders keeps its NULLs from us."""
        if source.extract.cursor is None or not placeholders(self._at.query, DIALECT):
            return None
        return self._column(source.extract.cursor)

    def _column(self, name: str) -> SourceColumn:
        column = self.profile.column(name)
        if column is None:
            raise SourceRefusedError("unknown column", name, "the query doesn't deliver it", "")
        return column
