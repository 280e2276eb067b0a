"""Ctrl-C and SIGTERM amid a local run: one line, the lock given back, and a true history."""

import os
import signal

import pytest

from tests.days import (
    LOCK,
    SLOW,
    SMART,
    STOP,
    STOPPED,
    assert_seed,
    assert_whole,
    make_days,
    runs,
    staging_tables,
    stopped,
)
from tests.fault_rules import job
from tests.processes import Gate, until
from tests.sync import GRAPH

SIGNALS = pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")]
)
FEW = 12
"""Lines after the plan: what is logged on the way, and the last one."""


@pytest.fixture(autouse=True, params=[GRAPH, None], ids=["graph", "plain"])
def ran_by(request, sync):
    """Either way of a run in this process."""
    sync.defaults["runner"] = request.param


def assert_told(run, code, name):
    """One line that says it, and nothing of a bug."""
    assert run.wait() == code, run.output
    lines = run.output.splitlines()
    assert lines[-1].startswith(f"smart-sync: interrupted ({name})")
    for words in ("Traceback", "please report", "RuntimeError"):
        assert words not in run.output, run.output


@SIGNALS
@pytest.mark.parametrize("way", ["folder"], indirect=True)
def test_an_interrupted_read_ends_as_failed_with_nothing_left(
    sync, sql, start, database, proxy, way, number, code, name
):
    make_days(sync, sql)
    sql(STOP)
    gate = Gate(proxy, after=True, **job("event_0"))
    run = start(**SMART | {"postgresql_query": SLOW, "num_splits": "2", "resume": "false"})
    gate.wait(run)
    with stopped(database):
        gate.open()
        until(lambda: sql(STOPPED))
        until(way)
        os.kill(run.pid, number)
        assert_told(run, code, name)
    (row,) = runs(sync)
    assert (row["status"], row["exit_code"], row["rows_published"]) == ("failed", code, 0)
    assert name in row["error"]
    assert sync.table(LOCK).labels["state"] == "released"
    assert way() == []
    assert staging_tables(sync) == []
    assert_seed(sync)
    sync.ok(**SMART)
    assert_whole(sync, sql)


def test_an_interruption_before_the_publishing_job_arrives_makes_it_void(sync, sql, start, proxy):
    make_days(sync, sql)
    gate = Gate(proxy, **job("publish_1"))
    run = start(**SMART)
    gate.wait(run)
    os.kill(run.pid, signal.SIGINT)
    assert_told(run, 130, "Ctrl-C")
    gate.open()
    (row,) = runs(sync)
    assert (row["status"], row["exit_code"]) == ("failed", 130)
    assert_seed(sync)
    sync.ok(**SMART)
    assert_whole(sync, sql)


def test_an_interruption_after_the_publishing_job_says_that_its_rows_are_there(
    sync, sql, start, proxy
):
    make_days(sync, sql)
    gate = Gate(proxy, after=True, **job("publish_1"))
    run = start(**SMART)
    gate.wait(run)
    os.kill(run.pid, signal.SIGINT)
    assert_told(run, 130, "Ctrl-C")
    gate.open()
    (row,) = runs(sync)
    assert (row["status"], row["rows_published"]) == ("abandoned", 6)
    assert "its rows are in the table" in row["error"]
    assert staging_tables(sync) == []
    assert_whole(sync, sql)
    sync.ok(**SMART)
    assert_whole(sync, sql)


def test_a_second_interruption_ends_a_run_at_once(sync, sql, start, database, proxy):
    make_days(sync, sql)
    sql(STOP)
    began = Gate(proxy, after=True, **job("event_0"))
    run = start(**SMART | {"postgresql_query": SLOW})
    began.wait(run)
    with stopped(database):
        began.open()
        until(lambda: sql(STOPPED))
        gate = Gate(proxy, **job("publish_1"))  # which is made void
        os.kill(run.pid, signal.SIGINT)
        gate.wait(run)
        os.kill(run.pid, signal.SIGINT)
        assert run.wait() in (-signal.SIGINT, 130), run.output
        gate.open()
