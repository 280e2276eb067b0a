"""Slices that are at work at once, and what befalls them: others that wait, kills, an undoing."""

import os
import re
import signal
import time

import pytest

from pipeline.cli import main
from pipeline.launch import backfill
from pipeline.publish import publisher
from pipeline.runs.yielding import acquire_patiently, stand_back
from tests.days import LEASE, LOCK, STOPPED, runs, staging_tables, stopped
from tests.processes import until
from tests.slices import (
    ALL,
    BACKFILL,
    COUNTS,
    SMART,
    TABLE,
    months,
    since,
    statuses_of,
    stop_at,
)


def test_slices_are_read_side_by_side(sync, sql, start, database):
    sql(TABLE)
    more = stop_at(sql, 320, 290)  # in November and October, which are one wave
    words, rows = since(10)
    run = start(**words | more | {"max_tables_at_once": "2"})
    with stopped(database):
        until(lambda: len(sql(STOPPED)) == 2)
    assert run.wait() == 0, run.output
    assert sync.rows() == sql(rows)


def test_after_kill_9_the_same_command_reads_only_what_is_not_done(sync, sql, start, database):
    sql(TABLE)
    words, rows = since(9)
    more = words | stop_at(sql, 290) | LEASE | {"max_tables_at_once": "2"}  # October
    run = start(**more)
    with stopped(database):
        until(lambda: "sync_runs" in sync.tables())
        until(lambda: "running" in statuses_of(sync, "2024-09-30"))
        run.kill()
    before = months(sync)
    assert before
    result = sync.ok(**more)
    done = int(re.findall(r"(\d) before", result.out)[0])
    assert len(before) <= done < 4, "one was being published when its run was killed, at most"
    assert sync.rows() == sql(rows)
    assert set(months(sync).values()) == {1}
    assert len(months(sync)) == 4
    told = [run["status"] for run in runs(sync)]
    assert told.count("abandoned") >= 1
    assert staging_tables(sync) == []


def test_a_scheduled_run_gets_in_between_two_waves(sync, sql, start, database):
    sql(TABLE)
    words, rows = since(9)
    more = stop_at(sql, 320, 290)  # in November and October, beside which no other begins
    run = start(**words | more | {"max_tables_at_once": "2"})
    with stopped(database):
        until(lambda: len(sql(STOPPED)) == 2)
        sql("INSERT INTO s VALUES (1000, 'new', now() - interval '1 hour')")
        scheduled = start(**SMART)
        until(lambda: scheduled.has_ended or sync.table(LOCK).labels.get("wish"))
        assert not scheduled.has_ended, scheduled.output
        assert sync.table(LOCK).labels["yields"] == "true"
    assert scheduled.wait() == 0, scheduled.output
    assert run.wait() == 0, run.output
    assert sync.rows() == sql(rows)
    told = runs(sync)
    (place,) = [n for n, one in enumerate(told) if one["backfill_id"] is None]
    later = told[place + 1 :]
    assert later, "the schedule waited for the whole backfill"
    newest = told[place]["watermark_after"]
    assert {one["watermark_after"] for one in later} == {newest}
    assert newest > "2025"
    assert sync.table(LOCK).labels["state"] == "released"
    assert not sync.table(LOCK).labels.get("wish")


def test_two_of_one_backfill_at_once_do_each_slice_once(sync, sql, start):
    sql(TABLE)
    words, rows = since(9)
    both = [start(**words | {"max_tables_at_once": "2"}) for _ in range(2)]
    for run in both:
        assert run.wait() == 0, run.output
    assert sync.rows() == sql(rows)
    assert len(months(sync)) == 4
    assert set(months(sync).values()) == {1}


def test_sigterm_ends_what_is_at_work_and_the_next_call_goes_on(sync, sql, start, database):
    sql(TABLE)
    words, rows = since(10)
    more = words | stop_at(sql, 290)
    run = start(**more)
    with stopped(database):
        until(lambda: "sync_runs" in sync.tables())
        until(lambda: "running" in statuses_of(sync, "2024-09-30"))
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait() == 143, run.output
    assert sync.table(LOCK).labels["state"] == "released"
    told = {run["status"] for run in runs(sync)}
    # A slice that begins at that very moment may not come to tell its end: the next call does.
    assert {"succeeded", "failed"} <= told <= {"succeeded", "failed", "running"}
    sync.ok(**more)
    assert "running" not in {run["status"] for run in runs(sync)}
    assert sync.rows() == sql(rows)
    # Of a load that was on its way its table may be made after all: then it expires by itself.
    assert all(sync.table(name).expires for name in staging_tables(sync))


def test_the_lock_is_held_until_all_slices_of_a_wave_have_ended(sync, sql, start, database):
    sql(TABLE)
    more = since(10)[0] | stop_at(sql, 290)  # in October, beside which is November
    run = start(**more | {"max_tables_at_once": "2"})
    with stopped(database):
        until(lambda: sql(STOPPED))
        until(lambda: "succeeded" in statuses_of(sync, "2024-10-31"))
        assert sync.table(LOCK).labels["state"] == "held"
    assert run.wait() == 0, run.output


def test_slices_of_a_wave_change_the_table_one_after_the_other(sync, sql, monkeypatch):
    sql(TABLE)
    real, at_work, most = publisher.run_statement, [], []

    def watched(client, plan, *words, **more):
        at_work.append(plan.run.run_id)
        most.append(len(at_work))
        time.sleep(0.2)
        try:
            return real(client, plan, *words, **more)
        finally:
            at_work.remove(plan.run.run_id)

    monkeypatch.setattr(publisher, "run_statement", watched)
    sync.ok(**since(9)[0])
    assert len(most) >= 3
    assert set(most) == {1}


def test_the_first_slice_of_a_table_that_lacks_columns_is_done_alone(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("ALTER TABLE s ADD COLUMN channel text")
    sql("UPDATE s SET channel = 'web' WHERE id <= 305")
    sync.ok(**BACKFILL | {"sync_end": "2024-11-01"})
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    events = f"SELECT * FROM {sync.dataset}.sync_runs WHERE backfill_id IS NOT NULL"
    told = [dict(row) for row in sync.client.query_and_wait(events)]
    begun = sorted((one for one in told if one["seq"] == 0), key=lambda one: one["event_time"])
    (end,) = [one for one in told if one["seq"] == 2 and one["run_id"] == begun[0]["run_id"]]
    assert end["event_time"] < begun[1]["event_time"]


UPTO = "'name ' || g, timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'"
KEEP = {"keep_snapshots": "true"}


@pytest.fixture
def halfway(sync, sql):
    """A table of 50 rows and then 70, of 122; how to undo all that came behind the 50."""
    sql("CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz)")
    for first, last in ((245, 294), (295, 314), (315, 366)):
        sql(f"INSERT INTO s SELECT g, {UPTO} FROM generate_series({first}, {last}) g")
        if last < 366:
            sync.ok(**SMART, **KEEP)

    def undo():
        ran = sorted(runs(sync), key=lambda run: run["event_time"])  # as they ended
        first, last = ran[1]["run_id"], ran[-1]["run_id"]
        return main(sync.argv(**SMART, rollback_run=first, rollback_to=last, runner=None))

    return undo


def test_slices_that_are_undone_between_two_waves_end_the_backfill(sync, halfway, monkeypatch):
    asked = SMART | KEEP | {"sync_start": "2024-11-01", "sync_end": "2025-01-01"}
    codes = []

    def undone_once(lock, wisher):
        if not codes:
            codes.append(halfway())
        stand_back(lock, wisher)

    monkeypatch.setattr(backfill, "stand_back", undone_once)
    told = sync(**asked, backfill_by="month", max_tables_at_once="2", runner=None)
    assert codes == [0]
    assert told.code == 5
    assert "0 of 2 slices done, 2 left to be done" in told.out
    assert "slices that were done are not any more" in told.err
    assert sync.rows(COUNTS) == [(50, 50)]
    refused = sync(**asked, backfill_by="month", runner=None)
    assert "window by hand leaves rows out" in refused.err
    sync.ok(**SMART)
    assert sync.rows(COUNTS) == ALL


def test_a_range_is_judged_again_where_max_went_back_before_the_lock_was_taken(
    sync, halfway, monkeypatch
):
    def acquire(lock):
        assert halfway() == 0
        acquire_patiently(lock)

    monkeypatch.setattr(backfill, "acquire_patiently", acquire)
    told = sync(**SMART, sync_start="2024-11-01", sync_end="2025-01-01", backfill_by="month")
    assert told.code == 2
    assert "window by hand leaves rows out" in told.err
    assert sync.rows(COUNTS) == [(50, 50)]
    sync.ok(**SMART)
    assert sync.rows(COUNTS) == ALL
