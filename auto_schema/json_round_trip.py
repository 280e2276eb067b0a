"""Which JSON numbers BigQuery takes with wide_number_mode=>'exact': those that it prints alike.

An integer of 64 bits is taken. Any other number becomes a double, and the digits with which
BigQuery writes that double must be of the same value as the text: see `printed_doubles`. The
rule is that of GoogleSQL's reference implementation, and held equal to it by a property test.
"""

import json
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auto_schema.kernels import Array, arrow, pc
from auto_schema.printed_doubles import Ints, Words, printed, without_zeros

DOUBTFUL = r"[0-9]{19}|[0-9]{13,18}\.|[0-9]+(\.[0-9]{4}|(\.[0-9]{1,3})?[eE])"
"""How a number begins that may not be printed alike; every other one is.

18 digits are an integer of 64 bits. A number with at most 3 digits after the point is a multiple
of 1 / (2^3 * 5^3), what lies halfway between two doubles is a fraction of a power of two: so these
are 1 / (2 * 5^3) of the distance of the doubles apart at least, which is 4 of the units that
printing reckons with, and it draws the boundaries in by 2 at most. So it finds that number,
and with up to 15 digits there is no other one for that double.
"""
IN_JSON = rf"(^|[:\[,\s])-?({DOUBTFUL})"
APART = r"[^-+.0-9eE]+"
"""What stands between two numbers; what of texts is written so comes out as well."""
WHOLE = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
SHORT = r"^-?[0-9]+\.[0-9]+$"
SHORT_CHARACTERS = 19
"""A point, and as many digits as 64 bits hold."""
MOST_CHARACTERS = 1_500
MOST_DIGITS = 17
"""No double is written with more."""
LAST_EXPONENT = 2**63 - 1 - 1_074
"""A larger one overflows, even that of a zero, unless it is beyond 64 bits and has no sign."""
_PARTS = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def refused_rows(texts: Array) -> list[int]:
    """The places of the JSON texts with a number that BigQuery would print otherwise."""
    rows = np.flatnonzero(_mask(pc.match_substring_regex(texts, IN_JSON)))
    if not len(rows):
        return []
    pieces = pc.split_pattern_regex(texts.take(arrow.array(rows)), APART)
    numbers, parents = pieces.flatten(), pc.list_parent_indices(pieces)
    for pattern in (rf"^-?({DOUBTFUL})", WHOLE):
        kept = pc.match_substring_regex(numbers, pattern)
        numbers, parents = numbers.filter(kept), parents.filter(kept)
    refused = np.unique(np.asarray(parents)[~_taken(numbers)])
    return [row for row in rows[refused].tolist() if _has_refused(texts[row].as_py())]


def round_trips(numbers: Sequence[str]) -> Mask:
    """Whether BigQuery takes each of some JSON numbers.

    >>> round_trips(["67.174118", "67.17411800000001", "0.1", "1e400", "9007199254740993"]).tolist()
    [False, True, True, False, True]
    """
    taken = np.array([is_integer(number) for number in numbers], np.bool_)
    parts = [(place, _decimal(numbers[place])) for place in np.flatnonzero(~taken).tolist()]
    compared = [(place, *decimal) for place, decimal in parts if decimal is not None]
    if compared:
        places, digits, exponents = zip(*compared, strict=True)
        doubles = np.array([float(numbers[place]) for place in places])
        written = np.array(digits, np.uint64), np.array(exponents, np.int64)
        taken[list(places)] = _is_printed(doubles, *written)
    return taken


def is_integer(number: str) -> bool:
    """Whether a JSON number is one of 64 bits, with or without a sign.

    >>> is_integer("18446744073709551615"), is_integer("-9223372036854775809"), is_integer("1.0")
    (True, False, False)
    """
    digits = number.removeprefix("-")
    return digits.isdigit() and len(digits) <= 20 and -(2**63) <= int(number) < 2**64


def _mask(claims: Array) -> Mask:
    mask: Mask = np.asarray(pc.fill_null(claims, False))
    return mask


def _taken(numbers: Array) -> Mask:
    """Whether each number of an Arrow array round-trips: plain ones by whole arrays."""
    short = pc.less_equal(pc.binary_length(numbers), SHORT_CHARACTERS)
    is_short = _mask(pc.and_(short, pc.match_substring_regex(numbers, SHORT)))
    taken = np.zeros(len(numbers), np.bool_)
    plain = numbers.filter(arrow.array(is_short))
    taken[is_short] = _plain_taken(plain)
    taken[~is_short] = round_trips(numbers.filter(arrow.array(~is_short)).to_pylist())
    return taken


def _plain_taken(numbers: Array) -> Mask:
    digits = np.asarray(pc.replace_substring_regex(numbers, "[-.]", "").cast(arrow.uint64()))
    point = np.asarray(pc.find_substring(numbers, ".")).astype(np.int64)
    length = np.asarray(pc.binary_length(numbers)).astype(np.int64)
    doubles = np.asarray(numbers.cast(arrow.float64()))
    return _is_printed(doubles, *without_zeros(digits, point + 1 - length))


def _is_printed(doubles: Doubles, digits: Words, exponents: Ints) -> Mask:
    """Whether doubles are finite and written with these digits, which end in no zero."""
    is_finite = np.isfinite(doubles)
    written, places = printed(np.where(is_finite, doubles, 0.0))
    equal: Mask = is_finite & (written == digits) & (places == exponents)
    return equal


def _decimal(number: str) -> tuple[int, int] | None:
    """Digits without a zero at their end, and the exponent; None: no double is written so."""
    parts = _PARTS.fullmatch(number)
    if parts is None or len(number) > MOST_CHARACTERS:
        return None
    whole, fraction, power = parts[1], parts[2] or "", parts[3] or "0"
    digits = (whole + fraction).lstrip("0")
    if not digits:
        overflows = int(power) > LAST_EXPONENT and (int(power) < 2**63 or "+" in power)
        return None if overflows else (0, 0)
    significant = digits.rstrip("0")
    exponent = int(power) - len(fraction) + len(digits) - len(significant)
    is_possible = len(significant) <= MOST_DIGITS and abs(exponent) <= MOST_CHARACTERS
    return (int(significant), exponent) if is_possible else None


def _has_refused(text: str) -> bool:
    numbers: list[str] = []
    try:
        json.loads(text, parse_float=numbers.append, parse_int=numbers.append)
    except RecursionError:
        return False  # depth is told apart
    return not round_trips(numbers).all()
