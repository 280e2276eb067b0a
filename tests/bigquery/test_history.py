"""WRITE_HISTORY of a BigQuery source, which may well hold several versions of a row."""

import datetime as dt

import pytest

HISTORY = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "stamp",
    "smart_sync_margin": "0s",
    "late_commit_guard": "off",
    "write_disposition": "WRITE_HISTORY",
    "merge_keys": "id",
}


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_each_version_of_a_table_of_changes_is_kept_in_its_order(sync, run, method):
    words = HISTORY | {"bigquery_read_method": method}
    run(
        "CREATE TABLE `{s}.s` AS SELECT 1 AS id, 'b' AS state, TIMESTAMP '2024-01-02' AS stamp,"
        " ['x'] AS tags UNION ALL SELECT 1, 'a', TIMESTAMP '2024-01-01', []"
        " UNION ALL SELECT 1, 'a', TIMESTAMP '2024-01-01', []"
    )
    sync.ok(**words)
    run("INSERT INTO `{s}.s` SELECT 1, 'd', TIMESTAMP '2024-01-04', ['y', 'z']")
    run("INSERT INTO `{s}.s` SELECT 1, 'c', TIMESTAMP '2024-01-03', []")
    result = sync.ok(**words)
    assert "3 published (2 versions added, 1 ends moved, 0 replaced)" in result.out
    columns = "state, tags, DATE(_sync_valid_to), _sync_is_current"
    there = sync.rows(columns, order="_sync_valid_from")
    assert there == [
        ("a", [], dt.date(2024, 1, 2), False),
        ("b", ["x"], dt.date(2024, 1, 3), False),
        ("c", [], dt.date(2024, 1, 4), False),
        ("d", ["y", "z"], None, True),
    ]
    again = sync.ok(**words, sync_start="2024-01-01", sync_end="2024-01-05")
    assert "0 published (0 versions added, 0 ends moved, 0 replaced)" in again.out
    assert sync.rows(columns, order="_sync_valid_from") == there


def test_versions_by_an_integer(sync, run):
    words = HISTORY | {"smart_sync_timestamp_column": "n", "smart_sync_margin": None}
    run("CREATE TABLE `{s}.s` AS SELECT 1 AS id, 'a' AS state, 10 AS n")
    sync.ok(**words)
    run("INSERT INTO `{s}.s` SELECT 1, 'b', 20 UNION ALL SELECT 2, 'x', 15")
    sync.ok(**words)
    ends = "id, state, _sync_valid_from, _sync_valid_to, _sync_is_current"
    assert sync.rows(ends, order="id, _sync_valid_from") == [
        (1, "a", 10, 20, False),
        (1, "b", 20, None, True),
        (2, "x", 15, None, True),
    ]


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_the_version_of_a_row_that_vanished_ends(sync, run, method):
    words = HISTORY | {"bigquery_read_method": method}
    words |= {"hard_deletes": "invalidate", "max_deleted_percent": "50"}
    run(
        "CREATE TABLE `{s}.s` AS SELECT 1 AS id, TIMESTAMP '2024-01-02' AS stamp"
        " UNION ALL SELECT 2, TIMESTAMP '2024-01-01'"
    )
    sync.ok(**words)
    run("DELETE FROM `{s}.s` WHERE id = 1")
    sync.ok(**words)
    there = sync.rows("id, _sync_valid_to IS NULL, _sync_is_current")
    assert there == [(1, False, False), (2, True, True)]
    sync.ok(**words)
    assert sync.rows("id, _sync_valid_to IS NULL, _sync_is_current") == there


def test_a_row_that_is_back_is_open_again_unless_it_is_later_than_the_window(sync, run):
    words = HISTORY | {"hard_deletes": "invalidate", "max_deleted_percent": "100"}
    run(
        "CREATE TABLE `{s}.s` AS SELECT id, TIMESTAMP '2024-01-02' AS stamp"
        " FROM UNNEST([1, 2, 3]) AS id"
    )
    sync.ok(**words)
    run("DELETE FROM `{s}.s` WHERE id < 3")
    sync.ok(**words)
    run(
        "INSERT INTO `{s}.s` SELECT 1, TIMESTAMP '2024-01-02' UNION ALL"
        " SELECT 2, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"
    )
    sync.ok(**words)
    there = sync.rows("id, _sync_valid_to IS NULL, _sync_is_current")
    assert there == [(1, True, True), (2, False, False), (3, True, True)]
