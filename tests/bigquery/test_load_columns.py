"""load_columns of rows that don't leave BigQuery."""

import json

import pytest

LOADED = {"load_columns": "true"}
ROWS = """
CREATE TABLE `{s}.s` (id INT64, name STRING, updated_at TIMESTAMP) AS
SELECT 1, 'a', TIMESTAMP '2024-05-01' UNION ALL SELECT 2, 'b', TIMESTAMP '2024-05-02'"""
SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}


def named(sync):
    return dict(sync.rows("id, sync_run_id"))


def runs(sync):
    return [run["run_id"] for run in sync.history()]


def test_a_table_that_would_be_copied_goes_by_a_query(sync, run):
    run(ROWS)
    copied = json.loads(sync.ok(plan_only="true", plan_format="json").out)
    assert copied["publish"]["way"] == "copy"
    told = json.loads(sync.ok(**LOADED, plan_only="true", plan_format="json").out)
    assert told["publish"]["way"] == "query"
    assert "load_columns=true" in told["reading"]["no_copy_because"]
    sync.ok(**LOADED)
    assert named(sync) == dict.fromkeys((1, 2), runs(sync)[0])
    sync.ok(**LOADED, write_disposition="WRITE_TRUNCATE")
    assert named(sync) == dict.fromkeys((1, 2), runs(sync)[1])


@pytest.mark.parametrize("more", [{}, MERGE, {"verify": "true"}], ids=str)
@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_rows_of_a_window_name_their_run(sync, run, method, more):
    run(ROWS)
    words = SMART | LOADED | more | {"bigquery_read_method": method}
    sync.ok(**words)
    run("INSERT INTO `{s}.s` VALUES (3, 'c', TIMESTAMP '2024-05-03')")
    sync.ok(**words)
    first, second = runs(sync)
    assert named(sync) == {1: first, 2: first, 3: second}
    at = sync.rows("id, sync_loaded_at IS NOT NULL")
    assert at == [(1, True), (2, True), (3, True)]
