"""A run that slept past its lease, and was taken over: it publishes nothing any more."""

import contextlib

import psycopg2
import pytest

from pipeline.destination.attempts import BURNT
from pipeline.runs.settle import Settler
from tests.days import (
    LEASE,
    LOCK,
    SMART,
    assert_seed,
    assert_whole,
    lapse,
    make_days,
    runs,
    staging_tables,
    statuses,
)
from tests.fault_rules import Rule, drop, job
from tests.processes import Gate, until

TAKEN = 6
REFUSED = 409


@pytest.fixture
def asleep(sync, sql, start, proxy):
    """A run that was suspended where a gate held a request of its; (run, gate)."""

    def begin(step, *, after=False, then=None, **more):
        make_days(sync, sql)
        gate = Gate(proxy, after=after, then=then, **job(step))
        run = start(**SMART | more)
        gate.wait(run)
        run.suspend()
        return run, gate

    return begin


def wakes_after_another(sync, sleeper, gate):
    """Its lease ends, another run takes over and ends well; only then it goes on."""
    lapse(sync)
    sync.ok(**SMART)
    gate.open()
    sleeper.resume()


def assert_fenced(sync, sql, zombie):
    """It fails, each row is there once, and the history knows it as taken over."""
    assert zombie.wait() == TAKEN, zombie.output
    assert "AbandonedError" in zombie.output
    assert_whole(sync, sql)
    assert statuses(sync) == ["abandoned", "succeeded"]
    dead, last = runs(sync)
    assert (dead["rows_published"], last["rows_published"]) == (0, 6)
    assert list(sync.temp.rglob("*.parquet")) == []
    assert staging_tables(sync) == []
    assert sync.table(LOCK).labels["run_id"] == last["run_id"]


def test_a_run_that_slept_while_reading_publishes_nothing(sync, sql, asleep, database, proxy):
    """Its rows wait behind a lock of the source while it is suspended."""
    zombie, gate = asleep("event_0", after=True, **LEASE)
    with contextlib.closing(psycopg2.connect(database.dsn)) as other:
        other.cursor().execute("LOCK TABLE s IN ACCESS EXCLUSIVE MODE")
        gate.open()
        zombie.resume()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: sql(f"{waiting} AND datname = current_database()"))
        zombie.suspend()
    until(lambda: LOCK not in sync.tables())  # nobody renews it
    sync.ok(**SMART)
    zombie.resume()
    assert_fenced(sync, sql, zombie)
    assert jobs(proxy, "publish_1") == []
    assert "lock lost" in zombie.output


def jobs(proxy, step):
    """What was sent as jobs of a step; not what only used their ids up."""
    rule = Rule(drop(), **job(step))
    return [seen for seen in proxy.seen if rule.matches(seen) and BURNT not in str(seen.body)]


def test_a_run_that_slept_just_before_publishing_publishes_nothing(sync, sql, asleep, proxy):
    zombie, gate = asleep("stage_0_1")
    wakes_after_another(sync, zombie, gate)
    assert_fenced(sync, sql, zombie)
    assert jobs(proxy, "publish_1") == []


def test_a_run_that_slept_before_its_first_event_does_not_read(sync, sql, asleep, proxy):
    """Its window is older than what the other run has published: it must not be used."""
    zombie, gate = asleep("event_0")
    wakes_after_another(sync, zombie, gate)
    assert zombie.wait() == TAKEN, zombie.output
    assert "lock lost" in zombie.output
    assert jobs(proxy, "stage_0_1") == []
    assert_whole(sync, sql)
    sync.ok(**SMART)
    assert_whole(sync, sql)
    assert sorted(statuses(sync)) == ["abandoned", "succeeded", "succeeded"]


@pytest.mark.parametrize("way", ["folder"], indirect=True)
def test_a_run_that_slept_after_its_last_look_finds_its_job_id_burnt(sync, sql, asleep, proxy, way):
    """Its publishing request is on the way when the other run takes over."""
    zombie, gate = asleep("publish_1")
    wakes_after_another(sync, zombie, gate)
    assert_fenced(sync, sql, zombie)
    (sent,) = jobs(proxy, "publish_1")
    assert sent.status == REFUSED
    sync.ok(**SMART)
    assert_whole(sync, sql)


@pytest.mark.parametrize("way", ["bucket"], indirect=True)
def test_without_the_burnt_id_the_rows_of_both_would_be_published(
    sync, sql, asleep, way, monkeypatch
):
    """What the tests above would not see if it could not happen."""
    monkeypatch.setattr(Settler, "settle", lambda *_, **__: frozenset())
    zombie, gate = asleep("publish_1")
    wakes_after_another(sync, zombie, gate)
    assert zombie.wait() == 0, zombie.output
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(15, 9)]


def test_a_run_that_slept_after_publishing_is_told_that_its_rows_are_there(sync, sql, asleep):
    sleeper, gate = asleep("event_2")
    assert_whole(sync, sql)
    wakes_after_another(sync, sleeper, gate)
    assert sleeper.wait() == TAKEN, sleeper.output
    assert "its rows are in the table" in sleeper.output
    assert_whole(sync, sql)
    first, last = runs(sync)
    assert (first["status"], first["rows_published"]) == ("abandoned", 6)
    assert (last["status"], last["rows_published"]) == ("succeeded", 0)


def test_a_burnt_job_is_never_taken_for_the_runs_own(sync, sql, asleep, proxy):
    """Its request is lost on the way while it sleeps, and nothing is tried again."""
    zombie, gate = asleep("publish_1", then=drop(), max_retries="0")
    wakes_after_another(sync, zombie, gate)
    assert_fenced(sync, sql, zombie)
    (sent,) = jobs(proxy, "publish_1")
    assert sent.forwarded is None
    assert "published rows differ" not in zombie.output
    assert "report it as a bug" not in zombie.output


def test_a_run_whose_lease_ran_out_while_nobody_came_does_not_publish(sync, sql, asleep):
    zombie, gate = asleep("stage_0_1")
    lapse(sync)
    gate.open()
    zombie.resume()
    assert zombie.wait() == TAKEN, zombie.output
    assert "lease was over" in zombie.output
    assert_seed(sync)
    assert statuses(sync) == ["failed"]
    assert staging_tables(sync) == []
    sync.ok(**SMART)
    assert_whole(sync, sql)
