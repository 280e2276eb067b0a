"""I/O. By which columns the rows of a query may be cut into splits, or why by none.

The catalog decides what may be tried and what an index makes cheap; that every row lies in
exactly one split rests on none of its claims (see `statement.split_ranges`).
"""

from typing import Any

from sources.postgresql.query import QueryShape, has_backslash, names
from sources.postgresql.sql import quote
from sources.profile import Cuts
from sources.values import SourceColumn


def cuts_of(
    cursor: Any, query: str, look: QueryShape, columns: tuple[SourceColumn, ...]
) -> tuple[Cuts, str]:
    """Ask the catalog what may cut the rows of a query whose placeholders are bound.

    Returns:
        Also the collation in which ranges of a key of text are said; empty for other types.
    """
    reason = look.split_reason or whole_reason(cursor, query, look)
    relations = {column.origin[0] for column in columns if column.origin}
    if not look.single_table or len(relations) != 1:
        return Cuts(reason), ""
    cursor.execute(_INDICES, (relations.pop(),))
    by_number = {column.origin[1]: column.name for column in columns if column.origin}
    candidates = [(by_number[row[0]], *row[1:]) for row in cursor.fetchall() if row[0] in by_number]
    keys = sorted((row for row in candidates if row[1]), key=lambda row: not row[3])
    indexed = tuple(dict.fromkeys(name for name, _, _, is_served in candidates if is_served))
    if not keys:
        return Cuts(reason, indexed=indexed), ""
    name, _, collation, is_served = keys[0]
    return Cuts(reason, name, key_scans=not is_served, indexed=indexed), collation


def whole_reason(cursor: Any, query: str, look: QueryShape) -> str:
    """Why parts of the query, each read by itself, might not be parts of one whole."""
    cursor.execute("SHOW standard_conforming_strings")
    if cursor.fetchone()[0] != "on" and has_backslash(query):
        return "the query has a backslash in a string, and standard_conforming_strings is off"
    written = [
        f"{quote(schema)}.{quote(name)}" if schema else quote(name) for schema, name in look.tables
    ]
    cursor.execute(_NOT_STORED, (written,))
    row = cursor.fetchone()
    if row:
        return f"the query reads {row[0]}, {_RELATIONS.get(row[1], 'which is no table')}"
    whole, rows = names(query)
    lists = (whole.called, whole.named, rows.called, rows.named)
    cursor.execute(_MAKING_ROWS, tuple(map(list, lists)))
    row = cursor.fetchone()
    return f"the query calls {row[0]}(), {row[1]}" if row else ""


_RELATIONS = {
    "v": "a view, which may hold anything",
    "f": "a foreign table, whose order another server makes",
}
_NOT_STORED = """
WITH RECURSIVE whole(oid) AS (
  SELECT to_regclass(written)::oid FROM unnest(%s::text[]) AS written
  UNION
  SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN whole ON i.inhparent = whole.oid
)
SELECT coalesce(c.oid::regclass::text, 'something'), c.relkind::text
FROM whole LEFT JOIN pg_catalog.pg_class c ON c.oid = whole.oid
WHERE c.relkind IS NULL OR c.relkind NOT IN ('r', 'p', 'm')
ORDER BY 1 LIMIT 1
"""
"""A relation of the query, or a child or partition of one, whose rows this server doesn't keep."""

_MAKING_ROWS = """
SELECT p.proname, CASE
    WHEN p.prokind = 'a' THEN 'an aggregate'
    WHEN p.prokind = 'w' THEN 'a window function'
    WHEN p.proretset THEN 'a set-returning function'
    ELSE 'which is VOLATILE: each part might see other rows' END
FROM pg_catalog.pg_proc p, LATERAL (
  SELECT p.pronargs = 1 AND t.typtype = 'c' AS takes_row
  FROM pg_catalog.pg_type t WHERE t.oid = coalesce(p.proargtypes[0], p.prorettype)) AS one
WHERE (p.prokind IN ('a', 'w') OR p.proretset)
      AND (p.proname = ANY(%s::name[]) OR takes_row AND p.proname = ANY(%s::name[]))
   OR p.provolatile = 'v'
      AND (p.proname = ANY(%s::name[]) OR takes_row AND p.proname = ANY(%s::name[]))
ORDER BY p.proname, p.oid LIMIT 1
"""
"""A function, called as f(…) or t.f, that makes rows or merges them, or chooses them anew.

A VOLATILE one that only makes a value of each row, before FROM, chooses none.
"""

_INDICES = """
WITH settings AS (
  SELECT to_jsonb(d) ->> 'datlocprovider' = 'b' OR d.datcollate IN ('C', 'POSIX')
         AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c' AS is_bytewise
  FROM pg_catalog.pg_database d WHERE d.datname = current_database()
), led AS (
  SELECT i.*, a.attnotnull, t.typlen, CASE
      WHEN a.attcollation = 0 THEN ''
      WHEN a.attcollation = 'pg_catalog."default"'::regcollation AND s.is_bytewise THEN 'default'
      ELSE 'C' END AS said_in
  FROM settings s, pg_catalog.pg_index i
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE i.indrelid = %s AND i.indisvalid AND i.indpred IS NULL
    AND t.typnamespace = 'pg_catalog'::regnamespace
    AND t.typname IN ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'timestamp',
                      'timestamptz', 'date')
)
SELECT l.indkey[0], l.indisunique AND l.indimmediate AND l.indnkeyatts = 1 AND l.attnotnull,
       l.said_in, o.opcdefault AND l.indcollation[0] = coalesce(n.oid, 0)
FROM led l
LEFT JOIN pg_catalog.pg_collation n
  ON n.collname = l.said_in AND n.collnamespace = 'pg_catalog'::regnamespace
JOIN pg_catalog.pg_class c ON c.oid = l.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
JOIN pg_catalog.pg_opclass o ON o.oid = l.indclass[0]
ORDER BY l.indisprimary DESC, l.typlen, l.indkey[0]
"""
"""Columns by which an index begins: number, is a key, collation, whether the index has it.

The order of a library's collation is nothing to rely on: with another version of the
library both ANALYZE's histogram and the index itself have an order that no comparison has.
Ranges of texts are said bytewise, which never changes, and use an index only where that is
bytewise as well.
"""
