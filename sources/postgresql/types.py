"""I/O. The types of a result's columns, read from pg_type: domains and arrays resolved."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from auto_schema.postgresql_types import PostgresType

_TYPES = """
SELECT t.oid::int8, t.typname, t.typtype::text, t.typcategory = 'A' AND t.typelem <> 0,
       t.typelem::int8, t.typbasetype::int8, t.typtypmod, format_type(t.oid, NULL)
FROM pg_catalog.pg_type t WHERE t.oid = ANY(%s::oid[])
"""
_MODIFIERS = """
SELECT a.attrelid::int8, a.attnum, a.atttypid::int8, a.atttypmod,
       format_type(a.atttypid, a.atttypmod), coalesce(col_description(a.attrelid, a.attnum), '')
FROM pg_catalog.pg_attribute a
JOIN unnest(%s::oid[], %s::int2[]) AS wanted(relation, number)
  ON a.attrelid = wanted.relation AND a.attnum = wanted.number
"""
TypeRow = tuple[int, str, str, bool, int, int, int, str]


def type_rows(cursor: Any, oids: Iterable[int]) -> dict[int, TypeRow]:
    """The pg_type rows of these types, of their elements and of their base types."""
    rows: dict[int, TypeRow] = {}
    wanted = set(oids)
    while wanted:
        cursor.execute(_TYPES, (list(wanted),))
        answer = {row[0]: row for row in cursor.fetchall()}
        rows |= answer
        more = {row[4] for row in answer.values() if row[3]}
        more |= {row[5] for row in answer.values() if row[5]}
        wanted = more - rows.keys()
    return rows


def attribute_rows(
    cursor: Any, origins: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int, str, str]]:
    """(type oid, typmod, type in words, comment) of table columns."""
    pairs = list(origins)
    if not pairs:
        return {}
    cursor.execute(_MODIFIERS, ([p[0] for p in pairs], [p[1] for p in pairs]))
    return {(row[0], row[1]): row[2:] for row in cursor.fetchall()}


def resolve(rows: dict[int, TypeRow], oid: int, typmod: int, display: str = "") -> PostgresType:
    """A column's type after domains; `typmod` -1 when none is declared."""
    _, name, kind, is_array, element, base, base_typmod, words = rows[oid]
    display = display or words
    if kind == "d":
        inner = resolve(rows, base, base_typmod if typmod < 0 else typmod)
        return replace(inner, display=display)
    if is_array:
        inner = resolve(rows, element, typmod)
        return PostgresType(
            display,
            inner.name,
            inner.kind,
            True,
            inner.precision,
            inner.scale,
            is_nested=inner.is_array,
            is_of_domain=rows[element][2] == "d",
        )
    precision, scale = modifiers(name, typmod)
    if precision is not None and display == "numeric":
        display = f"numeric({precision},{scale})"
    return PostgresType(display, name, kind, False, precision, scale)


def modifiers(name: str, typmod: int) -> tuple[int | None, int | None]:
    """(precision, scale) from a typmod, as PostgreSQL packs them.

    Source: numeric_typmod_precision and _scale in src/backend/utils/adt/numeric.c.

    >>> modifiers("numeric", 786438), modifiers("timestamp", 0), modifiers("numeric", -1)
    ((12, 2), (0, None), (None, None))
    """
    if typmod < 0:
        return None, None
    if name == "numeric":
        packed = typmod - 4
        return packed >> 16, ((packed & 0x7FF) ^ 1024) - 1024
    if name in ("timestamp", "timestamptz", "time", "timetz"):
        return typmod, None
    return None, None
