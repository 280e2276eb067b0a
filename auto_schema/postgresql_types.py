"""The table of types: PostgreSQL → Arrow → BigQuery, and what each one loses.

The same rows drive planning, the golden test and docs/type-mapping.md. An unknown
type is an error that names column and type; nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.errors import SchemaError, shown
from auto_schema.schema import Column
from auto_schema.type_rules import AS_TEXT, PLAIN, TypeRule, _table, _text
from auto_schema.warehouse_types import (
    BIGNUMERIC_ARROW,
    MICROS,
    NULLABLE,
    NUMERIC_ARROW,
    NUMERIC_RANGE,
    NUMERIC_TYPES,
    REPEATED,
    TIME_MICROS,
    UTC_MICROS,
    fits,
)

_JSON_LOSS = "key order, duplicate keys and trailing zeros of numbers (1.10 becomes 1.1)"
_REAL_TIME = "infinity, BC and years after 9999 become dead letters"

POSTGRESQL: Mapping[str, TypeRule] = _table(
    TypeRule("bool", PLAIN, pa.bool_(), "BOOL"),
    TypeRule("int2", PLAIN, pa.int64(), "INT64"),
    TypeRule("int4", PLAIN, pa.int64(), "INT64"),
    TypeRule("int8", PLAIN, pa.int64(), "INT64"),
    TypeRule("oid", "{c}::int8", pa.int64(), "INT64"),
    TypeRule("float4", PLAIN, pa.float64(), "FLOAT64"),
    TypeRule("float8", PLAIN, pa.float64(), "FLOAT64"),
    TypeRule("money", "{c}::numeric", NUMERIC_ARROW, "NUMERIC", "the currency sign"),
    TypeRule("text", PLAIN, pa.string(), "STRING"),
    TypeRule("varchar", PLAIN, pa.string(), "STRING"),
    TypeRule("bpchar", PLAIN, pa.string(), "STRING"),
    TypeRule("name", AS_TEXT, pa.string(), "STRING"),
    TypeRule("char", AS_TEXT, pa.string(), "STRING"),
    _text("citext", "comparison without regard to case"),
    TypeRule("bytea", PLAIN, pa.binary(), "BYTES"),
    TypeRule("date", PLAIN, pa.date32(), "DATE", _REAL_TIME),
    TypeRule("time", PLAIN, TIME_MICROS, "TIME", "24:00:00 becomes a dead letter"),
    _text("timetz"),
    TypeRule("timestamp", PLAIN, MICROS, "DATETIME", _REAL_TIME),
    TypeRule("timestamptz", PLAIN, UTC_MICROS, "TIMESTAMP", _REAL_TIME),
    _text("interval"),
    TypeRule("json", PLAIN, pa.string(), "JSON", _JSON_LOSS),
    TypeRule("jsonb", PLAIN, pa.string(), "JSON", _JSON_LOSS),
    TypeRule("uuid", PLAIN, pa.string(), "STRING"),
    _text("xml"),
    TypeRule("inet", "pg_catalog.abbrev({c})", pa.string(), "STRING"),
    _text("cidr"),
    _text("macaddr"),
    _text("macaddr8"),
    _text("bit"),
    _text("varbit"),
    _text("tsvector"),
    _text("tsquery"),
    _text("point"),
    _text("line"),
    _text("lseg"),
    _text("box"),
    _text("path"),
    _text("polygon"),
    _text("circle"),
    _text("pg_lsn"),
    _text("jsonpath"),
    _text("xid"),
    _text("xid8"),
    _text("regclass"),
    _text("regtype"),
    _text("regproc"),
    _text("enum"),
    _text("range"),
    _text("multirange"),
)
"""Keyed by `pg_type.typname`; `enum`, `range` and `multirange` stand for the types of that kind."""

ARRAY_LOSS = "lower bounds; a NULL array becomes an empty one, since BigQuery has no NULL array"
ARRAY_JSON_LOSS = "lower bounds, trailing zeros of numbers; NaN and infinity become texts"
NATIVE_ELEMENTS = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "text",
        "varchar",
        "bpchar",
        "bytea",
        "date",
        "time",
        "timestamp",
        "timestamptz",
    ]
)
"""Element types whose arrays are read as they are."""


@dataclass(frozen=True, slots=True)
class PostgresType:
    """A column's type after domains are resolved.

    Attributes:
        display: as PostgreSQL writes it, such as `numeric(12,2)`.
        name: `typname` of the base type, without `_` for arrays.
        kind: `typtype`: b base, c composite, e enum, r range, m multirange, p pseudo.
        is_array: whether it is an array of `name`.
        precision, scale: of a numeric or a time type; None when not declared.
        is_nested: an array of a domain over arrays.
        is_of_domain: an array of a domain.
        oid: of the column's own type, a domain's for a domain; 0: not known.
        doubt: why its values can't be trusted; empty when they can.
    """

    display: str
    name: str
    kind: str = "b"
    is_array: bool = False
    precision: int | None = None
    scale: int | None = None
    is_nested: bool = False
    is_of_domain: bool = False
    oid: int = 0
    doubt: str = ""

    @property
    def cursor_type(self) -> str:
        """The type that a cursor of this column has; empty where it has no order to sync by."""
        return "" if self.is_array else self.name


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the data found, for types that don't say it themselves.

    Attributes:
        integer_digits, scale: the most in a bare numeric column; None when it was not seen.
        is_flat: every array has at most one dimension and no NULL element; None: not seen.
    """

    integer_digits: int | None = None
    scale: int | None = None
    is_flat: bool | None = None


def rule_of(kind: PostgresType) -> TypeRule | None:
    """The row for a scalar type, or None where there is none."""
    by_kind = {"e": "enum", "r": "range", "m": "multirange"}.get(kind.kind)
    return POSTGRESQL.get(by_kind or kind.name) if kind.kind in "berm" else None


def needs_look(kind: PostgresType) -> bool:
    """Whether the data decides the type: bare numerics and arrays."""
    return kind.is_array or (kind.name == "numeric" and kind.precision is None)


def postgresql_column(
    name: str,
    kind: PostgresType,
    *,
    look: Look | None = None,
    current: tuple[str, str] | None = None,
    json_as_text: bool = False,
    description: str = "",
) -> Column:
    """The destination column for one source column.

    Args:
        name: its name in the source's result.
        kind: its type.
        look: what the data shows, where the type alone doesn't decide.
        current: (type, mode) of that column in the destination, when it exists: where
            a source type may become several, the one that is there is kept.
        json_as_text: keep JSON as STRING (`json_numbers=text`).
        description: the column's comment.

    Raises:
        SchemaError: no rule for that type.
    """
    look = look or Look()
    if kind.is_array:
        rule, mode = _array(name, kind, look, current, json_as_text)
    elif kind.name == "numeric":
        rule, mode = _numeric(kind, look, current), NULLABLE
    else:
        rule, mode = _scalar(name, kind), NULLABLE
    bigquery, loss = rule.bigquery, rule.loss
    if bigquery == "JSON" and (json_as_text or current == ("STRING", NULLABLE)):
        bigquery, loss = "STRING", ""
    return Column(
        name, name, kind.display, rule.select, rule.arrow, bigquery, mode, description, loss
    )


def _scalar(name: str, kind: PostgresType) -> TypeRule:
    if kind.doubt:
        raise SchemaError(
            "values that can't be trusted",
            f"column {shown(name)}, type {kind.display}",
            kind.doubt,
            "RESET lc_monetary of role and database, or leave the column out.",
        )
    rule = rule_of(kind)
    if rule is None:
        raise SchemaError(
            "type without a mapping",
            f"column {shown(name)}, type {kind.display}",
            "there is no lossless BigQuery type on record for it",
            f'cast it in the query, for example "{name}"::text, or leave the column out.',
        )
    return rule


def _numeric(kind: PostgresType, look: Look, current: tuple[str, str] | None) -> TypeRule:
    if current and current[1] == NULLABLE and current[0] in NUMERIC_TYPES:
        return numeric_rule(current[0], kind)
    precision, scale = kind.precision, kind.scale or 0
    if precision is not None:
        digits = (precision - scale, max(scale, 0))
        wanted = next((t for t in NUMERIC_RANGE if fits(t, *digits)), "STRING")
    elif look.integer_digits is not None and look.scale is not None:
        wanted = "BIGNUMERIC" if fits("BIGNUMERIC", look.integer_digits, look.scale) else "STRING"
    else:
        wanted = "STRING"
    return numeric_rule(wanted, kind)


def numeric_rule(bigquery: str, kind: PostgresType) -> TypeRule:
    """The rule for a numeric that becomes NUMERIC, BIGNUMERIC or STRING."""
    loss = "NaN and infinity become dead letters; trailing zeros"
    if bigquery == "STRING":
        return _text("numeric")
    if bigquery == "BIGNUMERIC":
        return TypeRule("numeric", PLAIN, BIGNUMERIC_ARROW, bigquery, loss)
    precision, scale = kind.precision, kind.scale
    if precision is not None and scale is not None and 0 <= scale <= min(precision, 9):
        return TypeRule("numeric", PLAIN, pa.decimal128(precision, scale), bigquery, loss)
    return TypeRule("numeric", PLAIN, NUMERIC_ARROW, bigquery, loss)


def _array(
    name: str,
    kind: PostgresType,
    look: Look,
    current: tuple[str, str] | None,
    json_as_text: bool,
) -> tuple[TypeRule, str]:
    as_json = TypeRule("array", _json_text(kind.name), pa.string(), "JSON", ARRAY_JSON_LOSS)
    element_kind = PostgresType(
        kind.display.removesuffix("[]"),
        kind.name,
        kind.kind,
        False,
        kind.precision,
        kind.scale,
        doubt=kind.doubt,
    )
    if element_kind.name == "numeric":
        known = current[0] if current and current[1] == REPEATED else None
        element = _numeric(element_kind, look, (known, NULLABLE) if known else None)
    else:
        element = _scalar(name, element_kind)
    flat = current[1] == REPEATED if current else bool(look.is_flat) and not kind.is_nested
    if not flat or element.bigquery == "JSON":
        return as_json, NULLABLE
    rule = TypeRule(
        "array",
        _elements(kind, element.select),
        pa.list_(element.arrow),
        element.bigquery,
        "; ".join(filter(None, (ARRAY_LOSS, element.loss))),
    )
    return rule, REPEATED


def _elements(kind: PostgresType, select: str) -> str:
    """An array of a type's elements as they are read; a domain's are read as its base type's."""
    if kind.name == "inet":
        return "{c}::text::text[]"  # a cast by elements would add /32
    if select == PLAIN and kind.name in NATIVE_ELEMENTS:
        return f"{{c}}::pg_catalog.{kind.name}[]" if kind.is_of_domain else PLAIN
    return f"{AS_TEXT if select == PLAIN else select}[]"


def _json_text(name: str) -> str:
    """An array as JSON; elements that are JSON stay as they are, whatever jsonb refuses.

    A float's -0 is written as -0.0: as JSON the first is an integer, which has one zero.
    """
    if name in ("float4", "float8"):
        minus_zero = "'-0(?=[],])', '-0.0', 'g'"
        return f"pg_catalog.regexp_replace(pg_catalog.to_json({{c}})::text, {minus_zero})"
    return "pg_catalog.to_json({c})::text"
