"""Conditions on rows as SQL that holds of the same rows in PostgreSQL and in BigQuery."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from auto_schema.names import quoted, stamp_literal, string_literal
from auto_schema.row_filter import RowFilter, Test
from auto_schema.schema import Column

_POSTGRESQL: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "({c})::bool",
        "INT64": "({c})::int8",
        "NUMERIC": "({c})::numeric",
        "BIGNUMERIC": "({c})::numeric",
        # concat() keeps the blanks of char(n); the order is that of code points, as BigQuery's
        "STRING": '(CASE WHEN {c} IS NOT NULL THEN pg_catalog.concat({c}) END) COLLATE "C"',
        "DATE": "({c})::date",
        "DATETIME": "({c})::timestamp",
        "TIMESTAMP": "({c})::timestamptz",
    }
)
"""How a column is compared, by its BigQuery type; of other types nothing is said alike."""


def is_said_alike(column: Column) -> bool:
    """Whether both databases compare its values alike, as the source and the table have them."""
    return column.is_single(_POSTGRESQL) and not column.changed and not column.is_hidden


def postgresql_condition(rows: RowFilter, columns: Sequence[Column]) -> str:
    """Whether a row of the source's rows named `q` is kept; never NULL.

    Args:
        rows: of columns that are said alike.
        columns: those that it tests, among others.
    """
    by_name = {column.name: column for column in columns}

    def said(test: Test) -> str:
        column = by_name[test.column]
        name = column.source_name.replace('"', '""')
        value = column.select.format(c=f'q."{name}"')
        return _said(test, _POSTGRESQL[column.bigquery].format(c=value), _postgresql_literal)

    return _kept(rows, said)


def bigquery_condition(rows: RowFilter) -> str:
    """The same over rows named `s`."""
    return _kept(rows, lambda test: _said(test, f"s.{quoted(test.column)}", _bigquery_literal))


def _kept(rows: RowFilter, said: Callable[[Test], str]) -> str:
    parts = (f"({' AND '.join(map(said, part))})" for part in rows.parts)
    return f"coalesce({' OR '.join(parts)}, false)"


def _said(test: Test, value: str, literal: Callable[[object], str]) -> str:
    values = ", ".join(map(literal, test.values))
    operator = test.operator.upper()
    return (
        f"{value} {operator} ({values})"
        if operator.endswith("IN")
        else (f"{value} {operator} {values}".rstrip())
    )


def _postgresql_literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"({value})::int8"
    if isinstance(value, datetime):
        kind, zone = ("timestamptz", "+00") if value.tzinfo else ("timestamp", "")
        return f"{kind} '{value.replace(tzinfo=None).isoformat(sep=' ')}{zone}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return f"'{value}'::numeric"


def _bigquery_literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return stamp_literal("TIMESTAMP" if value.tzinfo else "DATETIME", value)
    if isinstance(value, date):
        return stamp_literal("DATE", value)
    if isinstance(value, str):
        return string_literal(value)
    return f"BIGNUMERIC '{value}'"
