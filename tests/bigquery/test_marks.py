"""deleted_column of a BigQuery source, in place and through workers, also of a log of versions."""

import pytest

WORDS = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "partition_field": "made",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "deleted_column": "gone_at",
}
ROWS = """
CREATE TABLE `{s}.s` (id INT64, made DATE, gone_at DATETIME, updated_at TIMESTAMP) AS
SELECT i, DATE_ADD(DATE '2024-05-01', INTERVAL i DAY), IF(i = 3, DATETIME '2024-05-30', NULL),
  TIMESTAMP '2024-06-01' FROM UNNEST(GENERATE_ARRAY(1, 4)) AS i"""
METHODS = pytest.mark.parametrize("method", ["in_place", "workers"])


@METHODS
def test_a_marked_row_is_removed_from_whichever_partition_holds_it(sync, run, method):
    words = WORDS | {"bigquery_read_method": method}
    run(ROWS)
    sync.ok(**words)
    assert sync.rows("id") == [(1,), (2,), (4,)]
    run(
        "UPDATE `{s}.s` SET gone_at = '2024-06-02', made = '2025-01-01',"
        " updated_at = '2024-06-02' WHERE id = 2"
    )
    sync.ok(**words)
    assert sync.rows("id") == [(1,), (4,)]
    assert sync.history()[-1]["rows_deleted"] == 1


@METHODS
def test_soft_says_since_when_in_the_zone_that_is_given(sync, run, method):
    words = WORDS | {"bigquery_read_method": method, "deleted_rows": "soft"}
    run(ROWS)
    sync.ok(**words)
    stamp = "FORMAT_TIMESTAMP('%F %H', _sync_deleted_at, 'UTC')"
    assert sync.rows(f"id, {stamp}")[2] == (3, "2024-05-30 00")
    run("UPDATE `{s}.s` SET gone_at = '2024-06-02', updated_at = '2024-06-02' WHERE id = 2")
    sync.ok(**words)
    assert sync.rows(f"id, {stamp}")[1:3] == [(2, "2024-06-02 00"), (3, "2024-05-30 00")]
    assert sync.history()[-1]["rows_deleted"] == 1


@METHODS
def test_an_older_version_in_the_lookback_of_its_mark_does_not_bring_the_row_back(
    sync, run, method
):
    """A log of versions whose older one is stamped late; without the lookback it comes back."""
    words = WORDS | {"bigquery_read_method": method}
    run(ROWS)
    run("INSERT INTO `{s}.s` VALUES (1, '2024-05-02', '2024-06-03', '2024-06-03')")
    sync.ok(**words)
    assert sync.rows("id") == [(2,), (4,)]
    run("INSERT INTO `{s}.s` VALUES (1, '2024-05-02', NULL, '2024-06-02')")
    sync.ok(**words, smart_sync_lookback="3d")
    assert sync.rows("id") == [(2,), (4,)]
