"""The digits with which BigQuery writes a FLOAT64 in JSON, by whole arrays.

It takes Grisu2: the boundaries of a double are scaled by a power of ten of 64 bits and drawn
in by one unit for what that rounds, and the fewest digits between them are taken. A shorter
text that lies within that unit of a boundary is missed, which happens to about one in 700:
the double of 67.174118 is written 67.17411800000001.

The method: Florian Loitsch, «Printing Floating-Point Numbers Quickly and Accurately with
Integers», PLDI 2010, with 8 between the exponents of the powers and products of 2^-60 to 2^-32.
"""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_FIRST_POWER, _LAST_POWER, _POWER_STEP = -300, 324, 8
_HIDDEN_BIT = 1 << 52
_HALF_WORD = np.uint64(32)
_LOW_HALF = np.uint64(2**32 - 1)
_ROUNDED = np.uint64(2**31)
_ONE, _TEN = np.uint64(1), np.uint64(10)


def _power(exponent: int) -> tuple[int, int]:
    """10 ** exponent as the nearest `f * 2 ** e` with f of 64 bits: f and e."""
    above, below = 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
    binary = above.bit_length() - below.bit_length() - 64
    while True:
        up, down = above << max(-binary, 0), below << max(binary, 0)
        rounded = (2 * up + down) // (2 * down)
        if rounded.bit_length() == 64:
            return rounded, binary
        binary += rounded.bit_length() - 64


_POWERS = [_power(k) for k in range(_FIRST_POWER, _LAST_POWER + 1, _POWER_STEP)]
_FACTOR: Words = np.array([factor for factor, _ in _POWERS], np.uint64)
_BINARY: Ints = np.array([binary for _, binary in _POWERS], np.int64)


def printed(doubles: npt.NDArray[np.float64]) -> tuple[Words, Ints]:
    """Digits d and exponents e with which finite doubles are written, signs apart: d * 10^e.

    The digits have no zero at their end; of zero they are 0, and the exponent is 0.

    >>> printed(np.array([67.174118, -0.5, 5e-324, 0.0]))[0].tolist()
    [6717411800000001, 5, 5, 0]
    """
    bits = np.abs(doubles).view(np.uint64)
    is_zero = bits == 0
    low, value, high, binary = _boundaries(np.where(is_zero, _ONE, bits))
    index = (-((61 + binary) * 78913 >> 18) - _FIRST_POWER + _POWER_STEP - 1) // _POWER_STEP
    factor = _FACTOR[index]
    low, value, high = _product(low, factor), _product(value, factor), _product(high, factor)
    low, high = low + _ONE, high - _ONE
    point = -(binary + _BINARY[index] + 64)
    digits, places = _shortest(high, high - low, high - value, point.astype(np.uint64))
    exponents = places - (_FIRST_POWER + _POWER_STEP * index)
    digits, exponents = without_zeros(digits, exponents)
    return np.where(is_zero, np.uint64(0), digits), np.where(is_zero, 0, exponents)


def without_zeros(digits: Words, exponents: Ints) -> tuple[Words, Ints]:
    """The same numbers with their zeros at the end in the exponent; 0 has the exponent 0."""
    digits, exponents = digits.copy(), np.where(digits == 0, 0, exponents)
    for power in (16, 8, 4, 2, 1):
        unit = np.uint64(10**power)
        rows = np.flatnonzero((digits % unit == 0) & (digits != 0))
        digits[rows] //= unit
        exponents[rows] += power
    return digits, exponents


def _boundaries(bits: Words) -> tuple[Words, Words, Words, Ints]:
    """What lies halfway to the doubles below, the value, and halfway above: times 2^binary.

    The last is scaled to 64 bits.
    """
    fraction, biased = bits & np.uint64(_HIDDEN_BIT - 1), (bits >> np.uint64(52)).astype(np.int64)
    f = np.where(biased > 0, fraction | np.uint64(_HIDDEN_BIT), fraction)
    length: Ints = np.frexp(f.astype(np.float64))[1].astype(np.int64)
    shift = (63 - length).astype(np.uint64)
    two = f << _ONE
    is_closer_below = (fraction == 0) & (biased > 1)
    quarter = ((two << _ONE) - _ONE) << (shift - _ONE)
    low = np.where(is_closer_below, quarter, (two - _ONE) << shift)
    return low, two << shift, (two + _ONE) << shift, np.maximum(biased, 1) - 1139 + length


def _product(a: Words, b: Words) -> Words:
    """The upper 64 of the 128 bits of a * b, rounded."""
    a_low, a_high, b_low, b_high = a & _LOW_HALF, a >> _HALF_WORD, b & _LOW_HALF, b >> _HALF_WORD
    one, other = a_low * b_high, a_high * b_low
    carried = (a_low * b_low >> _HALF_WORD) + (one & _LOW_HALF) + (other & _LOW_HALF) + _ROUNDED
    upper: Words = a_high * b_high + (one >> _HALF_WORD) + (other >> _HALF_WORD)
    upper += carried >> _HALF_WORD
    return upper


def _shortest(high: Words, width: Words, above: Words, point: Words) -> tuple[Words, Ints]:
    """The fewest digits of a number in [high - width, high], and the place of the last one.

    Args:
        high: the upper end, with `point` bits after the point.
        width: how far below it the lower end is.
        above: how far below it the value itself is.
        point: 32 to 60.
    """
    fraction = high & ((_ONE << point) - _ONE)
    digits, places = high >> point, np.zeros(len(high), np.int64)
    rest, unit = fraction.copy(), _ONE << point
    width, above = width.copy(), above.copy()
    _shorten(digits, places, rest, unit, width)
    rows = np.flatnonzero(fraction > width)
    while len(rows):
        width[rows] *= _TEN
        above[rows] *= _TEN
        scaled, bits = rest[rows] * _TEN, point[rows]
        digits[rows] = digits[rows] * _TEN + (scaled >> bits)
        rest[rows] = scaled & ((_ONE << bits) - _ONE)
        places[rows] -= 1
        rows = rows[rest[rows] > width[rows]]
    return _nearest(digits, rest, unit, width, above), places


def _shorten(digits: Words, places: Ints, rest: Words, unit: Words, width: Words) -> None:
    """Take digits before the point away too, where zeros in their place are near enough."""
    rows = np.flatnonzero(rest <= width)
    while len(rows):
        longer = rest[rows] + digits[rows] % _TEN * unit[rows]
        is_near = (longer <= width[rows]) & (digits[rows] >= _TEN)
        rows = rows[is_near]
        rest[rows] = longer[is_near]
        digits[rows] //= _TEN
        unit[rows] *= _TEN
        places[rows] += 1


def _nearest(digits: Words, rest: Words, unit: Words, width: Words, above: Words) -> Words:
    """The digits brought nearer to the value, while they stay above the lower end."""
    digits, rest = digits.copy(), rest.copy()
    rows = np.arange(len(digits))
    while len(rows):
        left, one, wanted = rest[rows], unit[rows], above[rows]
        lower = left + one
        is_nearer = (lower < wanted) | (wanted - left > lower - wanted)
        rows = rows[(left < wanted) & (width[rows] - left >= one) & is_nearer]
        digits[rows] -= _ONE
        rest[rows] += unit[rows]
    return digits
