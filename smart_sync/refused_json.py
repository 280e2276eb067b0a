"""Which staged rows BigQuery's own parsers refuse: asked of them, as SQL from a plan.

Of JSON half a surrogate pair, more than 500 levels and the like, of GEOGRAPHY what only its own
rules forbid; one such row ends a whole statement.
The parser is asked in rows that hold names of our own only, whatever the columns are called.
"""

from collections.abc import Mapping

from auto_schema.names import OURS, STAGED, of_staged, string_literal
from auto_schema.schema import Column
from smart_sync.plan import SyncPlan
from smart_sync.quarantine_sql import NOTHING_MADE
from smart_sync.staged_row_sql import stage_of, staged_row

_NOT_PARSED = "that BigQuery does not parse"


def count_refused_json(plan: SyncPlan) -> str:
    """A SELECT of how many staged rows have such a text; empty: none can."""
    columns = _parsed(plan)
    if not columns:
        return ""
    return f"SELECT COUNT(*) AS found\n{_refused_rows(plan, columns)}"


def refused_json_letters(plan: SyncPlan, marks: Mapping[str, str] = NOTHING_MADE) -> str:
    """A SELECT of the dead letters that these rows are.

    Args:
        plan: the run's.
        marks: what was made of columns, as `staged_row` wants it.
    """
    columns = _parsed(plan)
    names = "".join(
        f" WHEN {_refused(n, c)} THEN {string_literal(c.name)}" for n, c in enumerate(columns)
    )
    values = "".join(f" WHEN {_refused(n, c)} THEN {_text(n)}" for n, c in enumerate(columns))
    row, typed = f"{OURS}row", f"{OURS}typed"
    kept = staged_row(plan, STAGED, marks, is_made=False)
    items = (f"TO_JSON_STRING({STAGED}) AS {row}", f"{kept} AS {typed}")
    return (
        f"SELECT CASE{names} END AS column_name, SUBSTR(CASE{values} END, 1, 1000) AS value,\n"
        f"  {_reasons(columns)} AS reason, {row} AS raw_row,\n"
        f"  TO_HEX(SHA256({row})) AS row_hash,\n"
        f"  {string_literal(stage_of(plan, is_made=False))} AS row_stage, {typed} AS typed_row\n"
        f"{_refused_rows(plan, columns, *items)}"
    )


def refusal(plan: SyncPlan, name: str) -> str:
    """Why rows are refused by a column of that name."""
    return next(_reason(column) for column in _parsed(plan) if column.name == name)


def _reason(column: Column) -> str:
    return f"{column.bigquery} {_NOT_PARSED}"


def _reasons(columns: list[Column]) -> str:
    """The reason of a row's first refused column."""
    if len({column.bigquery for column in columns}) == 1:
        return string_literal(_reason(columns[0]))
    cases = (
        f" WHEN {_refused(n, c)} THEN {string_literal(_reason(c))}" for n, c in enumerate(columns)
    )
    return f"CASE{''.join(cases)} END"


def delete_refused_json(plan: SyncPlan) -> str:
    """DELETE of these rows from staging: of each row that has a refused text.

    Texts are compared by hash, which no collation of the dataset reaches.
    """
    table = plan.run.staging.table.sql
    is_refused = "\n   OR ".join(
        f"SHA256({of_staged(c.name)}) IN (\n"
        f"    SELECT SHA256({_text(n)})\n"
        f"    FROM (SELECT {of_staged(c.name)} AS {_text(n)} FROM {table} AS {STAGED})\n"
        f"    WHERE {_refused(n, c)})"
        for n, c in enumerate(_parsed(plan))
    )
    return f"DELETE FROM {table} AS {STAGED}\nWHERE {is_refused}"


def _refused_rows(plan: SyncPlan, columns: list[Column], *items: str) -> str:
    """FROM and WHERE of the staged rows with such a text: these items, and the texts."""
    texts = (f"{of_staged(c.name)} AS {_text(n)}" for n, c in enumerate(columns))
    refused = " OR ".join(_refused(n, c) for n, c in enumerate(columns))
    inner = (
        f"SELECT {', '.join((*items, *texts))}\n      FROM {plan.run.staging.table.sql} AS {STAGED}"
    )
    return f"FROM ({inner})\nWHERE {refused}"


def _parsed(plan: SyncPlan) -> list[Column]:
    """The columns whose staged text the publishing statement parses."""
    if plan.reading.is_in_place:
        return []
    columns = plan.reading.schema
    return [c for c in columns if c.is_parsed and not c.is_repeated]


def _text(number: int) -> str:
    return f"{OURS}json_{number}"


def _refused(number: int, column: Column) -> str:
    text = _text(number)
    parsed = f"SAFE.{column.parsed(text)}"
    return f"({text} IS NOT NULL AND {parsed} IS NULL)"  # JSON's own null is not NULL
