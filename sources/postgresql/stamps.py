"""I/O. What the SQL behind a cursor makes of its stamps: a query, views, defaults and triggers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sources.coarse_stamps import CoarseStamps, coarse_stamps
from sources.given_stamps import given_stamps
from sources.profile import SourceProfile
from sources.stamp_zone import StampZone, assigned, stamp_zone
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
    formed, is_naive = cursor.fetchall(), column.type.cursor_type in ("timestamp", "date")
    read_as = {name: items for name, is_default, items in formed if not is_default}
    written = {name: items for name, is_default, items in formed if is_default}
    coarse = _cut(query, column, _selected(read_as) | views, _selected(written) | views)
    given = given_stamps(query, column.name, SQLGLOT, views)
    profile = replace(profile, given=given)
    if not is_naive:
        return replace(profile, coarse=coarse)
    cursor.execute(_TRIGGERS, read)
    for name, body in cursor.fetchall():
        written[name] = ", ".join(filter(None, (assigned(body), written.get(name))))
    zone = _zone(query, column, _selected(read_as) | views, _selected(written) | views)
    return replace(profile, coarse=coarse, zone=zone)


def _selected(items: Mapping[str, str]) -> dict[str, str]:
    return {name: f"SELECT {some}" for name, some in items.items() if some}


def _cut(
    query: str, column: SourceColumn, read: Mapping[str, str], written: Mapping[str, str]
) -> CoarseStamps | None:
    is_date = column.type.cursor_type == "date"
    for is_default, behind in ((False, read), (True, written)):
        cut = coarse_stamps(query, column.name, SQLGLOT, is_date=is_date, behind=behind)
        if cut is not None:
            return replace(cut, is_default=is_default)
    return None


def _zone(
    query: str, column: SourceColumn, read: Mapping[str, str], written: Mapping[str, str]
) -> StampZone | None:
    for is_written, behind in ((False, read), (True, written)):
        zone = stamp_zone(query, column.name, SQLGLOT, behind)
        if zone is not None:
            return replace(zone, is_written=is_written)
    return None
