"""Checks of a BigQuery source's rows: in place, and read by workers; whatever the way would be."""

import pytest

ROWS = """
CREATE TABLE `{s}.s` (id INT64, code STRING, tags ARRAY<STRING>, part STRUCT<a INT64, b JSON>);
INSERT INTO `{s}.s` VALUES (1, 'a', ['x'], (1, JSON '{}')), (2, NULL, [], NULL)
"""
CHECKS = """
models:
  - name: t
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: code
        data_tests: [accepted_values: {arguments: {values: [a, b]}}]
    data_tests:
      - dbt_utils.expression_is_true: {expression: "part.a > 0 OR ARRAY_LENGTH(tags) = 0"}
"""
CHECKED = {"checks": CHECKS, "temp_location": None}
WAYS = {
    "copy": {},
    "query": {"source_bigquery_query": "SELECT * FROM s", "source_bigquery_table": None},
    "merge": {"write_disposition": "WRITE_MERGE", "merge_keys": "id"},
    "rebuild": {"delete_existing_table": "true", "clustering_fields": "code"},
}
VERDICTS = {
    "unique_t_id": ("passed", 0),
    "not_null_t_id": ("passed", 0),
    "accepted_values_t_code": ("failed", 1),
    "expression_is_true_t": ("failed", 1),
}


@pytest.mark.parametrize("method", ["in_place", "workers"])
@pytest.mark.parametrize("way", WAYS)
def test_rows_that_fail_are_kept_back_wherever_they_pass(sync, run, tmp_path, way, method):
    words = WAYS[way] | {"bigquery_read_method": method, "checks": CHECKS}
    run(ROWS)
    sync.ok(**words)
    assert sync.rows("id, code") == [(1, "a"), (2, None)]
    run("DELETE FROM `{s}.s` WHERE TRUE")
    run("INSERT INTO `{s}.s` VALUES (3, 'c', ['x'], (0, NULL)), (4, NULL, NULL, NULL)")
    result = sync(**words)
    assert result.code == 11, result.err
    assert sync.rows("id, code") == [(1, "a"), (2, None)]
    last = sync.history()[-1]["run_id"]
    told = {
        name: (verdict, failures)
        for name, verdict, failures, run_id in sync.rows(
            "check_name, verdict, failures, run_id", "sync_checks"
        )
        if run_id == last
    }
    assert told == VERDICTS
    kept = [name for name in sync.tables() if "_staging_" in name]
    assert len(sync.rows("id", *kept)) == 2
