"""I/O. Into parts of which table a query can be divided, so that a row of it can be found.

The catalog says what a name is: the text of a view stands in for it, as PostgreSQL itself
does it.
"""

from dataclasses import replace
from typing import Any

import psycopg2

from auto_schema.errors import SourceChangedError
from sources.postgresql.columns import check_columns
from sources.postgresql.errors import clean
from sources.postgresql.one_table import OneTable, one_table
from sources.postgresql.session import apart
from sources.postgresql.shape import shape
from sources.postgresql.splits import whole_reason
from sources.postgresql.sql import DIALECT
from sources.postgresql.statement import PostgresqlStatement
from sources.sql import strip_end

MOST_VIEWS = 20
"""Views upon views that are looked through."""
_DEFINITION = """
SELECT pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c
WHERE c.oid = pg_catalog.to_regclass(%s) AND c.relkind = 'v'
"""
_PAGES = """
WITH RECURSIVE whole(oid) AS (
  SELECT pg_catalog.to_regclass(%s)::oid
  UNION
  SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN whole ON i.inhparent = whole.oid
)
SELECT coalesce(max(pg_catalog.pg_relation_size(oid)), 0)
  / pg_catalog.current_setting('block_size')::int8 + 1 FROM whole
"""
"""Pages of the largest of the table, its children and partitions; asked after the snapshot."""


def divided(cursor: Any, source: PostgresqlStatement) -> OneTable | str:
    """The table of which each row of the query has one row, or why there is none.

    Args:
        cursor: of a reading transaction.
        source: whose query it is; that of the result may have views written out.
    """
    sql = source.query
    for _ in range(MOST_VIEWS):
        table = one_table(sql)
        if isinstance(table, str):
            return table
        cursor.execute(_DEFINITION, (table.quoted,))
        view = cursor.fetchone()
        if view is None:
            reason = whole_reason(cursor, sql, shape(sql))
            return reason or _difference(cursor, source, table) or table
        sql = table.instead(strip_end(view[0], DIALECT))
    return "the query reads views upon views"


def _difference(cursor: Any, source: PostgresqlStatement, table: OneTable) -> str:
    """Why the query over a part of its table isn't the same query; empty: it is."""
    part = replace(source, query=table.where("true"))
    try:
        with apart(cursor, psycopg2.ProgrammingError):
            cursor.execute(part.check())
            answer = cursor.fetchone()[:2]
        check_columns(part.place, part.result_names, part.result_types, answer)
    except psycopg2.ProgrammingError as error:
        reason = clean(str(error))
    except SourceChangedError as error:
        reason = error.why
    else:
        return ""
    return f"over a part of its table the query isn't the same: {reason}"


def pages_of(cursor: Any, table: OneTable) -> int:
    """How many pages a table has at most, of which a snapshot of before may see rows."""
    cursor.execute(_PAGES, (table.quoted,))
    return int(cursor.fetchone()[0])
