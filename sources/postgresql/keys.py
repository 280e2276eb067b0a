"""The primary key of a table, as SQL over its row `c` of pg_class."""

PRIMARY_KEY = """coalesce((
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position)
    FROM pg_catalog.pg_index i,
      LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
      JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND a.attrelid = c.oid
      AND k.position <= i.indnkeyatts
      AND (c.relkind = 'p'
        OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid))
  ), '{}')"""
"""Its columns in the key's order; none: it has no key.

A table with children that inherit from it has none: it shows their rows too, for which its key
doesn't hold (https://www.postgresql.org/docs/18/ddl-inherit.html#DDL-INHERIT-CAVEATS). Nor has a
partitioned table some of whose partitions lack it.
"""
