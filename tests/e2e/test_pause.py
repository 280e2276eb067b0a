"""pause_after_failures: a table that fails again and again is left alone until it is resumed."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.runs.lease import holding
from pipeline.runs.lock import Lock
from tests.orders import KEEP
from tests.sync import PROJECT
from warehouse.names import TableRef

ANOTHER = "20250101t100000-aaaaaaaa"

TABLE = {"source_table_for_schema": "orders", "pause_after_failures": "2"}


@pytest.fixture
def orders(sql):
    """Rows that can be synced, or not."""
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, amount timestamptz)")
    sql("INSERT INTO orders VALUES (1, 'infinity')")

    def mend():
        sql("UPDATE orders SET amount = now()")

    return mend


def failed(sync, code=7, **more):
    done = sync(**TABLE | more)
    assert done.code == code, done.err
    return done


def test_after_so_many_failed_runs_none_begins(sync, orders):
    first, second = failed(sync), failed(sync)
    assert "paused" not in first.err + second.err
    done = failed(sync, 12)
    last = done.err.splitlines()[-1]
    for part in (
        "paused by failures",
        "the last 2 runs failed",
        "with exit code 7: DeadLetterLimitError",
        "schedules resume NAME",
        "pause_after_failures=0",
    ):
        assert part in last
    assert len(sync.history()) == 2  # it is no run, and counts as none
    orders()
    assert failed(sync, 12).code == 12  # it hasn't been looked at
    assert len(sync.history()) == 2
    assert "t" not in sync.tables()


def test_a_run_by_hand_that_ends_well_lets_runs_begin_again(sync, orders):
    failed(sync), failed(sync), failed(sync, 12)
    orders()
    sync.ok(**TABLE | {"pause_after_failures": "0"})
    sync.ok(**TABLE | {"write_disposition": "WRITE_TRUNCATE"})
    assert sync.rows("id") == [(1,)]


def test_runs_are_counted_from_when_it_was_resumed(sync, orders):
    failed(sync), failed(sync), failed(sync, 12)
    ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    while f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}" == ended:
        pass  # what counts is told to the second
    resumed = {"failures_counted_from": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    failed(sync, **resumed), failed(sync, **resumed), failed(sync, 12, **resumed)


def test_a_good_run_between_two_failed_ones_is_none_in_a_row(sync, sql, orders):
    failed(sync)
    orders()
    again = {"write_disposition": "WRITE_TRUNCATE"}
    sync.ok(**TABLE | again)
    sql("UPDATE orders SET amount = 'infinity'")
    failed(sync, **again), failed(sync, **again), failed(sync, 12, **again)


def test_a_source_out_of_reach_counts(sync, orders):
    away = {"postgresql_port": "1", "max_retries": "0"}
    for _ in range(2):
        assert sync(**TABLE | away).code == 3
    failed(sync, 12)
    assert [run["exit_code"] for run in sync.history()] == [3, 3]


def test_without_it_nothing_is_asked_and_nothing_counted(sync, orders):
    away = {"postgresql_port": "1", "max_retries": "0", "pause_after_failures": "0"}
    assert sync(**TABLE | away).code == 3
    assert "sync_runs" not in sync.tables()


def test_of_a_file_of_tables_the_others_go_on(sync, sql, orders):
    sql("CREATE TABLE lines (id int8 PRIMARY KEY)")
    sql("INSERT INTO lines VALUES (5)")
    many = {
        "tables": "defaults: {write_disposition: WRITE_TRUNCATE}\ntables:\n  public.*: {}\n",
        "pause_after_failures": "1",
        "destination_bigquery_table": None,
    }
    assert sync(**many).code == 10
    done = sync(**many)
    assert done.code == 10
    assert "paused by failures" in done.out + done.err
    third = sync(**many)  # a paused table's launch is no run: the reason is told as long
    assert "the last run failed" in third.out
    assert "with exit code 7: DeadLetterLimitError" in third.out
    assert ends_of(sync, "orders") == [7]
    assert sync.rows("id", "lines") == [(5,)]
    assert ends_of(sync, "lines") == [0, 0, 0]


def ends_of(sync, table):
    return [run["exit_code"] for run in sync.history() if run["destination"].endswith(f".{table}")]


def test_of_a_file_of_tables_one_that_is_held_has_not_failed(sync, sql):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY); INSERT INTO orders VALUES (1)")
    words = {
        "tables": "defaults: {write_disposition: WRITE_TRUNCATE}\ntables:\n  public.orders: {}\n",
        "pause_after_failures": "2",
        "destination_bigquery_table": None,
    }
    sync.ok(**words)
    destination = TableRef(PROJECT, sync.dataset, "orders")
    with holding(Lock(sync.client, destination, ANOTHER, timedelta(minutes=10))):
        for _ in range(3):
            assert "RunInProgressError" in sync(**words).out
    assert ends_of(sync, "orders") == [0, 6, 6, 6]
    sync.ok(**words)


def test_a_rollback_and_what_it_undid_are_neither_good_nor_bad(sync, sql, orders):
    """Nobody has shown that the table can be synced."""
    orders()
    good = TABLE | KEEP | {"write_disposition": "WRITE_TRUNCATE"}
    sync.ok(**good)
    sync.ok(**good)
    sql("UPDATE orders SET amount = 'infinity'")
    failed(sync, **good), failed(sync, **good)
    run = sync.history()[1]["run_id"]
    sync.ok(**good | {"rollback_run": run, "pause_after_failures": "0"})
    done = failed(sync, 12, **good)
    assert "the last 2 runs failed" in done.err
