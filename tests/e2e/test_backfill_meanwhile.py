"""What happens to source and table between two waves of a backfill, or two calls of it."""

from datetime import timedelta

import pytest

from pipeline.launch import backfill, slice_plans, waves
from pipeline.runs.lock import Lock
from tests.days import LOCK, STOPPED, stopped
from tests.locks import LEASE
from tests.locks import ONE as HOLDER
from tests.processes import until
from tests.slices import (
    ALL,
    BACKFILL,
    COUNTS,
    MONTHS,
    SMART,
    TABLE,
    months,
    since,
    stop_at,
)
from tests.sync import PROJECT
from warehouse.names import TableRef

ONE = {"max_tables_at_once": "1"}
TRUNCATE = BACKFILL | {"write_disposition": "WRITE_TRUNCATE", "merge_keys": None}
DAYS = "timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'"
EVEN = {"postgresql_query": "SELECT * FROM s WHERE id % 2 = 0"}


@pytest.fixture
def after_wave(monkeypatch):
    """Have something done when a wave has given the lock back, the first one's number being 1.

    No wave takes more slices than are at work at once.
    """

    def plan(number, act):
        real, ended = backfill.stand_back, []

        def stand_back(lock, wisher):
            ended.append(wisher)
            if len(ended) == number:
                act()
            return real(lock, wisher)

        monkeypatch.setattr(backfill, "stand_back", stand_back)
        monkeypatch.setattr(waves, "FRESH", timedelta(0))
        return ended

    return plan


def delete(sync, where):
    sync.client.query(f"DELETE FROM {sync.dataset}.t WHERE {where}").result()


def test_a_column_that_the_source_gets_meanwhile_is_brought_by_the_slices_that_are_left(
    sync, sql, after_wave
):
    sql(TABLE)

    def grows():
        sql("ALTER TABLE s ADD COLUMN note text DEFAULT 'x'")
        sync.ok(**SMART)

    after_wave(1, grows)
    sync.ok(**since(9)[0])
    told = sync.rows("id, note")
    assert {note for row_id, note in told if row_id < 336} == {"x"}  # December was the first
    assert len(told) == 122


def test_a_column_that_the_source_gets_amid_a_wave_is_brought_by_the_slices_that_are_left(
    sync, sql, monkeypatch
):
    sql(TABLE)
    real, ended = waves.run_here, []

    def grows(*words):
        end = real(*words)
        ended.append(end)
        if len(ended) == 2:
            sql("ALTER TABLE s ADD COLUMN note text DEFAULT 'x'")
        return end

    monkeypatch.setattr(waves, "run_here", grows)
    sync.ok(**BACKFILL | ONE)
    told = sync.rows("id, note")
    assert {note for row_id, note in told if row_id < 306} == {"x"}  # November was the second
    assert len(told) == 122


def test_slices_go_on_under_one_look_while_it_is_fresh(sync, sql, after_wave, monkeypatch):
    sql(TABLE)
    ended = after_wave(0, None)
    sync.ok(**BACKFILL | ONE)
    assert len(ended) == 3  # behind the last of four nobody has to stand back
    ended.clear()
    monkeypatch.setattr(waves, "FRESH", timedelta(minutes=5))
    sync.ok(**BACKFILL | ONE, destination_bigquery_table="u")
    assert len(ended) == 1  # of the slice that made the table
    assert sync.rows(COUNTS, table="u") == sync.rows(COUNTS) == ALL


def test_rows_between_a_max_that_has_fallen_and_the_range_are_not_hidden(sync, sql, after_wave):
    sql(TABLE)
    sync.ok(**SMART | MONTHS | {"sync_end": "2024-11-15", "backfill_by": "year"})
    after_wave(1, lambda: delete(sync, "changed > '2024-09-10'"))
    result = sync(**since(11)[0] | ONE)
    assert result.code == 5
    assert "slices that were done are not any more" in result.err
    refused = sync(**since(11)[0])
    assert refused.code == 2
    assert "window by hand leaves rows out (sync_start '2024-11-01'" in refused.err
    sync.ok(**SMART)
    assert sync.rows(COUNTS) == ALL


def test_slices_whose_rows_were_deleted_above_max_are_done_again_before_higher_ones(sync, sql):
    sql(TABLE)
    sync.ok(**BACKFILL, backfill_id="mine")
    delete(sync, "changed > '2024-09-10'")
    sql("UPDATE s SET changed = 'infinity' WHERE id = 310")  # of November, which is lost now
    result = sync(**BACKFILL, backfill_id="mine")
    assert result.code == 0, result.err
    assert sync.rows("COUNT(*), MAX(id)") == [(121, 366)]
    assert months(sync) == {"2024-09": 2, "2024-10": 2, "2024-11": 2, "2024-08": 2}


def test_a_table_that_is_replaced_meanwhile_ends_the_backfill(sync, sql, after_wave):
    sql(TABLE)
    few = {"postgresql_query": "SELECT * FROM s WHERE id > 350"}
    after_wave(2, lambda: sync.ok(**few, write_disposition="WRITE_TRUNCATE"))
    result = sync(**BACKFILL | ONE)
    assert result.code == 5
    assert "0 of 4 slices done, 4 left to be done" in result.out
    assert "slices that were done are not any more" in result.err
    assert "4 of 4 slices done" in sync.ok(**BACKFILL).out
    assert sync.rows(COUNTS) == ALL


def test_slices_that_are_not_tried_after_lost_waves_are_told_as_such(sync, sql, monkeypatch):
    sql(TABLE)
    monkeypatch.setattr(waves, "FRESH", timedelta(minutes=5))
    days = BACKFILL | {"backfill_by": "day"}
    sync.ok(**days | {"sync_start": "2024-12-31"})
    bad = {"postgresql_query": "SELECT id, left(name, 1 / (id - id)::int) AS name, changed FROM s"}
    result = sync(**days | {"sync_start": "2024-12-27"} | bad | ONE)
    assert "not tried: of 3 waves in turn nothing came" in result.out
    assert "it would hide their rows" not in result.out


def test_a_name_of_ones_own_doesnt_pass_over_slices_of_another_query(sync, sql):
    sql(TABLE)
    sync.ok(**BACKFILL | EVEN, backfill_id="mine")
    assert "4 of 4 slices done: 122" in sync.ok(**BACKFILL, backfill_id="mine").out
    assert sync.rows(COUNTS) == ALL


def test_slices_whose_partitions_another_window_has_replaced_are_not_done(sync, sql):
    sql(TABLE)
    sync.ok(**TRUNCATE)
    window = {"sync_start": "2024-09-01", "sync_end": "2024-11-01", "backfill_by": None}
    sync.ok(**TRUNCATE | EVEN | window)
    assert "2 of 4 slices done, 2 before: 61 rows" in sync.ok(**TRUNCATE).out
    assert sync.rows(COUNTS) == ALL
    assert "4 before" in sync.ok(**TRUNCATE).out


def test_a_max_that_a_slice_has_lowered_itself_leaves_the_others_done(sync, sql):
    sql(TABLE)
    sync.ok(**TRUNCATE)
    sql("DELETE FROM s WHERE changed >= '2024-12-01'")
    words = TRUNCATE | ONE | {"backfill_order": "oldest", "sync_start": "2024-10-01"}
    result = sync(**words, backfill_id="anew")
    assert "3 of 3 slices done: 61 rows" in result.out
    assert result.code == 0
    assert "3 before" in sync.ok(**words, backfill_id="anew").out
    assert sync.rows(COUNTS) == [(91, 91)]


def test_slices_are_not_judged_by_the_volume_of_scheduled_runs_nor_these_by_slices(sync, sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz)")
    judged = SMART | {"volume_check": "error"}
    for number in range(8):  # many rows an hour
        stamps = f"now() - interval '1 day' + interval '{number} minutes'"
        sql(f"INSERT INTO s SELECT {number} * 50 + g, 'a', {stamps} FROM generate_series(1, 50) g")
        sync.ok(**judged)
    sql(f"INSERT INTO s SELECT 1000 + g, 'old', {DAYS} FROM generate_series(245, 366) g")
    assert "4 of 4 slices done: 122" in sync.ok(**judged | MONTHS).out
    plan = sync(**judged, plan_only="true").out
    assert "by 8 runs of these hours" in plan


def test_a_run_that_waits_for_a_backfill_outlives_a_source_that_ends_silent_sessions(
    sync, sql, start, database
):
    sql(TABLE)
    sql(
        f"ALTER ROLE {database.user} IN DATABASE {database.database} SET idle_session_timeout = 900"
    )
    run = start(**since(9)[0] | stop_at(sql, 290) | {"max_tables_at_once": "2"})
    with stopped(database):
        until(lambda: sql(STOPPED))
        sql("INSERT INTO s VALUES (1000, 'new', now() - interval '1 hour')")
        scheduled = start(**SMART)
        until(lambda: sync.table(LOCK).labels.get("wish"))
        until(lambda: not sql(SILENT))
    assert scheduled.wait() == 0, scheduled.output
    assert run.wait() == 0, run.output
    assert sync.rows("id", order="1 DESC")[0] == (1000,)


def test_a_backfill_outlives_a_source_that_ends_a_session_which_is_silent_while_bigquery_is_asked(
    sync, sql, database, monkeypatch
):
    sql(TABLE)
    sql(
        f"ALTER ROLE {database.user} IN DATABASE {database.database} SET idle_session_timeout = 300"
    )
    real = slice_plans.with_destination

    def slow(*words):
        until(lambda: not sql(SILENT))
        return real(*words)

    monkeypatch.setattr(slice_plans, "with_destination", slow)
    assert "4 of 4 slices done: 122" in sync.ok(**BACKFILL | ONE).out


def test_a_run_that_has_waited_for_its_table_brings_what_the_source_has_got_meanwhile(
    sync, sql, start
):
    sql(TABLE)
    sync.ok(**SMART)
    lock = Lock(sync.client, TableRef(PROJECT, sync.dataset, "t"), HOLDER, LEASE, yields=True)
    lock.acquire()
    run = start(**SMART)
    until(lambda: sync.table(LOCK).labels.get("wish"))
    sql("ALTER TABLE s ADD COLUMN note text DEFAULT 'x'")
    sql("INSERT INTO s VALUES (1000, 'new', now() - interval '1 hour')")
    lock.release()
    assert run.wait() == 0, run.output
    assert sync.rows("id, note", order="1 DESC")[0] == (1000, "x")


SILENT = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle' AND pid != pg_backend_pid()
"""
