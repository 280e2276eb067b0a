"""Checks of staged rows: while one fails nothing is published."""

import json
import re

import pytest

from tests.hook_server import hook_server

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


@pytest.fixture
def hook():
    with hook_server() as server:
        yield server


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
    (digest,) = figures(sync)["accepted_range_t_amount"].pop("keys")
    assert digest.startswith("sha256 ")
    sync.ok(**CHECKS, write_disposition="WRITE_TRUNCATE", show_values="true")
    (key,) = figures(sync)["accepted_range_t_amount"]["keys"]
    assert key.startswith('\'{"amount":-5')
    assert len(sync.rows("id")) == 3


def test_a_webhook_is_told_of_checks_that_warn(sync, sql, hook):
    sql(TABLE)
    sync.ok(**CHECKS, notify_webhook=hook.url)
    assert hook.texts == []
    sql("INSERT INTO orders VALUES (3, 'open', -5, 7, now())")
    again = CHECKS | {"write_disposition": "WRITE_TRUNCATE"}
    sync.ok(**again, notify_webhook=hook.url)
    sql("INSERT INTO orders VALUES (3, 'lost', -5, 7, now())")
    assert sync(**again, notify_webhook=hook.url).code == 11
    warned, failed = hook.texts
    assert warned.startswith("Smart Sync succeeded: ")
    assert "checks: check accepted_range_t_amount: 1 failures, warned" in warned
    assert failed.startswith("Smart Sync checks_failed: ")
    assert "accepted_values_t_status (accepted_values) fails 1 times" in failed


def test_the_plan_shows_the_checks_and_what_bigquery_says_against_them(sync, sql):
    sql(TABLE)
    plan = sync.ok(**CHECKS, plan_only="true").out
    assert "checks       expression_is_true_t: error" in plan
    assert "| WITH `_smart_sync_rows` AS (" in plan
    assert "unique_t_id: error of the table as it will be" in plan
    assert "then one statement" in plan
    wrong = PROPERTIES.replace("amount < 1000", "amout < 1000").replace(
        "min_value: 0", "min_value: low"
    )
    result = sync(**(CHECKS | {"checks": wrong}), plan_only="true")
    assert result.code == 4
    for check, name in (("expression_is_true_t", "amout"), ("accepted_range_t_amount", "low")):
        assert re.search(rf"check {check}\): .*{name}", result.err), result.err


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


QUARANTINE = CHECKS | {"on_check_failure": "quarantine", "max_dead_letters": "5"}


def test_rows_that_fail_become_dead_letters_and_the_others_are_published(sync, sql):
    sql(TABLE)
    sync.ok(**QUARANTINE)
    assert "t_dead_letters" not in sync.tables()
    lost = "INSERT INTO orders VALUES (3, 'lost', 5, 8, now()), (NULL, 'lost', 6, 9, now())"
    sql(f"{lost}, (5, 'paid', -1, 7, now())")
    result = sync.ok(**QUARANTINE, write_disposition="WRITE_TRUNCATE")
    assert "5 rows read, 3 published" in result.out
    assert sync.rows("id, amount") == [(1, 10), (2, None), (5, -1)]
    letters = "column_name, value, reason, JSON_VALUE(raw_row, '$.customer')"
    assert sync.rows(letters, "t_dead_letters") == [
        ("id", None, "check not_null_t_id", "9"),
        ("status", "lost", "check accepted_values_t_status", "8"),
    ]
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_dead"], run["rows_staged"]) == (5, 2, 3)
    told = json.loads(run["verification"])
    assert told["quarantined"] == 2
    ends = {name: (one["verdict"], one["failures"]) for name, one in told["checks"].items()}
    assert ends["accepted_values_t_status"] == ("quarantined", 2)
    assert ends["accepted_range_t_amount"] == ("warned", 1)
    sync.ok(**QUARANTINE, write_disposition="WRITE_TRUNCATE", verify="true")
    assert len(sync.rows(letters, "t_dead_letters")) == 2


def test_more_rows_than_may_be_dead_letters_end_the_run(sync, sql):
    sql(TABLE)
    sql("INSERT INTO orders SELECT g, 'lost', 1, 1, now() FROM generate_series(11, 16) AS g")
    result = sync(**QUARANTINE)
    assert result.code == 7, result.out
    assert "6 rows fail checks, 0 could not be conformed, max_dead_letters=5" in result.err
    assert "t" not in sync.tables()
    assert len(sync.rows("row_hash", "t_dead_letters")) == 6


def test_what_is_left_after_a_quarantine_is_checked_once_more(sync, sql):
    """A value that came twice comes once, and there are too few rows now."""
    sql(TABLE)
    count = "dbt_expectations.expect_table_row_count_to_be_between"
    least = f"    data_tests:\n      - {count}: {{arguments: {{min_value: 3}}}}\n"
    checks = PROPERTIES.replace("    data_tests:\n", least, 1)
    sql("INSERT INTO orders VALUES (3, 'paid', 5, 7, now()), (1, 'lost', 6, 7, now())")
    sync.ok(**(QUARANTINE | {"checks": checks}))
    assert sync.rows("id, status") == [(1, "paid"), (2, "open"), (3, "paid")]
    sql("UPDATE orders SET status = 'lost' WHERE id = 3")
    over = {"checks": checks, "write_disposition": "WRITE_TRUNCATE"}
    result = sync(**(QUARANTINE | over))
    assert result.code == 11, result.out
    assert "expect_table_row_count_to_be_between_t" in result.err
    assert len(sync.rows("id")) == 3


@pytest.mark.parametrize("given", [{"max_dead_letters": "0"}, {"checks": None}])
def test_a_quarantine_without_checks_or_room_is_refused(sync, given):
    result = sync(**(QUARANTINE | given))
    assert result.code == 2
    assert "on_check_failure" in result.err


def test_a_table_is_not_emptied_while_a_check_of_its_rows_fails(sync, sql):
    """A source that brings nothing is what a check of the number of rows is for."""
    sql(TABLE)
    counted = (
        "{models: [{name: t, data_tests: ["
        "dbt_expectations.expect_table_row_count_to_be_between: {min_value: 1}]}]}"
    )
    sync.ok(**SOURCE)
    sql("DELETE FROM orders")
    replacing = SOURCE | {"write_disposition": "WRITE_TRUNCATE"}
    for more in ({}, {"verify": "true"}):
        result = sync(**replacing, **more, checks=counted)
        assert result.code == 11, result.err
        assert "of 0 rows" in result.err
    assert len(sync.rows("id")) == 2
    sync.ok(**replacing)
    assert sync.rows("id") == []
