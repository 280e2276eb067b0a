"""I/O. Whether the SQL behind a cursor cuts its stamps: a query, views, and columns' defaults."""

from dataclasses import replace
from typing import Any

from sources.coarse_stamps import CoarseStamps, coarse_stamps
from sources.values import SourceColumn

_VIEWS = """
SELECT c.relname, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c
WHERE c.oid = ANY(%(read)s::oid[]) AND c.relkind IN ('v', 'm')
"""
_MADE = """
SELECT c.relname, a.attgenerated = '' AS is_default, pg_catalog.string_agg(
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ' AS ' || pg_catalog.quote_ident(a.attname), ', ')
FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = ANY(%(read)s::oid[]) AND a.atttypid IN (
  SELECT oid FROM pg_catalog.pg_type WHERE typcategory = 'D')
GROUP BY c.oid, c.relname, is_default
"""
"""Columns of dates and times that have a default, or that are generated."""


def cut_stamps(
    cursor: Any, query: str, column: SourceColumn | None, read: tuple[int, ...]
) -> CoarseStamps | None:
    """What cuts the stamps of a query's cursor column.

    Args:
        cursor: in a transaction of ours.
        query: its placeholders bound.
        column: the cursor; None: the query delivers none.
        read: `Writers.read`.
    """
    if column is None:
        return None
    cursor.execute(_VIEWS, {"read": list(read)})
    views = dict(cursor.fetchall())
    cursor.execute(_MADE, {"read": list(read)})
    formed, is_date = cursor.fetchall(), column.type.cursor_type == "date"
    for is_default in (False, True):
        formulas = {
            name: f"SELECT {items}" for name, is_one, items in formed if is_one == is_default
        }
        cut = coarse_stamps(
            query, column.name, "postgres", is_date=is_date, behind=formulas | views
        )
        if cut is not None:
            return replace(cut, is_default=is_default)
    return None
