"""I/O. The tables that PostgreSQL shows the role: one question to its catalog."""

from collections.abc import Sequence

from sources.postgresql.catalog import reading, session
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.keys import PRIMARY_KEY
from sources.protocol import of_kind
from sources.tables import SourceTable

SOME = "SELECT on some of its columns"
LISTED = f"""
SELECT n.nspname, c.relname,
  own.is_own AND may.lacks = '', may.lacks, may.lacks <> '' AND may.lacks <> '{SOME}',
  {PRIMARY_KEY},
  coalesce((
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ), '{{}}')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AS is_own) own
CROSS JOIN LATERAL (SELECT CASE
    WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN 'USAGE on its schema'
    WHEN NOT pg_catalog.has_any_column_privilege(c.oid, 'SELECT') THEN 'SELECT'
    WHEN own.is_own AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN '{SOME}'
    ELSE '' END AS lacks) may
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND (own.is_own OR may.lacks = '')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""
"""Schema, name, whether it is a table of its own that may be read whole, what the role lacks for
that, whether none of it may be read, its primary key and its columns.

A table of which the role may read some columns only is for a query: an exact name brings it, and
no pattern.
Names that begin with pg_ are the server's: https://www.postgresql.org/docs/18/ddl-schemas.html.
"""


def tables(connection: object, schemas: Sequence[str]) -> tuple[SourceTable, ...]:
    """See `Listing.tables`; all schemas are told, since one question asks for them."""
    del schemas
    connection = of_kind(connection, PostgresqlConnection)
    with session(connection) as opened, reading(opened) as cursor:
        cursor.execute(LISTED)
        rows = cursor.fetchall()
    return tuple(
        SourceTable(name, schema, is_plain, tuple(keys), tuple(columns), lacks, is_hidden)
        for schema, name, is_plain, lacks, is_hidden, keys, columns in rows
    )
