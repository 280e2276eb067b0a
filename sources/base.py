"""Source protocol and the values that pass between sources and planning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import pyarrow as pa

from auto_schema.bigquery_types import BigqueryType
from auto_schema.bson_fields import BsonField
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column, Partitioning
from auto_schema.type_maps import PostgresType
from sources.writers import Numbers, Writers

CursorValue = datetime | date | int | str
"""A str is an ObjectId's 24 hex digits, which sort as ObjectIds do."""
SourceType = PostgresType | BsonField | BigqueryType
KeyValue = datetime | date | int | str


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of one run: low < cursor <= high. `low` None: open downwards.

    Values are aware UTC datetimes for a cursor with a zone, naive ones (the wall clock of
    the source's zone) for one without, dates or integers for cursors of those types.
    """

    low: CursorValue | None
    high: CursorValue

    @property
    def is_empty(self) -> bool:
        """Whether no row can lie in it."""
        return self.low is not None and _orderable(self.high) <= _orderable(self.low)


def is_after(value: CursorValue, other: CursorValue) -> bool:
    """Whether one value of a cursor is greater than another."""
    return _orderable(value) > _orderable(other)


def _orderable(value: CursorValue) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return int(value, 16)
    if isinstance(value, datetime):
        naive = value.replace(tzinfo=None)
        return (naive - datetime.min) // timedelta(microseconds=1)  # noqa: DTZ901
    return value.toordinal()


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the source that one worker reads in one go.

    `column` None: everything in the window. Cursor splits are (lower, upper], key splits
    [lower, upper); None leaves an end open.
    """

    index: int
    column: str | None = None
    lower: KeyValue | None = None
    upper: KeyValue | None = None
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column of the query's result."""

    name: str
    type: SourceType
    description: str = ""
    origin: tuple[int, int] | None = None
    """(table oid, column number) where the driver knows it."""

    @property
    def sql_type(self) -> PostgresType:
        """The type of a column of PostgreSQL.

        Raises:
            TypeError: it is a field of documents.
        """
        if not isinstance(self.type, PostgresType):
            raise TypeError(f"{self.name} is no column of PostgreSQL")
        return self.type


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction that may still commit rows with old stamps.

    `started` None: the server doesn't show it to this role.
    """

    pid: int
    application: str
    user: str
    started: datetime | None
    virtual_id: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the source's server says of time and of who still writes.

    Attributes:
        now: the server's clock, aware UTC, read before anything else here.
        time_zone: the server's own TimeZone setting for this database and role.
        other_zones: roles that have another setting there, and which.
        open: transactions open at `now` or shortly after.
        prepared: those that wait for COMMIT PREPARED and didn't end while they were waited
            for; `started` is when they were prepared, which is not when they began.
        stopped: why rows of any age are still to come: a subscription that doesn't run.
        blind_spot: why the open transactions can't all be seen (a standby, a subscriber);
            empty when they can.
        blind_for: how long an unseen writer may go on.
    """

    now: datetime
    time_zone: str = "UTC"
    other_zones: tuple[tuple[str, str], ...] = ()
    open: tuple[OpenTransaction, ...] = ()
    prepared: tuple[OpenTransaction, ...] = ()
    stopped: tuple[str, ...] = ()
    blind_spot: str = ""
    blind_for: timedelta = timedelta(minutes=10)

    def beside(self, writers: Writers) -> "Clock":
        """The same, with what is known of those who write what the query reads."""
        blind = "; and ".join((*filter(None, [self.blind_spot]), *writers.unseen))
        return replace(self, blind_spot=blind, stopped=(*self.stopped, *writers.stopped))


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """What inspecting the source found before the window is known."""

    columns: tuple[SourceColumn, ...]
    clock: Clock
    server: str = ""
    description: str = ""
    tables: tuple[str, ...] = ()
    """The qualified tables that the query reads, sorted; empty when they are not known."""
    identity: str = ""
    """Kind and database, for the `sync_source` label."""
    server_id: str = ""
    """`id:` and what only this server says of itself, or `host:` and its address; empty: the
    tables' names already say all."""
    split_reason: str = ""
    """Why the query can't be split; empty when it can."""
    unique_key: str | None = None
    """A NOT NULL column of the result that is unique, to split on."""
    key_collation: str = ""
    """In which ranges of a key of text are said; empty for other types."""
    key_scans: bool = False
    """Whether no index serves ranges of the key, so that each scans the table."""
    indexed: tuple[str, ...] = ()
    """Columns of the result by which an index begins: their ranges are read without a scan."""
    writers: Writers = field(default_factory=Writers)
    """Who writes what the query reads, looked at for smart sync."""
    numbers: Numbers = field(default_factory=Numbers)
    """How the cursor column gets its values, where it is one of integers."""
    cursor_max: int | None = None
    """MAX of an integer cursor, read with the clock."""
    notes: tuple[str, ...] = ()
    is_utf8: bool = True
    checks_text: bool = True
    """Whether the source has seen to it that its texts are UTF-8."""
    is_open: bool = False
    """Whether rows may hold fields beyond `columns`, which were found by sampling."""
    cuts_by_key: bool = False
    """Whether splits are ranges of `unique_key` only, also of a window."""
    json_is_exact: bool = False
    """Whether numbers in JSON are written so that a double gives them back."""
    deals_rows: bool = False
    """Whether the source is BigQuery, which deals rows to splits itself."""
    location: str = ""
    """Of a BigQuery source; empty when it reads no table."""
    reads: tuple[tuple[str, str], ...] = ()
    """(table, the view that leads to it or empty) of a BigQuery source, views followed."""
    rows: int | None = None
    bytes: int | None = None
    """Of the whole table, where the source knows them."""
    layout: tuple[Partitioning | None, tuple[str, ...]] | None = None
    """Partitioning and clustering of a source that is one table of BigQuery."""
    copy_reason: str = "the source is not BigQuery"
    """Why no copy job of BigQuery can take the source whole; empty when one can."""
    protected: tuple[str, ...] = ()
    """Columns that a policy tag guards."""

    def column(self, name: str) -> SourceColumn | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look at the rows of the window found; None where it was not cheap.

    Attributes:
        estimated_rows, estimated_bytes: the server's own estimate.
        null_cursors: rows whose cursor is NULL: they never match a window.
        before: rows at or before where the first window began: no run reads them.
        after: rows after the window's end, which a later run reads; asked of a first run.
        beyond: rows whose cursor is no value of BigQuery (infinity, a year after 9999), which
            no run reads.
        bounds: values that cut the window or the key range into even parts, ascending.
        looks: per column, see `auto_schema.type_maps.Look`.
        partition_span: lowest and highest value of the partition column.
        partition_count: partitions that the rows lie in; asked only for a wide span.
        other_cursors: rows whose cursor is of a type that no window can hold, by type.
        scan_bytes: what a query of a BigQuery source reads, by a dry run.
        over_limit: whether that is more than max_bytes_billed.
    """

    estimated_rows: int | None = None
    estimated_bytes: int | None = None
    null_cursors: int | None = None
    before: int | None = None
    after: int | None = None
    beyond: int | None = None
    bounds: tuple[KeyValue, ...] = ()
    looks: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    partition_span: tuple[datetime | date, datetime | date] | None = None
    partition_count: int | None = None
    other_cursors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    scan_bytes: int | None = None
    over_limit: bool = False


@dataclass(frozen=True, slots=True)
class DigestRow:
    """A row as verify_only looks at it, in the forms of `auto_schema.canonical`."""

    digest: str
    key: str
    cursor: str


class Source(Protocol):
    """What a plan holds to read its rows; pickles, and holds no connection."""

    def statement(self, split: Split) -> str:
        """The query text that reads a split."""

    def read(self, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows under their source names, in one transaction.

        A source `with_proof` yields last the sums that the server itself makes over the
        split, in the same snapshot.

        Raises:
            SourceUnreachableError: the connection failed; the split may be read again.
            SourceRefusedError: the server refused; reading again won't help.
        """

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """The splits as they can be read; called once, before the first is.

        Args:
            splits: the plan's.
            attempt: counts the calls of one run, when one before has failed.

        Raises:
            SourceUnreachableError, SourceRefusedError: as for `read`.
        """

    def with_columns(self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()) -> "Source":
        """The same source, reading these columns and nothing of those fields."""

    def with_proof(self, *, digests: bool) -> "Source":
        """The same source, whose reads end with RowSums.

        Args:
            digests: whether each row brings its own digest, in the hidden column DIGEST.
        """

    @property
    def place(self) -> str:
        """Where the rows come from, without secrets, for messages and the history."""


@runtime_checkable
class InPlaceSource(Source, Protocol):
    """A source whose rows a statement in BigQuery can read."""

    @property
    def reads_table(self) -> bool:
        """Whether workers read the table itself, without a query."""

    def in_place(self) -> Source:
        """The same, its statement for a job in BigQuery: columns under their new names."""


@runtime_checkable
class NarrowingSource(Source, Protocol):
    """A source that can find the rows which it refuses, and read the others."""

    def read_around(self, split: Split, most: int) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows after a read of it has raised RowRefusedError.

        Each row that the source refuses is one without values, whose hidden columns say why
        (see `auto_schema.conform`). All is one snapshot.

        Args:
            split: the part of the source.
            most: refused rows that are looked for; when one more is found they are all that
                is yielded.

        Raises:
            SourceRefusedError: they can't be found.
            SourceUnreachableError: as for `read`.
        """


class Inspector(Protocol):
    """An open look at one source: facts before the window is known, and after."""

    profile: SourceProfile

    def clock(self, *, guard: bool) -> Clock:
        """The source's clock, and with `guard` who may still write older stamps."""

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        """These instants as the server's own clock on a wall of that zone shows them.

        Raises:
            ConfigError: the server doesn't know the zone.
        """

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        """MAX of an integer cursor, and the clock with those who may still commit lower values.

        Args:
            name: the cursor column.
            wait: whether late commits are waited for.
            auto: whether the source itself says for how long, where it can't see who writes.
            margin: the wait for writers that can't be seen, beside that.
        """

    def source(
        self, *, cursor: str | None, window: Window | None, batch_rows: int | None, run_id: str
    ) -> Source:
        """What a plan holds to read this window."""

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        """The server's own sums over a source's rows, by the first digits of their digests."""

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        """The rows of these buckets: digest, key and cursor, as texts."""

    def has_rows(self, source: Source) -> bool:
        """Whether the window of a source holds any row; True when that takes long to tell."""

    def evidence(
        self,
        source: Source,
        *,
        look_at: tuple[SourceColumn, ...],
        split_column: str | None,
        split_over_bytes: int,
        count_outside: bool,
        partition: tuple[SourceColumn, str] | None,
        floor: CursorValue | None = None,
    ) -> Evidence:
        """A look at the rows of the window.

        Args:
            source: with the window.
            look_at: columns whose type the data decides.
            split_column: the column that splits would cut.
            split_over_bytes: bounds are looked for only above that estimate; 0: always.
            count_outside: count the rows that no run reads, by what `floor` says.
            partition: the partition column and its unit.
            floor: where the first window of all began; None: not known, or open downwards.
        """


SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "sources.postgresql_inspector",
        "mongodb": "sources.mongodb_inspector",
        "bigquery": "sources.bigquery_inspector",
    }
)
"""data_source → module whose `inspecting(connection, query, table, cursor)` opens an Inspector."""
