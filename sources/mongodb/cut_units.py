"""How far an expression of MongoDB cuts stamps by itself. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import prod
from typing import Any

from sources.time_units import UNITS

SECOND, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
LENGTHS = {"MILLISECOND": MILLISECOND, "SECOND": SECOND, **UNITS}
LONGEST = UNITS["MILLENNIUM"] / MILLISECOND
PARTS = (
    ("millisecond", timedelta(0)),
    ("second", SECOND),
    ("minute", UNITS["MINUTE"]),
    ("hour", UNITS["HOUR"]),
    ("day", UNITS["DAY"]),
    ("isoDayOfWeek", UNITS["DAY"]),
    ("isoWeek", UNITS["WEEK"]),
    ("month", UNITS["MONTH"]),
)
"""Arguments of $dateFromParts, the finest first, and how far a stamp is cut that ends with one."""
FORMATS = (
    ("%L", timedelta(0)),
    ("%S", SECOND),
    ("%M", UNITS["MINUTE"]),
    ("%H", UNITS["HOUR"]),
    ("%d", UNITS["DAY"]),
    ("%j", UNITS["DAY"]),
    ("%u", UNITS["DAY"]),
    ("%V", UNITS["WEEK"]),
    ("%U", UNITS["WEEK"]),
    ("%m", UNITS["MONTH"]),
)
"""The same of a $dateToString."""
ROUNDING = frozenset({"$trunc", "$floor", "$ceil", "$round"})


def operator_of(value: Mapping[str, Any]) -> str:
    """The operator of an expression; empty: a document."""
    name = next(iter(value), "")
    return name if name.startswith("$") else ""


def parts_of(value: Any) -> Iterator[Any]:
    """The expressions of which one is, or gives, a value; conditions are none."""
    if isinstance(value, list):
        yield from value
    if not isinstance(value, Mapping):
        return
    for name, given in value.items():
        if name == "$cond" and isinstance(given, list):
            yield from given[1:]
        elif name not in ("if", "case"):
            yield given


def unit_of(value: Any) -> timedelta | None:
    """How far an expression itself cuts; None: not at all, or it isn't known for a cut."""
    name = operator_of(value) if isinstance(value, Mapping) else ""
    given: Any = value[name] if name else None
    if name == "$dateTrunc":
        size = given.get("binSize", 1)
        unit = LENGTHS.get(str(given.get("unit", "")).upper(), UNITS["DAY"])
        return _of_number(size * (unit / MILLISECOND) if isinstance(size, (int, float)) else None)
    if name in ("$bucket", "$bucketAuto"):
        return UNITS["DAY"]
    if name == "$dateFromParts":
        return next((unit for part, unit in PARTS if part in given), UNITS["YEAR"])
    if name == "$dateToString" and isinstance(given.get("format"), str):
        text = given["format"]
        return next((unit for sign, unit in FORMATS if sign in text), UNITS["YEAR"])
    if name == "$mod":
        return _of_number(_number(given[1]))
    if name in ROUNDING:
        return _of_number(prod(_divisors(given)))
    return None


def moved_by(value: Any) -> timedelta:
    """How far an expression itself moves a stamp back; zero: not at all.

    >>> moved_by({"$subtract": ["$at", {"$multiply": [5, 3_600_000]}]})
    datetime.timedelta(seconds=18000)
    >>> moved_by({"$dateAdd": {"startDate": "$at", "unit": "day", "amount": 1}})
    datetime.timedelta(0)
    """
    name = operator_of(value) if isinstance(value, Mapping) else ""
    given: Any = value[name] if name else None
    if name in ("$dateSubtract", "$dateAdd"):
        number = _number(given.get("amount"))
        unit = LENGTHS.get(str(given.get("unit", "")).upper(), UNITS["DAY"]) / MILLISECOND
        back = (number or 1) * unit * (1 if name == "$dateSubtract" else -1)
    elif name in ("$subtract", "$add") and isinstance(given, list) and given:
        back = (_number(given[-1]) or 0) * (1 if name == "$subtract" else -1)
    else:
        return timedelta()
    return min(max(back, 0), LONGEST) * MILLISECOND


def _of_number(number: float | None) -> timedelta:
    """Of milliseconds, as $toLong gives them; of a number that isn't written there, a day."""
    return UNITS["DAY"] if number is None else min(LONGEST, abs(number)) * MILLISECOND


def _divisors(value: Any) -> Iterator[float]:
    """The numbers by which what is rounded was divided."""
    if isinstance(value, Mapping) and "$divide" in value:
        dividend, divisor = value["$divide"]
        number = _number(divisor)
        yield UNITS["DAY"] / MILLISECOND if number is None else number
        yield from _divisors(dividend)
    elif isinstance(value, (list, Mapping)):
        for part in parts_of(value):
            yield from _divisors(part)


def _number(value: Any) -> float | None:
    """A constant, also one that is written as a product; None: another value."""
    if isinstance(value, Mapping) and set(value) == {"$multiply"}:
        factors = [_number(factor) for factor in value["$multiply"]]
        return prod(f for f in factors if f is not None) if None not in factors else None
    if isinstance(value, list) and len(value) == 1:
        return _number(value[0])
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
