"""deleted_column beside empty tables, windows by hand and backfills: no row is passed over."""

import pytest

from tests.orders import MERGE

DELETES = MERGE | {"deleted_column": "gone"}
ORDERS = "CREATE TABLE orders (id int8 PRIMARY KEY, gone bool, updated_at timestamptz)"
AT = "INSERT INTO orders VALUES (%s, false, %s)"


@pytest.fixture
def empty(sync, sql):
    """A source, and a destination that somebody has made and nobody has filled."""
    sql(ORDERS)
    columns = "id INT64, gone BOOL, updated_at TIMESTAMP"
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({columns})")


def ids(sync):
    return [number for (number,) in sync.rows("id")]


def test_rows_below_a_window_by_hand_that_held_none_are_read(sync, sql, empty):
    sql(AT, 1, "2024-01-01")
    sync.ok(**DELETES, sync_start="2024-06-01", sync_end="2024-07-01")
    assert ids(sync) == []
    sync.ok(**DELETES)
    assert ids(sync) == [1]


def test_rows_below_slices_that_held_none_are_read(sync, sql, empty):
    sql(AT, 1, "2024-01-01")
    words = {"sync_start": "2024-06-01", "sync_end": "2024-08-01", "backfill_by": "month"}
    sync.ok(**DELETES, **words)
    assert ids(sync) == []
    sync.ok(**DELETES)
    assert ids(sync) == [1]


def test_rows_that_were_undone_are_read_again(sync, sql, empty):
    sync.ok(**DELETES)
    sql(AT, 1, "2024-01-01")
    sql(AT, 2, "2024-02-01")
    sync.ok(**MERGE, sync_start="2024-01-01", sync_end="2024-03-01", keep_snapshots="true")
    assert ids(sync) == [1, 2]
    sync.ok(**DELETES, rollback_run=sync.history()[-1]["run_id"])
    assert ids(sync) == []
    sync.ok(**DELETES)
    assert ids(sync) == [1, 2]


def test_slices_that_heeded_no_mark_are_done_anew_by_one_that_does(sync, sql):
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (1, true, '2024-01-10'), (2, false, '2024-02-10')")
    words = {"sync_start": "2024-01-01", "sync_end": "2024-03-01", "backfill_by": "month"}
    sync.ok(**MERGE, **words)
    assert ids(sync) == [1, 2]
    assert "2 of 2 slices done: 2 rows read" in sync.ok(**DELETES, **words).out
    assert ids(sync) == [2]
    assert "0 of 2 slices done, 2 before" in sync.ok(**DELETES, **words).out
