"""A column of the source that is another than before, under the same name."""

from tests.orders import EVOLVING, MERGE

TOLD = "note of the source is not what it was in the last run"


def test_a_column_that_was_dropped_and_added_again_is_told_of_once(sync, sql):
    sql(EVOLVING)
    sql("INSERT INTO orders VALUES (1, 'a', '2024-05-01')")
    sync.ok(**MERGE)
    sql("ALTER TABLE orders DROP note, ADD more text DEFAULT 'x', ADD note text DEFAULT 'b'")
    sql("INSERT INTO orders (id, updated_at) VALUES (2, '2024-05-02')")
    assert TOLD in sync.ok(**MERGE, plan_only="true").out
    sync.ok(**MERGE)
    assert TOLD not in sync.ok(**MERGE, plan_only="true").out
    sync.ok(**MERGE, backfill_columns="note")
    assert sync.rows("id, note") == [(1, "b"), (2, "b")]
