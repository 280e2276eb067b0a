"""BigQuery as a source: what a plan holds to read its rows, as pure values and SQL.

    SELECT <columns> FROM (<the operator's query>) AS q WHERE q.C > start AND q.C <= end

In place, that statement stands in the publishing job itself. Through workers it fills a
result that Storage Read deals out in streams; a plain table is dealt out without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self

from auto_schema.canonical import bigquery_digest
from auto_schema.key_places import Place, Places, bigquery_within
from auto_schema.names import in_any_partition, quoted, stamp_literal, string_literal
from auto_schema.row_sums import DIGEST
from auto_schema.schema import Column
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.sql import DIALECT
from sources.sql import bind, placeholder_text
from sources.values import CursorValue, Extract, Split


@dataclass(frozen=True, slots=True)
class BigqueryStatement:
    """What is read; see `sources.protocol.Source`.

    Attributes:
        query: the operator's, its placeholders bound; empty: the table.
        extract: which of its rows, by a predicate around it.
        location: of its rows, where its jobs run.
        is_direct: whether Storage Read may read the table itself.
        filter_column: a partition column that the table wants to see in every filter.
        columns: those of the plan; empty before it is made.
        is_in_place: whether the statement stands in the publishing job.
        only: which of the rows, named `q`, are read; empty: all.
    """

    connection: BigqueryConnection
    query: str = ""
    extract: Extract = field(default_factory=Extract)
    location: str = ""
    is_direct: bool = False
    filter_column: str = ""
    columns: tuple[Column, ...] = ()
    is_in_place: bool = False
    is_proven: bool = False
    has_digests: bool = False
    only: str = ""

    @property
    def place(self) -> str:
        """Where the rows come from, for messages and the history."""
        return self.connection.table_id or f"a query in {self.connection.project}"

    @property
    def copied_table(self) -> str:
        """The table that a copy job takes, qualified; empty where the query says it all."""
        return self.connection.table_id

    @property
    def default_dataset(self) -> str:
        """`project.dataset` of tables that the query names without one; empty: none."""
        dataset = self.connection.dataset
        return f"{self.connection.project}.{dataset}" if dataset else ""

    @property
    def max_bytes_billed(self) -> int | None:
        """Ceiling of each job that reads it; None: none."""
        return self.connection.max_bytes_billed

    @property
    def reads_table(self) -> bool:
        """Whether Storage Read takes the rows from the table itself."""
        shapes = [column.shape for column in self.columns]
        streamed = all(shape is not None and shape.is_streamed for shape in shapes)
        return self.is_direct and streamed and not self.is_proven and not self.only

    def statement(self, split: Split) -> str:
        """The query whose rows are read; streams are parts of its result."""
        text = self.selecting(self.items())
        if self.has_digests and not self.is_in_place:
            rows = [replace(column, name=column.source_name) for column in self.columns]
            text = f"SELECT s.*, {bigquery_digest(rows)} AS {DIGEST}\nFROM (\n{text}\n) AS s"
        return f"{text}\n-- stream {split.index + 1}" if split.column == STREAM else text

    def items(self) -> tuple[str, ...]:
        """What is selected: staged forms under source names, in place under the new ones."""
        if not self.columns:
            return ("q.*",)
        return tuple(map(self._in_place if self.is_in_place else _staged, self.columns))

    def _in_place(self, column: Column) -> str:
        value = f"q.{quoted(column.source_name)}"
        if column.source_type == "JSON" and column.bigquery == "STRING":
            value = column.select.replace("{c}", value)
        elif column.shape is not None and column.shape.collation and not column.is_repeated:
            value = f"COLLATE({value}, '')"  # else staged keys that differ by case would be one
        return f"{value} AS {quoted(column.name)}"

    def selecting(self, items: tuple[str, ...]) -> str:
        """A SELECT of these items over the rows of the window, named `q`."""
        where = self.predicate("q.")
        text = f"SELECT {', '.join(items)}\nFROM {self.rows()} AS q"
        return f"{text}\nWHERE {where}" if where else text

    def in_place_rows(self, selected: str) -> str:
        """A SELECT over the rows as the destination gets them, named `s`."""
        return f"SELECT {selected}\nFROM (\n{self.in_place().statement(Split(0))}\n) AS s"

    def as_of(self, instant: datetime) -> Self:
        """The same table as it was then: https://cloud.google.com/bigquery/docs/time-travel."""
        then = f"FOR SYSTEM_TIME AS OF {literal(instant)}"
        return replace(self, query=f"SELECT * FROM {quoted(self.connection.table_id)} {then}")

    def rows(self) -> str:
        """What stands in FROM: the table, or the query on lines of its own."""
        return f"(\n{self.query}\n)" if self.query else quoted(self.connection.table_id)

    def predicate(self, qualifier: str = "") -> str:
        """The window, exactly, and no mark where marked rows are left out; may be empty."""
        cursor, window = self.extract.cursor, self.extract.window
        parts = []
        if self.filter_column and (window is None or cursor != self.filter_column):
            column = f"{qualifier}{quoted(self.filter_column)}"
            parts.append(f"({in_any_partition(column)})")
        if window is not None and cursor:
            column = f"{qualifier}{quoted(cursor)}"
            if window.low is not None:
                parts.append(f"{column} > {literal(window.low)}")
            parts.append(f"{column} <= {literal(window.high)}")
        if marking := self.extract.without:
            lacks = "NOT TRUE" if marking.is_flag else "NULL"
            parts.append(f"{qualifier}{quoted(marking.column)} IS {lacks}")
        parts += [self.only] if self.only else []
        return " AND ".join(parts)

    def with_columns(self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()) -> Self:
        """The same, reading these columns only."""
        return replace(self, columns=columns)

    def with_proof(self, *, digests: bool) -> Self:
        """The same, ending with sums over the result that the streams are of."""
        return replace(self, is_proven=True, has_digests=digests)

    def only_in(self, places: Places, within: Sequence[Place]) -> Self:
        """The same, reading the rows of these places; of none, no row."""
        return replace(self, only=bigquery_within(places, within) if within else "FALSE")

    def in_place(self) -> Self:
        """The same, as a statement that stands in a job of the destination."""
        return replace(self, is_in_place=True)


STREAM = "\0stream"
"""The column of a split that is opened: `lower` is the stream, `upper` the table it is of."""


def _staged(column: Column) -> str:
    value = f"q.{quoted(column.source_name)}"
    return f"{column.select.replace('{c}', value)} AS {quoted(column.source_name)}"


def literal(value: CursorValue) -> str:
    """A cursor's value in GoogleSQL, exact to the microsecond.

    >>> from datetime import UTC
    >>> literal(datetime(2025, 7, 22, tzinfo=UTC)), literal(date(2025, 7, 22)), literal(5)
    ("TIMESTAMP '2025-07-22 00:00:00+00'", "DATE '2025-07-22'", '5')
    """
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return string_literal(value)
    if not isinstance(value, datetime):
        return stamp_literal("DATE", value)
    return stamp_literal("TIMESTAMP" if value.tzinfo else "DATETIME", value)


def bound(query: str, low: CursorValue | None, high: CursorValue) -> str:
    """The query with the window in its placeholders; a date without a time of day.

    >>> bound("SELECT 1 WHERE d > '{start_timestamp}'", date(2025, 7, 22), date(2025, 8, 1))
    "SELECT 1 WHERE d > '2025-07-22'"
    """
    return bind(query, low, high, DIALECT, _text)


def _text(value: CursorValue | None) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return placeholder_text(value)
