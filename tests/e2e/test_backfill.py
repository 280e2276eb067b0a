"""Backfill end to end: a range in slices, each a run; each row once."""

import json

from tests.days import LOCK, lapse, runs
from tests.hook_server import hook_server
from tests.launcher import Launcher
from tests.slices import (
    ALL,
    BACKFILL,
    COUNTS,
    SMART,
    TABLE,
    months,
    windows,
)
from tests.sync import PASSWORD


def test_a_range_is_loaded_by_month_the_newest_first(sync, sql):
    sql(TABLE)
    result = sync.ok(**BACKFILL)
    assert "4 of 4 slices done: 122 rows read, 122 published" in result.out
    assert sync.rows(COUNTS) == ALL
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    told = runs(sync)
    assert len(told) == 4
    assert {run["status"] for run in told} == {"succeeded"}
    assert {run["watermark_after"] for run in told} == {"2024-12-31 00:00:00"}
    assert windows(sync)[0] == "2024-11-30 23:59:59.999999"
    assert len({run["backfill_id"] for run in told}) == 1


def test_the_same_command_again_does_nothing_and_another_name_all_anew(sync, sql, sent_jobs):
    sql(TABLE)
    sync.ok(**BACKFILL)
    sent_jobs.clear()
    again = sync.ok(**BACKFILL)
    assert "0 of 4 slices done, 4 before: 0 rows read" in again.out
    assert "another backfill_id does them anew" in again.out
    assert len(runs(sync)) == 4
    assert "4 of 4 slices done: 122" in sync.ok(**BACKFILL, backfill_id="once-more").out
    assert sync.rows(COUNTS) == ALL


BAD = "ALTER TABLE s ADD COLUMN due date; UPDATE s SET due = 'infinity' WHERE id = {id}"


def test_a_slice_that_fails_is_no_other_slice_s_matter_and_is_done_next_time(sync, sql):
    sql(TABLE)
    sql(BAD.format(id=290))
    result = sync(**BACKFILL)
    assert result.code == 10
    assert "3 of 4 slices done, 1 failed" in result.out
    last = result.err.splitlines()[-1]
    assert "1 of 4 slices are not done" in last
    assert "failed: [2024-10-01T00:00:00Z, 2024-11-01T00:00:00Z)" in last
    assert sync.rows(COUNTS) == [(122 - 31, 122 - 31)]
    later = sync.ok(**SMART)
    assert "rows of the source are in no window" in later.out
    sql("UPDATE s SET due = NULL")
    again = sync.ok(**BACKFILL)
    assert "1 of 4 slices done, 3 before: 31 rows read, 31 published" in again.out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def test_no_slice_beyond_one_that_failed_hides_its_rows(sync, sql):
    """The destination is complete up to the end of September: November fails, and none after it."""
    sql(TABLE)
    sql("CREATE TABLE later AS SELECT * FROM s WHERE changed >= '2024-10-01'")
    sql("DELETE FROM s WHERE changed >= '2024-10-01'")
    sync.ok(**SMART)
    sql("INSERT INTO s SELECT * FROM later")
    sql(BAD.format(id=320))
    result = sync(**BACKFILL | {"max_tables_at_once": "5"})
    assert result.code == 10
    assert "2 of 4 slices done, 1 failed, 1 left to be done" in result.out
    assert sync.rows("MAX(changed) < '2024-11-01', COUNT(*)") == [(True, 61)]
    sql("UPDATE s SET due = NULL")
    assert "2 of 4 slices done, 2 before" in sync.ok(**BACKFILL).out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def test_a_watermark_never_moves_back_and_the_history_says_it_as_it_is(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("UPDATE s SET name = 'again' WHERE id < 300")
    sync.ok(**BACKFILL | {"sync_end": "2024-12-01", "backfill_order": "oldest"})
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    slices = [run for run in runs(sync) if run["backfill_id"]]
    assert len(slices) == 3
    for column in ("watermark_before", "watermark_after"):
        assert {run[column] for run in slices} == {"2024-12-31 00:00:00"}
    assert "0 rows read" in sync.ok(**SMART).out


TRUNCATE = {"write_disposition": "WRITE_TRUNCATE", "merge_keys": None}


def test_whole_partitions_are_replaced_with_what_was_deleted(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("DELETE FROM s WHERE id % 2 = 0 AND id < 280")
    sync.ok(**BACKFILL | TRUNCATE | {"sync_end": "2024-11-01"})
    gone = sql("SELECT * FROM s WHERE changed < '2024-11-01' ORDER BY 1")
    assert sync.rows()[: len(gone)] == gone
    assert sync.rows(COUNTS) == [(122 - 17, 122 - 17)]


def test_a_range_that_can_t_be_cut_so_is_refused_and_nothing_is_written(sync, sql):
    sql(TABLE)
    result = sync(**BACKFILL | TRUNCATE | {"sync_start": "2024-09-02", "backfill_by": "day"})
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


def test_the_plan_lists_the_slices_and_which_are_done(sync, sql):
    sql(TABLE)
    shown = sync.ok(**BACKFILL, plan_only="true")
    assert "slices       4, newest first" in shown.out
    assert "done         0 before this" in shown.out
    assert shown.out.count("to be done") == 4
    assert sync.tables() == set()
    sync.ok(**BACKFILL | {"sync_start": "2024-11-01"}, backfill_id="mine")
    again = json.loads(
        sync.ok(**BACKFILL, backfill_id="mine", plan_only="true", plan_format="json").out
    )
    assert again["backfill_id"].startswith("mine-")
    assert [bool(one["done_by"]) for one in again["slices"]] == [False] * 2 + [True] * 2
    assert again["left"] == 2
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
    hours = {"sync_start": "2024-10-27 01:00:00", "sync_end": "2024-10-27 05:00:00"}
    result = sync.ok(**SMART | words | hours, backfill_by="hour")
    assert "4 of 4 slices done" in result.out
    within = "changed >= '2024-10-27 01:00' AND changed < '2024-10-27 05:00'"
    assert sync.rows() == sql(f"SELECT * FROM s WHERE {within} ORDER BY 1")
    assert len(sync.rows()) == 5 * 6


def test_slices_are_not_done_any_more_once_the_table_was_replaced(sync, sql):
    sql(TABLE)
    sync.ok(**BACKFILL)
    few = {"postgresql_query": "SELECT * FROM s WHERE id > 350"}  # of the same MAX
    sync.ok(**few, write_disposition="WRITE_TRUNCATE")
    assert "4 of 4 slices done: 122" in sync.ok(**BACKFILL).out
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def test_one_message_tells_of_the_whole_backfill(sync, sql):
    sql(TABLE)
    sql(BAD.format(id=290))
    with hook_server() as hook:
        assert sync(**BACKFILL, notify_webhook=hook.url).code == 10
    (text,) = hook.texts
    assert "3 of 4 slices done, 1 failed" in text
    assert "[2024-10-01T00:00:00Z, 2024-11-01T00:00:00Z): " in text


def test_on_dataflow_a_launch_is_a_job_of_the_next_slice(sync, sql, tmp_path, bucket, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sql(TABLE)
    (tmp_path / "launch").mkdir()
    launch = Launcher(sync, tmp_path / "launch", bucket)
    words = BACKFILL | {"source_table_for_schema": None}
    one = launch.here(**words)
    assert one.code == 0, one.output
    assert "slice [2024-12-01T00:00:00Z, 2025-01-01); 3 slices are left after it" in one.output
    (begun,) = runs(sync)
    assert (begun["status"], begun["window_end"][:10]) == ("running", "2024-12-31")
    assert begun["backfill_id"]
    assert sync.table(LOCK).labels["yields"] == "true"
    lapse(sync)
    sync.ok(**BACKFILL)
    assert len(months(sync)) == 4
    done = launch.here(**words)
    assert done.code == 0, done.output
    assert "all 4 slices are done" in done.output


def test_a_bug_with_a_slice_shows_its_traceback_without_the_secret(sync, sql, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError(f"no way to {PASSWORD}")

    sql(TABLE)
    monkeypatch.setattr("pipeline.launch.waves.run_here", broken)
    assert sync(**BACKFILL).code == 70
    assert "ValueError: no way to …" in caplog.text
    assert PASSWORD not in caplog.text
