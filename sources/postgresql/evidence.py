"""I/O. A look at the rows of the window, each question only while it is cheap.

Every statement has a timeout of its own; a question that takes longer stays unanswered
(None), and planning takes the safe way. Questions that would read the same rows are put by
one statement, and one by one where that fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg2
import psycopg2.errors

from auto_schema.postgresql_types import Look
from sources.postgresql.asking import Asking
from sources.postgresql.catalog import reading
from sources.postgresql.column_rules import sql_type
from sources.postgresql.scan import COUNT_TIMEOUT_MS, LOOK_TIMEOUT_MS, Scan, held, outside
from sources.postgresql.sql import quote
from sources.postgresql.statement import PostgresqlStatement, wrapped
from sources.questions import RowsQuestion
from sources.values import Evidence, KeyValue, SourceColumn

WIDE_SPAN_DAYS = 150
"""Fewer days are fewer than 4,000 partitions, by whatever unit."""
GRID = 1_000
"""Even cut points of an integer or time range where no histogram is known."""
MOST_ENTRIES = 1_664 - 1
"""Of a SELECT's list, less a row's digest: MaxTupleAttributeNumber in htup_details.h."""
MOST_COST = 400_000.0
"""As the server counts: of one statement without a look; what costs more might take too long."""
MICROSECOND = timedelta(microseconds=1)
TOO_LONG = (
    psycopg2.errors.QueryCanceled,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.ConfigurationLimitExceeded,
    psycopg2.errors.DiskFull,
    psycopg2.errors.OutOfMemory,
)
"""A question would take longer, or more of memory and disk (temp_file_limit), than is to be had."""
_Plans = list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a Scan brings; None: no answer, or not asked for."""

    counts: Sequence[int] | None = None
    ends: Sequence[Any] | None = None
    looked: Mapping[str, Sequence[str | None]] = field(default_factory=dict)


def evidence(
    opened: Asking,
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
    whole = Scan(replace(source, query=whole_query))
    if asked.count_outside:
        whole = replace(whole, outside=outside(source.extract, asked.floor))
    partition = asked.partition[0] if asked.partition else None
    window = Scan(source, partition=partition, look_at=asked.look_at)
    rows, size, answers = _answers(opened, whole, window)
    nulls, before, after, beyond = answers.counts or (None, None, None, None)
    if nulls is None and hidden_nulls is None:
        nulls = _nulls(opened, source)
    span, partitions = None, None
    if asked.partition and answers.ends:
        span, partitions = _span(opened, source, answers.ends, *asked.partition)
    if hidden_nulls is not None:
        nulls = _nulls_in_table(opened, hidden_nulls)
    return Evidence(
        estimated_rows=rows,
        estimated_bytes=size,
        null_cursors=nulls,
        before=before,
        after=None if after is None or beyond is None else after - beyond,
        beyond=beyond,
        looks=MappingProxyType(_looks(source, asked.look_at, answers.looked)),
        partition_span=span,
        partition_count=partitions,
    )


def _answers(opened: Asking, whole: Scan, window: Scan) -> tuple[int | None, int | None, _Answers]:
    """Estimated rows and bytes of the window, and what rows of all time and its own answer.

    One statement asks for both, where the server itself reckons that to be cheaper: it isn't
    where an index answers one of them.
    """
    rows, both = wrapped(window.source, "q.*"), replace(window, outside=whole.outside)
    plans: _Plans = []
    if whole.outside and window.questions and whole.source.query == window.source.query:
        plans = _plans(opened, (rows, both.sql, whole.sql, window.sql))
    if plans and _is_cheaper(both, *(float(plan["Total Cost"]) for plan in plans[1:])):
        return *_estimate(plans), _put(opened, both)
    estimate = _estimate(plans or _plans(opened, (rows,)))
    counted, looked = _put(opened, whole), _put(opened, window)
    return *estimate, replace(looked, counts=counted.counts)


def _plans(opened: Asking, statements: Sequence[str]) -> _Plans:
    """How the server would run each of them; nothing where it doesn't say so of all."""
    try:
        with reading(opened, COUNT_TIMEOUT_MS) as cursor:
            plans = []
            for statement in statements:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
                plans.append(cursor.fetchone()[0][0]["Plan"])
            return plans
    except (psycopg2.DataError, *TOO_LONG):
        return []


def _estimate(plans: _Plans) -> tuple[int | None, int | None]:
    """Rows and bytes of the first of them."""
    if not plans:
        return None, None
    rows, width = int(plans[0]["Plan Rows"]), int(plans[0]["Plan Width"])
    return rows, rows * max(width, 1)


def _is_cheaper(both: Scan, cost: float, *apart: float) -> bool:
    """Whether one scan costs less than several, and ends in time."""
    return cost < sum(apart) and bool(both.look_at or cost <= MOST_COST)


def _put(opened: Asking, scan: Scan) -> _Answers:
    """What the rows answer to a scan's questions: to all at once, else to each by itself.

    Once all had the time of all, a look by itself would take about as long, and isn't taken.
    """
    if scan.questions > 1:
        try:
            row = _asked(opened, scan.sql, scan.timeout_ms)
        except psycopg2.DataError:
            row = None
        else:
            scan = scan if row else replace(scan, look_at=())
        if row is not None:
            return _Answers(row[:4] if scan.outside else None, row[4:6], _by_column(scan, row))
    counts = ends = None
    if scan.outside:
        one = replace(scan, partition=None, look_at=())
        counts = _ask(opened, one.sql, one.timeout_ms)
    if scan.partition:
        one = replace(scan, outside=(), look_at=())
        ends = _ask(opened, one.sql, one.timeout_ms)
    looked = _looked(opened, replace(scan, outside=(), partition=None))
    return _Answers(counts and counts[:4], ends and ends[4:6], looked)


def _by_column(scan: Scan, row: Sequence[Any]) -> dict[str, list[str | None]]:
    return {column.name: row[6][3 * n : 3 * n + 3] for n, column in enumerate(scan.look_at)}


def has_rows(opened: Asking, source: PostgresqlStatement) -> bool:
    """Whether the window holds a row; True when that takes too long to tell."""
    row = _ask(opened, f"SELECT EXISTS (\n{wrapped(source, '1')}\n)", COUNT_TIMEOUT_MS)
    return row is None or bool(row[0])


def _ask(opened: Asking, sql: str, timeout_ms: int) -> Any:
    """The only row of a statement, or None: it takes too long, or a row of it is refused.

    Such a row is found while the rows are read.
    """
    try:
        return _asked(opened, sql, timeout_ms)
    except psycopg2.DataError:
        return None


def _asked(opened: Asking, sql: str, timeout_ms: int) -> Any:
    """The only row of a statement, or None when it takes too long.

    Raises:
        psycopg2.DataError: the server refuses a value of the rows.
    """
    with reading(opened, timeout_ms) as cursor:
        try:
            cursor.execute(sql)
        except TOO_LONG:
            return None
        return cursor.fetchone()


def _nulls(opened: Asking, source: PostgresqlStatement) -> int | None:
    if source.extract.cursor is None:
        return None
    whole = PostgresqlStatement(source.connection, source.query, source.result_names)
    predicates = (f"q.{quote(source.extract.cursor)} IS NULL",)
    row = _ask(opened, wrapped(whole, "count(*)", predicates), COUNT_TIMEOUT_MS)
    return row[0] if row else None


_STATISTICS = """
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_class c ON c.relname = s.tablename
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.oid = {0} AND a.attnum = {1} AND {2} ORDER BY s.inherited DESC LIMIT 1
"""
"""What ANALYZE knows of one column, given table oid, column number and a condition."""


def _nulls_in_table(opened: Asking, column: SourceColumn) -> int | None:
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
    source: PostgresqlStatement,
    columns: Sequence[SourceColumn],
    looked: Mapping[str, Sequence[str | None]],
) -> dict[str, Look]:
    looks = {}
    arrays = {column.name for column in columns if sql_type(column).is_array}
    room = MOST_ENTRIES - len(source.result_names)
    for name, (yes, integer_digits, scale) in looked.items():
        flat = yes if name in arrays else None
        if flat == "true":  # it is read with its dimensions beside it, while there is room
            flat, room = ("true", room - 1) if room > 0 else (None, room)
        looks[name] = Look(
            None if integer_digits is None else int(integer_digits),
            None if scale is None else int(scale),
            None if flat is None else flat == "true",
            None if yes is None or name in arrays else yes == "true",
        )
    return looks


def _looked(opened: Asking, scan: Scan) -> Mapping[str, Sequence[str | None]]:
    """Answers of a scan that only looks, but of columns of which the server refuses a value."""
    columns = scan.look_at
    if not columns:
        return {}
    try:
        row = _asked(opened, scan.sql, scan.timeout_ms)
    except psycopg2.DataError:
        if len(columns) == 1:
            return {}
        middle = len(columns) // 2
        halves = (replace(scan, look_at=half) for half in (columns[:middle], columns[middle:]))
        left, right = (_looked(opened, half) for half in halves)
        return {**left, **right}
    return _by_column(scan, row) if row else {}


def _span(
    opened: Asking,
    source: PostgresqlStatement,
    ends: Sequence[Any],
    partition: SourceColumn,
    unit: str,
) -> tuple[tuple[datetime | date, datetime | date] | None, int | None]:
    """Lowest and highest value; and, when that is a wide span, how many partitions it fills."""
    low, high = ends
    if low is None:
        return None, None
    if (high - low).days < WIDE_SPAN_DAYS:
        return (low, high), None
    units = f"date_trunc('{unit.lower()}', q.{quote(partition.name)})"
    counted = f"count(DISTINCT {units}) FILTER (WHERE {held(partition)})"
    count = _ask(opened, wrapped(source, counted), LOOK_TIMEOUT_MS)
    return (low, high), count[0] if count else None


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
    opened: Asking, source: PostgresqlStatement, column: SourceColumn
) -> tuple[KeyValue, ...]:
    """Values that cut the rows into even parts: the server's histogram, or an even grid."""
    values = _histogram(opened, column)
    if not values and sql_type(column).name in _GRID_TYPES:
        values = _grid(opened, source, column)
    if column.name == source.extract.cursor:
        values = tuple(value for value in values if _lies_within(value, source))
    return tuple(dict.fromkeys(values))


def _grid(
    opened: Asking, source: PostgresqlStatement, column: SourceColumn
) -> tuple[KeyValue, ...]:
    name = f"q.{quote(column.name)}"
    held = _HELD.get(sql_type(column).name, "true")
    ends = f"SELECT min(v), max(v) FROM (\n{wrapped(source, f'{name} AS v')}\n) AS t WHERE {held}"
    row = _ask(opened, ends, LOOK_TIMEOUT_MS)
    return grid(_plain(row[0]), _plain(row[1])) if row and row[0] is not None else ()


def _histogram(opened: Asking, column: SourceColumn) -> tuple[KeyValue, ...]:
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
