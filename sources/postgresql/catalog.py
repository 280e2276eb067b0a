"""I/O. inspect() for PostgreSQL: the query's columns, its tables, a key to split on.

psycopg2 asks the catalog; no row of the user's is read here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg2
import psycopg2.errors

from auto_schema.errors import ConfigError, SourceError, SourceRefusedError, shown
from sources.postgresql.asking import Asking
from sources.postgresql.column_rules import POSTGRESQL_COLUMNS
from sources.postgresql.columns import describing, types_of
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.errors import source_error
from sources.postgresql.files import STORED
from sources.postgresql.keys import PRIMARY_KEY, told_apart
from sources.postgresql.query import QueryShape, no_part
from sources.postgresql.session import apart, opening, rolled_back
from sources.postgresql.shape import shape
from sources.postgresql.splits import cuts_of
from sources.postgresql.sql import quote
from sources.postgresql.statistics import IS_MISSING, STATISTICS
from sources.postgresql.types import (
    attribute_rows,
    comment_bytes,
    comment_text,
    resolve,
    type_rows,
    under_domains,
)
from sources.postgresql.watch import cut_off_after
from sources.profile import SourceIdentity, SourceProfile, TableStatistics, Texts
from sources.values import SourceColumn

DESCRIBE_TIMEOUT_MS = 60_000
DESCRIBE_LOCK_MS = 30_000
"""Less than a question may take: waiting for a lock is told apart from a slow answer."""
GRACE_S = 60.0
PSYCOPG_NUMERIC = 1700
COUNT_OTHERWISE = ("SQL_ASCII", "EUC_JIS_2004", "MULE_INTERNAL")
"""Encodings in which length() may differ from the code points of a text: the first counts bytes,
and of the second some characters are two code points.

https://www.postgresql.org/docs/current/multibyte.html
"""


@contextmanager
def session(connection: PostgresqlConnection) -> Iterator[Asking]:
    """An autocommit session of ours, closed at the end; ended in its silence it is opened anew.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what the server said.
    """
    try:
        opened = Asking(connection)
    except psycopg2.Error as error:
        raise source_error(error, connection.place) from None
    try:
        yield opened
    except psycopg2.Error as error:
        raise source_error(error, connection.place) from error
    finally:
        opened.close()


@contextmanager
def reading(opened: Asking, timeout_ms: int = DESCRIBE_TIMEOUT_MS) -> Iterator[Any]:
    """A cursor in a read-only transaction set up as the readers' are, then rolled back.

    A server that doesn't answer long after its own timeout is given up.
    """
    silence_s = timeout_ms / 1000 + GRACE_S
    begun = opening(statement_timeout_ms=timeout_ms, lock_timeout_ms=DESCRIBE_LOCK_MS)
    with cut_off_after(silence_s, opened), rolled_back(opened, begun) as cursor:
        yield cursor


def qualified_table(cursor: Any, name: str, place: str) -> str:
    """The quoted, schema-qualified name of a table or view given as the user writes it.

    Args:
        cursor: of `reading`.
        name: `orders`, `shop.orders` or `"My Shop"."Orders"`.
        place: where it leads, for the message.

    Raises:
        SourceRefusedError: no such table, view or partitioned table.
    """
    try:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid = pg_catalog.to_regclass(%s)"
            " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            (name,),
        )
        row = cursor.fetchone()
    except psycopg2.Error as error:
        raise source_error(error, place) from error
    if row is None:
        raise SourceRefusedError(
            "unknown table",
            f"{place}, source_table_for_schema {shown(name)}",
            "no table or view of that name is visible to the role",
            "write it as schema.table, with double quotes around names that have capitals"
            " or spaces, and check that the role has USAGE on the schema.",
        )
    return f"{quote(row[0])}.{quote(row[1])}"


def profile(
    opened: Asking,
    connection: PostgresqlConnection,
    query: str,
    *,
    schema_table: str | None,
) -> tuple[SourceProfile, str]:
    """Describe a query whose placeholders are bound.

    Args:
        opened: a session of ours.
        connection: where it leads.
        query: SQL that PostgreSQL itself has to accept.
        schema_table: qualified table whose comments and columns are told; None: none.

    Returns:
        Also the collation in which ranges of its key are said; empty where that has none.
    """
    look = shape(query)
    with reading(opened) as cursor:
        columns = _columns(cursor, connection.place, query)
        cursor.execute("SELECT current_setting('server_encoding')")
        (encoding,) = cursor.fetchone()
        identity, statistics = _qualified(cursor, connection, look)
        description, keys = _of_table(cursor, schema_table)
        notes = (*connection.notes, *_notes(cursor, schema_table, columns))
        cuts, key_collation = cuts_of(cursor, query, look, columns)
        is_plain = look.single_table and not cuts.reason
        unique = told_apart(cursor, columns) if is_plain else None
        server = _server_id(cursor, connection)
    described = SourceProfile(
        columns,
        POSTGRESQL_COLUMNS,
        identity=replace(identity, server=server),
        cuts=cuts,
        texts=Texts(are_utf8=encoding != "SQL_ASCII", count_alike=encoding not in COUNT_OTHERWISE),
        description=description,
        keys=keys,
        told_apart=unique,
        notes=notes,
        statistics=statistics,
    )
    return described, key_collation


def _server_id(cursor: Any, connection: PostgresqlConnection) -> str:
    """The cluster's system identifier, which standbys share; else its address.

    Every role may ask for it, unless the function was taken from PUBLIC.
    """
    refusals = psycopg2.ProgrammingError, psycopg2.NotSupportedError
    try:
        with apart(cursor, *refusals):
            cursor.execute("SELECT system_identifier FROM pg_catalog.pg_control_system()")
            return f"id:{cursor.fetchone()[0]}"
    except refusals:
        return f"host:{connection.host}:{connection.port}"


def _columns(cursor: Any, place: str, query: str) -> tuple[SourceColumn, ...]:
    before = "SELECT * FROM (\n"
    try:
        cursor.execute(f"{before}{query}\n) AS q LIMIT 0")
    except psycopg2.Error as error:
        raise _refused(error, place, query, offset=len(before)) from error
    described = list(cursor.description)
    names = tuple(item.name for item in described)
    cursor.execute(describing(query, names))
    own = types_of(names, cursor.fetchone()[1])
    origins = {(d.table_oid, d.table_column) for d in described if d.table_oid}
    attributes = attribute_rows(cursor, origins)
    oids = {item.type_code for item in described}
    types = type_rows(cursor, oids | {known.type for known in attributes.values()})
    if not described:
        raise ConfigError("query without columns", place, "", "select at least one column.")
    columns = []
    for item in described:
        origin = (item.table_oid, item.table_column) if item.table_oid else None
        known = attributes.get(origin) if origin else None
        typmod, words, comment = -1, "", known.comment if known else ""
        declared = (known.type, known.typmod) if known else None
        if known and known.type == item.type_code:
            typmod, words = known.typmod, known.words
        elif declared and (under := under_domains(types, *declared))[0] == item.type_code:
            typmod = under[1]
        elif item.type_code == PSYCOPG_NUMERIC and item.precision and item.precision < 1001:
            typmod = ((item.precision << 16) | (item.scale & 0x7FF)) + 4
        kind = resolve(types, item.type_code, typmod, words)
        kind = replace(kind, oid=own.get(item.name, (0, ""))[0])
        has_default = known is not None and known.has_default
        columns.append(SourceColumn(item.name, kind, comment, origin, has_default))
    return tuple(columns)


def _refused(error: psycopg2.Error, place: str, query: str, *, offset: int) -> SourceError:
    """The server's refusal to describe a query; of one that is no SELECT, that it is none."""
    refusal = source_error(error, place, query, offset=offset)
    fault = no_part(query) if isinstance(error, psycopg2.errors.SyntaxError) else None
    if fault is None:
        return refusal
    what, why, fix = fault
    return SourceRefusedError(what, refusal.where, f"{why}: {refusal.why}", fix)


VIEW = """
WITH RECURSIVE read (oid) AS (
    SELECT c.oid
    UNION
    SELECT d.refobjid
    FROM read
    JOIN pg_catalog.pg_class v ON v.oid = read.oid AND v.relkind = 'v'
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_catalog.pg_depend d ON d.objid = r.oid
        AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)
SELECT pg_catalog.string_agg(
    k.oid || '/' || CASE k.relkind
        WHEN 'v' THEN coalesce(pg_catalog.md5(pg_catalog.pg_get_viewdef(k.oid)), '')
        ELSE k.relfilenode::text
    END,
    ' ' ORDER BY k.oid
) AS told, pg_catalog.array_agg(pg_catalog.pg_get_viewdef(k.oid)) FILTER (WHERE k.relkind = 'v')
FROM read JOIN pg_catalog.pg_class k ON k.oid = read.oid
"""
"""The same of a view `c`, and what it and the views that it reads are."""


def _qualified(
    cursor: Any, connection: PostgresqlConnection, look: QueryShape
) -> tuple[SourceIdentity, tuple[TableStatistics, ...]]:
    """The tables of a query, qualified, what tells each from another of its name, its statistics.

    The file changes with TRUNCATE, and with each rewrite of all rows. A view has none: it is told
    by its definition, and by the views and tables that it reads.
    """
    names, stored, views = [], [], set[str]()
    statistics = dict[str, TableStatistics]()
    for schema, table in look.tables:
        written = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
        cursor.execute(
            f"SELECT n.nspname || '.' || c.relname, {STORED},"
            " known.rows, known.changed, known.analyzed_at, known.unanalyzed"
            " FROM pg_catalog.pg_class c"
            f" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, {STATISTICS}"
            " WHERE c.oid = pg_catalog.to_regclass(%s)",
            (written,),
        )
        row = cursor.fetchone()
        names.append(row[0] if row else f"{schema}.{table}".lstrip("."))
        told, defined = _of_view(cursor, written) if row and not row[1] else ("", [])
        stored.append((row[1] or told) if row else "")
        views.update(defined)
        if row and row[2] is not None:
            is_missing = bool(row[5]) and _is_missing(cursor, row[5])
            known = TableStatistics(row[0], rows=row[2], changed=row[3], at=row[4])
            statistics[row[0]] = replace(known, is_missing=is_missing)
    tables, files = tuple(sorted(set(names))), tuple(sorted(set(stored)))
    identity = SourceIdentity(
        f"postgresql/{connection.database}", "", tables, files, tuple(sorted(views))
    )
    return identity, tuple(statistics.values())


def _is_missing(cursor: Any, relations: list[int]) -> bool:
    cursor.execute(IS_MISSING, (relations,))
    return bool(cursor.fetchone()[0])


def _of_view(cursor: Any, written: str) -> tuple[str, list[str]]:
    """What tells a view from others of its name, and what it is; empty: it was dropped just now."""
    cursor.execute(
        f"SELECT v.* FROM pg_catalog.pg_class c, LATERAL ({VIEW}) AS v"
        " WHERE c.oid = pg_catalog.to_regclass(%s)",
        (written,),
    )
    row = cursor.fetchone()
    return (str(row[0]), [text for text in row[1] or () if text]) if row else ("", [])


def _of_table(cursor: Any, schema_table: str | None) -> tuple[str, tuple[str, ...] | None]:
    """The table's comment and its primary key."""
    if schema_table is None:
        return "", None
    described = comment_bytes("pg_catalog.obj_description(c.oid, 'pg_class')")
    cursor.execute(
        f"SELECT {described}, {PRIMARY_KEY}"
        " FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(%s)",
        (schema_table,),
    )
    row = cursor.fetchone()  # None: it was dropped just now, which its reading tells
    return (comment_text(row[0]), tuple(row[1])) if row else ("", None)


def _notes(
    cursor: Any, schema_table: str | None, columns: tuple[SourceColumn, ...]
) -> tuple[str, ...]:
    if schema_table is None:
        return ()
    cursor.execute(
        "SELECT attname FROM pg_catalog.pg_attribute"
        " WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        (schema_table,),
    )
    of_table = [row[0] for row in cursor.fetchall()]
    delivered = {column.name for column in columns}
    missing = [name for name in of_table if name not in delivered]
    if not missing:
        return ()
    return (f"the query doesn't deliver these columns of {schema_table}: {', '.join(missing)}",)
