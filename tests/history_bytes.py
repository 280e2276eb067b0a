"""What a run bills to read the run history: each question's columns, in the partitions it names.

As BigQuery estimates it: clustering, by which it reads less, doesn't count in an estimate, nor
here. Each question counts by itself, though one query asks them all.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.launch.frontier import frontier_question
from pipeline.runs.history import FIELDS, PLAN, event_row
from pipeline.runs.outcome import Outcome
from pipeline.runs.past_runs import LOOK_BACK, NEAR, carried_question, past_runs_of
from pipeline.runs.questions import Question, query_of
from smart_sync.frontier import Frontier
from smart_sync.plan_record import plan_record
from tests.factories import NOW, a_cursor, a_plan, a_request, a_target, some_facts

FIXED = {"INT64": 8, "FLOAT64": 8, "TIMESTAMP": 8, "DATETIME": 8}
"""Bytes of a value; a text has 2 and those of its UTF-8, NULL has none.

https://cloud.google.com/bigquery/pricing#data_type_sizes
"""
LEAST, TIB_DOLLARS = 10 * 2**20, 6.25
"""Bytes that a query bills of each table at the least, and what it costs.

https://cloud.google.com/bigquery/pricing#on_demand_pricing
"""
DAY, YEAR = timedelta(days=1), timedelta(days=365)
HOURS_A_MONTH = 730


def event_bytes() -> Mapping[str, float]:
    """Bytes of each column in an hourly run's two events together."""
    frontier = Frontier(NOW, "20250722t140000-3f9a0c1d", NOW - YEAR, NOW, NOW)
    facts = some_facts(target=a_target(made=NOW - YEAR))
    plan = a_plan(facts=replace(facts, frontier=frontier, asked=NOW))
    ends = Outcome(status="running"), Outcome(status="succeeded", seconds={"total": 4.567})
    first, last = (event_row(plan, one, NOW) for one in ends)
    rows = [first | {PLAN: plan_record(plan)}, last]
    return {name: sum(_size(kind, row[name]) for row in rows) for name, kind in FIELDS}


def _size(kind: str, value: object) -> int:
    if value is None:
        return 0
    return FIXED.get(kind) or 2 + len(str(value).encode())


def columns_of(question: Question) -> set[str]:
    """The history's columns that a question reads."""
    names = {name for name, _ in FIELDS}
    sql, _ = query_of([question])
    takes_all = re.search(r"SELECT runs\.\* EXCEPT \(plan\)", sql)
    return names - {PLAN} if takes_all else names & set(re.findall(r"\w+", sql))


def billed(tables: int, age: timedelta, *, near: bool) -> int:
    """Bytes that one run's look bills of a history of so many hourly tables.

    Args:
        tables: that write it.
        age: of the history, and of the table.
        near: whether its last days are asked; else all that a run asks where they don't do.
    """
    sizes, total = event_bytes(), 0.0
    for question, since in questions(NOW - NEAR) if near else questions(NOW - age)[:-1]:
        begin = since.replace(hour=0, minute=0)  # partitions are days
        runs = tables * 24 * ((NOW - begin) / DAY)
        total += runs * sum(sizes[name] for name in columns_of(question))
    return max(LEAST, int(total))


def questions(since: datetime) -> list[tuple[Question, datetime]]:
    """What a run asks of events since then, and since when; the last asks for what is carried."""
    request, cursor = a_request(), a_cursor("timestamptz")
    history, ref = request.history_table, request.destination
    recent = max(since, NOW - LOOK_BACK)
    return [
        (past_runs_of(history, ref, recent), recent),
        (frontier_question(history, ref, a_target(made=None), cursor, since), since),
        (carried_question(history, ref, since), since),
    ]


def month_dollars(tables: int, age: timedelta, *, near: bool) -> float:
    """US dollars of a month in which each table is synced by a launch of its own every hour."""
    return tables * HOURS_A_MONTH * billed(tables, age, near=near) / 2**40 * TIB_DOLLARS
