"""Checks of staged rows: while one fails nothing is published."""

import json

import pytest

SOURCE = {"source_table_for_schema": "public.orders"}
TABLE = """
CREATE TABLE orders (id int8, status text, amount numeric(12, 2), customer int8,
                     updated_at timestamptz);
INSERT INTO orders VALUES (1, 'paid', 10, 7, now() - interval '1 hour'),
                          (2, 'open', NULL, 8, now() - interval '1 hour')
"""
PROPERTIES = """
version: 2
models:
  - name: others
    columns: [{name: gone, data_tests: [no_such_test]}]
  - name: t
    description: orders
    data_tests:
      - dbt_utils.expression_is_true: {arguments: {expression: "amount < 1000"}}
    columns:
      - name: id
        data_tests: [not_null, unique]
      - name: status
        data_tests:
          - accepted_values:
              arguments: {values: [paid, open]}
      - name: amount
        tests:
          - dbt_utils.accepted_range: {min_value: 0, config: {severity: warn}}
"""
CHECKS = SOURCE | {"checks": PROPERTIES}


RESULTS = "check_name, verdict, failures, run_rows, failing_keys"


def figures(sync):
    return json.loads(sync.history()[-1]["verification"])["checks"]


def test_rows_that_fail_a_check_are_kept_back_and_kept(sync, sql):
    sql(TABLE)
    sync.ok(**CHECKS)
    assert {one["verdict"] for one in figures(sync).values()} == {"passed"}
    sql("INSERT INTO orders VALUES (3, 'lost', 5, 7, now()), (NULL, 'paid', 6, 7, now())")
    result = sync(**CHECKS, write_disposition="WRITE_TRUNCATE")
    assert result.code == 11, result.out
    assert "of 4 rows: not_null_t_id (not_null) fails 1 times" in result.err
    assert "accepted_values_t_status (accepted_values) fails 1 times" in result.err
    run = sync.history()[-1]
    assert (run["status"], run["exit_code"], run["publish_job"]) == ("checks_failed", 11, None)
    assert sorted(sync.rows("id")) == [(1,), (2,)]
    kept = "_sync_staging_" + run["run_id"].replace("-", "_")
    assert len(sync.rows("id", kept)) == 4
    assert kept in result.err
    results = {
        row[0]: row[1:] for row in sync.rows(RESULTS, "sync_checks", f"run_id = '{run['run_id']}'")
    }
    assert results["accepted_values_t_status"] == ("failed", 1, 4, ['{"status":"lost"}'])
    assert results["not_null_t_id"] == ("failed", 1, 4, ['{"id":null}'])
    assert results["unique_t_id"] == ("passed", 0, 4, [])


def test_a_check_that_warns_is_told_and_its_rows_are_published(sync, sql, caplog):
    sql(TABLE)
    sql("INSERT INTO orders VALUES (3, 'open', -5, 7, now())")
    sync.ok(**CHECKS)
    assert "accepted_range_t_amount (dbt_utils.accepted_range) fails 1 times" in caplog.text
    assert figures(sync)["accepted_range_t_amount"] == {"verdict": "warned", "failures": 1}
    assert len(sync.rows("id")) == 3


def test_the_plan_shows_the_checks_and_what_bigquery_says_against_them(sync, sql):
    sql(TABLE)
    plan = sync.ok(**CHECKS, plan_only="true").out
    assert "checks       expression_is_true_t: error" in plan
    assert "| WITH `_smart_sync_rows` AS (" in plan
    assert "unique_t_id: error of the table as it will be" in plan
    assert "then one statement" in plan
    wrong = PROPERTIES.replace("amount < 1000", "amout < 1000")
    result = sync(**(CHECKS | {"checks": wrong}), plan_only="true")
    assert result.code == 4
    assert "amout" in result.err


@pytest.mark.parametrize(
    ("mode", "brings", "fails"),
    [
        ({}, 1, True),
        ({}, 9, False),
        ({"write_disposition": "WRITE_TRUNCATE"}, 1, False),
        ({"write_disposition": "WRITE_MERGE", "merge_keys": "status"}, 1, True),
        ({"write_disposition": "WRITE_MERGE", "merge_keys": "id"}, 1, False),
    ],
    ids=["append-again", "append-new", "replace", "merge-by-another", "merge-by-it"],
)
def test_unique_is_asked_of_the_table_as_it_will_be(sync, sql, mode, brings, fails):
    sql(TABLE)
    only = "{models: [{name: t, columns: [{name: id, data_tests: [unique]}]}]}"
    sync.ok(**SOURCE)
    sql("DELETE FROM orders")
    sql(f"INSERT INTO orders VALUES ({brings}, 'new', 1, 1, now())")
    result = sync(**SOURCE, **mode, checks=only)
    assert result.code == (11 if fails else 0), result.out
