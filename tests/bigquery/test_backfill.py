"""Backfill of a BigQuery source, in place and by workers: slices, bytes and dollars."""

import json

import pytest

SMART = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "changed",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "partition_type": "MONTH",
}
MONTHS = {"sync_start": "2024-09-01", "sync_end": "2025-01-01", "backfill_by": "month"}
TABLE = """
CREATE TABLE `{s}.s` PARTITION BY TIMESTAMP_TRUNC(changed, MONTH) AS
SELECT id, CONCAT('name ', id) AS name,
  TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL id DAY) AS changed
FROM UNNEST(GENERATE_ARRAY(244, 365)) AS id
"""
WHOLE = [(122, 122)]


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_rows_are_loaded_by_month_and_once(sync, run, method):
    run(TABLE)
    words = SMART | MONTHS | {"bigquery_read_method": method}
    result = sync.ok(**words)
    assert "4 of 4 slices done: 122 rows read, 122 published" in result.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == WHOLE
    assert "0 of 4 slices done, 4 before" in sync.ok(**words).out
    told = {one["watermark_after"] for one in sync.history()}
    assert told == {"2024-12-31 00:00:00"}


def test_whole_partitions_are_replaced_in_place(sync, run):
    run(TABLE)
    sync.ok(**SMART)
    run("DELETE FROM `{s}.s` WHERE id < 300 AND MOD(id, 2) = 0")
    truncating = {"write_disposition": "WRITE_TRUNCATE", "merge_keys": None}
    sync.ok(**SMART | MONTHS | truncating | {"sync_end": "2024-11-01"})
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(94, 94)]


def test_the_plan_tells_bytes_and_dollars_of_each_slice(sync, run):
    run(TABLE)
    words = SMART | MONTHS | {"bigquery_read_method": "in_place", "plan_only": "true"}
    told = json.loads(sync.ok(**words | {"plan_format": "json"}).out)
    sizes = [one["scan_bytes"] for one in told["slices"]]
    assert None not in sizes
    assert told["scan_bytes"] == sum(sizes)
    assert float(told["price_usd"]) > 0
    shown = sync.ok(**words).out
    assert f"{sum(sizes):,} bytes by dry runs, about ${told['price_usd']}" in shown
