"""The generic tests of dbt, dbt_utils and dbt_expectations that are known: arguments → rules.

https://docs.getdbt.com/reference/resource-properties/data-tests
https://github.com/dbt-labs/dbt-utils#generic-tests
https://github.com/metaplane/dbt-expectations
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from auto_schema.errors import shown
from pipeline.checks.arguments import Arguments
from smart_sync.check import (
    AcceptedRange,
    AcceptedValues,
    Expression,
    Matches,
    NotNull,
    NotNullProportion,
    Recent,
    Related,
    RowCount,
    Rule,
    Unique,
)

MAKE_A_ROW = "write a test for each group, with config: {where: …}."
IN_WHERE = "write it as config: {where: …}."
REFERENCE = re.compile(r"""\s*(?:ref|source)\(\s*(['"])(\w+)\1\s*(?:,\s*(['"])(\w+)\3\s*)?\)\s*""")
UNITS = ("microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "year")
DAYS = {"week": 7, "month": 30, "year": 365}
"""What TIMESTAMP_SUB doesn't take."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test by its name in dbt: what it makes of its arguments, and what it stands under."""

    rule: Callable[[Arguments, str], Rule]
    needs_column: bool = True


def _not_null(_: Arguments, column: str) -> Rule:
    return NotNull(column)


def _unique(_: Arguments, column: str) -> Rule:
    return Unique((column,))


def _accepted_values(arguments: Arguments, column: str) -> Rule:
    values = tuple(value.text for value in arguments.texts("values"))
    return AcceptedValues(column, values, is_text=arguments.flag("quote", default=True))


def _relationships(arguments: Arguments, column: str) -> Rule:
    return Related(column, table_of(arguments.text("to")), arguments.text("field"))


def table_of(reference: str) -> str:
    """The table of `ref('t')`, of `source('dataset', 't')`, or of a name as it stands.

    >>> table_of("ref('t')"), table_of("source('d', 't')"), table_of("d.t")
    ('t', 'd.t', 'd.t')
    """
    written = REFERENCE.fullmatch(reference)
    if written is None:
        return reference.strip()
    first, second = written[2], written[4]
    if second is None:
        return first
    return f"{first}.{second}" if reference.lstrip().startswith("source") else second


def _accepted_range(arguments: Arguments, column: str) -> Rule:
    low, high = arguments.text("min_value", ""), arguments.text("max_value", "")
    inclusive = arguments.flag("inclusive", default=True)
    if not low and not high:
        arguments.text("min_value")
    return AcceptedRange(column, low, high, inclusive)


def _not_null_proportion(arguments: Arguments, column: str) -> Rule:
    arguments.refuse("group_by_columns", MAKE_A_ROW)
    low, high = arguments.number("at_least"), arguments.number("at_most", "1")
    return NotNullProportion(column, low or Decimal(0), Decimal(1) if high is None else high)


def _unique_combination(arguments: Arguments, _: str) -> Rule:
    arguments.flag("quote_columns", default=False)
    return Unique(tuple(name.text for name in arguments.texts("combination_of_columns")))


def _expression(arguments: Arguments, column: str) -> Rule:
    return Expression(arguments.text("expression"), column)


def _recency(arguments: Arguments, _: str) -> Rule:
    arguments.refuse("group_by_columns", MAKE_A_ROW)
    arguments.refuse("ignore_time_component", "leave it out: the time of day counts.")
    unit, number = arguments.text("datepart").casefold(), arguments.whole("interval") or 0
    if unit and unit not in UNITS:
        arguments.wrong("datepart", shown(unit), f"write one of {', '.join(UNITS)}.")
    if unit in DAYS:
        unit, number = "day", number * DAYS[unit]
    return Recent(arguments.text("field"), unit.upper(), number)


def _row_count(arguments: Arguments, _: str) -> Rule:
    for name in ("group_by", "row_condition"):
        arguments.refuse(name, IN_WHERE)
    strictly = arguments.flag("strictly", default=False)
    low, high = arguments.whole("min_value", ""), arguments.whole("max_value", "")
    if low is None and high is None:
        arguments.whole("min_value")
    step = 1 if strictly else 0
    return RowCount(None if low is None else low + step, None if high is None else high - step)


def _regex(arguments: Arguments, column: str) -> Rule:
    arguments.refuse("row_condition", IN_WHERE)
    arguments.flag("is_raw", default=False)
    flags = arguments.text("flags", "")
    return Matches(column, f"(?{flags})" * bool(flags) + arguments.text("regex"))


TESTS: Mapping[str, Test] = {
    "not_null": Test(_not_null),
    "unique": Test(_unique),
    "accepted_values": Test(_accepted_values),
    "relationships": Test(_relationships),
    "dbt_utils.accepted_range": Test(_accepted_range),
    "dbt_utils.not_null_proportion": Test(_not_null_proportion),
    "dbt_utils.unique_combination_of_columns": Test(_unique_combination, needs_column=False),
    "dbt_utils.expression_is_true": Test(_expression, needs_column=False),
    "dbt_utils.recency": Test(_recency, needs_column=False),
    "dbt_expectations.expect_table_row_count_to_be_between": Test(_row_count, needs_column=False),
    "dbt_expectations.expect_column_values_to_match_regex": Test(_regex),
}
