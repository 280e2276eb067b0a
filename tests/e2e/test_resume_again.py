"""Runs that took over and died in their turn, and dead ones that only slept."""

import os
import signal

import pytest

from tests.days import lapse, runs, statuses
from tests.fault_rules import job
from tests.processes import Gate, until
from tests.resumes import (
    HALF,
    PER_SPLIT,
    ROWS,
    WAITING,
    assert_all,
    assert_clean,
    read_anew,
    resumed,
    stopped_whole,
    stopping,
)


def test_what_took_over_and_died_is_taken_over(sync, sql, load, die):
    """The third reads what neither of the others had staged, from both folders."""
    first = die(ROWS // 5)
    second = die(ROWS * 3 // 5)
    assert second != first
    sync.ok(**load)
    row = resumed(sync, second)
    assert read_anew(row) <= ROWS * 2 // 5 + 2 * PER_SPLIT
    assert row["window_end"] == runs(sync)[0]["window_end"]
    assert statuses(sync) == ["abandoned", "abandoned", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_what_took_over_died_and_is_not_taken_over_is_cleared_with_its_elders(sync, sql, load, die):
    die(ROWS // 5)
    die(ROWS * 3 // 5)
    sync.ok(**load, resume="false")
    assert statuses(sync) == ["abandoned", "abandoned", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_a_run_that_slept_leaves_its_files_to_who_took_over(
    sync, sql, load, start, database, target
):
    """It wakes while the other still reads, and finds its lock lost."""
    with stopping(database, HALF):
        sleeper = start(**load)
        stopped_whole(sql, sync, sleeper, HALF)
        sleeper.suspend()
        lapse(sync)
        taker = start(**load)
        until(lambda: len(runs(sync)) == 2 and sql(WAITING)[0][0] >= 2)
        sleeper.resume()
        until(lambda: "lock lost" in sleeper.output)
    assert sleeper.wait() == 6, sleeper.output
    assert taker.wait() == 0, taker.output
    assert resumed(sync, runs(sync)[0]["run_id"])["status"] == "succeeded"
    assert_all(sync, sql)


def test_a_run_that_wakes_when_all_is_done_leaves_nothing(sync, sql, load, start, database):
    """What it stages after its folder was cleared would be nobody's."""
    with stopping(database, HALF):
        sleeper = start(**load)
        stopped_whole(sql, sync, sleeper, HALF)
        sleeper.suspend()
        lapse(sync)
    sync.ok(**load)
    sleeper.resume()
    assert sleeper.wait() == 6, sleeper.output
    assert statuses(sync) == ["abandoned", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_a_signal_that_came_asleep_ends_it(sync, sql, load, start, database):
    """It may be given to a thread that doesn't hear it, while the one that would waits."""
    with stopping(database, HALF):
        run = start(**load)
        stopped_whole(sql, sync, run, HALF)
        run.suspend()
        os.kill(run.pid, signal.SIGTERM)
        run.resume()
        assert run.wait() == 143, run.output
    dead = runs(sync)[0]["run_id"]
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert_all(sync, sql)


@pytest.mark.parametrize(
    ("step", "after", "skip"),
    [
        ("publish_1", False, 0),
        ("event_0", True, 0),
        ("publish_1", False, 1),
        ("publish_1", True, 1),
    ],
    ids=["it fences", "it has begun", "before it publishes", "after it has published"],
)
def test_what_took_over_dies_in_its_turn(sync, sql, load, die, start, proxy, step, after, skip):
    """Killed at a request of its own, whether that was accepted or not: each row is there once."""
    die(ROWS * 4 // 5)
    gate = Gate(proxy, after=after, skip=skip, **job(step))
    taker = start(**load)
    gate.wait(taker)
    taker.kill()
    lapse(sync)
    sync.ok(**load)
    gate.open()
    begun = [run for run in runs(sync) if run["resumed_run"]]
    assert begun[0]["status"] == ("succeeded" if (step, skip) == ("publish_1", 0) else "abandoned")
    assert_all(sync, sql)
    assert_clean(sync)


def test_what_a_failed_run_staged_goes_when_runs_before_it_are_undone(sync, sql, load, die):
    def interrupted(run):
        os.kill(run.pid, signal.SIGTERM)
        run.wait()

    later = "UPDATE s SET changed = changed + interval '6 months'; ANALYZE s"
    sync.ok(**load)
    sql(later)
    sync.ok(**load, keep_snapshots="true")
    second = runs(sync)[-1]["run_id"]
    sql(later)
    die(end=interrupted)
    assert any(sync.temp.rglob("*.parquet"))
    sync.ok(**load, rollback_run=second)
    assert_clean(sync)
    sync.ok(**load)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(2 * ROWS, ROWS)]
    assert_clean(sync)
    sql(later)
    dead = die(end=interrupted)
    assert "nothing to undo" in sync.ok(**load, rollback_run=second).out
    sync.ok(**load)
    assert resumed(sync, dead)["rows_published"] == ROWS
