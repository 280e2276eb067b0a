"""I/O. The types of a result's columns, read from pg_type: domains and arrays resolved."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from auto_schema.postgresql_types import PostgresType
from sources.postgresql.sql import quote

_TYPES = """
SELECT t.oid::int8, t.typname, t.typtype::text, t.typcategory = 'A' AND t.typelem <> 0,
       t.typelem::int8, t.typbasetype::int8, t.typtypmod, format_type(t.oid, NULL), n.nspname,
       coalesce((
         SELECT x.extname FROM pg_catalog.pg_depend d
         JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
         WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.objsubid = 0
           AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'), ''),
       EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid
               AND k.casttarget = 'pg_catalog.json'::regtype AND k.castmethod = 'f'),
       ARRAY(SELECT a.atttypid::int8 FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0
               AND NOT a.attisdropped)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid = ANY(%s::oid[])
"""


def comment_bytes(described: str) -> str:
    """SQL for a comment as bytes: a server that checks no text has it in any encoding."""
    return (
        f"pg_catalog.convert_to(coalesce({described}, ''), CASE pg_catalog.getdatabaseencoding()"
        " WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)"
    )


_COMMENT = comment_bytes("pg_catalog.col_description(a.attrelid, a.attnum)")
_MODIFIERS = f"""
SELECT a.attrelid::int8, a.attnum, a.atttypid::int8, a.atttypmod,
       format_type(a.atttypid, a.atttypmod), {_COMMENT},
       a.atthasdef
FROM pg_catalog.pg_attribute a
JOIN unnest(%s::oid[], %s::int2[]) AS wanted(relation, number)
  ON a.attrelid = wanted.relation AND a.attnum = wanted.number
"""


class TypeRow(NamedTuple):
    """A row of pg_type, with what is known of it elsewhere.

    Attributes:
        words: as format_type writes it.
        extension: that owns it; empty: none.
        has_json_cast: by a function, which to_json takes.
        parts: OIDs of the attributes' types, of a composite.
    """

    oid: int
    name: str
    kind: str
    is_array: bool
    element: int
    base: int
    base_typmod: int
    words: str
    schema: str
    extension: str
    has_json_cast: bool
    parts: list[int]

    @property
    def known_as(self) -> str:
        """See `PostgresType.name`."""
        if self.extension:
            return f"{self.extension}.{self.name}"
        return self.name if self.schema == "pg_catalog" else f"{quote(self.schema)}.{self.name}"


def type_rows(cursor: Any, oids: Iterable[int]) -> dict[int, TypeRow]:
    """The pg_type rows of these types, of their elements, base types and attributes."""
    rows: dict[int, TypeRow] = {}
    wanted = set(oids)
    while wanted:
        cursor.execute(_TYPES, (list(wanted),))
        answer = {row[0]: TypeRow(*row) for row in cursor.fetchall()}
        rows |= answer
        more = {row.element for row in answer.values() if row.is_array}
        more |= {row.base for row in answer.values() if row.base}
        more |= {part for row in answer.values() for part in row.parts}
        wanted = more - rows.keys()
    return rows


class Attribute(NamedTuple):
    """A table's column; `words` is its type, and `has_default` also of one that is generated."""

    type: int
    typmod: int
    words: str
    comment: str
    has_default: bool


def attribute_rows(
    cursor: Any, origins: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Attribute]:
    """What pg_attribute says of table columns, by table and number."""
    pairs = list(origins)
    if not pairs:
        return {}
    cursor.execute(_MODIFIERS, ([p[0] for p in pairs], [p[1] for p in pairs]))
    return {
        (table, number): Attribute(type_, typmod, words, comment_text(raw), has_default)
        for table, number, type_, typmod, words, raw, has_default in cursor.fetchall()
    }


def comment_text(raw: bytes) -> str:
    r"""A comment as text; what isn't UTF-8 in it is replaced, as it is nobody's data.

    >>> comment_text(b"caf\xe9")
    'caf�'
    """
    return bytes(raw).decode(errors="replace")


def under_domains(rows: dict[int, TypeRow], oid: int, typmod: int) -> tuple[int, int]:
    """The type that a domain is made of, and the typmod that it declares; another type's own.

    A server describes a result by that type and without the typmod: of a domain over
    timestamptz(0) nothing else tells that its values are rounded to seconds.
    """
    row = rows[oid]
    if row.kind != "d":
        return oid, typmod
    return under_domains(rows, row.base, row.base_typmod if typmod < 0 else typmod)


def resolve(rows: dict[int, TypeRow], oid: int, typmod: int, display: str = "") -> PostgresType:
    """A column's type after domains; `typmod` -1 when none is declared."""
    row = rows[oid]
    display = display or row.words
    if row.kind == "d":
        inner = resolve(rows, row.base, row.base_typmod if typmod < 0 else typmod)
        return replace(inner, display=display)
    if row.is_array:
        inner = resolve(rows, row.element, typmod)
        is_of_domain = rows[row.element].kind == "d"
        nested = inner.is_array
        return replace(
            inner, display=display, is_array=True, is_nested=nested, is_of_domain=is_of_domain
        )
    precision, scale = modifiers(row.known_as, typmod)
    if precision is not None and display == "numeric":
        display = f"numeric({precision},{scale})"
    casts = _has_casts_to_json(rows, oid, set())
    return PostgresType(
        display,
        row.known_as,
        row.kind,
        False,
        precision,
        scale,
        length=length_of(row.known_as, typmod),
        schema=row.schema,
        has_casts_to_json=casts,
    )


def _has_casts_to_json(rows: dict[int, TypeRow], oid: int, seen: set[int]) -> bool:
    """Whether to_json would write a type, or a part of it, by a cast that nothing is known of."""
    if oid in seen:
        return False
    seen.add(oid)
    row = rows[oid]
    if row.has_json_cast and row.known_as != "hstore.hstore":
        return True
    inner = [row.base] if row.base else [*([row.element] if row.is_array else []), *row.parts]
    return any(_has_casts_to_json(rows, part, seen) for part in inner)


def length_of(name: str, typmod: int) -> int | None:
    """Characters that a typmod declares.

    Source: anychar_typmodin in src/backend/utils/adt/varchar.c.

    >>> length_of("varchar", 24), length_of("varchar", -1), length_of("text", -1)
    (20, None, None)
    """
    return typmod - 4 if name in ("varchar", "bpchar") and typmod >= 4 else None


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
