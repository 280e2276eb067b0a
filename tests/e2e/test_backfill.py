"""Backfill end to end: a range in slices, each a run; each row once, whatever happens meanwhile."""

import json
import os
import signal
import time

import pytest

from pipeline.cli import main
from pipeline.launch import backfill
from pipeline.publish import publisher
from pipeline.runs.yielding import acquire_patiently, stand_back
from tests.days import LEASE, LOCK, STOP, STOPPED, lapse, runs, staging_tables, stopped
from tests.hook_server import hook_server
from tests.launcher import Launcher
from tests.processes import until
from tests.sync import PASSWORD

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'
FROM generate_series(1, 366) g
"""
SMART = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "changed",
    "partition_type": "MONTH",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
YEAR = {"sync_start": "2024-01-01", "sync_end": "2025-01-01", "backfill_by": "month"}
BACKFILL = SMART | YEAR
ALL = [(366, 366)]
COUNTS = "COUNT(*), COUNT(DISTINCT id)"


def windows(sync):
    """The windows of runs that succeeded, in the order in which they began."""
    return [run["window_start"] for run in runs(sync) if run["status"] == "succeeded"]


def test_a_year_is_loaded_by_month_the_newest_first(sync, sql):
    sql(TABLE)
    result = sync.ok(**BACKFILL)
    assert "12 of 12 slices done: 366 rows read, 366 published" in result.out
    assert sync.rows(COUNTS) == ALL
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    told = runs(sync)
    assert len(told) == 12
    assert {run["status"] for run in told} == {"succeeded"}
    assert {run["watermark_after"] for run in told} == {"2024-12-31 00:00:00"}
    assert windows(sync)[0] == "2024-11-30 23:59:59.999999"
    assert len({run["backfill_id"] for run in told}) == 1


def test_the_same_command_again_does_nothing_and_another_name_all_anew(sync, sql, sent_jobs):
    sql(TABLE)
    sync.ok(**BACKFILL)
    sent_jobs.clear()
    again = sync.ok(**BACKFILL)
    assert "0 of 12 slices done, 12 before: 0 rows read" in again.out
    assert "another backfill_id does them anew" in again.out
    assert len(runs(sync)) == 12
    assert "12 of 12 slices done: 366" in sync.ok(**BACKFILL, backfill_id="once-more").out
    assert sync.rows(COUNTS) == ALL


def stop_at(sql, *ids):
    """The query that doesn't get past some rows while `stopped` lasts."""
    sql(STOP)
    return {"postgresql_query": f"SELECT * FROM s WHERE id NOT IN {(*ids, 0)} OR stop()"}


def since(month):
    """The same to the end of the year, and what the source then has of it."""
    start = f"2024-{month:02}-01"
    return BACKFILL | {
        "sync_start": start
    }, f"SELECT * FROM s WHERE changed >= '{start}' ORDER BY 1"


def months(sync):
    """How often each slice was done, by the first day after its window's start."""
    done = [run for run in runs(sync) if run["status"] == "succeeded" and run["backfill_id"]]
    starts = [run["window_start"][:7] for run in done]
    return {start: starts.count(start) for start in starts}


def statuses_of(sync, start):
    """Of the runs of the slice whose window starts at the end of that day."""
    return [run["status"] for run in runs(sync) if (run["window_start"] or "").startswith(start)]


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
    assert f"{len(before)} before" in result.out
    assert sync.rows() == sql(rows)
    assert set(months(sync).values()) == {1}
    assert len(months(sync)) == 4
    told = [run["status"] for run in runs(sync)]
    assert told.count("abandoned") >= 1
    assert staging_tables(sync) == []


def test_a_scheduled_run_gets_in_between_two_waves(sync, sql, start, database):
    sql(TABLE)
    words, rows = since(7)
    run = start(**words | stop_at(sql, 290) | {"max_tables_at_once": "2"})  # October
    with stopped(database):
        until(lambda: sql(STOPPED))
        sql("INSERT INTO s VALUES (1000, 'new', now() - interval '1 hour')")
        scheduled = start(**SMART)
        until(lambda: sync.table(LOCK).labels.get("wish"))
        assert sync.table(LOCK).labels["yields"] == "true"
    assert scheduled.wait() == 0, scheduled.output
    assert run.wait() == 0, run.output
    assert sync.rows() == sql(rows)
    told = runs(sync)
    (place,) = [n for n, one in enumerate(told) if one["backfill_id"] is None]
    later = told[place + 1 :]
    assert len(later) >= 3, "the schedule waited for the whole backfill"
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


BAD = "ALTER TABLE s ADD COLUMN due date; UPDATE s SET due = 'infinity' WHERE id = {id}"


def test_a_slice_that_fails_is_no_other_slice_s_matter_and_is_done_next_time(sync, sql):
    sql(TABLE)
    sql(BAD.format(id=75))
    result = sync(**BACKFILL)
    assert result.code == 10
    assert "11 of 12 slices done, 1 failed" in result.out
    last = result.err.splitlines()[-1]
    assert "1 of 12 slices are not done" in last
    assert "failed: [2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z)" in last
    assert sync.rows(COUNTS) == [(366 - 31, 366 - 31)]
    later = sync.ok(**SMART)
    assert "rows of the source are in no window" in later.out
    sql("UPDATE s SET due = NULL")
    again = sync.ok(**BACKFILL)
    assert "1 of 12 slices done, 11 before: 31 rows read, 31 published" in again.out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def test_no_slice_beyond_one_that_failed_hides_its_rows(sync, sql):
    """The destination is complete up to the end of June: August fails, and nothing is after it."""
    sql(TABLE)
    sql("CREATE TABLE later AS SELECT * FROM s WHERE changed >= '2024-07-01'")
    sql("DELETE FROM s WHERE changed >= '2024-07-01'")
    sync.ok(**SMART)
    sql("INSERT INTO s SELECT * FROM later")
    sql(BAD.format(id=220))
    result = sync(**BACKFILL | {"max_tables_at_once": "5"})
    assert result.code == 10
    assert "7 of 12 slices done, 1 failed, 4 left to be done" in result.out
    assert sync.rows("MAX(changed) < '2024-08-01', COUNT(*)") == [(True, 213)]
    sql("UPDATE s SET due = NULL")
    assert "5 of 12 slices done, 7 before" in sync.ok(**BACKFILL).out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def test_a_watermark_never_moves_back_and_the_history_says_it_as_it_is(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("UPDATE s SET name = 'again' WHERE id < 100")
    sync.ok(**BACKFILL | {"sync_end": "2024-05-01", "backfill_order": "oldest"})
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    slices = [run for run in runs(sync) if run["backfill_id"]]
    assert len(slices) == 4
    for column in ("watermark_before", "watermark_after"):
        assert {run[column] for run in slices} == {"2024-12-31 00:00:00"}
    assert "0 rows read" in sync.ok(**SMART).out


TRUNCATE = {"write_disposition": "WRITE_TRUNCATE", "merge_keys": None}


def test_whole_partitions_are_replaced_with_what_was_deleted(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("DELETE FROM s WHERE id % 2 = 0 AND id < 200")
    sync.ok(**BACKFILL | TRUNCATE | {"sync_end": "2024-07-01"})
    gone = sql("SELECT * FROM s WHERE changed < '2024-07-01' ORDER BY 1")
    assert sync.rows()[: len(gone)] == gone
    assert sync.rows(COUNTS) == [(366 - 91, 366 - 91)]


def test_a_range_that_can_t_be_cut_so_is_refused_and_nothing_is_written(sync, sql):
    sql(TABLE)
    result = sync(**BACKFILL | TRUNCATE | {"sync_start": "2024-01-02", "backfill_by": "day"})
    assert result.code == 2
    for word in ("window by hand cuts a partition", "slices that cut a partition", "=month"):
        assert word in result.err
    result = sync(**BACKFILL | {"sync_end": "2099-01-01"})
    assert result.code == 2
    assert "ends too late" in result.err
    assert sync.tables() == set()


def test_all_that_is_wrong_with_the_command_line_is_told_at_once(sync):
    words = {"write_disposition": "WRITE_APPEND", "merge_keys": None, "sync_end": None}
    result = sync(**BACKFILL | words | {"backfill_columns": "name"})
    assert result.code == 2
    for word in ("half a window by hand", "backfill_columns beside backfill_by", "appends"):
        assert word in result.err
    result = sync(**SMART | {"backfill_order": "oldest", "backfill_id": "x"})
    assert "a backfill without slices (backfill_order, backfill_id)" in result.err
    many = {"tables": "tables: {public.s: {}}", "backfill_by": "month"}
    result = sync(**many, destination_bigquery_table=None)
    assert result.code == 2
    assert "a backfill of many tables (backfill_by)" in result.err


def test_the_plan_lists_the_slices_and_which_are_done(sync, sql):
    sql(TABLE)
    shown = sync.ok(**BACKFILL, plan_only="true")
    assert "slices       12, newest first" in shown.out
    assert "done         0 before this" in shown.out
    assert shown.out.count("to be done") == 12
    assert sync.tables() == set()
    sync.ok(**BACKFILL | {"sync_start": "2024-11-01"}, backfill_id="mine")
    again = json.loads(
        sync.ok(**BACKFILL, backfill_id="mine", plan_only="true", plan_format="json").out
    )
    assert again["backfill_id"].startswith("mine-")
    assert [bool(one["done_by"]) for one in again["slices"]] == [False] * 10 + [True] * 2
    assert again["left"] == 10
    assert all(one["estimated_rows"] for one in again["slices"])


def test_integers_are_cut_by_counts(sync, sql):
    sql("CREATE TABLE n (id int8 PRIMARY KEY, name text)")
    sql("INSERT INTO n SELECT g, 'name ' || g FROM generate_series(1, 1000) AS g")
    words = {"postgresql_query": "SELECT * FROM n", "smart_sync_timestamp_column": "id"}
    numbers = {"sync_start": "5", "sync_end": "1001", "backfill_by": "300"}
    result = sync.ok(**SMART | words | numbers)
    assert "4 of 4 slices done: 996 rows read" in result.out
    assert sync.rows() == sql("SELECT * FROM n WHERE id >= 5 ORDER BY 1")


def test_the_hour_that_comes_twice_is_read_once(sync, sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamp)")
    sql(
        "INSERT INTO s SELECT g, 'name ' || g, (timestamptz '2024-10-26 22:00+00' + g *"
        " interval '10 minutes') AT TIME ZONE 'Europe/Berlin' FROM generate_series(0, 149) AS g"
    )
    words = {"source_timezone": "Europe/Berlin", "partition_type": "DAY"}
    hours = {"sync_start": "2024-10-27", "sync_end": "2024-10-28", "backfill_by": "hour"}
    result = sync.ok(**SMART | words | hours)
    assert "24 of 24 slices done" in result.out
    assert sync.rows() == sql("SELECT * FROM s WHERE changed < '2024-10-28' ORDER BY 1")


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
    assert told == {"succeeded", "failed"}
    sync.ok(**more)
    assert sync.rows() == sql(rows)
    assert staging_tables(sync) == []


def test_slices_are_not_done_any_more_once_the_table_was_replaced(sync, sql):
    sql(TABLE)
    sync.ok(**BACKFILL)
    few = {"postgresql_query": "SELECT * FROM s WHERE id > 350"}  # of the same MAX
    sync.ok(**few, write_disposition="WRITE_TRUNCATE")
    assert "12 of 12 slices done: 366" in sync.ok(**BACKFILL).out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


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
    sql("UPDATE s SET channel = 'web' WHERE id <= 182")
    sync.ok(**BACKFILL | {"sync_end": "2024-07-01"})
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    events = f"SELECT * FROM {sync.dataset}.sync_runs WHERE backfill_id IS NOT NULL"
    told = [dict(row) for row in sync.client.query_and_wait(events)]
    begun = sorted((one for one in told if one["seq"] == 0), key=lambda one: one["event_time"])
    (end,) = [one for one in told if one["seq"] == 2 and one["run_id"] == begun[0]["run_id"]]
    assert end["event_time"] < begun[1]["event_time"]


def test_one_message_tells_of_the_whole_backfill(sync, sql):
    sql(TABLE)
    sql(BAD.format(id=75))
    with hook_server() as hook:
        assert sync(**BACKFILL, notify_webhook=hook.url).code == 10
    (text,) = hook.texts
    assert "11 of 12 slices done, 1 failed" in text
    assert "[2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z): " in text


def test_on_dataflow_a_launch_is_a_job_of_the_next_slice(sync, sql, tmp_path, bucket, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sql(TABLE)
    (tmp_path / "launch").mkdir()
    launch = Launcher(sync, tmp_path / "launch", bucket)
    words = BACKFILL | {"source_table_for_schema": None}
    one = launch(**words)
    assert one.code == 0, one.output
    assert "slice [2024-12-01T00:00:00Z, 2025-01-01); 11 slices are left after it" in one.output
    (begun,) = runs(sync)
    assert (begun["status"], begun["window_end"][:10]) == ("running", "2024-12-31")
    assert begun["backfill_id"]
    assert sync.table(LOCK).labels["yields"] == "true"
    lapse(sync)
    sync.ok(**BACKFILL)
    assert len(months(sync)) == 12
    done = launch(**words)
    assert done.code == 0, done.output
    assert "all 12 slices are done" in done.output


UPTO = "'name ' || g, timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'"
KEEP = {"keep_snapshots": "true"}


@pytest.fixture
def halfway(sync, sql):
    """A table of 50 rows and then 150, of 366; how to undo all that came behind the 50."""
    sql("CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz)")
    for first, last in ((1, 50), (51, 150), (151, 366)):
        sql(f"INSERT INTO s SELECT g, {UPTO} FROM generate_series({first}, {last}) g")
        if last < 366:
            sync.ok(**SMART, **KEEP)

    def undo():
        ran = sorted(runs(sync), key=lambda run: run["event_time"])  # as they ended
        first, last = ran[1]["run_id"], ran[-1]["run_id"]
        return main(sync.argv(**SMART, rollback_run=first, rollback_to=last, runner=None))

    return undo


def test_slices_that_are_undone_between_two_waves_end_the_backfill(sync, halfway, monkeypatch):
    asked = SMART | KEEP | {"sync_start": "2024-03-01", "sync_end": "2025-01-01"}
    codes = []

    def undone_once(lock, wisher):
        if not codes:
            codes.append(halfway())
        stand_back(lock, wisher)

    monkeypatch.setattr(backfill, "stand_back", undone_once)
    told = sync(**asked, backfill_by="month", max_tables_at_once="2", runner=None)
    assert codes == [0]
    assert told.code == 5
    assert "0 of 10 slices done, 10 left to be done" in told.out
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
    told = sync(**SMART, sync_start="2024-03-01", sync_end="2025-01-01", backfill_by="month")
    assert told.code == 2
    assert "window by hand leaves rows out" in told.err
    assert sync.rows(COUNTS) == [(50, 50)]
    sync.ok(**SMART)
    assert sync.rows(COUNTS) == ALL


def test_a_bug_with_a_slice_shows_its_traceback_without_the_secret(sync, sql, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError(f"no way to {PASSWORD}")

    sql(TABLE)
    monkeypatch.setattr("pipeline.launch.waves.run_here", broken)
    assert sync(**BACKFILL).code == 70
    assert "ValueError: no way to …" in caplog.text
    assert PASSWORD not in caplog.text
