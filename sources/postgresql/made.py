"""I/O. What tells a table from another that was made later under its name, refilled or restored.

Its file (`relfilenode`) doesn't: VACUUM FULL, CLUSTER, pg_repack and some forms of ALTER TABLE give
it another, too, and keep all rows. The file of a sequence changes when it begins again and hardly
ever else: TRUNCATE … RESTART IDENTITY, ALTER SEQUENCE … RESTART.
"""

from typing import Any

from sources.values import SourceColumn

_MADE = """
WITH named AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = %(table)s AND c.relkind IN ('r', 'p')
), told AS (
  SELECT oid::text AS told FROM named
  UNION ALL
  SELECT c.oid::text FROM pg_catalog.pg_class c
  WHERE c.oid = ANY(%(read)s::oid[]) AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM named)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
      WHERE i.inhrelid = c.oid AND i.inhparent = ANY(%(read)s::oid[]))
  UNION ALL
  SELECT s.oid || '/' || s.relfilenode FROM named
  JOIN pg_catalog.pg_depend d ON d.refobjid = named.oid AND d.refobjsubid = %(number)s
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S')
SELECT pg_catalog.string_agg(told, ' ' ORDER BY told) FROM told
"""
"""The cursor's own table and sequence; where it isn't a table's column, all that are read."""


def made_of(cursor: Any, column: SourceColumn, read: tuple[int, ...]) -> str:
    """See `SourceIdentity.made`.

    Args:
        cursor: in a transaction of ours.
        column: the cursor.
        read: `Writers.read`.
    """
    table, number = column.origin or (None, None)
    cursor.execute(_MADE, {"table": table, "number": number, "read": list(read)})
    return cursor.fetchone()[0] or ""
