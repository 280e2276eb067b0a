"""I/O. What tells the rows of a table apart: its primary key, and its unique indexes."""

from typing import Any

from sources.values import SourceColumn

PRIMARY_KEY = """coalesce((
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position)
    FROM pg_catalog.pg_index i,
      LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
      JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND NOT i.indisexclusion
      AND a.attrelid = c.oid
      AND k.position <= i.indnkeyatts
      AND (c.relkind = 'p'
        OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid))
  ), '{}')"""
"""As SQL over its row `c` of pg_class: its columns in the key's order; none: it has no key.

A table with children that inherit from it has none: it shows their rows too, for which its key
doesn't hold (https://www.postgresql.org/docs/18/ddl-inherit.html#DDL-INHERIT-CAVEATS). Nor has a
partitioned table some of whose partitions lack it, nor one whose key is WITHOUT OVERLAPS: its
period changes when it is closed, and the row under the open one would stay beside it.
"""

_UNIQUE = """
SELECT coalesce((
    SELECT pg_catalog.json_agg(u.numbers) FROM (
      SELECT pg_catalog.json_agg(k.attnum) AS numbers
      FROM pg_catalog.pg_index i,
        LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
        AND (c.relkind <> 'r'
          OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h
            JOIN pg_catalog.pg_class k ON k.oid = h.inhrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
            WHERE h.inhparent = c.oid AND n.nspname <> '_timescaledb_internal'))
      GROUP BY i.indexrelid) AS u), '[]')
FROM pg_catalog.pg_class c WHERE c.oid = %s AND c.relkind IN ('r', 'p', 'm')
"""
"""Column numbers of each unique index; a NULL in one, which it may let come twice, is no key.

It doesn't hold for children that inherit from the table, but for those of TimescaleDB's tables.
"""


def told_apart(
    cursor: Any, columns: tuple[SourceColumn, ...]
) -> tuple[tuple[str, ...], ...] | None:
    """The sets of columns by which a table tells its rows apart, under the query's names.

    Args:
        cursor: in a transaction of ours.
        columns: of a query that delivers each row of one table at most once.

    Returns:
        Empty: nothing tells them apart. None: it is a view, or isn't known.
    """
    origins = {column.origin for column in columns if column.origin}
    relations = {relation for relation, _ in origins}
    if len(relations) != 1:
        return None
    cursor.execute(_UNIQUE, (relations.pop(),))
    row = cursor.fetchone()
    if row is None:
        return None
    names = {column.origin[1]: column.name for column in columns if column.origin}
    known = [numbers for numbers in row[0] if set(numbers) <= set(names)]
    return tuple(sorted(tuple(names[number] for number in numbers) for numbers in known))
