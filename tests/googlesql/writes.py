"""What a table takes of a row that is written: lengths and digits of its types, NULL and arrays.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql.catalog import Row, Table
from tests.googlesql.errors import Code, GoogleSqlError
from tests.googlesql.types import Limits, type_name
from tests.googlesql.values import EXACT


def stored(row: Row, table: Table) -> Row:
    """A row as BigQuery keeps it: an array that is NULL becomes an empty one, digits are rounded.

    Raises:
        GoogleSqlError: A column may hold no NULL, no text so long, or no number so large.
    """
    kept = []
    for value, column in zip(row, table.columns, strict=True):
        if value is None and column.name in table.required:
            message = f"Required field {column.name} cannot be null"
            raise GoogleSqlError(Code.INVALID_ARGUMENT, message)
        is_array = column.type.HasField("array_type")
        kept.append([] if value is None and is_array else within(value, column.type, column.limits))
    return tuple(kept)


def within(value: Any, of: TypeProto, limits: Limits) -> Any:
    """A value within its type's limits.

    Raises:
        GoogleSqlError: It is too long or too large, in the words of GoogleSQL's own CAST.
    """
    if value is None:
        return None
    if of.HasField("array_type") and limits.parts:
        return [within(one, of.array_type.element_type, limits.parts[0]) for one in value]
    if of.HasField("struct_type") and limits.parts:
        return _struct_within(value, of, limits)
    if limits.length and len(value) > limits.length:
        _refuse(
            f"{type_name(of)}({limits.length}) has maximum length {limits.length}"
            f" but got a value with length {len(value)}"
        )
    return _rounded(value, of, limits) if limits.precision else value


def _struct_within(value: Any, of: TypeProto, limits: Limits) -> Any:
    values = value.values() if isinstance(value, dict) else value
    fields = zip(values, of.struct_type.field, limits.parts, strict=True)
    parts = [within(part, field.field_type, inner) for part, field, inner in fields]
    return dict(zip(value, parts, strict=True)) if isinstance(value, dict) else tuple(parts)


def _rounded(value: Decimal, of: TypeProto, limits: Limits) -> Decimal:
    """Half away from zero; what then has too many digits before the point is refused."""
    rounded = value.quantize(Decimal(1).scaleb(-limits.scale), ROUND_HALF_UP, EXACT)
    most = Decimal(10**limits.precision - 1).scaleb(-limits.scale, EXACT)
    if abs(rounded) > most:
        written = f"{limits.precision}, {limits.scale}" if limits.scale else limits.precision
        _refuse(
            f"{type_name(of)}({written}) has precision {limits.precision} and scale"
            f" {limits.scale} but got a value that is not in range of [-{most}, {most}]"
        )
    return rounded.normalize(EXACT)


def _refuse(message: str) -> None:
    raise GoogleSqlError(Code.OUT_OF_RANGE, message)
