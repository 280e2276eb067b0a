"""What a replay, a rollback and a plan say of rows that somebody has to look after."""

import pytest
from google.cloud import bigquery

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, note text, updated_at timestamptz NOT NULL);
INSERT INTO orders VALUES
  (1, 'good', '2024-01-01 10:00'), (2, 'much too long', '2024-01-02'), (3, NULL, '2024-03-01')
"""
MERGE = {
    "source_table_for_schema": "public.orders",
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "max_dead_letters": "10",
}


@pytest.fixture
def left_out(sync, sql):
    """A sync into a column that is too narrow, and wider since; the name of its run."""
    sql(ORDERS)
    sync.client.query_and_wait(
        f"CREATE TABLE {sync.dataset}.t (id INT64, note STRING(5), updated_at TIMESTAMP)"
    )
    sync.ok(**MERGE)
    table = sync.table()
    fields = [bigquery.SchemaField(one.name, one.field_type) for one in table.schema]
    table.schema = fields
    sync.client.update_table(table, ["schema"])
    return sync.history()[-1]["run_id"]


def test_a_letter_whose_row_is_filtered_out_by_now_is_told(sync, left_out):
    words = MERGE | {"transformation_config": '{"filter": [["id", "!=", 2]]}'}
    told = sync.ok(**words, replay_dead_letters=left_out).out
    assert "0 replayed, 0 still dead, 0 not newer than the table's row, 1 filtered out" in told
    assert sync.rows("id") == [(1,), (3,)]


def test_of_an_undone_replay_no_sync_is_said_to_bring_the_rows(sync, left_out):
    sync.ok(**MERGE, replay_dead_letters=left_out, keep_snapshots="true")
    replay = sync.history()[-1]["run_id"]
    words = MERGE | {"rollback_run": replay}
    plan = sync.ok(**words, plan_only="true").out
    assert "dead letters that these replayed have to be replayed again" in plan
    last = sync.ok(**words).out.splitlines()[-1]
    assert "reads the undone rows again, but for those that were replayed" in last
    assert sync.rows("id") == [(1,), (3,)]
    sync.ok(**MERGE)
    assert sync.rows("id") == [(1,), (3,)]


def test_of_an_undone_replay_and_a_sync_the_older_max_is_not_said_to_be_none(sync, sql, left_out):
    sync.ok(**MERGE, replay_dead_letters=left_out, keep_snapshots="true")
    replay = sync.history()[-1]["run_id"]
    sql("INSERT INTO orders VALUES (4, 'x', '2024-04-01')")
    sync.ok(**MERGE)
    words = {"rollback_run": replay, "rollback_to": sync.history()[-1]["run_id"]}
    plan = sync.ok(**MERGE, **words, plan_only="true").out
    assert "MAX(updated_at) 2024-04-01 00:00:00 now, not known before" in plan


def test_rows_below_an_unfinished_backfill_are_told_with_what_brings_them(sync, sql):
    sql(ORDERS)
    sync.ok(**MERGE, sync_start="2024-03-01", sync_end="2024-04-01", backfill_by="month")
    plan = sync.ok(**MERGE, plan_only="true").out
    assert "2 rows have a updated_at up to 2024-02-29 23:59:59.999999" in plan
    assert "or a backfill that has slices left is called again" in plan


def test_a_run_that_removed_rows_is_undone_by_the_parameters_of_its_sync(sync, sql):
    sql(ORDERS)
    words = MERGE | {"delete_missing": "hard", "max_deleted_percent": "50"}
    sync.ok(**words)
    sql("DELETE FROM orders WHERE id = 2")
    sync.ok(**words, keep_snapshots="true")
    assert sync.rows("id") == [(1,), (3,)]
    words |= {"rollback_run": sync.history()[-1]["run_id"]}
    assert "merge, 0 rows, 1 deleted, window" in sync.ok(**words, plan_only="true").out
    sync.ok(**words)
    assert sync.rows("id") == [(1,), (2,), (3,)]
