"""Values of one BSON type → an Arrow array, by whole arrays.

`elements` hold one type only here, and lie in the order of the buffer.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from bson.decimal128 import Decimal128

from auto_schema.kernels import Array, arrow
from auto_schema.warehouse_types import BIGNUMERIC_ARROW
from sources.mongodb.bson_elements import Buffer, Elements, Ints, Mask

MOST_EXACT = 2**53
"""Integers up to here are doubles, every one."""
_HEX = np.array([int.from_bytes(b"%02x" % byte, "little") for byte in range(256)], np.uint16)
_EXPONENT_BIAS = 6176
_EXPONENT_SHIFT, _COEFFICIENT = np.uint64(49), np.uint64((1 << 49) - 1)
_MOST_HIGH = np.uint64(0x1ED09BEAD87C0)
"""The upper half of 10^34: a coefficient below it has at most 34 digits.

https://github.com/mongodb/specifications/blob/master/source/bson-decimal128/decimal128.md
"""
_SCALES = range(39)


def numbers(buffer: Buffer, elements: Elements, kind: str) -> npt.NDArray[np.generic]:
    """The numbers of fixed size at the values, of a numpy type such as `<i8`."""
    return buffer.numbers(kind, elements.start)


def int64(buffer: Buffer, elements: Elements) -> Array:
    """INT64 values."""
    return arrow.array(numbers(buffer, elements, "<i8"))


def int32(buffer: Buffer, elements: Elements) -> Array:
    """INT32 values, as 64 bits."""
    return arrow.array(numbers(buffer, elements, "<i4").astype(np.int64))


def double(buffer: Buffer, elements: Elements) -> Array:
    """DOUBLE values."""
    return arrow.array(numbers(buffer, elements, "<f8"))


def boolean(buffer: Buffer, elements: Elements) -> Array:
    """BOOL values."""
    return arrow.array(buffer.bytes[elements.start] != 0)


def date(buffer: Buffer, elements: Elements) -> Array:
    """DATE values: milliseconds since 1970, UTC."""
    millis = numbers(buffer, elements, "<i8")
    return arrow.array(millis).view(pa.timestamp("ms", "UTC"))


def slices(buffer: Buffer, starts: Ints, sizes: Ints, kind: pa.DataType) -> Array:
    """The bytes between, as binary or string; starts ascend and nothing overlaps."""
    if not len(starts):
        return arrow.nulls(0, kind)
    between = np.empty(2 * len(starts), np.int32)
    between[0::2], between[1::2] = starts, starts + sizes
    pieces = arrow.Array.from_buffers(
        kind, len(between) - 1, [None, arrow.py_buffer(between), arrow.py_buffer(buffer.data)]
    )
    return pieces.take(arrow.array(np.arange(0, len(between), 2)))


def text(buffer: Buffer, elements: Elements) -> Array:
    """STRING, CODE and SYMBOL values, which nothing has checked for UTF-8."""
    return slices(buffer, elements.start + 4, elements.size - 5, pa.string())


def binary(buffer: Buffer, elements: Elements) -> Array:
    """BINARY values; the old subtype 2 tells its length a second time, which is left out."""
    old = (subtypes(buffer, elements) == 2) & (elements.size >= 9)
    inner = buffer.counts(np.minimum(elements.start + 5, buffer.length))
    again = 4 * (old & (inner == elements.size - 9))
    return slices(buffer, elements.start + 5 + again, elements.size - 5 - again, pa.binary())


def subtypes(buffer: Buffer, elements: Elements) -> npt.NDArray[np.int64]:
    """The subtypes of BINARY values."""
    return buffer.bytes[elements.start + 4].astype(np.int64)


def object_id(buffer: Buffer, elements: Elements) -> Array:
    """OBJECT_ID values as 24 hex digits."""
    return _hex(numbers(buffer, elements, "V12"), 12)


def uuid(buffer: Buffer, elements: Elements, order: tuple[int, ...]) -> Array:
    """BINARY values of 16 bytes as UUIDs in their usual form.

    Args:
        buffer: what they lie in.
        elements: all of 16 bytes.
        order: which of the bytes comes first, second, …
    """
    raw = buffer.numbers("V16", elements.start + 5).view(np.uint8).reshape(-1, 16)
    digits = np.ascontiguousarray(_HEX[raw[:, list(order)]]).view(np.uint8).reshape(-1, 32)
    form = np.full((len(raw), 36), ord("-"), np.uint8)
    for to, start, end in ((0, 0, 8), (9, 8, 12), (14, 12, 16), (19, 16, 20), (24, 20, 32)):
        form[:, to : to + end - start] = digits[:, start:end]
    return _fixed_text(form, 36)


def _hex(raw: npt.NDArray[np.generic], width: int) -> Array:
    return _fixed_text(_HEX[raw.view(np.uint8)], 2 * width)


def _fixed_text(characters: npt.NDArray[np.generic], width: int) -> Array:
    count = characters.nbytes // width
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return arrow.StringArray.from_buffers(
        count, arrow.py_buffer(offsets), arrow.py_buffer(np.ascontiguousarray(characters))
    )


def exact_doubles(integers: Array) -> tuple[Array, Mask]:
    """Integers as doubles, NULL where a double doesn't hold one, and where that is."""
    raw = integers.to_numpy(zero_copy_only=False)
    doubles = raw.astype(np.float64)
    odd = np.abs(doubles) >= MOST_EXACT
    if odd.any():
        odd[odd] = [int(d) != int(i) for d, i in zip(doubles[odd], raw[odd], strict=True)]
    return arrow.array(doubles, mask=odd), odd


def decimals(buffer: Buffer, elements: Elements) -> tuple[Array, dict[int, str]]:
    """DECIMAL128 values as BIGNUMERIC; NULL and the reason where it can't hold one."""
    raw = numbers(buffer, elements, "V16").view("<u8").reshape(-1, 2)
    low, high = raw[:, 0], raw[:, 1]
    exponents = ((high >> _EXPONENT_SHIFT) & np.uint64(0x3FFF)).astype(np.int64) - _EXPONENT_BIAS
    coefficient = high & _COEFFICIENT
    usual = ((high >> np.uint64(61)) & np.uint64(3) != 3) & (coefficient < _MOST_HIGH)
    usual &= (exponents <= 0) & (exponents >= -_SCALES[-1])
    signed = np.stack((low, coefficient), axis=1)
    negative = high >> np.uint64(63) == 1
    signed[negative] = ~signed[negative]
    signed[negative, 0] += np.uint64(1)
    signed[negative, 1] += (low[negative] == 0).astype(np.uint64)
    pieces: list[Array] = []
    order: list[npt.NDArray[np.int64]] = []
    for exponent in np.unique(exponents[usual]):
        rows = np.flatnonzero(usual & (exponents == exponent))
        kind = pa.decimal128(38, int(-exponent))
        data = arrow.py_buffer(np.ascontiguousarray(signed[rows]))
        piece = arrow.Array.from_buffers(kind, len(rows), [None, data])
        pieces.append(piece.cast(BIGNUMERIC_ARROW))
        order.append(rows)
    refused: dict[int, str] = {}
    for row in np.flatnonzero(~usual).tolist():
        value, why = _bignumeric(Decimal128.from_bid(raw[row].tobytes()))
        pieces.append(arrow.array([value], BIGNUMERIC_ARROW))
        order.append(np.array([row]))
        if why:
            refused[row] = why
    return in_order(pieces, order, BIGNUMERIC_ARROW), refused


def in_order(pieces: list[Array], rows: list[npt.NDArray[np.int64]], kind: pa.DataType) -> Array:
    """Pieces put back where they were taken from."""
    if not pieces:
        return arrow.nulls(0, kind)
    if len(pieces) == 1:
        return pieces[0]
    back = np.empty(sum(map(len, rows)), np.int64)
    back[np.concatenate(rows)] = np.arange(len(back))
    return arrow.concat_arrays(pieces).take(arrow.array(back))


def _bignumeric(value: Decimal128) -> tuple[Decimal | None, str]:
    number = value.to_decimal()
    if not number.is_finite():
        return None, f"{value} is no number that BIGNUMERIC holds"
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    scale = -(int(exponent) + len(digits) - len(text)) if text != "0" else 0
    if scale > _SCALES[-1] or len(text) - scale > _SCALES[-1]:
        return None, f"{value} has more digits than BIGNUMERIC"
    return Decimal((sign, tuple(map(int, text)), -scale)), ""


def decimal_text(buffer: Buffer, elements: Elements) -> Array:
    """DECIMAL128 values as MongoDB writes them, with all digits they have."""
    data = buffer.data
    return arrow.array(
        [str(Decimal128.from_bid(data[at : at + 16])) for at in elements.start.tolist()],
        pa.string(),
    )
