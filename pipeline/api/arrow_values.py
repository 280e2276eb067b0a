"""Values of somebody's own batches that Arrow holds and BigQuery doesn't. Pure."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from auto_schema.errors import SchemaError, raise_all, shown
from auto_schema.kernels import Array, pc
from auto_schema.ranges import YEARS, out_of_range

_types: Any = pa.types
COARSE = ("s", "ms")
"""Units of timestamps whose values reach farther than microseconds do."""
FIX = "correct or leave out such values in a step before the write."


def check_values(batch: pa.RecordBatch) -> None:
    """See that BigQuery holds each value: a load would take some that no query can read then.

    Raises:
        SchemaError, ManyErrors: each column that has others.
    """
    faults = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        why = next(_reasons(column), "")
        if why:
            where = f"column {shown(name)}"
            faults.append(SchemaError("a value that BigQuery can't hold", where, why, FIX))
    raise_all(faults)


def _reasons(array: Array) -> Iterator[str]:
    kind: Any = array.type
    if _types.is_list(kind) or _types.is_large_list(kind):
        items = array.flatten()
        if items.null_count:
            yield "a list holds NULL"
        yield from _reasons(items)
    elif _types.is_struct(kind):
        for inner in array.flatten():
            yield from _reasons(inner)
    elif isinstance(kind, pa.TimestampType) and kind.unit in COARSE:
        yield from _coarse(array)
    elif outside := out_of_range(array):
        yield outside[1]


def _coarse(array: Array) -> Iterator[str]:
    try:
        finer = pc.cast(array, pa.timestamp("us", array.type.tz))
    except pa.ArrowInvalid:
        yield YEARS
        return
    yield from _reasons(finer)
