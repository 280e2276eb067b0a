"""Columns of Arrow as BigQuery's, for rows that somebody brings. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from auto_schema.errors import SchemaError, SyncError, raise_all, shown

_types: Any = pa.types
_SCALARS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (_types.is_boolean, "BOOLEAN"),
    (_types.is_uint64, ""),
    (_types.is_integer, "INTEGER"),
    (_types.is_float16, ""),
    (_types.is_floating, "FLOAT"),
    (_types.is_string, "STRING"),
    (_types.is_large_string, "STRING"),
    (_types.is_binary, "BYTES"),
    (_types.is_large_binary, "BYTES"),
    (_types.is_date32, "DATE"),
    (_types.is_time64, "TIME"),
)
"""The first that fits; empty: BigQuery has no type for all its values."""
NUMERIC_DIGITS, NUMERIC_SCALE = 29, 9
BIGNUMERIC_DIGITS, BIGNUMERIC_SCALE = 38, 38
ALIASES = {"BOOL": "BOOLEAN", "INT64": "INTEGER", "FLOAT64": "FLOAT", "STRUCT": "RECORD"}
"""BigQuery's words for one type."""

Resource = dict[str, Any]
"""A field as BigQuery's API has it: name, type, mode, and fields of a RECORD."""


def resources_of(schema: pa.Schema) -> list[Resource]:
    """The columns of a table for these batches, all of them NULLable or REPEATED.

    Raises:
        SchemaError, ManyErrors: each column whose type BigQuery has not.

    >>> resources_of(pa.schema([("id", pa.int64())]))
    [{'name': 'id', 'type': 'INTEGER', 'mode': 'NULLABLE'}]
    """
    faults = list[SyncError]()
    fields = _resources(schema, faults)
    raise_all(faults)
    return fields


def _resources(fields: Iterable[Any], faults: list[SyncError]) -> list[Resource]:
    resources = [_resource(field, faults) for field in fields]
    seen = set[str]()
    for name in (field["name"] for field in resources):
        if name.casefold() in seen:
            why = "capitals don't tell columns apart in BigQuery"
            fix = "rename one of both in a step before the write."
            faults.append(SchemaError("a column stands twice", f"column {shown(name)}", why, fix))
        seen.add(name.casefold())
    return resources


def _fields_of(kind: Any) -> list[Any]:
    """The fields of a struct, or of a list of structs."""
    kind = _item(kind)
    return [kind.field(at) for at in range(kind.num_fields)] if _types.is_struct(kind) else []


def _item(kind: Any) -> Any:
    return kind.value_type if _is_list(kind) else kind


def _is_list(kind: Any) -> bool:
    return bool(_types.is_list(kind) or _types.is_large_list(kind))


def _resource(field: Any, faults: list[SyncError]) -> Resource:
    kind, mode = _item(field.type), "REPEATED" if _is_list(field.type) else "NULLABLE"
    if _types.is_struct(kind):
        inner = _resources(_fields_of(kind), faults)
        return {"name": field.name, "type": "RECORD", "mode": mode, "fields": inner}
    name = _scalar(kind)
    if not name:
        fix = "cast the column to a type that BigQuery has, or to a string."
        why = f"BigQuery has no type for {kind}"
        faults.append(SchemaError("type without a match", f"column {shown(field.name)}", why, fix))
    return {"name": field.name, "type": name, "mode": mode}


def _scalar(kind: pa.DataType) -> str:
    if isinstance(kind, pa.TimestampType):
        return "" if kind.unit == "ns" else "TIMESTAMP" if kind.tz else "DATETIME"
    if _types.is_decimal(kind):
        return _decimal(kind)
    if isinstance(kind, pa.Time64Type) and kind.unit == "ns":
        return ""
    return next((name for fits, name in _SCALARS if fits(kind)), "")


def _decimal(kind: Any) -> str:
    digits = kind.precision - kind.scale
    if 0 <= kind.scale <= NUMERIC_SCALE and digits <= NUMERIC_DIGITS:
        return "NUMERIC"
    fits = 0 <= kind.scale <= BIGNUMERIC_SCALE and digits <= BIGNUMERIC_DIGITS
    return "BIGNUMERIC" if fits else ""


def against(schema: pa.Schema, table: Iterable[Resource], where: str) -> None:
    """Refuse columns that a table doesn't have, has of another type, or would round.

    Args:
        schema: of the batches; BigQuery has a type for each column.
        table: the table's own.
        where: its name.

    Raises:
        SchemaError, ManyErrors: all of them.
    """
    raise_all(list(_differences(schema, table, where, "")))


def _differences(
    fields: Iterable[Any], table: Iterable[Resource], where: str, within: str
) -> Iterator[SyncError]:
    there = {field["name"].casefold(): field for field in table}
    for own in fields:
        field, name = _resource(own, []), f"{within}{own.name}"
        known = there.pop(own.name.casefold(), None)
        at = f"{where}, column {shown(name)}"
        if known is None:
            fix = "add the column to the table, or leave it out of the batches."
            yield SchemaError("a column that the table doesn't have", at, "", fix)
        elif _form(known) != _form(field):
            why = f"batches bring {_told(field)}, the table has {_told(known)}"
            fix = "cast the column in the pipeline, or write into another table."
            yield SchemaError("a column of another type", at, why, fix)
        elif why := _why_rounded(_item(own.type), known):
            fix = "cast the column in the pipeline, which ends where a digit would be lost."
            yield SchemaError("a column of fewer digits", at, why, fix)
        else:
            yield from _differences(
                _fields_of(own.type), known.get("fields") or (), where, f"{name}."
            )
    for known in there.values():
        if known.get("mode") == "REQUIRED":
            at = f"{where}, column {shown(within + known['name'])}"
            yield SchemaError("a column that must be there isn't", at, "", "bring it.")


def _why_rounded(kind: Any, known: Resource) -> str:
    """Of a column with digits of its own: BigQuery rounds to them what it is given."""
    scale = int(known.get("scale") or 0)
    if not _types.is_decimal(kind) or "precision" not in known or kind.scale <= scale:
        return ""
    has = f"{_type(known)}({known['precision']}, {scale})"
    return f"batches bring {kind}, and the table's {has} would round them"


def _form(field: Resource) -> tuple[str, bool]:
    return _type(field), field.get("mode") == "REPEATED"


def _type(field: Resource) -> str:
    kind = str(field["type"]).upper()
    return ALIASES.get(kind, kind)


def _told(field: Resource) -> str:
    return f"{_type(field)}{'[]' if field.get('mode') == 'REPEATED' else ''}"
