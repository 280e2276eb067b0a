"""backfill_columns of a BigQuery source, in place and through workers."""

import pytest

WORDS = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "partition_field": "made",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
ROWS = """
CREATE TABLE `{s}.s` (id INT64, made DATE, updated_at TIMESTAMP) AS
SELECT i, DATE_ADD(DATE '2024-05-01', INTERVAL i DAY), TIMESTAMP '2024-06-01'
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS i"""


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_a_new_column_is_filled_in_all_partitions(sync, run, method):
    run(ROWS)
    sync.ok(**WORDS, bigquery_read_method=method)
    run(
        "CREATE OR REPLACE TABLE `{s}.s` AS SELECT id, DATE '2025-01-01' AS made, updated_at,"
        " ['a', 'b'] AS tags FROM `{s}.s`"
    )
    run("INSERT INTO `{s}.s` VALUES (4, '2024-05-01', '2024-06-01', ['c'])")
    fill = WORDS | {"backfill_columns": "tags", "bigquery_read_method": method}
    plan = sync.ok(**fill, plan_only="true").out
    assert "the MERGE reads those partitions by made" in plan
    assert "3 published" in sync.ok(**fill).out
    rows = [(i, f"2024-05-0{i + 1}", ["a", "b"]) for i in (1, 2, 3)]
    assert sync.rows("id, CAST(made AS STRING), tags") == rows
