"""What each column of a COPY BINARY is on the wire, and what it becomes in Arrow.

OIDs of built-in types never change: src/include/catalog/pg_type.dat. A domain is described
by its base type; all other types are cast to one of these in the query.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from auto_schema.dead_letters import dimensions_of
from auto_schema.schema import Column
from auto_schema.type_rules import PLAIN

WIRES: Mapping[int, str] = MappingProxyType(
    {
        16: "bool",
        17: "bytea",
        20: "int8",
        21: "int2",
        23: "int4",
        25: "text",
        114: "text",
        700: "float4",
        701: "float8",
        1042: "text",
        1043: "text",
        1082: "date",
        1083: "time",
        1114: "timestamp",
        1184: "timestamptz",
        1700: "numeric",
        2950: "uuid",
        3802: "jsonb",
    }
)
ARRAYS: Mapping[int, int] = MappingProxyType(
    {
        1000: 16,
        1001: 17,
        1016: 20,
        1005: 21,
        1007: 23,
        1009: 25,
        1021: 700,
        1022: 701,
        1014: 1042,
        1015: 1043,
        1182: 1082,
        1183: 1083,
        1115: 1114,
        1185: 1184,
        1231: 1700,
        22: 21,
    }
)
"""An array's OID → that of its elements; the last is int2vector's, which is written as one."""


class Field(NamedTuple):
    """A column on the wire.

    Attributes:
        name: in the batch.
        wire: a type's name, or `decimal128` and `decimal256` for a numeric that becomes one.
        precision, scale: of a decimal; a batch with a value that doesn't fit has texts.
        is_list: an array of that type.
        dimensions: the name of a column beside it that says how many each array has; empty: none.
    """

    name: str
    wire: str
    precision: int = 0
    scale: int = 0
    is_list: bool = False
    dimensions: str = ""


def shows_dimensions(column: Column) -> bool:
    """Whether a column's arrays arrive with the dimensions that they have in the source.

    A cast might make others of them. The server need not be asked for those that arrive: each
    array says its own on the wire.
    """
    return column.is_repeated and not column.is_flat and column.select == PLAIN


def fields_of(described: Iterable[tuple[str, int, int]], columns: Sequence[Column]) -> list[Field]:
    """The fields of a query's result.

    Args:
        described: (name, OIDs of type and table) of each column of the result, in order.
        columns: what is planned of them; the result may have hidden ones besides.

    Raises:
        ValueError: a type that isn't read.
    """
    planned = {column.source_name: column for column in columns}
    return [_field(name, oid, planned.get(name)) for name, oid, _ in described]


def _field(name: str, oid: int, column: Column | None) -> Field:
    is_list = oid in ARRAYS
    planned: Any = column and column.arrow
    dimensions = dimensions_of(name) if column and shows_dimensions(column) else ""
    wire = WIRES.get(ARRAYS.get(oid, oid))
    if wire is None:
        raise ValueError(f"column {name!r} arrives as a type with the OID {oid}, which isn't read")
    if wire != "numeric":
        return Field(name, wire, is_list=is_list, dimensions=dimensions)
    kind = planned.value_type if isinstance(planned, pa.ListType) else planned
    if not pa.types.is_decimal(kind):
        raise ValueError(f"column {name!r} arrives as a numeric and {kind} was planned")
    digits = kind.precision, kind.scale
    return Field(name, f"decimal{kind.bit_width}", *digits, is_list, dimensions)
