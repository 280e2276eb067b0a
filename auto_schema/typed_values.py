"""A value of a configuration → a value of one of BigQuery's types, exactly or not at all."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TypeVar

import pyarrow as pa

from auto_schema.warehouse_types import (
    BIGNUMERIC_ARROW,
    MICROS,
    NUMERIC_ARROW,
    NUMERIC_RANGE,
    TIME_MICROS,
    UTC_MICROS,
    fits,
)

ARROW: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "BOOL": pa.bool_(),
        "INT64": pa.int64(),
        "FLOAT64": pa.float64(),
        "NUMERIC": NUMERIC_ARROW,
        "BIGNUMERIC": BIGNUMERIC_ARROW,
        "STRING": pa.string(),
        "BYTES": pa.binary(),
        "DATE": pa.date32(),
        "DATETIME": MICROS,
        "TIME": TIME_MICROS,
        "TIMESTAMP": UTC_MICROS,
    }
)
"""The types that a configuration may name, and how a column of each is staged."""

Value = TypeVar("Value")
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(\.\d{1,6})?"
_ZONE = r"(Z|[+-]\d\d:\d\d)"
DATE_FORM, TIME_FORM = _DAY, _CLOCK
DATETIME_FORM = f"{_DAY}[ T]{_CLOCK}"
TIMESTAMP_FORM = f"{DATETIME_FORM}{_ZONE}"


def typed(value: object, bigquery: str) -> object:
    """The value that JSON has, as Python has one of that type.

    Args:
        value: as JSON has it, numbers with a point as Decimal.
        bigquery: one of `ARROW`.

    Raises:
        ValueError: it isn't one, or not exactly; with what it has to be.

    >>> typed("2025-01-31", "DATE"), typed(Decimal("1.5"), "NUMERIC"), typed(1, "FLOAT64")
    (datetime.date(2025, 1, 31), Decimal('1.5'), 1.0)
    """
    return _READERS[bigquery](value)


def type_of(value: object) -> str:
    """The type of a value that comes without one.

    Raises:
        ValueError: it has to come with one.

    >>> type_of(True), type_of(5), type_of("x")
    ('BOOL', 'INT64', 'STRING')
    """
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int):
        return "INT64"
    if isinstance(value, str):
        return "STRING"
    if isinstance(value, Decimal):
        return "NUMERIC"
    raise ValueError("write a type and a value")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    raise ValueError("a whole number of 64 bits")


def _text(value: object) -> str:
    if isinstance(value, str) and value.encode("utf-8", "ignore").decode() == value:
        return value
    raise ValueError("a text")


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("a text in base64") from None


def _number(value: object) -> Decimal:
    """A number, or a text that is one."""
    try:
        if isinstance(value, str):
            return Decimal(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
    except InvalidOperation:
        pass
    raise ValueError("a number")


def _double(value: object) -> float:
    number = _number(value)
    double = float(number) if number.is_finite() else float("inf")
    if abs(double) != float("inf"):
        return double
    raise ValueError("a number that a double holds")


def _decimal(bigquery: str) -> Callable[[object], Decimal]:
    def read(value: object) -> Decimal:
        number = _number(value)
        before, after = NUMERIC_RANGE[bigquery]
        if number.is_finite() and fits(bigquery, max(number.adjusted() + 1, 0), _scale(number)):
            return number
        raise ValueError(f"a number of at most {before} digits before and {after} after the point")

    return read


def _scale(number: Decimal) -> int:
    """Digits behind the point, without zeros at the end; whatever the context's precision.

    >>> _scale(Decimal("1.2500")), _scale(Decimal("1E+9")), _scale(Decimal("0E-50"))
    (2, 0, 0)
    """
    _, digits, exponent = number.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(-int(exponent) - zeros, 0) if number else 0


def _of_form(value: object, form: str, example: str) -> str:
    if isinstance(value, str) and re.fullmatch(form, value, re.ASCII):
        return value
    raise ValueError(f"a text such as {example}")


def _date(value: object) -> date:
    return _parsed(lambda text: date.fromisoformat(text), value, DATE_FORM, "2025-01-31")


def _time(value: object) -> time:
    return _parsed(lambda text: time.fromisoformat(text), value, TIME_FORM, "12:30:00")


def _datetime(value: object) -> datetime:
    return _parsed(datetime.fromisoformat, value, DATETIME_FORM, "2025-01-31 12:30:00")


def _timestamp(value: object) -> datetime:
    example = "2025-01-31 12:30:00Z"
    return _parsed(
        lambda text: datetime.fromisoformat(text).astimezone(UTC), value, TIMESTAMP_FORM, example
    )


def _parsed(read: Callable[[str], Value], value: object, form: str, example: str) -> Value:
    try:
        return read(_of_form(value, form, example))
    except (ValueError, OverflowError):
        raise ValueError(f"a text such as {example}") from None


_READERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "BOOL": _boolean,
        "INT64": _integer,
        "FLOAT64": _double,
        "NUMERIC": _decimal("NUMERIC"),
        "BIGNUMERIC": _decimal("BIGNUMERIC"),
        "STRING": _text,
        "BYTES": _bytes,
        "DATE": _date,
        "TIME": _time,
        "DATETIME": _datetime,
        "TIMESTAMP": _timestamp,
    }
)
