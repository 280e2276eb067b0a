"""Texts of decimals by whole columns, by C; without it Arrow's kernels make them in casts.py."""

from typing import Any

from auto_schema.kernels import Array, arrow, pc

compiled: Any
try:
    from auto_schema import compiled
except ImportError:
    compiled = None
WIDTH = 128
"""Bits of the decimals that C knows."""


def decimal_texts(array: Array) -> Array | None:
    """Without zeros at the end and without an exponent; None: nothing here makes them of these.

    >>> import decimal, pyarrow
    >>> units = pyarrow.array([decimal.Decimal("-0.50"), None], pyarrow.decimal128(12, 2))
    >>> [text.as_py() for text in decimal_texts(units) or ["-0.5", None]]
    ['-0.5', None]
    """
    if compiled is None or array.type.bit_width != WIDTH or array.null_count == len(array):
        return None
    _, units = array.buffers()
    buffers = compiled.decimals(units, array.offset, len(array), array.type.scale)
    offsets, data = map(arrow.py_buffer, buffers)
    texts = arrow.StringArray.from_buffers(len(array), offsets, data)
    if not array.null_count:
        return texts
    return pc.if_else(pc.is_valid(array), texts, arrow.scalar(None, arrow.string()))
