"""What a run's checks ask of the rows: one statement, pure text from a plan.

All checks of the run's own rows are aggregates of one SELECT over them, in the types in which they
will be published. Those of the table as it will be read what stays of the destination, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auto_schema.names import OURS, STAGED, TABLE, of_staged, of_table, quoted, string_literal
from auto_schema.schema import Column
from smart_sync.check import (
    AcceptedRange,
    AcceptedValues,
    Check,
    Condition,
    Expression,
    Matches,
    Measured,
    Missing,
    NotNull,
    NotNullProportion,
    Recent,
    Related,
    RowCount,
    Scope,
    Unique,
)
from smart_sync.history_sql import current_afterwards
from smart_sync.merge_sql import comes_later, newest
from smart_sync.missing_sql import stay_after
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import always_true, select_staged, within_window
from warehouse.names import TableRef

ROWS, AFTERWARDS = quoted(f"{OURS}rows"), quoted(f"{OURS}afterwards")
"""The run's rows, and the table as it will be."""
EVERY = quoted(f"{OURS}marked_too")
"""The run's rows with those that are deleted, of which nothing is asked where they are removed."""
IS_NEW = quoted(f"{OURS}is_new")
PARENT = quoted(f"{OURS}parent")
SHOWN_ROWS = 10
TIMES = ("DATE", "DATETIME", "TIME", "TIMESTAMP")
"""Types into which GoogleSQL turns literals of text: '2025-07-01' is a moment, too."""


def checks_query(plan: SyncPlan, rows: str = "") -> str:
    """A SELECT of one row: how many rows the run has, then each check's number of failures.

    Args:
        plan: the run's.
        rows: a query that stands for the run's rows; empty: those that it staged.
    """
    checks = plan.publishing.checks
    values = ["COUNT(*) AS run_rows"]
    values += [f"{_failures(plan, check)} AS failures_{n}" for n, check in enumerate(checks)]
    select = ",\n  ".join(values)
    return f"{relations(plan, checks, rows)}\nSELECT {select}\nFROM {ROWS} AS {STAGED}"


def keys_query(plan: SyncPlan, rows: str = "", *, of: Sequence[Check] = ()) -> str:
    """A SELECT of one row: the failing keys of some checks, or of all; `rows` as above."""
    checks = of or plan.publishing.checks
    values = ", ".join(f"{failing_keys(plan, check)} AS keys_{n}" for n, check in enumerate(checks))
    return f"{relations(plan, checks, rows)}\nSELECT {values}"


def relations(plan: SyncPlan, checks: Iterable[Check], rows: str = "") -> str:
    """WITH of what checks look at: the run's rows, and the table as it will be if one asks for it.

    Args:
        plan: the run's.
        checks: that are asked.
        rows: as above.
    """
    named = [f"{_staged(plan)} AS (\n{rows or select_staged(plan)}\n)"]
    if lacks := _lacks_mark(plan):
        named.append(f"{ROWS} AS (\nSELECT * FROM {EVERY} AS {STAGED} WHERE {lacks}\n)")
    if any(asks_afterwards(plan, check) for check in checks):
        named.append(f"{AFTERWARDS} AS (\n{_afterwards(plan, is_tried=bool(rows))}\n)")
    return f"WITH {', '.join(named)}"


def failing_keys(plan: SyncPlan, check: Check) -> str:
    """An array of texts, JSON of the keys of some rows that fail; empty of a check that is of none.

    A row is told by the merge keys, else by what the check looks at and the cursor; of a value
    that comes more than once, by the value. It stands behind `relations`.
    """
    rule, is_whole = check.rule, check.scope is Scope.TABLE
    source = AFTERWARDS if is_whole else ROWS
    if isinstance(rule, Measured) and rule.failing is not None:
        return failing_keys(plan, replace(check, rule=rule.failing))
    if isinstance(rule, Unique):
        names, rest = rule.columns, _repeated(rule, check, source, is_whole=is_whole)
    elif check.is_of_rows:
        names = _told_by(plan, check)
        rest = f"FROM {source} AS {STAGED} WHERE {_counts(check)}{_fails(plan, check)}"
    else:
        return "CAST([] AS ARRAY<STRING>)"
    fields = ", ".join(f"{of_staged(name)} AS {quoted(name)}" for name in names)
    return f"ARRAY(SELECT TO_JSON_STRING(STRUCT({fields})) {rest} LIMIT {SHOWN_ROWS})"


def _told_by(plan: SyncPlan, check: Check) -> tuple[str, ...]:
    merge = plan.publishing.merge
    if merge is not None:
        return merge.keys
    cursor = [plan.cursor.name] if plan.cursor else []
    names = tuple(dict.fromkeys([*check.columns, *cursor]))
    return names or tuple(column.name for column in plan.schema)[:1]


def typed_rows(schema: Iterable[Column]) -> str:
    """A query of no row with these columns: what a dry run tries a query on."""
    columns = ", ".join(
        f"{_typed_null(column.bigquery, column.is_repeated)} AS {quoted(column.name)}"
        if column.shape is None
        else f"CAST(NULL AS {column.shape.sql(parameters=False)}) AS {quoted(column.name)}"
        for column in schema
    )
    return f"SELECT {columns} FROM UNNEST([0]) WHERE FALSE"


def _typed_null(kind: str, is_repeated: bool) -> str:
    return f"CAST(NULL AS {f'ARRAY<{kind}>' if is_repeated else kind})"


def row_fails(plan: SyncPlan, check: Check) -> str:
    """Whether one of the run's rows, named `STAGED`, fails a check of rows; never NULL."""
    fails = f"COALESCE({_counts(check)}{_fails(plan, check)}, FALSE)"
    lacks = _lacks_mark(plan)
    return f"({lacks} AND {fails})" if lacks else fails


def _lacks_mark(plan: SyncPlan) -> str:
    """Whether one of the rows, named `STAGED`, is none that is removed; empty: none is."""
    merge = plan.publishing.merge
    return merge.mark.lacks(STAGED) if merge and merge.mark and merge.mark.removes else ""


def _staged(plan: SyncPlan) -> str:
    """The name of all of the run's rows, marked ones too."""
    return EVERY if _lacks_mark(plan) else ROWS


def asks_afterwards(plan: SyncPlan, check: Check) -> bool:
    """Whether a check looks at the table as it will be."""
    rule = check.rule
    is_own = isinstance(rule, Related) and _parent(plan, rule) == plan.destination
    return check.scope is Scope.TABLE or is_own


def _parent(plan: SyncPlan, rule: Related) -> TableRef:
    return TableRef.parse(rule.table, plan.destination)


def _failures(plan: SyncPlan, check: Check) -> str:
    """The number of failures, as a value of a SELECT over the run's rows."""
    rule, is_whole = check.rule, check.scope is Scope.TABLE
    source = AFTERWARDS if is_whole else ROWS
    if isinstance(rule, Measured):
        return _measured(plan, check, rule)
    if isinstance(rule, Unique):
        groups = _repeated(rule, check, source, is_whole=is_whole)
        return f"(\nSELECT COUNT(*) FROM (SELECT 1 {groups}))"
    if isinstance(rule, Related):
        fails = f"{_counts(check)}{_fails(plan, check)}"
        return f"(SELECT COUNT(*) FROM {source} AS {STAGED} WHERE {fails})"
    value = _aggregate(plan, check)
    return f"(SELECT {value} FROM {source} AS {STAGED})" if is_whole else value


def _measured(plan: SyncPlan, check: Check, rule: Measured) -> str:
    """1 where the number isn't as it is wanted, else 0: also where it is a share of nothing."""
    rows = f"COUNTIF({_counts(check)}TRUE)"
    if check.scope is Scope.TABLE:
        rows = f"(SELECT {rows} FROM {AFTERWARDS} AS {STAGED})"
    number = rows if rule.failing is None else _failures(plan, replace(check, rule=rule.failing))
    if rule.is_percent:
        number = f"SAFE_DIVIDE(100 * {number}, {rows})"
    return f"IF(COALESCE({_holds(rule.wanted, number)}, TRUE), 0, 1)"


def _holds(condition: Condition, number: str) -> str:
    ends = [condition.number] if condition.high is None else [condition.number, condition.high]
    return f"{number} {condition.operator.upper()} {' AND '.join(f'{end:f}' for end in ends)}"


def _repeated(rule: Unique, check: Check, source: str, *, is_whole: bool) -> str:
    """The groups of values that come more than once; of the table, of those that the run brings."""
    whole = " AND ".join(f"{of_staged(name)} IS NOT NULL" for name in rule.columns)
    brought = f" AND LOGICAL_OR({IS_NEW})" if is_whole else ""
    return (
        f"FROM {source} AS {STAGED} WHERE {_counts(check)}{whole}\n"
        f"  GROUP BY {of_staged(*rule.columns)} HAVING COUNT(*) > 1{brought}"
    )


def _aggregate(plan: SyncPlan, check: Check) -> str:
    rule, counted = check.rule, _counts(check)
    looked_at = f"COUNTIF({counted}TRUE)"
    if isinstance(rule, NotNullProportion):
        there = f"COUNTIF({counted}{of_staged(rule.column)} IS NOT NULL)"
        share = f"SAFE_DIVIDE({there}, {looked_at})"
        fits = f"{share} BETWEEN {rule.at_least} AND {rule.at_most}"
        return f"IF(COALESCE({fits}, TRUE), 0, 1)"
    if isinstance(rule, Recent):
        newest_one = f"MAX(IF({counted}TRUE, TIMESTAMP({of_staged(rule.field)}), NULL))"
        since = f"TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {rule.number} {rule.unit})"
        return f"IF(COALESCE({newest_one} >= {since}, FALSE), 0, 1)"
    if isinstance(rule, RowCount):
        low = [] if rule.low is None else [f"{looked_at} >= {rule.low}"]
        high = [] if rule.high is None else [f"{looked_at} <= {rule.high}"]
        return f"IF({' AND '.join([*low, *high]) or 'TRUE'}, 0, 1)"
    return f"COUNTIF({counted}{_fails(plan, check)})"


def _counts(check: Check) -> str:
    """Which rows are looked at, before what is asked of them; a comment in it ends with a line."""
    return f"(\n{check.where}\n) AND " if check.where else ""


def _fails(plan: SyncPlan, check: Check) -> str:
    """Whether a row fails; never NULL is FALSE there: what is unknown doesn't fail."""
    rule = check.rule
    if isinstance(rule, NotNull):
        return f"{of_staged(rule.column)} IS NULL"
    if isinstance(rule, Missing):
        return _is_missing(rule)
    if isinstance(rule, AcceptedValues):
        values = "\n, ".join(map(string_literal, rule.values) if rule.is_text else rule.values)
        text = _in_words(plan, rule.column) if rule.is_text else of_staged(rule.column)
        return f"{text} NOT IN ({values}\n)"
    if isinstance(rule, AcceptedRange):
        return _outside(rule)
    if isinstance(rule, Matches):
        text = f"CAST({of_staged(rule.column)} AS STRING)"
        return f"NOT REGEXP_CONTAINS({text}, {string_literal(rule.regex)})"
    if isinstance(rule, Expression):
        column = f"{of_staged(rule.column)} " if rule.column else ""
        return f"NOT ({column}{rule.sql}\n)"
    if isinstance(rule, Related):
        return _has_no_parent(plan, rule)
    raise ValueError(f"no rule of rows: {rule}")


def _in_words(plan: SyncPlan, name: str) -> str:
    """A column that is compared with texts: a time as itself, of which texts may be literals."""
    column = plan.schema.find(name)
    is_time = column is not None and column.is_single(TIMES)
    return of_staged(name) if is_time else f"CAST({of_staged(name)} AS STRING)"


def _is_missing(rule: Missing) -> str:
    column, values = of_staged(rule.column), ", ".join(map(string_literal, rule.values))
    null = [f"{column} IS NULL"] if rule.is_null else []
    listed = [f"CAST({column} AS STRING) IN ({values})"] if values else []
    return f"({' OR '.join([*null, *listed])})"


def _outside(rule: AcceptedRange) -> str:
    column, same = of_staged(rule.column), "=" if rule.is_inclusive else ""
    low = [f"NOT ({column} >{same} ({rule.low}\n))"] if rule.low else []
    high = [f"NOT ({column} <{same} ({rule.high}\n))"] if rule.high else []
    return f"({' OR '.join([*low, *high])})"


def _has_no_parent(plan: SyncPlan, rule: Related) -> str:
    parent = _parent(plan, rule)
    table = AFTERWARDS if parent == plan.destination else parent.sql
    is_it = f"{PARENT}.{quoted(rule.field)} = {of_staged(rule.column)}"
    there = f"EXISTS (SELECT 1 FROM {table} AS {PARENT} WHERE {is_it})"
    return f"{of_staged(rule.column)} IS NOT NULL AND NOT {there}"


def _afterwards(plan: SyncPlan, *, is_tried: bool) -> str:
    """The table as it will be, in the planned columns, and which rows are the run's.

    `is_tried`: nothing is staged yet, and no row is gone.
    """
    names = ", ".join(quoted(column.name) for column in plan.schema)
    every = f"SELECT {names}, TRUE AS {IS_NEW} FROM {_staged(plan)}"
    merge = plan.publishing.merge
    added = coming = every if merge is None else newest(plan, merge, every)
    if merge is not None and merge.removes:
        added = newest(plan, merge, every, adds=True)
    mode = plan.publishing.mode
    if mode.leaves_none:
        return added
    read_all = always_true(plan).removeprefix(" WHERE ") or "TRUE"
    there = f"{plan.destination.sql} AS {TABLE} WHERE ({read_all})"
    staying = f"SELECT {_of_destination(plan)}, FALSE AS {IS_NEW}\nFROM {there}"
    if mode.lowers_watermark:
        return f"{staying} AND NOT COALESCE({within_window(plan)}, FALSE)\nUNION ALL\n{coming}"
    if merge is None:
        return f"{staying}\nUNION ALL\n{coming}"
    missing = plan.publishing.missing
    if missing is not None and missing.is_needed and not missing.marks:
        stay = stay_after(plan, missing, TABLE, without_keys=is_tried)
        staying = f"{staying} AND {stay}"
    if merge.history is not None:
        return current_afterwards(plan, merge, merge.history, coming, staying, there)
    same = " AND ".join(f"{of_table(key)} = {of_staged(key)}" for key in merge.keys)
    stays, later = "FALSE", comes_later(plan)
    if later:
        stays = f"({same} AND NOT COALESCE({later}, FALSE))"
    return (
        f"{staying} AND NOT EXISTS (SELECT 1 FROM (\n{coming}) AS {STAGED}\n"
        f"  WHERE {same} AND NOT {stays})\nUNION ALL\n"
        f"SELECT {STAGED}.* FROM (\n{added}) AS {STAGED}\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {there} AND {stays})"
    )


def _of_destination(plan: SyncPlan) -> str:
    """The planned columns in the destination; NULL for those that it has not got yet."""
    return ", ".join(
        f"NULL AS {quoted(column.name)}"
        if column.name in plan.changes.added
        else of_table(column.name)
        for column in plan.schema
    )
