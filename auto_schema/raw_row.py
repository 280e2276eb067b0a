"""A raw row as JSON text, for dead letters: nothing in it may raise.

Every cell becomes text, a list of texts or null, so that no number is changed by JSON
and values that Python can't hold (infinite timestamps) still show.
"""

import base64
from collections.abc import Mapping

import pyarrow as pa

from auto_schema.kernels import Array

HOUR_MICROS = 3_600_000_000
DAY_MICROS = 24 * HOUR_MICROS
INFINITIES = {
    (pa.date32(), -2147472692): "infinity",
    (pa.date32(), -2147472691): "-infinity",
    (pa.timestamp("us"), -9222425352054775809): "infinity",
    (pa.timestamp("us"), -9222425352054775808): "-infinity",
}
"""PostgreSQL's infinities as they are decoded: its largest and smallest integer,
moved from 2000 to 1970, where the largest wraps around."""
Cell = str | None | list["Cell"]


def raw_row(columns: Mapping[str, Array], index: int) -> dict[str, Cell]:
    """Row `index` of the columns as JSON-ready values."""
    return {name: cell(array, index) for name, array in columns.items()}


def cell(array: Array, index: int) -> Cell:
    """One value as text, as a list of texts, or None for NULL.

    >>> cell(pa.array([1.5]), 0), cell(pa.array([b"x"]), 0), cell(pa.array([["a", None]]), 0)
    ('1.5', 'eA==', ['a', None])
    """
    if not array[index].is_valid:
        return None
    if isinstance(array, pa.ExtensionArray):
        return cell(array.storage, index)
    kind = array.type
    if pa.types.is_list(kind):
        start, end = array.offsets[index].as_py(), array.offsets[index + 1].as_py()
        return [cell(array.values, i) for i in range(start, end)]
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return base64.b64encode(array[index].as_py()).decode()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(array, index)
    if pa.types.is_temporal(kind):
        return _temporal(array, index)
    return str(array[index].as_py())


def cell_text(array: Array, index: int) -> str | None:
    """One value as a single text, or None for NULL."""
    value = cell(array, index)
    return value if value is None or isinstance(value, str) else str(value)


def _text(array: Array, index: int) -> str:
    data = array.slice(index, 1).cast(pa.binary())[0].as_py()
    return bytes(data).decode("utf-8", errors="backslashreplace")


def _temporal(array: Array, index: int) -> str:
    scalar = array[index]
    is_stamp = pa.types.is_timestamp(array.type)
    kind = pa.timestamp(array.type.unit) if is_stamp else array.type
    if (kind, scalar.value) in INFINITIES:
        return INFINITIES[kind, scalar.value]
    if pa.types.is_time64(array.type) and scalar.value >= DAY_MICROS:
        return f"{scalar.value // HOUR_MICROS}:00:00"  # 24:00:00, which Python shows as 00:00:00
    try:
        return str(scalar.as_py())
    except (ValueError, OverflowError):
        unit = getattr(array.type, "unit", "days")
        return f"{scalar.value} {unit} since 1970-01-01"
