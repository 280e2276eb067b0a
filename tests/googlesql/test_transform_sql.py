"""transform_sql on GoogleSQL and on the local BigQuery: what Python makes of the same rows."""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from auto_schema.bigquery_types import BigqueryType
from auto_schema.evolve import CurrentField
from smart_sync.check_sql import typed_rows
from smart_sync.plan import SyncPlan
from smart_sync.request import WriteDisposition
from smart_sync.sql_plan import SqlAnswer
from smart_sync.transform_sql import make_result, result_question, tried
from tests.factories import a_plan, a_request, a_source_column, a_target, some_fields
from tests.googlesql.both import Both
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding
from tests.googlesql.resolved import Analysis
from tests.googlesql.test_staged_values import a_plan as of_bigquery
from tests.sync import PROJECT
from warehouse.names import TableRef

Row = Mapping[str, Any]
COLUMNS = (
    a_source_column("id", "int8"),
    a_source_column("select", "text"),
    a_source_column("updated_at", "timestamptz"),
)
FIELDS = [
    SchemaField("id", "INT64"),
    SchemaField("select", "STRING"),
    SchemaField("updated_at", "TIMESTAMP"),
]
FIRST = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
INT, TEXT, STAMP = BigqueryType("INT64"), BigqueryType("STRING"), BigqueryType("TIMESTAMP")
PASSED = (("id", INT), ("select", TEXT), ("updated_at", STAMP))
PASSING = ("id", "select", "updated_at")


def of(row: Row, **more: Any) -> tuple[Any, ...]:
    return (*(row[name] for name in PASSING), *more.values())


def the_newest(rows: list[Row]) -> list[tuple[Any, ...]]:
    best: dict[int, Row] = {}
    for row in rows:
        if row["id"] not in best or row["updated_at"] > best[row["id"]]["updated_at"]:
            best[row["id"]] = row
    return [of(row) for row in best.values()]


Made = Callable[[list[Row]], list[tuple[Any, ...]]]
QUERIES: dict[str, tuple[str, tuple[tuple[str, BigqueryType], ...], Made]] = {
    "derived": (
        "SELECT *, LENGTH(`select`) AS size FROM staged -- )",
        (*PASSED, ("size", INT)),
        lambda rows: [of(row, size=row["select"] and len(row["select"])) for row in rows],
    ),
    "filtered": (
        "SELECT * FROM staged AS s WHERE s.id > 1 # (",
        PASSED,
        lambda rows: [of(row) for row in rows if row["id"] > 1],
    ),
    "with": (
        "WITH a AS (SELECT * FROM staged), staged AS (SELECT * FROM a WHERE id != 2)\n"
        "SELECT updated_at, id FROM staged UNION ALL SELECT updated_at, -id FROM staged",
        (("updated_at", STAMP), ("id", INT)),
        lambda rows: [
            (row["updated_at"], sign * row["id"])
            for sign in (1, -1)
            for row in rows
            if row["id"] != 2
        ],
    ),
    "newest": (
        "SELECT * FROM staged QUALIFY ROW_NUMBER() OVER"
        " (PARTITION BY id ORDER BY updated_at DESC) = 1",
        PASSED,
        the_newest,
    ),
    "multiplied": (
        "SELECT s.*, n FROM staged AS s CROSS JOIN UNNEST([10, 20]) AS n",
        (*PASSED, ("n", INT)),
        lambda rows: [of(row, n=n) for row in rows for n in (10, 20)],
    ),
    "grouped": (
        "SELECT id, MAX(updated_at) AS updated_at, COUNT(*) AS n FROM staged GROUP BY id",
        (("id", INT), ("updated_at", STAMP), ("n", INT)),
        lambda rows: [
            (
                one,
                max(r["updated_at"] for r in rows if r["id"] == one),
                sum(r["id"] == one for r in rows),
            )
            for one in {row["id"] for row in rows}
        ],
    ),
    "later": (
        "SELECT * REPLACE (TIMESTAMP_ADD(updated_at, INTERVAL MOD(id, 2) HOUR) AS updated_at)"
        " FROM staged",
        PASSED,
        lambda rows: [
            (r["id"], r["select"], r["updated_at"] + dt.timedelta(hours=r["id"] % 2)) for r in rows
        ],
    ),
    "unknown": (
        "SELECT * REPLACE (IF(id = 1, NULL, updated_at) AS updated_at) FROM staged",
        PASSED,
        lambda rows: [
            (r["id"], r["select"], None if r["id"] == 1 else r["updated_at"]) for r in rows
        ],
    ),
}
MODES: dict[str, dict[str, Any]] = {
    "append": {},
    "merge": {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)},
}


def planned(dataset: str, query: str, mode: str) -> SyncPlan:
    sql, fields, _ = QUERIES[query]
    destination = TableRef(PROJECT, dataset, "orders")
    columns = a_plan(a_request(), columns=COLUMNS).reading.schema.columns
    request = a_request(destination=destination, sql=sql, **MODES[mode])
    return a_plan(request, columns=COLUMNS, sql=SqlAnswer(columns, fields))


def some_rows(dice: random.Random) -> list[Row]:
    hours = dice.sample(range(100), dice.randint(0, 9))
    return [
        {
            "id": dice.randint(0, 4),
            "select": dice.choice([None, "", "aé", "long text"]),
            "updated_at": FIRST + dt.timedelta(hours=hour),
        }
        for hour in hours
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", QUERIES)
def test_the_result_is_what_python_makes_of_the_rows(
    both: Both, dataset: str, query: str, mode: str
) -> None:
    """And of it is asked what a loop over both finds: strange rows, and both MAX."""
    plan, dice = planned(dataset, query, mode), random.Random(query)
    sql, _, make = QUERIES[query]
    kept = plan.publishing.merge.keys if plan.publishing.merge else ()
    kept = (*kept, "updated_at")
    for _ in range(3):
        rows = some_rows(dice)
        held = [[row[name] for name in PASSING] for row in rows]
        both.hold(str(plan.run.staging.table), FIELDS, held)
        both.run(make_result(plan, sql))
        made = make(rows)
        assert sorted(both.rows(str(plan.rows_table)), key=repr) == sorted(made, key=repr)

        names = [column.name for column in plan.schema]
        told = [dict(zip(names, row, strict=True)) for row in made]
        known = {tuple(row[name] for name in kept) for row in rows}
        strange = sum(tuple(row[name] for name in kept) not in known for row in told)
        ends = [
            max((row["updated_at"] for row in some if row["updated_at"]), default=None)
            for some in (told, rows)
        ]
        assert both.run(result_question(plan)) == [(len(made), strange, 0, *ends)]


def test_values_of_more_digits_than_the_destination_keeps_are_counted(
    both: Both, dataset: str
) -> None:
    """Of a number by itself and of those in an array."""
    destination = TableRef(PROJECT, dataset, "orders")
    one, many = BigqueryType("NUMERIC"), BigqueryType("NUMERIC", is_array=True)
    there = [replace(kind, parameters=(12, 2)) for kind in (one, many)]
    fields = tuple(
        CurrentField(name, "NUMERIC", "REPEATED" if kind.is_array else "NULLABLE", shape=kind)
        for name, kind in zip(("a", "b"), there, strict=True)
    )
    target = a_target(fields=(*some_fields(*COLUMNS), *fields))
    columns = a_plan(a_request(), columns=COLUMNS).reading.schema.columns
    request = a_request(destination=destination, sql="SELECT 1", smart_sync=False)
    answer = SqlAnswer(columns, (*PASSED, ("a", one), ("b", many)))
    plan = a_plan(request, columns=COLUMNS, target=target, sql=answer)
    held = [*FIELDS, SchemaField("a", "NUMERIC"), SchemaField("b", "NUMERIC", "REPEATED")]
    good = (Decimal("1.25"), [Decimal("2.5"), Decimal(3)])
    rows = [good, (None, []), (Decimal("1.255"), []), (Decimal(1), [Decimal(1), Decimal("0.001")])]
    both.hold(str(plan.rows_table), held, [(1, "x", FIRST, *row) for row in rows])
    assert both.run(result_question(plan)) == [(4, 0, 2)]


TYPES = {
    "a_json": BigqueryType("JSON"),
    "a_place": BigqueryType("GEOGRAPHY"),
    "a_span": BigqueryType("INTERVAL"),
    "days": BigqueryType("RANGE", element="DATE"),
    "exact": BigqueryType("BIGNUMERIC"),
    "short": BigqueryType("STRING", is_array=True),
    "part": BigqueryType("STRUCT", fields=(("order", BigqueryType("NUMERIC"), ""),)),
    "at": STAMP,
}


def test_columns_of_every_type_pass(googlesql: GoogleSql) -> None:
    plan = of_bigquery(TYPES)
    outcome = googlesql.analyze(tried(typed_rows(plan.schema), "SELECT * FROM staged"))
    assert isinstance(outcome, Analysis), outcome


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (id) SELECT id FROM staged",
        "SELECT gone FROM staged",
        "CALL p()",
    ],
)
def test_what_is_no_select_with_named_columns_is_refused_by_the_dry_run(
    googlesql: GoogleSql, sql: str
) -> None:
    columns = a_plan(a_request(), columns=COLUMNS).schema
    assert isinstance(googlesql.analyze(tried(typed_rows(columns), sql)), Finding)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM staged |> WHERE id > 1 |> EXTEND id + 1 AS more |> SELECT more, updated_at",
        "(SELECT id FROM staged) UNION ALL (SELECT id FROM staged) ORDER BY 1 LIMIT 3",
        "SELECT AS STRUCT id FROM staged",
    ],
)
def test_every_form_of_a_query_may_stand_there(googlesql: GoogleSql, sql: str) -> None:
    columns = a_plan(a_request(), columns=COLUMNS).schema
    outcome = googlesql.analyze(tried(typed_rows(columns), sql))
    assert isinstance(outcome, Analysis), outcome
