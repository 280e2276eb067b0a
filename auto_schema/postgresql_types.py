"""Types of PostgreSQL → Arrow → BigQuery, and what each one loses.

The rows of the tables drive planning, the golden test and docs/type-mapping.md. A type that isn't
there is read as PostgreSQL's own text, which is told, or is an error; nothing is guessed.
"""

import json
from dataclasses import dataclass, replace

import pyarrow as pa

from auto_schema import postgis
from auto_schema.errors import SchemaError, shown
from auto_schema.postgresql_extensions import (
    COMPOSITE,
    COMPOSITE_TEXT,
    EXTENSIONS,
    OWN_TEXT,
    each,
)
from auto_schema.postgresql_table import POSTGRESQL
from auto_schema.schema import Column
from auto_schema.type_rules import AS_TEXT, PLAIN, TypeRule, _text
from auto_schema.warehouse_types import (
    BIGNUMERIC_ARROW,
    NULLABLE,
    NUMERIC_ARROW,
    NUMERIC_RANGE,
    NUMERIC_TYPES,
    REPEATED,
    fits,
)

ARRAY_LOSS = "lower bounds; a NULL array becomes an empty one, since BigQuery has no NULL array"
ARRAY_JSON_LOSS = "lower bounds, trailing zeros of numbers; NaN and infinity become texts"
BIG_INTEGER = "pgmp.mpz"
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
        name: `typname` of a type of PostgreSQL itself, `extension.typname` of an extension's,
            and of any other `"schema".typname`; of arrays their elements'.
        kind: `typtype`: b base, c composite, e enum, r range, m multirange, p pseudo.
        is_array: whether it is an array of `name`.
        precision, scale: of a numeric or a time type; None when not declared.
        is_nested: an array of a domain over arrays.
        is_of_domain: an array of a domain.
        schema: in which the type lies; of an array the elements' type.
        has_casts_to_json: it, or a part of a composite, has a cast to JSON that to_json takes.
        oid: of the column's own type, a domain's for a domain; 0: not known.
        doubt: why its values can't be trusted; empty when they can.
        length: characters of a varchar(n) or char(n); None when not declared.
    """

    display: str
    name: str
    kind: str = "b"
    is_array: bool = False
    precision: int | None = None
    scale: int | None = None
    is_nested: bool = False
    is_of_domain: bool = False
    schema: str = "pg_catalog"
    has_casts_to_json: bool = False
    oid: int = 0
    doubt: str = ""
    length: int | None = None

    @property
    def cursor_type(self) -> str:
        """The type that a cursor of this column has; empty where it has no order to sync by."""
        return "" if self.is_array else self.name

    @property
    def element(self) -> "PostgresType":
        """Of an array the type of its elements."""
        return replace(self, display=self.display.removesuffix("[]"), is_array=False, oid=0)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the data found, for types that don't say it themselves.

    Attributes:
        integer_digits, scale: the most in a bare numeric column; None when it was not seen.
        is_flat: every array has at most one dimension and no NULL element; None: not seen.
        is_geography: BigQuery's GEOGRAPHY takes every shape; None: not seen.
    """

    integer_digits: int | None = None
    scale: int | None = None
    is_flat: bool | None = None
    is_geography: bool | None = None


def rule_of(kind: PostgresType) -> TypeRule | None:
    """The row for a scalar type, or None where there is none.

    >>> rule_of(PostgresType("geometry", "postgis.geometry", schema="My Shop")).select
    '"My Shop".ST_AsEWKT({c}, 400)'
    """
    if kind.kind == "c":
        return COMPOSITE_TEXT if kind.has_casts_to_json else COMPOSITE
    by_kind = {"e": "enum", "r": "range", "m": "multirange"}.get(kind.kind)
    if by_kind:
        return POSTGRESQL[by_kind]
    rule = (POSTGRESQL.get(kind.name) or EXTENSIONS.get(kind.name)) if kind.kind == "b" else None
    return rule and replace(rule, select=within_schema(rule.select, kind))


def within_schema(select: str, kind: PostgresType) -> str:
    """SQL with the quoted schema of a type in place of `{s}`."""
    schema = kind.schema.replace('"', '""').replace("{", "{{").replace("}", "}}")
    return select.replace("{s}", f'"{schema}"')


def needs_look(kind: PostgresType) -> bool:
    """Whether the data decides the type: bare numerics and mpz, shapes, and arrays."""
    is_bare = kind.name == "numeric" and kind.precision is None
    return kind.is_array or is_bare or kind.name in (BIG_INTEGER, *postgis.LOSSES)


def postgresql_column(
    name: str,
    kind: PostgresType,
    *,
    look: Look | None = None,
    current: tuple[str, str] | None = None,
    json_as_text: bool = False,
    unknown_as_text: bool = True,
    evolves: bool = False,
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
        unknown_as_text: read a type without a rule as text (`unknown_types=text`).
        evolves: whether that column may be made wider.
        description: the column's comment.

    Raises:
        SchemaError: no rule for that type.
    """
    look = look or Look()
    is_unknown = rule_of(kind) is None and kind.name != "numeric"
    if is_unknown and (kind.kind != "b" or not unknown_as_text):
        raise _unknown(name, kind)
    if kind.is_array:
        rule, mode = _array(name, kind, look, current, json_as_text)
    elif kind.name in ("numeric", BIG_INTEGER):
        rule, mode = _numeric(kind, look, current, evolves=evolves), NULLABLE
    elif kind.name in postgis.LOSSES:
        rule, mode = _shape(kind, look, current), NULLABLE
    else:
        rule = _scalar(name, kind)
        mode = REPEATED if pa.types.is_list(rule.arrow) else NULLABLE
        if mode == REPEATED and current == ("STRING", NULLABLE):
            rule, mode = _text(kind.name), NULLABLE
    bigquery, loss = rule.bigquery, rule.loss
    if bigquery == "JSON" and (json_as_text or current == ("STRING", NULLABLE)):
        bigquery, loss = "STRING", ""
    return Column(
        name,
        name,
        kind.display,
        rule.select,
        rule.arrow,
        bigquery,
        mode,
        description,
        loss,
        declared=_declared(kind, bigquery),
        is_flat=mode == REPEATED and not kind.is_array,
        is_own_text=is_unknown,
        is_planar=bigquery == "GEOGRAPHY" and postgis.is_planar(kind.name, kind.display),
    )


def _scalar(name: str, kind: PostgresType) -> TypeRule:
    if kind.doubt:
        raise SchemaError(
            "values that can't be trusted",
            f"column {shown(name)}, type {kind.display}",
            kind.doubt,
            "RESET lc_monetary of role and database, or leave the column out.",
        )
    return rule_of(kind) or OWN_TEXT


def _unknown(name: str, kind: PostgresType) -> SchemaError:
    """A type without a rule: refused because nothing is said of it, or since it is asked for."""
    cast = f'cast it in a query (postgresql_query), for example "{name}"::text'
    out = f'{{"exclude_fields": [{json.dumps(name, ensure_ascii=False)}]}}'
    out = f"or leave the column out with transformation_config={out}"
    if kind.kind != "b":
        why = "it is no type of a table's column, and has no form in BigQuery"
        fix = f"{cast}, {out}."
    else:
        why = "there is no form in BigQuery on record for it (unknown_types=error)"
        fix = f"set unknown_types=text for PostgreSQL's own text as STRING, {cast}, {out}."
    where = f"column {shown(name)}, type {kind.display}"
    return SchemaError("type without a mapping", where, why, fix)


def _shape(kind: PostgresType, look: Look, current: tuple[str, str] | None) -> TypeRule:
    there = current in (("GEOGRAPHY", NULLABLE), ("STRING", NULLABLE)) and current
    wanted = there[0] if there else "GEOGRAPHY" if look.is_geography else "STRING"
    rule = postgis.geography_rule(kind.name) if wanted == "GEOGRAPHY" else EXTENSIONS[kind.name]
    return replace(rule, select=within_schema(rule.select, kind))


def _declared(kind: PostgresType, bigquery: str) -> tuple[int, ...]:
    """What a type says of how long its values are; empty: nothing.

    >>> _declared(PostgresType("numeric(5,-3)", "numeric", precision=5, scale=-3), "NUMERIC")
    (8, 0)
    """
    if kind.length is not None and bigquery == "STRING":
        return (kind.length,)
    if kind.precision is None or bigquery not in NUMERIC_RANGE:
        return ()
    scale = kind.scale or 0
    return (kind.precision - min(scale, 0), max(scale, 0))


def _numeric(
    kind: PostgresType, look: Look, current: tuple[str, str] | None, *, evolves: bool = False
) -> TypeRule:
    there = current[0] if current and current[1] == NULLABLE else ""
    if there in NUMERIC_TYPES:
        is_short = evolves and there == "NUMERIC" and _outgrows(kind, look)
        return numeric_rule("BIGNUMERIC" if is_short else there, kind)
    precision, scale = kind.precision, kind.scale or 0
    if precision is not None:
        digits = (precision - scale, max(scale, 0))
        wanted = next((t for t in NUMERIC_RANGE if fits(t, *digits)), "STRING")
    elif look.integer_digits is not None and look.scale is not None:
        wanted = "BIGNUMERIC" if fits("BIGNUMERIC", look.integer_digits, look.scale) else "STRING"
    else:  # integers that are there become the widest that they can be made in place
        wanted = "BIGNUMERIC" if evolves and there == "INT64" else "STRING"
    return numeric_rule(wanted, kind)


def _outgrows(kind: PostgresType, look: Look) -> bool:
    """Whether NUMERIC is too narrow for what is declared or was seen, and BIGNUMERIC isn't."""
    scale = kind.scale or 0
    digits: tuple[int | None, int | None] = (look.integer_digits, look.scale)
    if kind.precision is not None:
        digits = (kind.precision - scale, max(scale, 0))
    before, after = digits
    if before is None or after is None:
        return False
    return not fits("NUMERIC", before, after) and fits("BIGNUMERIC", before, after)


def numeric_rule(bigquery: str, kind: PostgresType) -> TypeRule:
    """The rule for a numeric, or an integer of any length, that becomes one of these."""
    loss = "NaN and infinity become dead letters; trailing zeros"
    if bigquery == "STRING":
        return _text(kind.name)
    if kind.name == BIG_INTEGER:
        arrow = NUMERIC_ARROW if bigquery == "NUMERIC" else BIGNUMERIC_ARROW
        return TypeRule(BIG_INTEGER, "{c}::pg_catalog.numeric", arrow, bigquery)
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
    as_json = TypeRule("array", _json_text(kind), pa.string(), "JSON", ARRAY_JSON_LOSS)
    if kind.name == "numeric":
        known = current[0] if current and current[1] == REPEATED else None
        element = _numeric(kind.element, look, (known, NULLABLE) if known else None)
    else:
        element = _scalar(name, kind.element)
        if pa.types.is_list(element.arrow):
            element = _text(kind.name)
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
    if select == OWN_TEXT.select or kind.name in postgis.LOSSES:
        return each(select)
    if select == PLAIN and kind.name in NATIVE_ELEMENTS:
        return f"{{c}}::pg_catalog.{kind.name}[]" if kind.is_of_domain else PLAIN
    return f"{AS_TEXT if select == PLAIN else select}[]"


def _json_text(kind: PostgresType) -> str:
    """An array as JSON; elements that are JSON stay as they are, whatever jsonb refuses.

    A float's -0 is written as -0.0: as JSON the first is an integer, which has one zero. Where
    a cast of the type's own would make JSON of elements, it is the text of the whole array.
    """
    if kind.name in ("float4", "float8"):
        minus_zero = "'-0(?=[],])', '-0.0', 'g'"
        return f"pg_catalog.regexp_replace(pg_catalog.to_json({{c}})::text, {minus_zero})"
    rule = rule_of(kind)
    if kind.has_casts_to_json and (rule is None or rule.bigquery != "JSON"):
        return "pg_catalog.to_json({c}::text)::text"
    return "pg_catalog.to_json({c})::text"
