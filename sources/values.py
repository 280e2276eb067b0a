"""The values that pass between sources and planning."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from auto_schema.evolve import CurrentField
from auto_schema.schema import Column
from sources.writers import Writers

CursorValue = datetime | date | int | str
"""A str is an ObjectId's 24 hex digits, which sort as ObjectIds do."""
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
class Marking:
    """How a source marks a deleted row: in this column of its, by TRUE, or else by any value."""

    column: str
    is_flag: bool


@dataclass(frozen=True, slots=True)
class Extract:
    """Which rows of a source a run reads, and how it reads them.

    Attributes:
        cursor, window: the rows whose cursor lies in the window; None, both: all rows.
        batch_rows: rows per batch; None: batches of about 16 MiB.
        run_id: names the reading sessions and jobs; empty: of no run.
        without: rows that are so marked are left out; None: none are.
    """

    cursor: str | None = None
    window: Window | None = None
    batch_rows: int | None = None
    run_id: str = ""
    without: Marking | None = None


class SourceType(Protocol):
    """A column's type as its source has it; only the source's own rules know more of it."""

    @property
    def display(self) -> str:
        """In the source's words."""

    @property
    def cursor_type(self) -> str:
        """The type that a cursor of it has; empty where it has no order to sync by."""

    @property
    def precision(self) -> int | None:
        """Digits of a number or of a second; None when not declared."""


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column of the query's result."""

    name: str
    type: SourceType
    description: str = ""
    origin: tuple[int, int] | None = None
    """(table oid, column number) where the driver knows it."""
    has_default: bool = False
    """Rows that were there before the column have its default, without a change of theirs."""


@dataclass(frozen=True, slots=True)
class ColumnWish:
    """How a column of a source is to stand in the destination.

    Attributes:
        name: the column's there.
        current: that column, where it is there.
        look: what a look at the rows found, in a form of the source's own; None: nothing.
        json_as_text: keep JSON as STRING (`json_numbers=text`).
        unknown_as_text: read a type without a rule as text (`unknown_types=text`).
        is_described: whether it takes the source's description.
        is_cursor: whether windows are of its values.
        is_reshaped: whether its values are changed after they are read, so that it may be of
            another type there: then that says nothing of how they are to be read.
        evolves: whether the current column may be made wider in place.
    """

    name: str
    current: CurrentField | None = None
    look: object = None
    json_as_text: bool = False
    unknown_as_text: bool = True
    is_described: bool = True
    is_cursor: bool = False
    is_reshaped: bool = False
    evolves: bool = False

    @property
    def there(self) -> tuple[str, str] | None:
        """(type, mode) of the current column; None without one, or where it says nothing."""
        if self.current is None or self.is_reshaped:
            return None
        return (self.current.bigquery, self.current.mode)


class ColumnRules(Protocol):
    """How a source's columns become columns of BigQuery; a profile holds its source's."""

    def delivered(
        self,
        columns: tuple[SourceColumn, ...],
        current: Mapping[str, CurrentField],
        asked_for: Collection[str],
    ) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
        """The columns to plan with, and the names there of those that need another.

        Args:
            columns: the profile's.
            current: the destination's, by case-folded name.
            asked_for: names that the parameters say.
        """

    def column(self, source: SourceColumn, wish: ColumnWish) -> Column:
        """The column of the destination.

        Raises:
            SchemaError: there is no rule for its type, or the current column can't hold it.
        """

    def needs_look(self, source: SourceColumn) -> bool:
        """Whether the rows decide its type."""

    def best_looks(self, columns: tuple[SourceColumn, ...]) -> Mapping[str, object]:
        """Per column the look that forbids least, to plan with before rows may be asked."""


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
        is_behind: whether it is a standby that lacks what nobody knows: it may show less than it,
            or another of its name, has shown before.
        is_copy: whether its time is that up to which it has what another server wrote.
    """

    now: datetime
    time_zone: str = "UTC"
    other_zones: tuple[tuple[str, str], ...] = ()
    open: tuple[OpenTransaction, ...] = ()
    prepared: tuple[OpenTransaction, ...] = ()
    stopped: tuple[str, ...] = ()
    blind_spot: str = ""
    blind_for: timedelta = timedelta(minutes=10)
    is_behind: bool = False
    is_copy: bool = False

    def unseen_for(self, margin: timedelta) -> timedelta:
        """How long late commits are waited for, where some who write can't be seen."""
        return margin + (self.blind_for if self.blind_spot else timedelta(0))

    def beside(self, writers: Writers) -> "Clock":
        """The same, with what is known of those who write what the query reads."""
        blind = "; and ".join((*filter(None, [self.blind_spot]), *writers.unseen))
        return replace(self, blind_spot=blind, stopped=(*self.stopped, *writers.stopped))


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
        looks: per column, see `auto_schema.postgresql_types.Look`.
        partition_span: lowest and highest value of the partition column.
        partition_count: partitions that the rows lie in; asked only for a wide span.
        other_cursors: rows whose cursor is of a type that no window can hold, by type.
        scan_bytes: what a query of a BigQuery source reads, by a dry run.
        over_limit: whether that is more than max_bytes_billed.
        estimate_doubt: why the estimate says nothing, in words; empty: nothing is known against it.
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
    estimate_doubt: str = ""

    @property
    def left_out(self) -> "Evidence":
        """What is known of rows that no window holds, and nothing else."""
        return Evidence(null_cursors=self.null_cursors, before=self.before, beyond=self.beyond)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """A row as verify_only looks at it, in the forms of `auto_schema.canonical`."""

    digest: str
    key: str
    cursor: str


LETTER_READ, LETTER_OTHER, LETTER_DEAD, LETTER_UNTOLD = "r", "n", "d", "u"
"""Before a key of the source: an earlier run has read its row, which is looked at; or not so; or
the source itself marks it as deleted; or its cursor isn't later, and more isn't known."""
LETTER_HERE, LETTER_MARKED, LETTER_APART = "h", "m", "o"
"""Before one of the table: its row is looked at; it is marked as deleted; it isn't looked at."""
