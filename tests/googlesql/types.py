"""Columns' types: a table's schema, GoogleSQL's type, and the type's name in SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from google.cloud.bigquery import SchemaField
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public.type_pb2 import (
    TYPE_ARRAY,
    TYPE_RANGE,
    TYPE_STRUCT,
    TypeKind,
    TypeProto,
)
from zetasql.wasi._pb2.zetasql.resolved_ast.resolved_ast_pb2 import ResolvedColumnAnnotationsProto

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "BOOL",
        "BOOLEAN": "BOOL",
        "INT64": "INT64",
        "INTEGER": "INT64",
        "FLOAT64": "DOUBLE",
        "FLOAT": "DOUBLE",
        "NUMERIC": "NUMERIC",
        "BIGNUMERIC": "BIGNUMERIC",
        "STRING": "STRING",
        "BYTES": "BYTES",
        "DATE": "DATE",
        "TIME": "TIME",
        "DATETIME": "DATETIME",
        "TIMESTAMP": "TIMESTAMP",
        "INTERVAL": "INTERVAL",
        "GEOGRAPHY": "GEOGRAPHY",
        "JSON": "JSON",
    }
)
"""A type of BigQuery's API, and GoogleSQL's kind; RECORD, STRUCT and RANGE have parts."""
NAMES = MappingProxyType({TypeKind.Value(f"TYPE_{kind}"): name for name, kind in KINDS.items()}) | {
    TypeKind.Value("TYPE_BOOL"): "BOOL",
    TypeKind.Value("TYPE_INT64"): "INT64",
    TypeKind.Value("TYPE_DOUBLE"): "FLOAT64",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What STRING(n), BYTES(n) and NUMERIC(p, s) allow; 0 where a type says nothing.

    Attributes:
        length: In characters, or bytes.
        precision: Digits in all, `scale` of them after the point.
        parts: Of an array's elements, or of each field of a struct.
    """

    length: int = 0
    precision: int = 0
    scale: int = 0
    parts: tuple["Limits", ...] = ()

    @classmethod
    def of_field(cls, field: SchemaField) -> "Limits":
        """Those of a schema's field."""
        parts = tuple(cls.of_field(part) for part in field.fields)
        one = cls(field.max_length or 0, field.precision or 0, field.scale or 0, parts)
        return cls(parts=(one,)) if field.mode == "REPEATED" else one

    @classmethod
    def of_definition(cls, annotations: ResolvedColumnAnnotationsProto) -> "Limits":
        """Those of a column that DDL makes."""
        said = annotations.type_parameters
        return cls(
            said.string_type_parameters.max_length,
            said.numeric_type_parameters.precision,
            said.numeric_type_parameters.scale,
            tuple(cls.of_definition(part) for part in annotations.child_list),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or of an answer; its name is empty where the answer gives none."""

    name: str
    type: TypeProto
    is_pseudo: bool = False
    limits: Limits = Limits()

    @property
    def sql(self) -> str:
        """The type's name.

        >>> columns_of([SchemaField("a", "RECORD", "REPEATED", fields=[SchemaField("b", "DATE")])])
        (a ARRAY<STRUCT<b DATE>>,)
        """
        return type_name(self.type)

    def __repr__(self) -> str:
        return f"{self.name} {self.sql}".strip()


def columns_of(schema: Iterable[SchemaField | Mapping[str, object]]) -> tuple[Column, ...]:
    """A table's columns, of its schema as the client or the API has it."""
    fields = [
        field if isinstance(field, SchemaField) else SchemaField.from_api_repr(dict(field))
        for field in schema
    ]
    return tuple(
        Column(field.name, _field_type(field), limits=Limits.of_field(field)) for field in fields
    )


def simple(name: str) -> TypeProto:
    """The type of a name without parts.

    >>> type_name(simple("INTEGER"))
    'INT64'
    """
    return TypeProto(type_kind=TypeKind.Value(f"TYPE_{KINDS[name.upper()]}"))


def array_of(element: TypeProto) -> TypeProto:
    """ARRAY<element>."""
    whole = TypeProto(type_kind=TYPE_ARRAY)
    whole.array_type.element_type.CopyFrom(element)
    return whole


def _field_type(field: SchemaField) -> TypeProto:
    name = field.field_type.upper()
    if name in ("RECORD", "STRUCT"):
        one = TypeProto(type_kind=TYPE_STRUCT)
        for part in field.fields:
            one.struct_type.field.add(field_name=part.name).field_type.CopyFrom(_field_type(part))
    elif name == "RANGE":
        one = TypeProto(type_kind=TYPE_RANGE)
        one.range_type.element_type.CopyFrom(simple(field.range_element_type.element_type))
    else:
        one = simple(name)
    return array_of(one) if field.mode == "REPEATED" else one


def type_name(of: TypeProto) -> str:
    """The type as SQL writes it."""
    if of.type_kind == TYPE_ARRAY:
        return f"ARRAY<{type_name(of.array_type.element_type)}>"
    if of.type_kind == TYPE_RANGE:
        return f"RANGE<{type_name(of.range_type.element_type)}>"
    if of.type_kind == TYPE_STRUCT:
        parts = (
            f"{part.field_name} {type_name(part.field_type)}".strip()
            for part in of.struct_type.field
        )
        return f"STRUCT<{', '.join(parts)}>"
    return NAMES.get(of.type_kind, TypeKind.Name(of.type_kind))


def add_type_names(catalog: SimpleCatalogProto) -> None:
    """Put BigQuery's other names of INT64 into a catalog.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#integer_types
    """
    for name in ("INT", "SMALLINT", "INTEGER", "BIGINT", "TINYINT", "BYTEINT"):
        catalog.named_type.add(name=name).type.CopyFrom(simple("INT64"))
