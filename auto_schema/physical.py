"""Whether a batch's physical types are those that a plan's columns can be cast from.

A cast decides by values: the raw bytes b"1234" of a type that a driver doesn't know become
the number 1234 without an error. So types are compared before anything is cast.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from auto_schema.errors import SourceChangedError, shown
from auto_schema.schema import Column

_types: Any = pa.types
_FAMILIES: tuple[tuple[str, Callable[[pa.DataType], bool]], ...] = (
    ("null", _types.is_null),
    ("bool", _types.is_boolean),
    ("integer", _types.is_integer),
    ("float", _types.is_floating),
    ("decimal", _types.is_decimal),
    ("text", _types.is_string),
    ("text", _types.is_large_string),
    ("bytes", _types.is_binary),
    ("bytes", _types.is_large_binary),
    ("bytes", _types.is_fixed_size_binary),
    ("date", _types.is_date),
    ("time", _types.is_time),
)
_CASTS = frozenset(
    [
        ("integer", "float"),
        ("integer", "decimal"),
        ("text", "decimal"),
        ("text", "integer"),
    ]
)
"""Families between which a strict cast keeps the value or fails; NULLs fit into any, and
what has parts is refused by the cast itself."""


def check(column: Column, physical: pa.DataType) -> None:
    """Refuse a column that arrives in a form which its planned type can't come from.

    Raises:
        SourceChangedError: the driver hands over something else than was planned.
    """
    if not fits(physical, column.arrow):
        raise SourceChangedError(
            "a column arrives in another form than was planned",
            f"column {shown(column.source_name)}, {column.source_type}",
            f"the driver hands over {physical}, and {column.arrow} can't be read from that",
            "run it again; if that doesn't help, cast the column in the query, for example"
            f' "{column.source_name}"::text.',
        )


def fits(physical: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of a physical type may be cast to a planned one.

    >>> fits(pa.int32(), pa.int64()), fits(pa.binary(), pa.int64())
    (True, False)
    """
    if physical == wanted:
        return True
    if isinstance(physical, pa.OpaqueType):
        is_number = physical.type_name == "numeric"
        return is_number and fits(physical.storage_type, wanted)
    if isinstance(physical, pa.BaseExtensionType):
        return fits(physical.storage_type, wanted)
    if isinstance(physical, pa.ListType) and isinstance(wanted, pa.ListType):
        return fits(physical.value_type, wanted.value_type)
    have, need = family(physical), family(wanted)
    return have in ("null", "") or have == need or (have, need) in _CASTS


def family(kind: pa.DataType) -> str:
    """The family of a type; of a timestamp with whether it has a zone; empty: of none."""
    if isinstance(kind, pa.TimestampType):
        return "instant" if kind.tz else "wall clock"
    return next((name for name, is_one in _FAMILIES if is_one(kind)), "")
