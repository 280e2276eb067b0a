"""The statements of transform_sql: pure text from a plan.

The rows that it sees, named `staged`, have the types in which they would be published. What it
makes of them is kept in a table of the run's: checks and publishing read the same rows, also
where a function gives another answer each time.
"""

from dataclasses import replace

from auto_schema.names import OURS, quoted
from auto_schema.schema import TableSchema
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import column_definition, restored_value
from smart_sync.sql_plan import Rounded

RESULT, KNOWN, IS_KNOWN = f"{OURS}result", f"{OURS}known", f"{OURS}is_known"
VALUE = f"{OURS}value"
LIFE_HOURS = 24


def over(rows: str, sql: str) -> str:
    """The operator's query over a query that gives the staged rows.

    It stands in parentheses, which nothing in it may close, with lines of their own: a comment
    at its end would else reach them.
    """
    return f"FROM (\nWITH staged AS (\n{rows}\n)\nSELECT * FROM (\n{sql}\n)\n) AS {RESULT}"


def tried(rows: str, sql: str) -> str:
    """The same by itself, for a dry run over no rows."""
    return f"SELECT {RESULT}.*\n{over(rows, sql)}"


def staged_rows(plan: SyncPlan) -> str:
    """The staged rows, each column in the type in which it would be published."""
    columns = plan.reading.schema
    in_place = plan.reading.is_in_place
    items = _names(columns) if in_place else ", ".join(map(restored_value, columns.staged))
    return f"SELECT {items}\nFROM {plan.run.staging.table.sql}"


def make_result(plan: SyncPlan, sql: str) -> str:
    """The run's table of what the query makes of the staged rows, which expires by itself.

    No DML: GoogleSQL's own code runs none in whose sub-queries a WITH is read twice.
    """
    columns = [column for column in plan.schema if not column.formula]
    defined = ", ".join(column_definition(replace(column, description="")) for column in columns)
    selected = ", ".join(f"{RESULT}.{quoted(column.name)}" for column in columns)
    expires = f"TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {LIFE_HOURS} HOUR)"
    return (
        f"CREATE OR REPLACE TABLE {plan.rows_table.sql} ({defined})\n"
        f"OPTIONS (expiration_timestamp={expires})\n"
        f"AS SELECT {selected}\n{over(staged_rows(plan), sql)}"
    )


def _names(columns: TableSchema) -> str:
    return ", ".join(quoted(column.name) for column in columns)


def result_question(plan: SyncPlan) -> str:
    """A SELECT of one row that says whether the result may be published.

    `made`: its rows. `strange`: rows whose keys and cursor together no staged row has.
    `rounded`: rows with a value of more digits than the destination keeps. `highest` and
    `staged_highest`: MAX of the cursor in the result and in the staged rows, where there is one.
    """
    kept, staged = _kept(plan), plan.run.staging.table.sql
    rounded = plan.publishing.sql.rounded if plan.publishing.sql else ()
    values = ["COUNT(*) AS made"]
    with_known, joined, strange = "", "", "0"
    if kept:
        names = ", ".join(map(quoted, kept))
        with_known = (
            f"WITH {KNOWN} AS (SELECT DISTINCT {names}, TRUE AS {IS_KNOWN} FROM {staged})\n"
        )
        same = " AND ".join(f"{RESULT}.{quoted(n)} = {KNOWN}.{quoted(n)}" for n in kept)
        joined = f"\nLEFT JOIN {KNOWN} ON {same}"
        strange = f"COUNTIF({KNOWN}.{IS_KNOWN} IS NULL)"
    digits = " OR ".join(map(_is_rounded, rounded))
    values += [f"{strange} AS strange", f"{f'COUNTIF({digits})' if digits else 0} AS rounded"]
    if plan.cursor is not None:
        cursor = quoted(plan.cursor.name)
        values.append(f"MAX({RESULT}.{cursor}) AS highest")
        values.append(f"(SELECT MAX({cursor}) FROM {staged}) AS staged_highest")
    selected = ",\n  ".join(values)
    return f"{with_known}SELECT {selected}\nFROM {plan.rows_table.sql} AS {RESULT}{joined}"


def _kept(plan: SyncPlan) -> tuple[str, ...]:
    """The columns by which a row of the result must be one that was staged."""
    merge, cursor = plan.publishing.merge, plan.cursor
    keys = merge.keys if merge else ()
    return tuple(dict.fromkeys([*keys, *([cursor.name] if cursor else [])]))


def _is_rounded(column: Rounded) -> str:
    name = f"{RESULT}.{quoted(column.name)}"
    if not column.is_array:
        return f"{name} != ROUND({name}, {column.scale})"
    wrong = f"{VALUE} != ROUND({VALUE}, {column.scale})"
    return f"EXISTS (SELECT 1 FROM UNNEST({name}) AS {VALUE} WHERE {wrong})"
