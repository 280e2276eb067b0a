"""Backfill end to end: a range in slices, each a run; each row once, whatever happens meanwhile."""

from tests.days import runs

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
