"""I/O. A look at the rows of the window, each question only while it is cheap.

Every statement has a timeout of its own; a question that takes longer stays unanswered
(None), and planning takes the safe way.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions

from auto_schema.postgresql_types import NATIVE_ELEMENTS, Look
from sources.postgresql.catalog import reading
from sources.postgresql.column_rules import sql_type
from sources.postgresql.sql import ends_of, literal, quote
from sources.postgresql.statement import PostgresqlStatement, wrapped
from sources.questions import RowsQuestion
from sources.values import CursorValue, Evidence, KeyValue, SourceColumn

COUNT_TIMEOUT_MS = 5_000
LOOK_TIMEOUT_MS = 120_000
WIDE_SPAN_DAYS = 150
"""Fewer days are fewer than 4,000 partitions, by whatever unit."""
GRID = 1_000
"""Even cut points of an integer or time range where no histogram is known."""
MOST_ENTRIES = 1_664 - 1
"""Of a SELECT's list, less a row's digest: MaxTupleAttributeNumber in htup_details.h."""
MICROSECOND = timedelta(microseconds=1)


def evidence(
    opened: "psycopg2.extensions.connection",
    source: PostgresqlStatement,
    asked: RowsQuestion,
    *,
    hidden_nulls: SourceColumn | None,
    whole_query: str,
) -> Evidence:
    """Gather what planning needs of the rows themselves.

    Args:
        opened: a session of ours.
        source: query, cursor and window of the run.
        asked: what is wanted of them.
        hidden_nulls: the cursor column when the query's own placeholders hide its NULLs;
            they are then counted in its table.
        whole_query: the query over all time, to count what lies outside the window.
    """
    rows, size = _estimate(opened, source)
    nulls, before, after, beyond = None, None, None, None
    if asked.count_outside:
        nulls, before, after, beyond = _outside(opened, source, whole_query, asked.floor)
    if nulls is None and hidden_nulls is None:
        nulls = _nulls(opened, source)
    span, partitions = _span(opened, source, *asked.partition) if asked.partition else (None, None)
    if hidden_nulls is not None:
        nulls = _nulls_in_table(opened, hidden_nulls)
    return Evidence(
        estimated_rows=rows,
        estimated_bytes=size,
        null_cursors=nulls,
        before=before,
        after=after,
        beyond=beyond,
        looks=MappingProxyType(_looks(opened, source, asked.look_at)),
        partition_span=span,
        partition_count=partitions,
    )


def has_rows(opened: "psycopg2.extensions.connection", source: PostgresqlStatement) -> bool:
    """Whether the window holds a row; True when that takes too long to tell."""
    row = _ask(opened, f"SELECT EXISTS (\n{wrapped(source, '1')}\n)", COUNT_TIMEOUT_MS)
    return row is None or bool(row[0])


def _ask(opened: "psycopg2.extensions.connection", sql: str, timeout_ms: int) -> Any:
    """The only row of a statement, or None: it takes too long, or a row of it is refused.

    Such a row is found while the rows are read.
    """
    try:
        return _asked(opened, sql, timeout_ms)
    except psycopg2.DataError:
        return None


def _asked(opened: "psycopg2.extensions.connection", sql: str, timeout_ms: int) -> Any:
    """The only row of a statement, or None when it takes too long.

    Raises:
        psycopg2.DataError: the server refuses a value of the rows.
    """
    with reading(opened, timeout_ms) as cursor:
        try:
            cursor.execute(sql)
        except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
            return None
        return cursor.fetchone()


def _estimate(
    opened: "psycopg2.extensions.connection", source: PostgresqlStatement
) -> tuple[int | None, int | None]:
    row = _ask(opened, f"EXPLAIN (FORMAT JSON) {wrapped(source, 'q.*')}", COUNT_TIMEOUT_MS)
    if row is None:
        return None, None
    plan = row[0][0]["Plan"]
    return int(plan["Plan Rows"]), int(plan["Plan Rows"]) * max(int(plan["Plan Width"]), 1)


def _nulls(opened: "psycopg2.extensions.connection", source: PostgresqlStatement) -> int | None:
    if source.extract.cursor is None:
        return None
    whole = PostgresqlStatement(source.connection, source.query, source.result_names)
    predicates = (f"q.{quote(source.extract.cursor)} IS NULL",)
    row = _ask(opened, wrapped(whole, "count(*)", predicates), COUNT_TIMEOUT_MS)
    return row[0] if row else None


def _outside(
    opened: "psycopg2.extensions.connection",
    source: PostgresqlStatement,
    query: str,
    floor: CursorValue | None,
) -> tuple[int | None, int | None, int | None, int | None]:
    """Rows without a cursor, at or before the floor, after the window, and beyond all of them.

    One statement that an index on the cursor answers without the rows in between.
    """
    if source.extract.cursor is None or source.extract.window is None:
        return None, None, None, None
    column = f"q.{quote(source.extract.cursor)}"
    whole = PostgresqlStatement(source.connection, query, source.result_names)
    low, last = "false", "false"
    if isinstance(source.extract.window.high, date):  # a datetime, too
        first, final = ends_of(source.extract.window.high)
        low, last = f"{column} < {literal(first)}", f"{column} > {literal(final)}"
    if floor is not None:
        low = f"{column} <= {literal(floor)}"
    parts = (f"{column} IS NULL", low, f"{column} > {literal(source.extract.window.high)}", last)
    counts = ", ".join(f"count(*) FILTER (WHERE {part})" for part in parts)
    row = _ask(opened, wrapped(whole, counts, (f"({' OR '.join(parts)})",)), COUNT_TIMEOUT_MS)
    return (row[0], row[1], row[2] - row[3], row[3]) if row else (None, None, None, None)


_STATISTICS = """
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_class c ON c.relname = s.tablename
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.oid = {0} AND a.attnum = {1} AND {2} ORDER BY s.inherited DESC LIMIT 1
"""
"""What ANALYZE knows of one column, given table oid, column number and a condition."""


def _nulls_in_table(opened: "psycopg2.extensions.connection", column: SourceColumn) -> int | None:
    """NULLs of a column in its own table: counted, or estimated where that takes long."""
    if column.origin is None:
        return None
    relation, number = column.origin
    named = _ask(
        opened,
        "SELECT a.attrelid::regclass::text, quote_ident(a.attname) FROM pg_catalog.pg_attribute a"
        f" WHERE a.attrelid = {relation} AND a.attnum = {number}",
        COUNT_TIMEOUT_MS,
    )
    sql = f"SELECT count(*) FROM {named[0]} WHERE {named[1]} IS NULL"
    row = _ask(opened, sql, COUNT_TIMEOUT_MS)
    if row is None:
        known = _STATISTICS.format(relation, number, "c.reltuples > 0")
        share = f"SELECT (s.null_frac * c.reltuples)::int8 {known}"
        row = _ask(opened, share, COUNT_TIMEOUT_MS)
    return int(row[0]) if row else None


def _looks(
    opened: "psycopg2.extensions.connection",
    source: PostgresqlStatement,
    columns: Sequence[SourceColumn],
) -> dict[str, Look]:
    looks = {}
    room = MOST_ENTRIES - len(source.result_names)
    for name, (flat, integer_digits, scale) in _looked(opened, source, columns).items():
        if flat == "true":  # it is read with its dimensions beside it, while there is room
            flat, room = ("true", room - 1) if room > 0 else (None, room)
        looks[name] = Look(
            None if integer_digits is None else int(integer_digits),
            None if scale is None else int(scale),
            None if flat is None else flat == "true",
        )
    return looks


def _looked(
    opened: "psycopg2.extensions.connection",
    source: PostgresqlStatement,
    columns: Sequence[SourceColumn],
) -> dict[str, list[str | None]]:
    """Answers to `_look_items`, but of columns of which the server refuses a value."""
    if not columns:
        return {}
    items = [f"({item})::text" for column in columns for item in _look_items(column)]
    try:
        row = _asked(opened, wrapped(source, f"ARRAY[{', '.join(items)}]"), LOOK_TIMEOUT_MS)
    except psycopg2.DataError:
        if len(columns) == 1:
            return {}
        middle = len(columns) // 2
        left, right = columns[:middle], columns[middle:]
        return _looked(opened, source, left) | _looked(opened, source, right)
    if row is None:
        return {}
    return {column.name: row[0][3 * n : 3 * n + 3] for n, column in enumerate(columns)}


def _look_items(column: SourceColumn) -> tuple[str, str, str]:
    """SQL for: every array is flat, most digits before the point, most after it.

    All of them are the elements of one array: a SELECT has at most 1,664 entries.
    """
    name = f"q.{quote(column.name)}"
    flat = digits = scale = "NULL"
    if sql_type(column).is_array:
        no_null = f"NOT EXISTS (SELECT FROM unnest({name}) AS element WHERE element IS NULL)"
        if sql_type(column).name in NATIVE_ELEMENTS:  # these have an equality operator: faster
            no_null = f"array_position({name}, NULL) IS NULL"
        one = f"(coalesce(array_ndims({name}), 1) = 1 AND {no_null})"
        flat = f"coalesce(bool_and({one}), true)"
    elif sql_type(column).name == "numeric":
        finite = f"{name} NOT IN ('NaN', 'Infinity', '-Infinity')"
        digits = f"max(length(trunc(abs({name}))::text)) FILTER (WHERE {finite})"
        scale = f"max(scale({name})) FILTER (WHERE {finite})"
    return flat, digits, scale


def _span(
    opened: "psycopg2.extensions.connection",
    source: PostgresqlStatement,
    partition: SourceColumn,
    unit: str,
) -> tuple[tuple[datetime | date, datetime | date] | None, int | None]:
    """Lowest and highest value; and, when that is a wide span, how many partitions it fills."""
    name = f"q.{quote(partition.name)}"
    kind = sql_type(partition).name
    held = f"isfinite({name}) AND {name} >= '0001-01-01'::{kind} AND {name} <= '9999-12-31'::{kind}"
    selected = f"min({name}) FILTER (WHERE {held}), max({name}) FILTER (WHERE {held})"
    row = _ask(opened, wrapped(source, selected), COUNT_TIMEOUT_MS)
    if row is None or row[0] is None:
        return None, None
    if (row[1] - row[0]).days < WIDE_SPAN_DAYS:
        return (row[0], row[1]), None
    counted = f"count(DISTINCT date_trunc('{unit.lower()}', {name})) FILTER (WHERE {held})"
    count = _ask(opened, wrapped(source, counted), LOOK_TIMEOUT_MS)
    return (row[0], row[1]), count[0] if count else None


_GRID_TYPES = frozenset({"int2", "int4", "int8", "date", "timestamp", "timestamptz"})


_HELD = MappingProxyType(
    {
        "date": "v BETWEEN '0001-01-01' AND '9999-12-31'",
        "timestamp": "v BETWEEN '0001-01-01' AND '9999-12-31'",
        "timestamptz": "v BETWEEN '0001-01-01' AND '9999-12-31'",
    }
)
"""The values that can be bounds: neither infinite, nor before the year 1, nor past 9999."""
TEXT_BOUND = 60
"""Letters of a bound; what is cut off a text leaves the order of bounds as it was."""


def bounds(
    opened: "psycopg2.extensions.connection", source: PostgresqlStatement, column: SourceColumn
) -> tuple[KeyValue, ...]:
    """Values that cut the rows into even parts: the server's histogram, or an even grid."""
    values = _histogram(opened, column)
    if not values and sql_type(column).name in _GRID_TYPES:
        values = _grid(opened, source, column)
    if column.name == source.extract.cursor:
        values = tuple(value for value in values if _lies_within(value, source))
    return tuple(dict.fromkeys(values))


def _grid(
    opened: "psycopg2.extensions.connection", source: PostgresqlStatement, column: SourceColumn
) -> tuple[KeyValue, ...]:
    name = f"q.{quote(column.name)}"
    held = _HELD.get(sql_type(column).name, "true")
    ends = f"SELECT min(v), max(v) FROM (\n{wrapped(source, f'{name} AS v')}\n) AS t WHERE {held}"
    row = _ask(opened, ends, LOOK_TIMEOUT_MS)
    return grid(_plain(row[0]), _plain(row[1])) if row and row[0] is not None else ()


def _histogram(
    opened: "psycopg2.extensions.connection", column: SourceColumn
) -> tuple[KeyValue, ...]:
    """Bounds as ANALYZE saw them, in the order that they have now: it may be another."""
    if column.origin is None:
        return ()
    kind = sql_type(column).name
    bound, order = "v", "v"
    if kind in ("text", "varchar"):
        kind, bound = "text", f"left(v, {TEXT_BOUND})"
        order = f'{bound} COLLATE pg_catalog."C"'
    known = _STATISTICS.format(*column.origin, "s.histogram_bounds IS NOT NULL")
    values = f"unnest((SELECT s.histogram_bounds::text::{kind}[] {known})) AS v"
    with reading(opened, COUNT_TIMEOUT_MS) as cursor:
        try:
            cursor.execute(
                f"SELECT {bound} FROM {values} WHERE {_HELD.get(kind, 'true')} ORDER BY {order}"
            )
            rows = cursor.fetchall()
        except (psycopg2.DataError, psycopg2.errors.QueryCanceled, ValueError):
            return ()
    return tuple(_plain(row[0]) for row in rows)


def _plain(value: Any) -> KeyValue:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    result: KeyValue = value
    return result


def _lies_within(value: KeyValue, source: PostgresqlStatement) -> bool:
    window = source.extract.window
    if window is None or isinstance(value, str):
        return True
    low: Any = window.low
    comparable: Any = value
    return bool((low is None or comparable > low) and comparable < window.high)


def grid(low: KeyValue, high: KeyValue) -> tuple[KeyValue, ...]:
    """Up to a thousand even points strictly between two values.

    >>> grid(0, 4)
    (1, 2, 3)
    """
    if isinstance(low, datetime) and isinstance(high, datetime):
        span = (high - low) // MICROSECOND
        return tuple(low + span * i // GRID * MICROSECOND for i in range(1, GRID))
    if isinstance(low, date) and isinstance(high, date):
        days = _points(low.toordinal(), high.toordinal())
        return tuple(date.fromordinal(day) for day in days)
    if isinstance(low, int) and isinstance(high, int):
        return tuple(_points(low, high))
    return ()


def _points(low: int, high: int) -> range:
    return range(low + 1, high, max(1, -(-(high - low) // GRID)))
