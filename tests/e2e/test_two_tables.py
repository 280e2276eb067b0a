"""Two plans in one graph: each table has its own way and end, and neither hinders the other."""

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

import pipeline.execution.conform
from pipeline.cli import new_run_id, parse
from pipeline.execution import launched_table
from pipeline.execution.packing import pack
from pipeline.launch.beam.submit import run
from pipeline.launch.gather import gather, inspecting, rehearse
from pipeline.runs.history import write_event
from pipeline.runs.history_tables import make_tables
from pipeline.runs.lock import lock_of
from pipeline.runs.outcome import Outcome
from pipeline.steps.graph import build_tables
from smart_sync.planning import make_plan
from tests.sync import PROJECT

ROWS = "CREATE TABLE {0} (id int8 PRIMARY KEY); INSERT INTO {0} SELECT generate_series(1, {1})"
GOOD, BAD = "orders", "customers"


@pytest.fixture
def launch(sync, sql, client):
    """Plan both tables, let something happen, run them in one graph; the error it ended with."""

    def plan_of(table, stack):
        words = {"postgresql_query": f"SELECT * FROM {table}", "destination_bigquery_table": table}
        options = parse(sync.argv(**words))
        inspector, now = stack.enter_context(inspecting(options.request)), datetime.now(UTC)
        run_id = new_run_id(now)
        draft, asked = rehearse(options.request, inspector, run_id)
        facts = gather(draft, asked, inspector, run_id)
        return options, make_plan(draft, facts, run_id=run_id, now=now)

    def launch(meanwhile=lambda: None):
        with ExitStack() as stack:
            planned = [plan_of(table, stack) for table in (BAD, GOOD)]
        plans = [plan for _, plan in planned]
        by_name = {plan.destination.table: plan for plan in plans}
        packed = pack("b", str(sync.temp / "b"), by_name, [], at_once=1, connections=1)
        for plan in plans:
            make_tables(client, plan.run.history_table)
            lock_of(plan, client).acquire()
            write_event(client, plan, Outcome(status="running"))
        meanwhile()
        try:
            run(planned[0][0], lambda root: build_tables(root, packed))
        except Exception as error:
            return str(error)
        finally:
            for plan in plans:  # whoever comes next gets it: the report has released it
                lock_of(plan, client).acquire()
        return ""

    sql(ROWS.format(GOOD, 50))
    sql(ROWS.format(BAD, 30))
    return launch


def statuses(sync):
    return {
        row["destination"].rpartition(".")[2]: (row["status"], row["rows_published"])
        for row in sync.history()
    }


def test_both_tables_arrive_by_one_graph(sync, launch):
    assert launch() == ""
    assert (len(sync.rows(table=GOOD)), len(sync.rows(table=BAD))) == (50, 30)
    assert statuses(sync) == {GOOD: ("succeeded", 50), BAD: ("succeeded", 30)}
    assert list(sync.temp.rglob("*")) == []


def failing_conform(monkeypatch):
    original = pipeline.execution.conform.conform

    def conform(batch, schema, *more):
        if batch.num_rows == 30:
            raise ZeroDivisionError("of one table")
        return original(batch, schema, *more)

    monkeypatch.setattr(pipeline.execution.conform, "conform", conform)


def failing_source(sql):
    sql(f"DROP TABLE {BAD}")


def failing_destination(client, sync):
    client.query_and_wait(f"CREATE VIEW `{PROJECT}.{sync.dataset}.{BAD}` AS SELECT 1 AS id")


@pytest.mark.parametrize("place", ["read", "conform", "publish"])
def test_a_table_that_fails_hinders_no_other_and_is_named_at_the_end(
    sync, sql, client, launch, monkeypatch, place
):
    happens = {
        "read": lambda: failing_source(sql),
        "conform": lambda: failing_conform(monkeypatch),
        "publish": lambda: failing_destination(client, sync),
    }
    error = launch(happens[place])
    assert f"1 of 2 tables failed (launch b): {BAD}" in error
    assert GOOD not in error.partition("tables failed")[2].replace(BAD, "")
    assert len(sync.rows(table=GOOD)) == 50
    found = statuses(sync)
    assert (found[GOOD], found[BAD][0]) == (("succeeded", 50), "failed")


def test_a_report_that_breaks_is_its_own_tables_end(sync, launch, monkeypatch):
    original = launched_table.report

    def report(plan, *rest):
        if plan.destination.table == BAD:
            original(plan, *rest)
            raise ZeroDivisionError("of one report")
        return original(plan, *rest)

    monkeypatch.setattr(launched_table, "report", report)
    assert "1 of 2 tables failed" in launch()
    assert statuses(sync) == {GOOD: ("succeeded", 50), BAD: ("succeeded", 30)}
