"""Transformations once more, in plain Python, value by value: what the kernels are held against."""

import datetime as dt
import hashlib
import math
import re
from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import strategies as st

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1)
REFUSED = "\0refused"
SCALES = {"NUMERIC": 9, "BIGNUMERIC": 38}

_TEXTS = [
    *("", " ", "0", "5", "+5", "-5", "-007", "0x1F", "1_0", "1.5", "-.5", "5.", "1e5", "1E-3"),
    *("1e999", "-1e999", "inf", "-Infinity", "NaN", "nan(1)", "true", "FALSE", "t", "é", "\0"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "0.1234567891"),
    *("99999999999999999999999999999.999999999", "100000000000000000000000000000"),
    *("1.10", "0.1", "2025-02-28", "2025-02-30", "2025-2-8", "0000-01-01", "0001-01-01"),
    *("9999-12-31", "10000-01-01", "2025-01-05 10:00:00", "2025-01-05T10:00:00.12"),
    *("2025-01-05t10:00:00.123456", "2025-01-05 10:00:00.1234567", "2025-01-05 24:00:00"),
    *("2025-01-05 10:00:00Z", "2025-01-05 10:00:00+02", "2025-01-05 10:00:00-05:30"),
    *("2025-01-05 10:00:00+14", "2025-01-05 10:00:00-14:00", "2025-01-05 10:00:00+13:59"),
    *("2025-01-05 10:00:00+14:01", "2025-01-05 10:00:00-15", "2025-01-05 10:00:00+23:59"),
    *("9999-12-31 23:59:59-05", "0001-01-01 00:00:00+05", "2025-01-05Z", "10:00:00"),
    *("10:00:00.5", "23:59:59.999999", "24:00:00", "10:00", "2025-01-05 10:00", "12:61:00"),
    *("2025-01-05 10:00:00 ", "1900-02-29", "2000-02-29", "٣"),
]
_DECIMALS = [
    "0",
    "1.5",
    "-12.5",
    "1E-9",
    "0.1",
    "9007199254740993",
    "99999999999999999999999999999",
]


def _decimals(kind: str) -> Any:
    scale = SCALES[kind]
    edges = [*map(Decimal, _DECIMALS), Decimal(1).scaleb(-scale), Decimal("-0.3")]
    units = st.integers(-(10 ** (29 + 9)) + 1, 10 ** (29 + 9) - 1)
    return st.sampled_from(edges) | units.map(lambda unit: Decimal(f"{unit}E-9"))


_DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
_MOMENTS = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999))
_CLOCKS = st.times()
VALUES: dict[str, Any] = {
    "BOOL": st.booleans(),
    "INT64": st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
    | st.integers(-(2**63), 2**63 - 1),
    "FLOAT64": st.sampled_from(
        [0.0, -0.0, 0.1, 1.5, 2.0**63, -(2.0**63), 1e300, 5e-324, 1e15 + 0.3]
    )
    | st.floats()
    | st.integers(-(10**6), 10**6).map(lambda cents: cents / 100),
    "NUMERIC": _decimals("NUMERIC"),
    "BIGNUMERIC": _decimals("BIGNUMERIC"),
    "STRING": st.sampled_from(_TEXTS)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
    | _MOMENTS.map(str)
    | _DAYS.map(str)
    | _CLOCKS.map(str),
    "BYTES": st.binary(max_size=6),
    "DATE": st.sampled_from([dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1969, 12, 31)])
    | _DAYS,
    "TIME": st.sampled_from([dt.time(0), dt.time(23, 59, 59, 999_999), dt.time(1, 2, 3, 400)])
    | _CLOCKS,
    "DATETIME": st.sampled_from([EPOCH, EPOCH - dt.timedelta(microseconds=1)]) | _MOMENTS,
    "TIMESTAMP": _MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
}
"""By type, values of it; edges are frequent."""


def cast(value: Any, source: str, target: str) -> Any:
    """The value of the other type, or REFUSED; NULL stays NULL."""
    if value is None:
        return None
    if target == "STRING":
        return text_of(value, source)
    if source == "STRING":
        return _parsed(value, target)
    if source in ("DATE", "DATETIME", "TIMESTAMP"):
        return _moment(value, target)
    if target == "BOOL":
        return bool(value) if value in (0, 1) else REFUSED
    return _number(value, target)


def _number(value: Any, target: str) -> Any:
    with localcontext() as context:
        context.prec = 400
        if isinstance(value, float) and not math.isfinite(value):
            return REFUSED
        if isinstance(value, float) and target in SCALES:
            return _parsed_number(repr(value), target)
        if target == "INT64":
            whole = int(value)
            return whole if whole == value and -(2**63) <= whole < 2**63 else REFUSED
        if target == "FLOAT64":
            double = float(value)
            shortest = Decimal(repr(double)) if isinstance(value, Decimal) else int(double)
            return double if shortest == value else REFUSED
        scale = SCALES[target]
        number = Decimal(value)
        exact = number == number.quantize(Decimal(1).scaleb(-scale))
        return number if exact and _fits(number, target) else REFUSED


def _fits(number: Decimal, target: str) -> bool:
    return abs(number) < Decimal(10) ** (29 if target == "NUMERIC" else 38)


def text_of(value: Any, source: str) -> Any:
    """As GoogleSQL writes a value."""
    if source == "BYTES":
        try:
            return value.decode()
        except UnicodeDecodeError:
            return REFUSED
    if source == "BOOL":
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if source in ("DATETIME", "TIMESTAMP", "TIME"):
        text = str(value.replace(tzinfo=None))
        text = text.removesuffix("000") if "." in text else text
        return text + "+00" * (source == "TIMESTAMP")
    return str(value)


def _moment(value: Any, target: str) -> Any:
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    plain = value.replace(tzinfo=None)
    if target == "DATE":
        return plain.date()
    if target == "TIME":
        return plain.time()
    return plain if target == "DATETIME" else plain.replace(tzinfo=UTC)


def _parsed(text: str, target: str) -> Any:
    if target == "BYTES":
        return text.encode()
    if target == "BOOL":
        return {"true": True, "false": False}.get(text.lower(), REFUSED)
    if target == "INT64":
        found = re.fullmatch(r"-?[0-9]+", text)
        return int(text) if found and -(2**63) <= int(text) < 2**63 else REFUSED
    if target in ("FLOAT64", "NUMERIC", "BIGNUMERIC"):
        return _parsed_number(text, target)
    return _parsed_moment(text, target)


def _parsed_number(text: str, target: str) -> Any:
    if target == "FLOAT64" and re.fullmatch(r"[+-]?(inf|infinity|nan)", text, re.I):
        return float(text)
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return REFUSED
    if target == "FLOAT64":
        return float(text) if math.isfinite(float(text)) else REFUSED
    power = abs(int(re.split("[eE]", text)[1])) if re.search("[eE]", text) else 0
    digits = re.sub("[eE].*|[^0-9]", "", text).lstrip("0") or "0"
    most = 28 if len(digits) <= 10 else 20 if len(digits) <= 17 else 0
    most = 54 if most and target == "BIGNUMERIC" else most
    return _number(Decimal(text), target) if power <= most else REFUSED


def _parsed_moment(text: str, target: str) -> Any:
    clock = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    day, zone = "[0-9]{4}-[0-9]{2}-[0-9]{2}", r"([Zz]|[+-][0-9]{2}(:[0-9]{2})?)?"
    forms = {
        "DATE": day,
        "TIME": clock,
        "DATETIME": f"{day}([ T]{clock})?",
        "TIMESTAMP": f"{day}([ T]{clock}{zone})?",
    }
    if not re.fullmatch(forms[target], text):
        return REFUSED
    read = {"DATE": dt.date, "TIME": dt.time}.get(target, dt.datetime)
    try:
        if target == "TIMESTAMP":
            return _with_zone(text)
        return read.fromisoformat(text.upper())
    except (ValueError, OverflowError):
        return REFUSED


def _with_zone(text: str) -> dt.datetime:
    moment = re.sub(r"([Zz]|(?<=.{10})[+-][0-9]{2}(:[0-9]{2})?)$", "", text)
    zone = text[len(moment) :].upper() or "Z"
    plain = dt.datetime.fromisoformat(moment.upper())
    offset = dt.time.fromisoformat(f"00:00:00{zone}").utcoffset() or dt.timedelta(0)
    if abs(offset) > dt.timedelta(hours=14):
        raise ValueError(zone)
    return (plain - offset).replace(tzinfo=UTC)


def masked(value: Any, source: str, method: str, salt: str = "") -> Any:
    """The value under a mask."""
    if value is None or method == "null":
        return None
    if method == "redact":
        return "REDACTED"
    text = value if source == "BYTES" else text_of(value, source)
    if method == "sha256":
        data = text if isinstance(text, bytes) else text.encode()
        return hashlib.sha256(salt.encode() + data).hexdigest()
    return "****" + (text[-4:] if len(text) > 4 else "")


def kept(row: dict[str, Any], parts: Sequence[Sequence[tuple[str, str, Any]]]) -> bool:
    """Whether a filter keeps a row."""
    return not parts or any(all(_holds(row[name], *rest) for name, *rest in part) for part in parts)


def _holds(value: Any, operator: str, asked: Any = None) -> bool:
    if operator.startswith("is "):
        return (value is None) == (operator == "is null")
    if value is None:
        return False
    tests = {
        "=": lambda: value == asked,
        "!=": lambda: value != asked,
        "<": lambda: value < asked,
        "<=": lambda: value <= asked,
        ">": lambda: value > asked,
        ">=": lambda: value >= asked,
        "in": lambda: any(value == one for one in asked),
        "not in": lambda: all(value != one for one in asked),
    }
    return bool(tests[operator]())
