"""delete_missing of a BigQuery source, in place and through workers."""

import json

import pytest

WORDS = {
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "delete_missing": "hard",
    "max_deleted_percent": "50",
}
ROWS = """
CREATE TABLE `{s}.s` (id INT64, part STRING, gone BOOL, updated_at TIMESTAMP) AS
SELECT i, CONCAT('p', CAST(MOD(i, 3) AS STRING)), FALSE, TIMESTAMP '2024-06-01'
FROM UNNEST(GENERATE_ARRAY(1, 100)) AS i"""
METHODS = pytest.mark.parametrize("method", ["in_place", "workers"])


def ids(sync):
    return [key for (key,) in sync.rows("id")]


@METHODS
def test_rows_that_the_source_has_deleted_go_and_no_others(sync, run, method):
    words = WORDS | {"bigquery_read_method": method}
    run(ROWS)
    sync.ok(**words)
    run("DELETE FROM `{s}.s` WHERE id IN (3, 50)")
    run("UPDATE `{s}.s` SET updated_at = TIMESTAMP '2999-01-01' WHERE id = 4")
    run("UPDATE `{s}.s` SET updated_at = NULL WHERE id = 5")
    sync.ok(**words)
    assert ids(sync) == [i for i in range(1, 101) if i not in (3, 50)]
    run("DELETE FROM `{s}.s` WHERE id = 6")
    run("INSERT INTO `{s}.s` VALUES (101, 'new', FALSE, CURRENT_TIMESTAMP())")
    words |= {"smart_sync_margin": "0s", "late_commit_guard": "off"}
    sync.ok(**words)
    assert ids(sync) == [i for i in range(1, 102) if i not in (3, 6, 50)]
    assert sync.history()[-1]["rows_deleted"] == 1
    sync.ok(**words)
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0


def test_keys_of_two_columns_and_a_condition(sync, run):
    words = WORDS | {"merge_keys": "part,id", "delete_missing_where": '[["part", "in", ["p1"]]]'}
    run(ROWS)
    sync.ok(**words)
    run("DELETE FROM `{s}.s` WHERE id IN (1, 2)")
    sync.ok(**words)
    assert ids(sync) == list(range(2, 101))
    compared = json.loads(sync.history()[-1]["compared"])
    assert (compared["rows"], compared["source_rows"], compared["missing"]) == (34, 33, 1)


def test_an_empty_source_stops_the_run(sync, run):
    run(ROWS)
    sync.ok(**WORDS)
    run("DELETE FROM `{s}.s` WHERE TRUE")
    result = sync(**WORDS, max_retries="0")
    assert result.code == 11
    assert "the source has no row, and the table has 100" in result.err
    assert len(ids(sync)) == 100


def test_a_row_that_the_source_marks_is_not_missing(sync, run):
    words = WORDS | {"deleted_column": "gone"}
    run(ROWS)
    sync.ok(**words)
    run("UPDATE `{s}.s` SET gone = TRUE, updated_at = TIMESTAMP '2024-07-01' WHERE id = 1")
    sync.ok(**words)
    sync.ok(**words)
    assert ids(sync) == list(range(2, 101))
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0
