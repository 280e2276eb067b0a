"""Checks of rows: GoogleSQL, the local BigQuery and a loop over rows find the same failures."""

import datetime as dt
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from auto_schema.bigquery_types import BigqueryType
from auto_schema.schema import Partitioning
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
    Rule,
    Scope,
    Unique,
)
from smart_sync.check_faults import check_faults
from smart_sync.check_sql import SHOWN_ROWS, checks_query, keys_query, typed_rows
from smart_sync.hand_window import window_by_hand
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest, WriteDisposition
from tests.factories import (
    MISSING,
    a_plan,
    a_request,
    a_source,
    a_source_column,
    a_target,
    some_facts,
    some_fields,
)
from tests.googlesql.both import Both
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding
from tests.googlesql.resolved import Analysis
from tests.googlesql.test_staged_values import a_plan as of_bigquery
from tests.sync import PROJECT
from warehouse.names import TableRef

Row = Mapping[str, Any]
COLUMNS = (
    a_source_column("id", "int8"),
    a_source_column("code", "text"),
    a_source_column("select", "int8"),
    a_source_column("updated_at", "timestamptz"),
)
NAMES = tuple(column.name for column in COLUMNS)
FIELDS = [
    SchemaField("id", "INT64"),
    SchemaField("code", "STRING"),
    SchemaField("select", "INT64"),
    SchemaField("updated_at", "TIMESTAMP"),
]
PARENTS, LONG_AGO = "parents", ("HOUR", 100_000)
FIRST = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
MERGES: dict[str, Any] = {
    "write_disposition": WriteDisposition.MERGE,
    "merge_keys": ("id",),
}
ANEW: dict[str, Any] = {"write_disposition": WriteDisposition.TRUNCATE, "smart_sync": False}
WAYS: dict[str, dict[str, Any]] = {
    "create": {"target": MISSING},
    "create and merge": {"target": MISSING, **MERGES},
    "append": {},
    "append beside": {"target": a_target(fields=some_fields(*COLUMNS[:2], COLUMNS[3]))},
    "merge by the cursor": MERGES,
    "merge of all": {"smart_sync": False, **MERGES},
    "merge by two": {**MERGES, "merge_keys": ("id", "code")},
    "replace": ANEW,
    "rebuild": {"delete_existing_table": True, **MERGES},
    "partitions": {"by_hand": ("2025-07-03", "2025-07-06"), **ANEW, "smart_sync": True},
}


def planned(way: str, dataset: str) -> SyncPlan:
    words = dict(WAYS[way])
    target = words.pop("target", a_target(fields=some_fields(*COLUMNS)))
    request = a_request(destination=TableRef(PROJECT, dataset, "orders"), **words)
    if not request.window.by_hand:
        return a_plan(request, columns=COLUMNS, target=target)
    target = replace(target, partitioning=Partitioning("updated_at", "DAY"))
    facts = some_facts(request, columns=COLUMNS, target=target)
    assert facts.cursor is not None
    assert facts.window is not None
    window = window_by_hand(request, facts.cursor, facts.window)
    source = a_source(request, COLUMNS, "updated_at", window.window)
    return a_plan(request, replace(facts, window=window, source=source))


# What users write, and what it means.

Truth = Callable[[Row], bool | None]
"""None: it isn't known."""


def known(*names: str) -> Callable[[Callable[..., bool]], Truth]:
    """Of values that are there; NULL beside them makes it unknown."""

    def of(holds: Callable[..., bool]) -> Truth:
        def truth(row: Row) -> bool | None:
            values = [row[name] for name in names]
            return None if None in values else holds(*values)

        return truth

    return of


WHERES: Sequence[tuple[str, Truth]] = (
    ("", lambda _: True),
    ("`select` > 1", known("select")(lambda n: n > 1)),
    ("code != 'a' -- (not 'a", known("code")(lambda code: code != "a")),
    ("code IS NULL OR code = ')' /* ( ; */", lambda row: row["code"] in (None, ")")),
    ("id IN (SELECT pid FROM UNNEST([1, 2, 3]) AS pid)", known("id")(lambda n: n < 4)),
    ("NULL", lambda _: None),
    ("FALSE", lambda _: False),
)
EXPRESSIONS: Sequence[tuple[Expression, Truth]] = (
    (Expression("`select` <= id # both"), known("select", "id")(lambda n, one: n <= one)),
    (Expression("> 1", "select"), known("select")(lambda n: n > 1)),
    (Expression("IN ('a', ')', 'b;') -- or", "code"), known("code")(lambda c: c in ("a", ")"))),
    (Expression("id > 2 OR code IS NULL"), lambda row: row["code"] is None or row["id"] > 2),
    (Expression("CAST(NULL AS BOOL)"), lambda _: None),
)


@dataclass(frozen=True)
class Asked:
    """A check, and what its `where` and rule mean of a row."""

    check: Check
    counts: Truth
    holds: Truth = lambda _: True


def a_rule(dice: random.Random, dataset: str) -> tuple[Rule, Truth]:
    name, low, high = dice.choice(NAMES), *sorted(dice.sample(range(5), 2))
    match dice.randrange(13):
        case 0:
            return NotNull(name), lambda row: row[name] is not None
        case 1:
            return Unique(tuple(dice.sample(NAMES, dice.randint(1, 3)))), lambda _: True
        case 2:
            codes = tuple(dice.sample(CODES, 2))
            return AcceptedValues("code", codes), known("code")(lambda code: code in codes)
        case 3:
            texts = (str(low), f"{high}")
            is_text = dice.random() < 0.5
            rule = AcceptedValues("select", texts, is_text)
            return rule, known("select")(lambda n: n in (low, high))
        case 4:
            is_in = dice.random() < 0.5
            ends = dice.choice([(str(low), str(high)), ("", f"{high} -- )"), (f"{low}", "")])
            step = 0 if is_in else 1
            return AcceptedRange("select", *ends, is_in), known("select")(
                lambda n: (not ends[0] or n >= low + step) and (not ends[1] or n <= high - step)
            )
        case 5:
            least, most = sorted((Decimal(dice.randint(0, 4)) / 4, Decimal(dice.randint(0, 4)) / 4))
            return NotNullProportion(name, least, most), lambda row: row[name] is not None
        case 6:
            return dice.choice(EXPRESSIONS)
        case 7:
            is_it = known("code")(lambda code: code in ("a", "\\"))
            return Matches("code", r"^[a\\]$"), is_it
        case 8:
            table = dice.choice([PARENTS, f"{dataset}.orders", f"{PROJECT}.{dataset}.{PARENTS}"])
            field = "pid" if PARENTS in table else "id"
            return Related("select", table, field), lambda _: True
        case 9:
            return Recent("updated_at", *dice.choice([("DAY", 1), LONG_AGO])), lambda _: True
        case 10:
            codes = tuple(dice.sample(CODES, 2))
            is_null = dice.random() < 0.5
            missing = (*codes, *([None] if is_null else []))
            return Missing("code", codes, is_null), lambda row: row["code"] not in missing
        case 11:
            inner, holds = a_rule(dice, dataset)
            while not isinstance(inner, NotNull | Missing | AcceptedValues | Matches | Unique):
                inner, holds = a_rule(dice, dataset)
            is_percent = dice.random() < 0.5
            wanted = Condition(dice.choice(["<", ">=", "="]), Decimal(50 if is_percent else low))
            return Measured(wanted, inner, is_percent), holds
        case _:
            ends_of_count = dice.choice([(low, None), (None, high), (low, high + 4)])
            return RowCount(*ends_of_count), lambda _: True


DAYS = ("2025-07-03", "2025-07-05 06:00:00+00")


def of_days(number: int) -> Asked:
    """Times among texts, which are moments for GoogleSQL as for dbt."""
    day = DAYS[number]
    moment = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    check = Check(f"on {day}", "k", AcceptedValues("updated_at", (day, "2030-01-01")))
    return Asked(check, lambda _: True, known("updated_at")(lambda stamp: stamp == moment))


def some_checks(dice: random.Random, dataset: str, count: int) -> list[Asked]:
    asked = []
    for number in range(count):
        rule, holds = a_rule(dice, dataset)
        where, counts = dice.choice(WHERES)
        scope = dice.choice(list(Scope))
        asked.append(Asked(Check(f"c{number}", "k", rule, scope=scope, where=where), counts, holds))
    return asked


CODES = ("a", "b", ")", "\\", "", "é")


def some_rows(dice: random.Random, count: int) -> list[dict[str, Any]]:
    """Rows of few values; of one key and cursor all are the same."""
    rows = {}
    for _ in range(count):
        row = {
            "id": dice.randint(1, 4),
            "code": dice.choice([*CODES, None]),
            "select": dice.choice([0, 1, 2, 3, None]),
            "updated_at": dice.choice(
                [FIRST + dt.timedelta(hours=6 * dice.randrange(33))] * 6 + [None]
            ),
        }
        rows[row["id"], row["updated_at"]] = row
    return [*rows.values(), *dice.choices([*rows.values()], k=1 if rows else 0)]


# The model.


def comes_later(row: Row, other: Row) -> bool:
    """Whether a row that is staged takes the place of another."""
    here, there = row["updated_at"], other["updated_at"]
    return there is None or (here is not None and here >= there)


def newest_of(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    best: dict[Any, Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key not in best or comes_later(row, best[key]):
            best[key] = row
    return [*best.values()]


def afterwards(plan: SyncPlan, held: list[Row], staged: list[Row]) -> list[tuple[Row, bool]]:
    """The table as it will be, and of each row whether the run brings it."""
    merge = plan.publishing.merge
    coming = newest_of(staged, merge.keys) if merge else staged
    if plan.publishing.mode.leaves_none:
        return [(row, True) for row in coming]
    if plan.publishing.mode.lowers_watermark:
        assert plan.window is not None
        low, high = plan.window.window.low, plan.window.window.high
        stamps = [row["updated_at"] for row in held]
        inside = [one is not None and low < one <= high for one in stamps]
        staying = [row for row, goes in zip(held, inside, strict=True) if not goes]
        return [(row, False) for row in staying] + [(row, True) for row in coming]
    if merge is None:
        return [(row, False) for row in held] + [(row, True) for row in coming]
    table = {tuple(row[key] for key in merge.keys): (row, False) for row in held}
    for row in coming:
        key = tuple(row[name] for name in merge.keys)
        there = table.get(key)
        if there is None or not plan.cursor or comes_later(row, there[0]):
            table[key] = (row, True)
    return [*table.values()]


def failing(
    asked: Asked, rows: list[tuple[Row, bool]], there: set[Any], names: Sequence[str]
) -> list[Row]:
    """Keys of the rows, or values, that fail a check of rows, or of values.

    Args:
        asked: the check, and what it means.
        rows: those in its scope that count.
        there: what a related value may be.
        names: of a row's key.
    """
    rule = asked.check.rule
    if isinstance(rule, Unique):
        return doubled(rule, rows)
    fails = [row for row, _ in rows if asked.holds(row) is False]
    if isinstance(rule, Related):
        fails = [row for row, _ in rows if row[rule.column] not in {None, *there}]
    return [{name: row[name] for name in names} for row in fails]


def doubled(rule: Unique, rows: list[tuple[Row, bool]]) -> list[Row]:
    groups: dict[Any, list[bool]] = {}
    for row, is_new in rows:
        key = tuple(row[name] for name in rule.columns)
        if None not in key:
            groups.setdefault(key, []).append(is_new)
    return [
        dict(zip(rule.columns, key, strict=True))
        for key, news in groups.items()
        if len(news) > 1 and any(news)
    ]


def inside(asked: Asked) -> Asked:
    """The check whose failures are counted: of a number of them that is judged, else itself."""
    rule = asked.check.rule
    if not isinstance(rule, Measured) or rule.failing is None:
        return asked
    return replace(asked, check=replace(asked.check, rule=rule.failing))


def is_failing(asked: Asked, rows: list[tuple[Row, bool]], fails: int) -> bool:
    """Whether a check that fails once or not fails, on the rows that count and so many failures."""
    rule = asked.check.rule
    if isinstance(rule, Measured):
        number = Decimal(100 * fails) / (len(rows) or 1) if rule.is_percent else Decimal(fails)
        return not (rule.is_percent and not rows) and not rule.wanted.holds(number)
    if isinstance(rule, RowCount):
        return not (rule.low or 0) <= len(rows) <= (len(rows) if rule.high is None else rule.high)
    if isinstance(rule, Recent):
        return rule.unit != LONG_AGO[0] or all(row[rule.field] is None for row, _ in rows)
    assert isinstance(rule, NotNullProportion)
    share = Decimal(sum(bool(asked.holds(row)) for row, _ in rows)) / (len(rows) or 1)
    return bool(rows) and not rule.at_least <= share <= rule.at_most


def read(keys: Sequence[str]) -> list[Row]:
    """Keys as the results hold them."""
    told = [json.loads(key) for key in keys]
    return [
        {
            name: dt.datetime.fromisoformat(value) if value and name == "updated_at" else value
            for name, value in one.items()
        }
        for one in told
    ]


def a_probe(divisor: int) -> Asked:
    """Rows of every so-maniest hour fail: of the table as it will be they tell the versions."""
    rule = Expression(f"MOD(DIV(UNIX_SECONDS(updated_at), 3600), {divisor}) != 0")
    check = Check(f"of {divisor}", "k", rule, scope=Scope.TABLE)
    holds = known("updated_at")(lambda stamp: int(stamp.timestamp()) // 3600 % divisor != 0)
    return Asked(check, lambda _: True, holds)


TIMED = Check("timed", "k", NotNull("updated_at"), scope=Scope.TABLE)
PROBES = (
    Asked(TIMED, lambda _: True, lambda row: row["updated_at"] is not None),
    *map(a_probe, (4, 5, 7)),
    *map(of_days, range(len(DAYS))),
)
ROUNDS, EACH = 3, 7
"""How often a way is tried, and with how many checks."""


@pytest.mark.parametrize("way", WAYS)
def test_checks_find_what_a_loop_over_the_rows_finds(both: Both, dataset: str, way: str) -> None:
    """As many failures, and keys of such rows as fail; of each way that rows are published."""
    dice, plan = random.Random(way), planned(way, dataset)
    names = [one for one in NAMES if one not in plan.changes.added]
    for _ in range(ROUNDS):
        held, staged = some_tables(dice, plan)
        if not plan.publishing.mode.is_new:
            hold(both, str(plan.destination), names, held)
        hold(both, str(plan.run.staging.table), NAMES, staged)
        parents = [(0,), (2,), (2,), (None,)]
        both.hold(f"{PROJECT}.{dataset}.{PARENTS}", [SchemaField("pid", "INT64")], parents)
        asked = [*some_checks(dice, dataset, EACH), *PROBES]
        checks = tuple(one.check for one in asked)
        plan = replace(plan, publishing=replace(plan.publishing, checks=checks))
        whole = afterwards(plan, held, staged)

        ((count, *told),) = both.run(checks_query(plan))
        sql = keys_query(plan)
        (keys,) = both.run(sql, differs=True)  # of many any ten, in any order
        (keys_here,) = both.client.query_and_wait(sql)

        assert count == len(staged)
        for number, one in enumerate(asked):
            rows = whole if one.check.scope is Scope.TABLE else [(row, True) for row in staged]
            rows = [(row, is_new) for row, is_new in rows if one.counts(row)]
            there = {row["id"] for row, _ in whole} if is_own(one.check) else {0, 2}
            inner, wanted = inside(one), list[Row]()
            if inner.check.is_of_rows or isinstance(inner.check.rule, Unique):
                wanted = failing(inner, rows, there, key_of(plan, inner.check))
            counted = len(wanted)
            if not one.check.is_of_rows and not isinstance(one.check.rule, Unique):
                counted = int(is_failing(one, rows, len(wanted)))
            assert told[number] == counted, one.check
            for found in map(read, (keys[number], keys_here[number])):
                assert len(found) == min(len(wanted), SHOWN_ROWS), one.check
                assert all(key in wanted for key in found), one.check


def is_own(check: Check) -> bool:
    return isinstance(check.rule, Related) and check.rule.table.endswith("orders")


def key_of(plan: SyncPlan, check: Check) -> Sequence[str]:
    if plan.publishing.merge:
        return plan.publishing.merge.keys
    cursor = [plan.cursor.name] if plan.cursor else []
    return list(dict.fromkeys([*check.columns, *cursor])) or NAMES[:1]


def some_tables(dice: random.Random, plan: SyncPlan) -> tuple[list[Row], list[Row]]:
    """Rows of the destination and of the run, such as this way may meet."""
    held: list[Row] = [*some_rows(dice, dice.choice([0, 8, 12]))]
    staged: list[Row] = [*some_rows(dice, dice.choice([1, 5, 9]))]
    if plan.publishing.mode.lowers_watermark:
        low, high = FIRST + dt.timedelta(2), FIRST + dt.timedelta(5)
        staged = [row for row in staged if row["updated_at"] and low <= row["updated_at"] < high]
    if merge := plan.publishing.merge:
        held, staged = (
            [row for row in rows if None not in [row[key] for key in merge.keys]]
            for rows in (held, staged)
        )
        held = newest_of(held, merge.keys)
        staged = staged if plan.cursor else newest_of(staged, merge.keys)
        if plan.cursor and held and plan.publishing.mode.updates_rows:
            timed = [row for row in staged if row["updated_at"]]
            staged = [*timed, {**held[0], "updated_at": None}]
    return [{**row, **dict.fromkeys(plan.changes.added)} for row in held], staged


def hold(both: Both, table: str, names: Sequence[str], rows: list[Row]) -> None:
    fields = [field for field in FIELDS if field.name in names]
    both.hold(table, fields, [[row[name] for name in names] for row in rows])


KINDS = {
    "a_json": BigqueryType("JSON"),
    "a_place": BigqueryType("GEOGRAPHY"),
    "a_span": BigqueryType("INTERVAL"),
    "days": BigqueryType("RANGE", element="DATE"),
    "exact": BigqueryType("BIGNUMERIC", parameters=(40, 10)),
    "short": BigqueryType("STRING", parameters=(10,), is_array=True),
    "bytes": BigqueryType("BYTES", parameters=(4,)),
    "part": BigqueryType(
        "STRUCT",
        is_array=True,
        fields=(
            ("order", BigqueryType("NUMERIC", parameters=(12, 2)), "what it is 'called'"),
            ("inner", BigqueryType("STRUCT", fields=(("at", BigqueryType("TIME"), "when"),)), "x"),
            ("spans", BigqueryType("INTERVAL", is_array=True), ""),
        ),
    ),
    **{kind.lower(): BigqueryType(kind) for kind in ("BOOL", "INT64", "FLOAT64", "TIME", "DATE")},
    "at": BigqueryType("TIMESTAMP"),
    "wall": BigqueryType("DATETIME"),
}
UNGROUPED = ("a_json", "a_place", "short", "part")


def test_columns_of_every_type_can_be_looked_at(googlesql: GoogleSql) -> None:
    """Of what a plan may hold, without a row of it: so a dry run tells faults and only those."""
    plan = of_bigquery(KINDS)
    rules: list[Rule] = [NotNull(name) for name in KINDS]
    rules += [Unique((name,)) for name in KINDS if name not in UNGROUPED]
    rules += [NotNullProportion(name) for name in KINDS]
    checks = tuple(Check(f"c{n}", "k", rule) for n, rule in enumerate(rules))
    plan = replace(plan, publishing=replace(plan.publishing, checks=checks))
    assert check_faults(request_with(checks), plan.schema) == []
    for query in (checks_query, keys_query):
        outcome = googlesql.analyze(query(plan, typed_rows(plan.schema)))
        assert isinstance(outcome, Analysis), outcome


@pytest.mark.parametrize("name", UNGROUPED)
def test_what_cannot_be_grouped_is_refused_before_any_query(
    name: str,
) -> None:
    plan, checks = of_bigquery(KINDS), (Check("c", "unique", Unique(("at", name))),)
    (fault,) = check_faults(request_with(checks), plan.schema)
    assert (fault.what, name in fault.where) == ("values that can't be compared", True)


@pytest.mark.parametrize(
    "check",
    [
        Check("c", "k", Expression("COUNT(*) > 1")),
        Check("c", "k", Expression("ROW_NUMBER() OVER () = 1")),
        Check("c", "k", Expression("COUNT(*) > 1"), scope=Scope.TABLE),
        Check("c", "k", Unique(("id",)), where="ROW_NUMBER() OVER () = 1"),
        Check("c", "k", Related("select", "orders", "id"), where="MAX(id) = 1"),
        Check("c", "k", RowCount(1), where="COUNT(*) = 1"),
        Check("c", "k", AcceptedValues("updated_at", ("soon",))),
    ],
)
def test_what_is_of_more_than_a_row_is_refused_by_the_dry_run(
    googlesql: GoogleSql, check: Check
) -> None:
    plan = planned("append", "d")
    plan = replace(plan, publishing=replace(plan.publishing, checks=(check,)))
    tables = {str(plan.destination): Table.of(FIELDS)}
    assert isinstance(
        googlesql.analyze(checks_query(plan, typed_rows(plan.schema)), tables), Finding
    )


def request_with(checks: tuple[Check, ...]) -> SyncRequest:
    return a_request(checks=checks)
