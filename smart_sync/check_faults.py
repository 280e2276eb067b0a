"""What stands against a run's checks, as far as the planned columns and their own texts show it."""

import difflib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.kernels import arrow, pc
from auto_schema.names import column_fault
from auto_schema.schema import Column, TableSchema
from smart_sync.check import (
    AcceptedRange,
    AcceptedValues,
    Check,
    Expression,
    Matches,
    Missing,
    Recent,
    Related,
    Unique,
)
from smart_sync.check_text import text_fault
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import UNKNOWN

UNGROUPED = frozenset(["JSON", "GEOGRAPHY"])
"""Types of which BigQuery can't tell whether two values are one."""
COMBINATION = "dbt_utils.unique_combination_of_columns"
SECONDS: Mapping[str, Decimal] = MappingProxyType(
    {
        "MICROSECOND": Decimal("1e-6"),
        "MILLISECOND": Decimal("1e-3"),
        "SECOND": Decimal(1),
        "MINUTE": Decimal(60),
        "HOUR": Decimal(3600),
        "DAY": Decimal(86400),
    }
)
LONGEST_S = 2000 * 365 * 86400
"""TIMESTAMP_SUB ends a query that would leave the year 1."""
ALONE = "write an expression that can stand by itself, with all that it opens closed."


def check_faults(request: SyncRequest, schema: TableSchema) -> list[SyncError]:
    """What a run's checks name that won't be there, can't be compared, or isn't an expression."""
    faults = list[SyncError]()
    for check in request.publishing.checks:
        faults += [*_column_faults(check, schema), *_text_faults(check), *_rule_faults(check)]
    return faults


def _where(check: Check) -> str:
    return f"check {check.name}"


def _column_faults(check: Check, schema: TableSchema) -> Iterator[SyncError]:
    names = [column.name for column in schema]
    for name in check.columns:
        column = schema.find(name)
        if column is not None:
            yield from _type_faults(check, column)
            continue
        near = difflib.get_close_matches(name, names, 1)
        fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(names[:5])} …"
        if column_fault(name):
            fix = f"name a column; for several of them: {COMBINATION}."
        where = f"{_where(check)}, column {shown(name)}"
        yield SchemaError("a check of an unknown column", where, UNKNOWN, fix)


def _type_faults(check: Check, column: Column) -> Iterator[SyncError]:
    rule, where = check.counted, f"{_where(check)}, column {shown(column.name)}"
    if isinstance(rule, Unique) and (column.is_repeated or column.bigquery in UNGROUPED):
        why = f"BigQuery can't group by {column.kind}"
        fix = "check another column, or leave unique out."
        yield SchemaError("values that can't be compared", where, why, fix)
    as_text = isinstance(rule, Matches | Missing) or (
        isinstance(rule, AcceptedValues) and rule.is_text
    )
    if as_text and column.is_single(["BYTES"]):
        why = "BYTES need be no text"
        fix = "write dbt_utils.expression_is_true, with the bytes as you read them."
        yield SchemaError("values that are no text", where, why, fix)


def _text_faults(check: Check) -> Iterator[SyncError]:
    """Texts of SQL that would end our parentheses, or swallow what stands behind them."""
    for name, sql in _texts(check):
        if why := text_fault(sql):
            where = f"{_where(check)}, {name}"
            yield ConfigError("SQL that is no expression", where, f"{why}: {shown(sql)}", ALONE)


def _texts(check: Check) -> Iterator[tuple[str, str]]:
    rule = check.counted
    texts = {"where": check.where}
    if isinstance(rule, Expression):
        texts["expression"] = rule.sql
    elif isinstance(rule, AcceptedRange):
        texts |= {"min_value": rule.low, "max_value": rule.high}
    yield from ((name, sql) for name, sql in texts.items() if sql)
    if isinstance(rule, AcceptedValues) and not rule.is_text:
        yield from (("values", sql) for sql in rule.values)


def _rule_faults(check: Check) -> Iterator[SyncError]:
    rule = check.counted
    if isinstance(rule, Matches):
        try:
            pc.match_substring_regex(arrow.array([""]), rule.regex)
        except arrow.ArrowInvalid as error:
            why = f"{shown(rule.regex)}: {error}"
            fix = "write it as https://github.com/google/re2/wiki/Syntax says."
            yield ConfigError("a regular expression that RE2 doesn't know", _where(check), why, fix)
    if isinstance(rule, Recent) and rule.number * SECONDS[rule.unit] > LONGEST_S:
        why, fix = (
            f"{rule.number} {rule.unit}",
            "write one of less than two thousand years.",
        )
        yield ConfigError("an interval before all time", _where(check), why, fix)
    if isinstance(rule, Related):
        parts = rule.table.split(".")
        if len(parts) > 3 or not all(parts):
            fix = "write ref('table'), source('dataset', 'table') or project.dataset.table."
            yield ConfigError("no name of a table", _where(check), shown(rule.table), fix)
