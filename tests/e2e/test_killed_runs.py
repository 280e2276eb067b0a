"""kill -9 at every stage of a run, then the same command again: each row is there once.

One mode and way for each stage; tests/e2e/test_dead_runs.py kills appends around their
publishing job, and tests/seam kills a run at each of its requests, in each way.
"""

import pytest

from pipeline.runs.lock import HELD
from tests.days import (
    LOCK,
    MERGE,
    SLOW,
    SMART,
    STOP,
    STOPPED,
    TRUNCATE,
    assert_seed,
    assert_whole,
    lapse,
    make_days,
    runs,
    staging_tables,
    statuses,
    stopped,
)
from tests.fault_rules import job
from tests.processes import Gate, until

KINDS = {"append": SMART, "truncate": TRUNCATE, "merge": MERGE}


def kinds(*names):
    """An append goes through a bucket as one load job, the others as a statement."""
    ways = {"append": "bucket", "truncate": "folder", "merge": "folder"}
    return pytest.mark.parametrize(
        ("kind", "way"), [(name, ways[name]) for name in names], indirect=["way"]
    )


@pytest.fixture
def victim(sync, sql, start, proxy):
    """Start a run of a kind and wait until a request of its is held."""

    def begin(kind, *, after=False, parameters=None, **which):
        make_days(sync, sql)
        sql(STOP)
        gate = Gate(proxy, after=after, **which)
        run = start(**KINDS[kind] | (parameters or {}))
        gate.wait(run)
        return run, gate

    return begin


def run_again(sync, sql, kind, staged, *, published):
    """The dead run's lease is over: each row arrives once, and nothing of it is left."""
    lapse(sync)
    sync.ok(**KINDS[kind])
    assert_whole(sync, sql)
    dead, last = runs(sync)
    assert (dead["status"], dead["exit_code"]) == ("abandoned", 6)
    assert dead["rows_published"] == published
    assert ("its rows are in the table" in dead["error"]) == bool(published)
    assert last["status"] == "succeeded"
    assert staged() == []
    assert staging_tables(sync) == []


@kinds("append")
def test_while_reading(sync, sql, victim, database, way, kind):
    """The first of two splits is staged, the second one stops before its last row."""
    slow = {"postgresql_query": SLOW, "num_splits": "2"}
    run, gate = victim(kind, after=True, parameters=slow, **job("event_0"))
    with stopped(database):
        gate.open()
        until(lambda: sql(STOPPED))
        until(way)
        run.kill()
    assert_seed(sync)
    run_again(sync, sql, kind, way, published=0)


@kinds("merge")
def test_while_its_files_are_loaded_into_the_staging_table(sync, sql, victim, way, kind):
    run, gate = victim(kind, **job("stage_0_1"))
    run.kill()
    gate.open()
    assert_seed(sync)
    run_again(sync, sql, kind, way, published=0)


@kinds("truncate")
def test_between_staging_and_publishing(sync, sql, victim, way, kind):
    run, _ = victim(kind, after=True, **job("stage_0_1"))
    run.kill()
    assert_seed(sync)
    run_again(sync, sql, kind, way, published=0)


@kinds("merge")
def test_before_its_publishing_job_arrives(sync, sql, victim, way, kind):
    """The request comes when the next run is done."""
    run, gate = victim(kind, **job("publish_1"))
    run.kill()
    assert_seed(sync)
    run_again(sync, sql, kind, way, published=0)
    gate.open()
    assert_whole(sync, sql)


@kinds("truncate")
def test_while_its_publishing_job_runs(sync, sql, victim, way, kind):
    run, _ = victim(kind, after=True, **job("publish_1"))
    run.kill()
    run_again(sync, sql, kind, way, published=9)


@kinds("append")
def test_after_its_last_event_before_it_gives_the_lock_back(sync, sql, victim, way, kind):
    """Nobody looks after a run that has ended, so it has left nothing but its lock by then."""
    run, _ = victim(kind, after=True, **job("event_2"))
    run.kill()
    assert_whole(sync, sql)
    assert way() == []
    assert staging_tables(sync) == []
    assert sync.table(LOCK).labels["state"] == HELD
    lapse(sync)
    sync.ok(**KINDS[kind])
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded", "succeeded"]
