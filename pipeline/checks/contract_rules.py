"""Metrics, thresholds and units of the Open Data Contract Standard: arguments → rules.

https://bitol-io.github.io/open-data-contract-standard/v3.1.0/data-quality
https://bitol-io.github.io/open-data-contract-standard/v3.1.0/service-level-agreement
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.checks.arguments import Arguments, decimal_of
from pipeline.parameters.nodes import Text
from smart_sync.check import (
    AcceptedValues,
    Condition,
    Matches,
    Missing,
    NotNull,
    Severity,
    Unique,
)

Counted = NotNull | Missing | AcceptedValues | Matches | Unique
Columns = Mapping[str, str]
"""Names of properties in the contract → columns."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the library: whose failures it counts, and what it stands under."""

    rule: Callable[[Arguments, str, Columns], Counted | None]
    of_properties: bool = True
    of_objects: bool = False


def _null_values(_: Arguments, column: str, __: Columns) -> Counted:
    return NotNull(column)


def _missing_values(arguments: Arguments, column: str, _: Columns) -> Counted:
    listed = arguments.texts("missingValues")
    return Missing(column, _values(listed), is_null=any(map(_is_null, listed)))


def _invalid_values(arguments: Arguments, column: str, _: Columns) -> Counted:
    pattern = arguments.text("pattern", "")
    listed = arguments.texts("validValues", may_lack=bool(pattern))
    if pattern and listed:
        arguments.refuse("pattern", "write a rule for each: validValues and pattern.")
    if pattern:
        return Matches(column, pattern)
    if listed and not _values(listed):
        arguments.refuse("validValues", "name values beside null, which is never invalid.")
    return AcceptedValues(column, _values(listed))


def _duplicate_values(arguments: Arguments, column: str, columns: Columns) -> Counted:
    if column:
        return Unique((column,))
    named = (name.text for name in arguments.texts("properties"))
    return Unique(tuple(columns.get(name, name) for name in named))


def _row_count(_: Arguments, __: str, ___: Columns) -> None:
    return None


METRICS: Mapping[str, Metric] = {
    "nullValues": Metric(_null_values),
    "missingValues": Metric(_missing_values),
    "invalidValues": Metric(_invalid_values),
    "duplicateValues": Metric(_duplicate_values, of_objects=True),
    "rowCount": Metric(_row_count, of_properties=False, of_objects=True),
}
THRESHOLDS: Mapping[str, str] = {
    "mustBe": "=",
    "mustNotBe": "!=",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
    "mustBeBetween": "between",
    "mustNotBeBetween": "not between",
}
"""What must hold of a number; several may stand together, and then all must."""
WARNINGS = frozenset(("info", "warning", "warn", "low", "minor", "trivial"))
"""Severities that keep no row back; they are free text, and all others do."""
LATENCIES = frozenset(("latency", "ly", "freshness"))
"""The standard prefers the first, has the second for it, and tools write the third."""
_UNITS: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("SECOND", 1): ("s", "sec", "second", "seconds"),
    ("MINUTE", 1): ("min", "minute", "minutes"),
    ("HOUR", 1): ("h", "hr", "hour", "hours"),
    ("DAY", 1): ("d", "day", "days"),
    ("DAY", 7): ("w", "wk", "week", "weeks"),
    ("DAY", 30): ("mo", "month", "months"),
    ("DAY", 365): ("y", "yr", "year", "years"),
}
UNITS = {word: unit for unit, words in _UNITS.items() for word in words}
"""Of time → BigQuery's, and how many of those."""


def conditions(said: Arguments) -> Iterator[Condition]:
    """What a rule says must hold of its number."""
    for name, operator in THRESHOLDS.items():
        if not operator.endswith("between"):
            number = said.number(name, "")
            if number is not None:
                yield Condition(operator, number)
            continue
        ends = [decimal_of(end.text) for end in said.texts(name, may_lack=True)]
        match ends:
            case []:
                pass
            case [low, high] if low is not None and high is not None and low <= high:
                yield Condition(operator, low, high)
            case _:
                said.wrong(name, "no two numbers", "write [low, high].")


def allows_none(wanted: Condition) -> bool:
    """Whether a number of rows is as it is wanted only where there are none.

    >>> from decimal import Decimal
    >>> allows_none(Condition("<", Decimal(1))), allows_none(Condition("<=", Decimal(1)))
    (True, False)
    """
    number = wanted.number
    if wanted.operator == "<":
        return 0 < number <= 1
    return (wanted.operator == "=" and number == 0) or (wanted.operator == "<=" and 0 <= number < 1)


def severity_of(text: str) -> Severity:
    """What a severity does.

    >>> str(severity_of("Info")), str(severity_of("")), str(severity_of("critical"))
    ('warn', 'error', 'error')
    """
    return Severity.WARN if text.casefold() in WARNINGS else Severity.ERROR


def _is_null(value: Text) -> bool:
    return value.is_bare and not value.text


def _values(listed: tuple[Text, ...]) -> tuple[str, ...]:
    """Texts as which a column may hold the values; a number in the way that BigQuery writes it.

    >>> _values((Text("1.10", is_bare=True), Text("1.10"), Text("", is_bare=True), Text("")))
    ('1.10', '1.1', '')
    """
    texts = list[str]()
    for value in listed:
        if _is_null(value):
            continue
        texts.append(value.text)
        number = decimal_of(value.text) if value.is_bare else None
        if number is not None:
            texts.append(f"{number.normalize():f}")
    return tuple(dict.fromkeys(texts))
