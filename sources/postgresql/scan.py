"""Questions about rows as aggregates, and the statement that puts several of them at once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from auto_schema import postgis
from auto_schema.postgresql_types import BIG_INTEGER, NATIVE_ELEMENTS, within_schema
from sources.postgresql.column_rules import sql_type
from sources.postgresql.sql import ends_of, literal, quote
from sources.postgresql.statement import PostgresqlStatement, window_predicates, wrapped
from sources.values import CursorValue, Extract, SourceColumn

COUNT_TIMEOUT_MS = 5_000
LOOK_TIMEOUT_MS = 120_000
NOTHING = ("NULL", "NULL", "NULL", "NULL")


@dataclass(frozen=True, slots=True)
class Scan:
    """What is asked of the rows of a query by one statement; see `sql`.

    Attributes:
        source: the query, with the window.
        outside: conditions of four kinds of rows that the window doesn't hold, which are
            counted; empty: they aren't asked for.
        partition: whose lowest and highest value in the window are asked for.
        look_at: columns whose type the rows of the window decide.
    """

    source: PostgresqlStatement
    outside: tuple[str, ...] = ()
    partition: SourceColumn | None = None
    look_at: tuple[SourceColumn, ...] = ()

    @property
    def questions(self) -> int:
        """How many are put."""
        return sum(map(bool, (self.outside, self.partition, self.look_at)))

    @property
    def timeout_ms(self) -> int:
        """As long as its questions may take one after the other."""
        counts = bool(self.outside) + bool(self.partition)
        return counts * COUNT_TIMEOUT_MS + bool(self.look_at) * LOOK_TIMEOUT_MS

    @property
    def sql(self) -> str:
        """One row: four counts, two ends, an array of texts (see `look`); NULL: not asked."""
        if not self.outside:
            return wrapped(self.source, self._selected("true"))
        window = " AND ".join(window_predicates(self.source.extract)) or "true"
        inside = (f"({window})",) if self.questions > 1 else ()
        asked = (*inside, *self.outside)  # in the order of how often they are true
        of_all_time = replace(self.source, extract=Extract())
        return wrapped(of_all_time, self._selected(window), (f"({' OR '.join(asked)})",))

    def _selected(self, window: str) -> str:
        """What is selected, where a row may be outside of the window."""
        counts = [f"count(*) FILTER (WHERE {condition})" for condition in self.outside]
        ends = span(self.partition, window) if self.partition else NOTHING[:2]
        return ", ".join((*(counts or NOTHING), *ends, look(self.look_at, window)))


def outside(extract: Extract, floor: CursorValue | None) -> tuple[str, ...]:
    """Rows without a cursor, at or before the floor, after the window, and beyond all of them.

    An index on the cursor finds them without the rows in between. Empty without a window.
    """
    cursor, window = extract.cursor, extract.window
    if cursor is None or window is None:
        return ()
    column = f"q.{quote(cursor)}"
    low, last = "false", "false"
    if isinstance(window.high, date):  # a datetime, too
        first, final = ends_of(window.high)
        low, last = f"{column} < {literal(first)}", f"{column} > {literal(final)}"
    if floor is not None:
        low = f"{column} <= {literal(floor)}"
    return (f"{column} IS NULL", low, f"{column} > {literal(window.high)}", last)


def held(column: SourceColumn) -> str:
    """The condition of a date or time that BigQuery has a partition for; infinity has none."""
    name, kind = f"q.{quote(column.name)}", sql_type(column).name
    return f"{name} >= '0001-01-01'::{kind} AND {name} <= '9999-12-31'::{kind}"


def span(column: SourceColumn, window: str) -> tuple[str, str]:
    """SQL for the lowest and the highest value of a date or time."""
    name, within = f"q.{quote(column.name)}", f"FILTER (WHERE {window} AND {held(column)})"
    return f"min({name}) {within}", f"max({name}) {within}"


def look(columns: Sequence[SourceColumn], window: str) -> str:
    """SQL for an array of three texts of each column: see `_look_items`.

    They are one entry of the SELECT, which has at most 1,664.
    """
    items = [f"({item})::text" for column in columns for item in _look_items(column, window)]
    return f"ARRAY[{', '.join(items)}]" if items else "NULL"


def _look_items(column: SourceColumn, window: str) -> tuple[str, str, str]:
    """SQL for: every array is flat or shape fits, most digits before the point, most after it."""
    name = f"q.{quote(column.name)}"
    flat = digits = scale = "NULL"
    if sql_type(column).is_array:
        no_null = f"NOT EXISTS (SELECT FROM unnest({name}) AS element WHERE element IS NULL)"
        if sql_type(column).name in NATIVE_ELEMENTS:  # these have an equality operator: faster
            no_null = f"array_position({name}, NULL) IS NULL"
        one = f"(coalesce(array_ndims({name}), 1) = 1 AND {no_null})"
        flat = f"coalesce(bool_and({one}) FILTER (WHERE {window}), true)"
    elif sql_type(column).name in postgis.LOSSES:
        fit = within_schema(postgis.is_fit(sql_type(column).name), sql_type(column)).format(c=name)
        declared = str(postgis.is_declared(sql_type(column).display)).lower()
        flat = f"coalesce(bool_and({fit}) FILTER (WHERE {window}), {declared})"
    elif sql_type(column).name == "numeric":
        finite = f"{window} AND {name} NOT IN ('NaN', 'Infinity', '-Infinity')"
        digits = f"max(length(trunc(abs({name}))::text)) FILTER (WHERE {finite})"
        scale = f"max(scale({name})) FILTER (WHERE {finite})"
    elif sql_type(column).name == BIG_INTEGER:
        digits = f"max(length(ltrim({name}::text, '-'))) FILTER (WHERE {window})"
        scale = f"max(0) FILTER (WHERE {window})"
    return flat, digits, scale
