"""I/O. What the SQL behind a cursor makes of its stamps: a query, views, defaults and triggers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sources.cursor_sql import CursorSql
from sources.given_stamps import given_stamps
from sources.profile import SourceProfile
from sources.stamp_zone import assigned
from sources.values import SourceColumn

SQLGLOT = "postgres"
"""Its name in sqlglot."""
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

_TRIGGERS = """
SELECT c.relname, p.prosrc FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
WHERE t.tgrelid = ANY(%(read)s::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
"""


def with_stamps(
    profile: SourceProfile, cursor: Any, query: str, column: SourceColumn
) -> SourceProfile:
    """The profile of a query, with what it and others make of the stamps of its cursor column.

    Args:
        profile: with `writers`.
        cursor: in a transaction of ours.
        query: its placeholders bound.
        column: the cursor.
    """
    read = {"read": list(profile.writers.read)}
    cursor.execute(_VIEWS, read)
    views = dict(cursor.fetchall())
    cursor.execute(_MADE, read)
    formed = cursor.fetchall()
    read_as = {name: items for name, is_default, items in formed if not is_default}
    written = {name: items for name, is_default, items in formed if is_default}
    behind = CursorSql(
        query, column, SQLGLOT, _selected(read_as) | views, _selected(written) | views
    )
    given = given_stamps(query, column.name, SQLGLOT, views)
    profile = replace(profile, given=given, coarse=behind.coarse())
    if not behind.is_naive:
        return profile
    cursor.execute(_TRIGGERS, read)
    for name, body in cursor.fetchall():
        written[name] = ", ".join(filter(None, (assigned(body), written.get(name))))
    return replace(profile, zone=replace(behind, written=_selected(written) | views).zone())


def _selected(items: Mapping[str, str]) -> dict[str, str]:
    return {name: f"SELECT {some}" for name, some in items.items() if some}
