"""type_casts: which type can become which, by whole columns; what would change is refused.

Where a cast is here it means what GoogleSQL's CAST means, for all values that it takes. Values
that CAST would round, cut or take for something else are refused, or `loss` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from auto_schema.decimal_texts import decimal_texts
from auto_schema.kernels import Array, arrow, pc
from auto_schema.ranges import out_of_range
from auto_schema.raw_row import DAY_MICROS
from auto_schema.typed_values import DATE_FORM, TIME_FORM
from auto_schema.warehouse_types import MICROS

Cast = tuple[Array, Array | None]
"""Values, NULL where one is refused, and where that is; None: nowhere."""
_INT64_BELOW = 2.0**63
_MOMENT = f"^{DATE_FORM}([ T]{TIME_FORM})?"
_ZONE = r"([Zz]|[+-](0\d|1[0-3])(:[0-5]\d)?|[+-]14(:00)?)"
"""GoogleSQL knows no clock that is further from UTC than 14 hours."""
_STAMP = f"^{DATE_FORM}([ T]{TIME_FORM}{_ZONE}?)?$"


@dataclass(frozen=True, slots=True)
class CastRule:
    """How values of one type become those of another.

    Attributes:
        convert: a column, given the type in which the other is staged.
        refuses: which values are dead letters; empty: none.
        loss: what the result doesn't tell any more; empty: nothing is lost.
    """

    source: str
    target: str
    convert: Callable[[Array, pa.DataType], Cast]
    refuses: str = ""
    loss: str = ""


def strict(array: Array, wanted: pa.DataType) -> Cast:
    """Arrow's own strict cast; the values that it refuses are looked for by halves."""
    try:
        return array.cast(wanted, safe=True), None
    except pa.ArrowInvalid:
        if len(array) < 2:
            return arrow.nulls(len(array), wanted), arrow.array([True] * len(array))
    middle = len(array) // 2
    parts = [strict(half, wanted) for half in (array.slice(0, middle), array.slice(middle))]
    bad = [arrow.repeat(False, len(part)) if wrong is None else wrong for part, wrong in parts]
    return arrow.concat_arrays([part for part, _ in parts]), arrow.concat_arrays(bad)


def _but(array: Array, bad: Array) -> Cast:
    """The array with NULL where it is bad."""
    bad = pc.fill_null(bad, False)
    if not pc.any(bad).as_py():
        return array, None
    return pc.if_else(bad, arrow.scalar(None, array.type), array), bad


def _both(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return other if one is None else one
    return pc.or_(one, other)


def _of_form(pattern: str, convert: Callable[[Array, pa.DataType], Cast]) -> Callable[..., Cast]:
    """A cast of texts that match a pattern; the others are refused."""

    def cast(array: Array, wanted: pa.DataType) -> Cast:
        texts, odd = _but(array, pc.invert(pc.match_substring_regex(array, pattern)))
        values, bad = convert(texts, wanted)
        return values, _both(odd, bad)

    return cast


def _quickly(pattern: str) -> Callable[..., Cast]:
    """A cast of texts that match a pattern, which are looked at only where Arrow reads not all.

    But for an x, as in 0x1F, Arrow reads no others.
    """
    slowly = _of_form(pattern, strict)

    def cast(array: Array, wanted: pa.DataType) -> Cast:
        try:
            values = array.cast(wanted, safe=True)
        except pa.ArrowInvalid:
            return slowly(array, wanted)
        has_x = pc.any(pc.match_substring(array, "x", ignore_case=True)).as_py()
        return slowly(array, wanted) if has_x else (values, None)

    return cast


def _in_range(convert: Callable[[Array, pa.DataType], Cast]) -> Callable[..., Cast]:
    """The same, without what BigQuery doesn't hold."""

    def cast(array: Array, wanted: pa.DataType) -> Cast:
        values, bad = convert(array, wanted)
        outside = out_of_range(values)
        if outside is None:
            return values, bad
        values, more = _but(values, outside[0])
        return values, _both(bad, more)

    return cast


def _exactly(back: pa.DataType | None, limit: float = 0) -> Callable[..., Cast]:
    """The nearest value, where the way back leads to the same.

    Args:
        back: the type that it comes from; None: that of the array.
        limit: of the values that can go back, not included; 0: all can.
    """

    def cast(array: Array, wanted: pa.DataType) -> Cast:
        values, bad = _nearest(array, wanted)
        inner = values
        if limit:
            inner, _ = _but(values, pc.greater_equal(values, limit))
        again = inner.cast(back or array.type, safe=False)
        same = pc.fill_null(pc.equal(again, array), False)
        values, more = _but(values, pc.and_(pc.is_valid(array), pc.invert(same)))
        return values, _both(bad, more)

    return cast


def _nearest(array: Array, wanted: pa.DataType) -> Cast:
    try:
        return array.cast(wanted, safe=False), None
    except pa.ArrowInvalid:
        return strict(array, wanted)


def _whole_double(array: Array, wanted: pa.DataType) -> Cast:
    fits = pc.and_(pc.greater_equal(array, -_INT64_BELOW), pc.less(array, _INT64_BELOW))
    fits = pc.and_(fits, pc.equal(array, pc.floor(array)))
    doubles, bad = _but(array, pc.invert(fits))
    return doubles.cast(wanted, safe=False), bad


def decimals_of_texts(array: Array, wanted: Any) -> Cast:
    """Numbers as texts; long ones and large powers, which Arrow reads as others, are none."""
    if not array.null_count < len(array):
        return arrow.nulls(len(array), wanted), None
    has_power = pc.any(pc.match_substring(array, "e", ignore_case=True)).as_py()
    if not has_power and pc.max(pc.binary_length(array)).as_py() <= SURE_CHARACTERS:
        return _of_form(_DECIMAL, strict)(array, wanted)
    texts = pc.replace_substring_regex(array, r"^([+-]?)0+(\d)", r"\1\2")
    texts = pc.replace_substring_regex(texts, r"(\.\d)(\d*?)0+$", r"\1\2")
    doubles, _ = _of_form(_DECIMAL, strict)(texts, pa.float64())
    limit = 1.01 * 10.0 ** (wanted.precision - wanted.scale)  # beyond it Arrow may wrap a number
    texts, huge = _but(texts, pc.fill_null(pc.greater_equal(pc.abs(doubles), limit), False))
    values, bad = _of_form(_held(wanted), strict)(texts, wanted)
    return values, _both(huge, bad)


def held_decimals(array: Array, wanted: Any) -> Cast:
    """Decimals that another type of them has digits before the point for; the others are NULL.

    Arrow checks what it rounds away, but what grows beyond its bits with the scale it wraps.
    """
    kind, whole = array.type, wanted.precision - wanted.scale
    if wanted.scale <= kind.scale or whole >= kind.precision - kind.scale:
        return array, None
    return _but(array, pc.greater_equal(pc.abs(array), arrow.scalar(Decimal(10) ** whole, kind)))


def _held(wanted: Any) -> str:
    """The pattern of numbers that have no more digits than a type, beside zeros at the ends."""
    powers = _POWERS if wanted.bit_width == 128 else _WIDE_POWERS
    whole, places = wanted.precision - wanted.scale, max(wanted.scale, 1)
    plain = rf"(\d{{1,{whole}}}(\.\d{{0,{places}}})?|\.\d{{1,{places}}})"
    short = rf"(\d{{1,10}}\.?|\d?\.\d{{1,10}})[eE]{powers[0]}"
    long = rf"(\d{{1,17}}\.?|\d?\.\d{{1,16}})[eE]{powers[1]}"
    return rf"^[+-]?({plain}|{short}|{long})$"


def _doubledecimals_of_texts(array: Array, wanted: Any) -> Cast:
    """The number that the double's shortest form says, from which it can be had again.

    CAST writes out its binary value instead, which differs where a double has few digits left
    for the fraction: 123456789.1 would be 123456789.099999994.
    """
    texts = array.cast(pa.string())
    long = pc.match_substring_regex(texts, rf"\.\d{{{wanted.scale + 1},}}$")
    texts, odd = _but(texts, pc.or_(long, pc.invert(pc.is_finite(array))))
    values, bad = decimals_of_texts(texts, wanted)
    return values, _both(odd, bad)


def _decimal_as_double(array: Array, wanted: pa.DataType) -> Cast:
    """The nearest double, where its shortest form is the number itself."""
    doubles, _ = strict(_decimal_text(array, pa.string())[0], wanted)
    again, bad = decimals_of_texts(doubles.cast(pa.string()), array.type)
    doubles, more = _but(doubles, pc.not_equal(again, array))
    doubles, _ = _but(doubles, bad) if bad is not None else (doubles, None)
    return doubles, _both(bad, more)


def _bit(array: Array, wanted: pa.DataType) -> Cast:
    numbers, bad = _but(array, pc.invert(pc.is_in(array, value_set=pa.array([0, 1, None]))))
    return numbers.cast(wanted), bad


def _truth(array: Array, wanted: pa.DataType) -> Cast:
    lower = pc.utf8_lower(array)
    words = arrow.array(["true", "false", None])
    lower, bad = _but(lower, pc.invert(pc.is_in(lower, value_set=words)))
    return lower.cast(wanted), bad


def _utf8(array: Array, wanted: pa.DataType) -> Cast:
    return strict(array, wanted)


def _timestamps(array: Array, wanted: pa.DataType) -> Cast:
    """Arrow wants a time and a zone in each."""
    is_day = pc.equal(pc.utf8_length(array), len("2025-01-31"))
    has_zone = pc.match_substring_regex(array, f"{_ZONE}$")
    rest = pc.if_else(is_day, " 00:00:00Z", pc.if_else(has_zone, "", "Z"))
    texts = pc.binary_join_element_wise(array, rest, "")
    return strict(pc.replace_substring_regex(texts, "z$", "Z"), wanted)


def _times(array: Array, wanted: pa.DataType) -> Cast:
    """Arrow reads times of a day only."""
    moments, bad = strict(pc.binary_join_element_wise("1970-01-01", array, " "), MICROS)
    return moments.cast(pa.int64()).cast(wanted), bad


def _local(array: Array, wanted: pa.DataType) -> Cast:
    """Date and time as the clock of UTC shows them, or the moment when it shows them."""
    return array.cast(pa.int64()).cast(wanted), None


def _day(array: Array, wanted: pa.DataType) -> Cast:
    micros = array.cast(pa.int64())
    days = pc.floor(pc.divide(pc.subtract(micros, _time_of_day(micros)), DAY_MICROS))
    return days.cast(pa.int32()).cast(wanted), None


def _clock(array: Array, wanted: pa.DataType) -> Cast:
    return _time_of_day(array.cast(pa.int64())).cast(wanted), None


def _time_of_day(micros: Array) -> Array:
    rest = pc.subtract(micros, pc.multiply(pc.divide(micros, DAY_MICROS), DAY_MICROS))
    return pc.if_else(pc.less(rest, 0), pc.add(rest, DAY_MICROS), rest)


def _midnight(array: Array, wanted: pa.DataType) -> Cast:
    return array.cast(MICROS).cast(pa.int64()).cast(wanted), None


def _plain(array: Array, wanted: pa.DataType) -> Cast:
    return array.cast(wanted), None


def _decimal_text(array: Array, wanted: pa.DataType) -> Cast:
    return decimal_texts(array).cast(wanted), None


def _moment_text(end: str) -> Callable[..., Cast]:
    """A time with three digits of the second, with six, or with none, as CAST writes it."""

    def cast(array: Array, wanted: pa.DataType) -> Cast:
        if arrow.types.is_timestamp(array.type):
            array = array.cast(pa.int64()).cast(MICROS)
        texts = pc.replace_substring_regex(array.cast(wanted), r"\.000000$|000$", "")
        return (pc.binary_join_element_wise(texts, end, "") if end else texts), None

    return cast


UTC_DAY = "the time of day; the day is that of UTC"
_WHOLE = r"^-?\d+$"
_DECIMAL = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_DOUBLE = rf"{_DECIMAL}|^[+-]?(?i:inf|infinity|nan)$"
_POWERS = (r"[+-]?0*(\d|1\d|2[0-8])", r"[+-]?0*(\d|1\d|20)")
_WIDE_POWERS = (r"[+-]?0*(\d|[1-4]\d|5[0-4])",) * 2
SURE_CHARACTERS = 29
"""Of a number without a power: Arrow reads as many digits right whatever they are."""
_NO_NUMBER = "texts that are no such number, and more digits than it has"


def _rules() -> list[CastRule]:
    dates = _of_form(f"^{DATE_FORM}$", strict)
    rules = [
        CastRule("BOOL", "INT64", _plain),
        CastRule("BOOL", "STRING", _plain),
        CastRule("INT64", "BOOL", _bit, "all but 0 and 1"),
        CastRule("INT64", "STRING", _plain),
        CastRule("INT64", "FLOAT64", _exactly(None, _INT64_BELOW), "those that no double holds"),
        CastRule(
            "FLOAT64",
            "INT64",
            _whole_double,
            "fractions, and numbers beyond 64 bits",
            "the sign of zero",
        ),
        CastRule("BYTES", "STRING", _utf8, "bytes that are not UTF-8"),
        CastRule("STRING", "BYTES", _plain),
        CastRule("STRING", "BOOL", _truth, "all but true and false"),
        CastRule("STRING", "INT64", _quickly(_WHOLE), "texts that are no whole number of 64 bits"),
        CastRule("STRING", "FLOAT64", _texts_as_doubles, _NO_NUMBER, "digits beyond a double's"),
        CastRule("STRING", "DATE", _in_range(dates), "all but YYYY-MM-DD"),
        CastRule("STRING", "TIME", _of_form(f"^{TIME_FORM}$", _times), "all but HH:MM:SS[.ffffff]"),
        CastRule(
            "STRING",
            "DATETIME",
            _in_range(_of_form(f"{_MOMENT}$", strict)),
            "all but YYYY-MM-DD[ HH:MM:SS[.ffffff]]",
        ),
        CastRule(
            "STRING",
            "TIMESTAMP",
            _in_range(_of_form(_STAMP, _timestamps)),
            "all but YYYY-MM-DD[ HH:MM:SS[.ffffff][Z or +HH[:MM]]], to 14:00 from UTC",
            "the zone; a text without one is taken for UTC",
        ),
        CastRule("DATE", "STRING", _plain),
        CastRule("DATE", "DATETIME", _midnight),
        CastRule("DATE", "TIMESTAMP", _midnight, loss="nothing, but midnight is that of UTC"),
        CastRule("TIME", "STRING", _moment_text("")),
        CastRule("DATETIME", "STRING", _moment_text("")),
        CastRule("DATETIME", "DATE", _day, loss="the time of day"),
        CastRule("DATETIME", "TIME", _clock, loss="the day"),
        CastRule("DATETIME", "TIMESTAMP", _local, loss="nothing, but the clock is that of UTC"),
        CastRule("TIMESTAMP", "STRING", _moment_text("+00")),
        CastRule("TIMESTAMP", "DATE", _day, loss=UTC_DAY),
        CastRule("TIMESTAMP", "TIME", _clock, loss="the day; the clock is that of UTC"),
        CastRule("TIMESTAMP", "DATETIME", _local, loss="nothing, but the clock is that of UTC"),
    ]
    for kind in ("NUMERIC", "BIGNUMERIC"):
        rules += [
            CastRule("INT64", kind, _plain),
            CastRule("STRING", kind, decimals_of_texts, _NO_NUMBER),
            CastRule(kind, "STRING", _decimal_text),
            CastRule(kind, "INT64", strict, "fractions, and numbers beyond 64 bits"),
            CastRule(kind, "FLOAT64", _decimal_as_double, "more digits than a double gives back"),
            CastRule(
                "FLOAT64",
                kind,
                _doubledecimals_of_texts,
                "more digits than it has, NaN and infinity",
                "the sign of zero",
            ),
        ]
    rules.append(CastRule("NUMERIC", "BIGNUMERIC", _plain))
    rules.append(CastRule("BIGNUMERIC", "NUMERIC", strict, "more digits than it has"))
    return rules


def _texts_as_doubles(array: Array, wanted: pa.DataType) -> Cast:
    """As the nearest double; a number that is larger than all is none."""
    values, bad = _of_form(_DOUBLE, strict)(array, wanted)
    infinite = pc.is_inf(values)
    if not pc.any(infinite).as_py():
        return values, bad
    words = pc.match_substring(array, "inf", ignore_case=True)
    values, more = _but(values, pc.and_(infinite, pc.invert(words)))
    return values, _both(bad, more)


CASTS: Mapping[tuple[str, str], CastRule] = MappingProxyType(
    {(rule.source, rule.target): rule for rule in _rules()}
)
"""By type before and after."""


def targets(bigquery: str) -> list[str]:
    """What a type can become.

    >>> targets("BYTES")
    ['STRING']
    """
    return [target for source, target in CASTS if source == bigquery]
