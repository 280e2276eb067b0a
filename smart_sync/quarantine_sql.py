"""Which staged rows fail a check of rows, and leave for it: dead letters and their DELETE, as SQL.

A row is known by the text of all that it holds: rows that hold the same fail alike.
"""

from collections.abc import Mapping
from types import MappingProxyType

from auto_schema.names import OURS, STAGED, of_staged, quoted, string_literal
from smart_sync.check import Check, Severity
from smart_sync.check_sql import asks_afterwards, row_fails
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import staged_items
from smart_sync.staged_row_sql import NO_ROW, stage_of, staged_row

RAW, ROW, TYPED = (quoted(f"{OURS}{name}") for name in ("raw", "row", "typed"))
NOTHING_MADE: Mapping[str, str] = MappingProxyType({})
LONGEST_VALUE = 1_000
"""Characters of a letter's value, as conforming keeps them."""


def quarantining(plan: SyncPlan) -> list[Check]:
    """The checks whose failing rows become dead letters: of single rows, none of which is good."""
    if not plan.publishing.quarantines:
        return []
    return [
        check
        for check in plan.publishing.checks
        if check.is_of_rows
        and not check.is_tolerant
        and check.severity is Severity.ERROR
        and not asks_afterwards(plan, check)
    ]


def count_quarantined(plan: SyncPlan) -> str:
    """A SELECT of how many rows fail, and of the letter of one: its check, and the row's hash."""
    return (
        "SELECT COUNT(*) AS found, ANY_VALUE(reason) AS reason, MIN(row_hash) AS row_hash"
        f" FROM (\n{quarantine_letters(plan)}\n)"
    )


def quarantine_letters(plan: SyncPlan, marks: Mapping[str, str] = NOTHING_MADE) -> str:
    """A SELECT of the dead letters that they are; a row that fails several is told by the first.

    Args:
        plan: the run's.
        marks: what was made of columns, as `staged_row` wants it.
    """
    checks = quarantining(plan)
    columns = {check: string_literal(", ".join(check.columns)) for check in checks}
    values = {check: _value(plan, check) for check in checks}
    reasons = {check: string_literal(f"check {check.name}") for check in checks}
    return (
        f"SELECT {_by_check(plan, columns)} AS column_name,\n"
        f"  SUBSTR({_by_check(plan, values)}, 1, {LONGEST_VALUE}) AS value,\n"
        f"  {_by_check(plan, reasons)} AS reason,\n"
        f"  {ROW} AS raw_row, TO_HEX(SHA256({ROW})) AS row_hash,\n"
        f"  {string_literal(stage_of(plan, is_made=True))} AS row_stage, {TYPED} AS typed_row\n"
        f"{_failing_rows(plan, staged_row(plan, RAW, marks, is_made=True))}"
    )


def delete_quarantined(plan: SyncPlan) -> str:
    """DELETE of these rows from staging."""
    return (
        f"DELETE FROM {plan.rows_table.sql} AS {RAW}\n"
        f"WHERE SHA256(TO_JSON_STRING({RAW})) IN (\nSELECT SHA256({ROW})\n{_failing_rows(plan)})"
    )


def _failing_rows(plan: SyncPlan, typed: str = NO_ROW) -> str:
    """FROM and WHERE of the staged rows that fail: as published, and `ROW`, all that one holds.

    `TYPED` is the SQL that is given.
    """
    rows = (
        f"SELECT {staged_items(plan)}, TO_JSON_STRING({RAW}) AS {ROW},\n"
        f"    {typed} AS {TYPED}\n"
        f"  FROM {plan.rows_table.sql} AS {RAW}"
    )
    fail = " OR ".join(row_fails(plan, check) for check in quarantining(plan))
    return f"FROM ({rows}) AS {STAGED}\nWHERE {fail}"


def _by_check(plan: SyncPlan, values: Mapping[Check, str]) -> str:
    """The value of the first check that a row fails."""
    cases = (f"WHEN {row_fails(plan, check)} THEN {value}" for check, value in values.items())
    return f"CASE {' '.join(cases)} END"


def _value(plan: SyncPlan, check: Check) -> str:
    """What a row holds in the check's column, as a text."""
    column = plan.schema.find(check.columns[0]) if check.columns else None
    if column is None:
        return "CAST(NULL AS STRING)"
    held = of_staged(column.name)
    if column.is_single(["STRING"]):
        return held
    return f"IF({held} IS NULL, NULL, TO_JSON_STRING({held}))"
