"""delete_missing where rows are kept: they are marked, beside what the source marks."""

import json

from tests.compared import HARD, HUNDRED, MERGE, SOFT, ids, marked

ORDERS = HUNDRED


def test_a_row_that_the_source_marks_is_not_missing(sync, sql):
    """The table lacks it, as it should: nothing differs. A row that is gone is missing."""
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, gone bool, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, false, '2024-05-01' FROM generate_series(1, 100) i")
    words = HARD | {"deleted_column": "gone"}
    sync.ok(**words)
    sql("UPDATE orders SET gone = true, updated_at = now() WHERE id IN (1, 2)")
    sql("DELETE FROM orders WHERE id IN (3, 4, 5)")
    result = sync.ok(**words)
    assert "2 rows read, 2 published, 5 deleted" in result.out
    assert ids(sync) == list(range(6, 101))
    sync.ok(**words)
    compared = json.loads(sync.history()[-1]["compared"])
    assert (compared["ranges_differing"], compared["lacking"]) == (0, 0)


def test_soft_marks_missing_rows_and_a_key_that_returns_loses_its_mark(sync, orders):
    sync.ok(**SOFT)
    orders("CREATE TABLE aside AS SELECT * FROM orders WHERE id IN (3, 50, 99)")
    orders("DELETE FROM orders WHERE id IN (3, 50, 99)")
    result = sync.ok(**SOFT)
    assert "0 rows read, 0 published, 3 deleted" in result.out
    assert marked(sync) == [3, 50, 99]
    (run,) = [run for run in sync.history() if run["rows_deleted"] == 3]
    (stamped,) = {at for (at,) in sync.rows("_sync_deleted_at") if at}
    assert stamped < run["event_time"]
    orders("INSERT INTO orders SELECT * FROM aside WHERE id = 3")  # with its old cursor
    orders("INSERT INTO orders VALUES (50, 'again', now())")
    planned = sync.ok(**SOFT, plan_only="true")
    assert "2 marked keys are there again, and lose their marks" in planned.out
    sync.ok(**SOFT)
    assert marked(sync) == [99]
    names = dict(sync.rows("id, name"))
    assert (names[3], names[50]) == ("v1", "again")
    assert sync.history()[-1]["rows_deleted"] == 0
    sync.ok(**SOFT)
    assert [at for (at,) in sync.rows("_sync_deleted_at") if at] == [stamped]
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0


def test_soft_adds_its_column_to_a_table_that_lacks_it(sync, orders):
    sync.ok(**MERGE)
    orders("DELETE FROM orders WHERE id = 7")
    assert "columns to be added: _sync_deleted_at" in sync.ok(**SOFT, plan_only="true").out
    sync.ok(**SOFT)
    assert marked(sync) == [7]


def test_a_mark_of_the_source_stays_where_missing_rows_are_marked_too(sync, sql):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, gone bool, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, false, '2024-05-01' FROM generate_series(1, 100) i")
    words = SOFT | {"deleted_column": "gone", "deleted_rows": "soft"}
    sync.ok(**words)
    sql("UPDATE orders SET gone = true, updated_at = now() WHERE id IN (1, 2)")
    sql("DELETE FROM orders WHERE id = 3")
    sync.ok(**words)
    assert marked(sync) == [1, 2, 3]
    sync.ok(**words)
    assert marked(sync) == [1, 2, 3]
    compared = json.loads(sync.history()[-1]["compared"])
    assert (compared["ranges_differing"], compared["returned"]) == (0, 0)
    sql("DELETE FROM orders WHERE id IN (1, 4)")
    sync.ok(**words)
    assert marked(sync) == [1, 2, 3, 4]
