"""Rows that a sync removes between the waves of a backfill: no slice is undone by that."""

from pipeline.launch import backfill
from pipeline.runs.yielding import stand_back

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, changed timestamptz);
INSERT INTO s SELECT g, timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'
FROM generate_series(1, 120) g
"""
SYNC = {
    "enable_smart_sync": "true",
    "source_table_for_schema": "public.s",
    "smart_sync_timestamp_column": "changed",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
RANGE = {"sync_start": "2024-01-01", "sync_end": "2024-05-01", "backfill_by": "month"}
DELETES = {"delete_missing": "hard", "max_deleted_percent": "50"}


def test_a_sync_that_removes_the_newest_row_leaves_the_slice_that_brought_it_done(
    sync, sql, monkeypatch
):
    """MAX is lower than that slice left it, and the history says why."""
    sql(TABLE)
    ends = []

    def then_the_schedule(lock, wisher):
        stand_back(lock, wisher)
        if not ends:
            sql("DELETE FROM s WHERE id = 120")
            ends.append(sync(**SYNC, **DELETES))

    monkeypatch.setattr(backfill, "stand_back", then_the_schedule)
    result = sync(**SYNC, **RANGE, max_tables_at_once="1")
    assert (ends[0].code, result.code) == (0, 0), ends[0].err + result.err
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
    assert "0 of 4 slices done, 4 before" in sync.ok(**SYNC, **RANGE).out


def test_rows_that_were_deleted_by_hand_are_still_brought_again(sync, sql):
    sql(TABLE)
    sync.ok(**SYNC, **RANGE)
    sql("DELETE FROM s WHERE id = 3")
    sync.ok(**SYNC, **DELETES)
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.t WHERE id > 110")
    sync.ok(**SYNC)
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")
