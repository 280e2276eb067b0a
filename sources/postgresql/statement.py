"""PostgreSQL as a value: how to connect, and the exact SQL of each split.

Around the user's query stands our own predicate, so that a query's `>=`, `BETWEEN` or
`::date` can neither double nor drop a row:

    SELECT casts FROM (
    <query>
    ) AS q WHERE q.cursor > low AND q.cursor <= high

Columns are bound by their names only: a query's result may have changed since it was
described, and positions would then hand out one column as another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

from auto_schema.canonical import postgresql_digest, postgresql_row_text, postgresql_sums
from auto_schema.dead_letters import dimensions_of
from auto_schema.key_places import Place, Places, postgresql_within
from auto_schema.row_sums import DIGEST
from auto_schema.schema import Column
from sources.postgresql.columns import describing
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.files import Files
from sources.postgresql.session import Settings
from sources.postgresql.sql import ends_of, literal, quote
from sources.postgresql.wire.fields import shows_dimensions
from sources.values import Extract, Split


@dataclass(frozen=True, slots=True)
class PostgresqlStatement:
    """One query on one database, and the SQL that reads a split of it.

    Attributes:
        query: the user's query, placeholders bound, no trailing `;`.
        result_names: the names of all columns of its result, in order.
        result_types: their types' OIDs; each read checks that they are still these.
        result_tables: the OIDs of the tables that they are columns of; 0: computed, or of a view
            that is more than its table. Each split checks that they are still these.
        files: of these tables, of others that the query reads, and of their partitions. Each split
            checks that they are still these.
        settings: what decides the query's meaning, as it was when it was described.
        columns: those that are read, with how.
        extract: the predicate around the query, where there is one.
        proves: whether a read ends with the server's own sums, in one snapshot.
        digests: whether each row brings its digest, so that dead ones can be summed apart.
        key_collation: in which ranges of a key of text are said; empty for other types.
        only: which rows of the query are read beside the window's predicates; empty: all.
        encoding: of the session: SQL_ASCII for a database that doesn't check its text, so
            that bytes which aren't UTF-8 become dead letters and not an error of the read.
    """

    connection: PostgresqlConnection
    query: str
    result_names: tuple[str, ...]
    columns: tuple[Column, ...] = ()
    extract: Extract = field(default_factory=Extract)
    encoding: str = "UTF8"
    proves: bool = False
    digests: bool = False
    key_collation: str = ""
    result_types: tuple[int, ...] = ()
    result_tables: tuple[int, ...] = ()
    files: Files = ()
    settings: Settings = ()
    only: str = ""

    @property
    def hides(self) -> bool:
        """Whether it reads values that nothing may show."""
        return any(column.is_hidden for column in self.columns)

    @property
    def place(self) -> str:
        """Where the rows come from, without secrets."""
        return self.connection.place

    def with_columns(self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()) -> Self:
        """The same source, reading these columns; no others are selected anyway."""
        return replace(self, columns=columns)

    def with_proof(self, *, digests: bool) -> Self:
        """The same source, whose reads end with the server's own RowSums."""
        return replace(self, proves=True, digests=digests)

    def only_in(self, places: Places, within: Sequence[Place]) -> Self:
        """The same source, reading the rows of these places; of none, no row."""
        return replace(self, only=postgresql_within(places, within) if within else "false")

    def statement(self, split: Split) -> str:
        """The SQL that reads a split."""
        return of_split(self, self._selected, split)

    @property
    def undivided(self) -> str:
        """The SQL that reads all splits at once, of which the server tells the tables."""
        return wrapped(self, self._selected)

    @property
    def _selected(self) -> str:
        selected = select_list(self.columns)
        if self.digests:
            selected += f", {postgresql_digest(self.columns)} AS {quote(DIGEST)}"
        return selected

    def proof(self, split: Split) -> str:
        """The SQL that sums the digests of a split's rows, in the server."""
        return postgresql_sums(of_split(self, postgresql_row_text(self.columns), split))

    def check(self) -> str:
        """The SQL that tells the columns of the query as they are now."""
        return describing(self.query, self.result_names)


def wrapped(source: PostgresqlStatement, selected: str, predicates: tuple[str, ...] = ()) -> str:
    """`SELECT selected` from the query within its window and further predicates."""
    only = (source.only,) if source.only else ()
    every = window_predicates(source.extract) + unmarked(source.extract) + only + predicates
    where = f"\nWHERE {' AND '.join(every)}" if every else ""
    return f"SELECT {selected}\nFROM (\n{source.query}\n) AS q{where}"


def of_split(source: PostgresqlStatement, selected: str, split: Split) -> str:
    """`SELECT selected` from the rows of a split."""
    ranges = split_ranges(split, source.key_collation)
    return "\nUNION ALL\n".join(wrapped(source, selected, predicates) for predicates in ranges)


def select_list(columns: tuple[Column, ...]) -> str:
    """What is read of each column, and the dimensions of arrays that a cast may hide."""
    items = []
    for column in columns:
        name = quote(column.source_name)
        items.append(f"{column.select.format(c=f'q.{name}')} AS {name}")
        if column.is_repeated and not column.is_flat and not shows_dimensions(column):
            hidden = quote(dimensions_of(column.source_name))
            items.append(f"coalesce(pg_catalog.array_ndims(q.{name}), 0) AS {hidden}")
    return ", ".join(items)


def window_predicates(extract: Extract) -> tuple[str, ...]:
    """Low < cursor AND cursor <= high, exact whatever the query itself says."""
    cursor, window = extract.cursor, extract.window
    if cursor is None or window is None:
        return ()
    column = f"q.{quote(cursor)}"
    low: tuple[str, ...] = ()
    if window.low is not None:
        low = (f"{column} > {literal(window.low)}",)
    elif isinstance(window.high, date):  # infinities and BC are counted, and never read
        low = (f"{column} >= {literal(ends_of(window.high)[0])}",)
    return (*low, f"{column} <= {literal(window.high)}")


def unmarked(extract: Extract) -> tuple[str, ...]:
    """That a row has no mark, where marked ones are left out; never NULL."""
    marking = extract.without
    if marking is None:
        return ()
    return (f"q.{quote(marking.column)} IS {'NOT TRUE' if marking.is_flag else 'NULL'}",)


def split_ranges(split: Split, collation: str = "") -> tuple[tuple[str, ...], ...]:
    """(lower, upper] of a cursor split, [lower, upper) of a key split, as predicates.

    The first range of a key takes the rows without one as well, whatever the catalog says:
    NOT NULL may never have been validated, or bind a parent and not its children. They are a
    range of their own, since PostgreSQL reads the whole table for an OR of both: it doesn't
    know how many pages its bitmap would touch. A window has no rows without a cursor.

    Args:
        split: the part of the source.
        collation: of a key of text; the order is then this one, whatever the column's is now.

    Returns:
        The predicates of each range; no row lies in two.

    >>> split_ranges(Split(0, "k", None, 10, by_key=True))
    (('q."k" < 10',), ('q."k" IS NULL',))
    """
    if split.column is None:
        return ((),)
    column = ordered = f"q.{quote(split.column)}"
    if collation and any(isinstance(bound, str) for bound in (split.lower, split.upper)):
        ordered = f"{column} COLLATE pg_catalog.{quote(collation)}"
    above, below = (">=", "<") if split.by_key else (">", "<=")
    within = []
    if split.lower is not None:
        within.append(f"{ordered} {above} {literal(split.lower)}")
    if split.upper is not None:
        within.append(f"{ordered} {below} {literal(split.upper)}")
    takes_null = split.by_key and split.lower is None and split.upper is not None
    return (tuple(within), (f"{column} IS NULL",)) if takes_null else (tuple(within),)
