"""Texts of decimals by whole columns: by C, or without it by Arrow's kernels, in more passes."""

from typing import Any

from auto_schema.kernels import Array, arrow, pc

compiled: Any
try:
    from auto_schema import compiled
except ImportError:
    compiled = None
WIDTH = 128
"""Bits of the decimals that C knows."""


def decimal_texts(array: Array) -> Array:
    """Without zeros at the end and without an exponent, which Arrow's own cast may write.

    >>> import decimal, pyarrow
    >>> units = pyarrow.array([decimal.Decimal("-0.50"), None], pyarrow.decimal128(12, 2))
    >>> [text.as_py() for text in decimal_texts(units)]
    ['-0.5', None]
    """
    if compiled is None or array.type.bit_width != WIDTH or array.null_count == len(array):
        return _by_kernels(array)
    _, units = array.buffers()
    buffers = compiled.decimals(units, array.offset, len(array), array.type.scale)
    offsets, data = map(arrow.py_buffer, buffers)
    texts = arrow.StringArray.from_buffers(len(array), offsets, data)
    if not array.null_count:
        return texts
    return pc.if_else(pc.is_valid(array), texts, arrow.scalar(None, arrow.string()))


def _by_kernels(array: Array) -> Array:
    kind = array.type
    whole = arrow.decimal256(76, 0) if kind.bit_width == 256 else arrow.decimal128(38, 0)
    units = arrow.Array.from_buffers(
        whole, len(array), array.buffers(), array.null_count, array.offset
    )
    digits = pc.utf8_lpad(pc.abs(units).cast(arrow.string()), kind.scale + 1, padding="0")
    if kind.scale:
        digits = pc.replace_substring_regex(digits, rf"(\d{{{kind.scale}}})$", r".\1")
        digits = pc.replace_substring_regex(digits, r"\.?0+$", "")
    minus = pc.if_else(pc.less(units, arrow.scalar(0).cast(whole)), "-", "")
    return pc.binary_join_element_wise(minus, digits, "")
