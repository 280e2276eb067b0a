"""Checks in a launch of many tables: of the file, or of all; whose fail ends by itself."""

import pytest

from tests.e2e.test_many_again import named
from tests.e2e.test_many_tables import TABLE
from tests.many_job import ended, failed_in, run_job
from tests.sync import GRAPH

MAPPING = """
    models:
      - {name: orders, columns: [{name: note, data_tests: [unique]}]}
      - name: lines
        columns: [{name: amount, data_tests: [dbt_utils.accepted_range: {max_value: 2}]}]
      - {name: nobodys, columns: [{name: gone, data_tests: [not_null]}]}
"""
FILE = """
defaults:
  enable_smart_sync: true
  write_disposition: WRITE_MERGE
  merge_keys: auto
"""
TABLES = "tables: {public.*: , public.users: {checks: ''}}\n"


@pytest.fixture(params=["of the file", "of the launch"])
def checked(request, sync, sql):
    """Three tables, of which `lines` has a row that fails; `users` is in no properties file."""
    for name, rows in {"orders": 2, "lines": 3, "users": 2}.items():
        sql(TABLE.format(name, rows))
    of_file = request.param == "of the file"
    sync.defaults |= {
        "destination_bigquery_table": None,
        "tables": FILE + (f"  checks:{MAPPING}" if of_file else "") + TABLES,
        "checks": None if of_file else MAPPING,
    }
    return sync


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_a_table_whose_rows_fail_ends_by_itself(checked, sql, runner):
    checked.defaults["runner"] = runner
    result = checked()
    assert result.code == 10, result.err
    assert "accepted_range_lines_amount (dbt_utils.accepted_range) fails 1 times" in result.out
    how = {"orders": ("succeeded", 0, 2), "users": ("succeeded", 0, 2)}
    assert ended(checked) == how | {"lines": ("checks_failed", 11, 0)}
    assert "lines" not in checked.tables()
    sql("UPDATE lines SET amount = 1")
    checked.ok(retry_failed=named(result))
    assert ended(checked) == how | {"lines": ("succeeded", 0, 3)}
    kept = {row[0] for row in checked.rows("check_name", "sync_checks")}
    assert kept == {"accepted_range_lines_amount", "unique_orders_note"}


def test_a_table_of_a_job_whose_rows_fail_ends_by_itself(checked, monkeypatch):
    _, (error,) = run_job(checked, monkeypatch)
    assert failed_in(error) == ("1 of 3", "public.lines")
    how = {"orders": ("succeeded", 0, 2), "users": ("succeeded", 0, 2)}
    assert ended(checked) == how | {"lines": ("checks_failed", 11, 0)}
    (staging,) = (name for name in checked.tables() if "_staging_" in name)
    assert len(checked.rows("id", staging)) == 3


def test_all_that_is_wrong_with_any_tables_checks_is_told_before_any_is_read(checked):
    for place in ("tables", "checks"):
        text = checked.defaults[place]
        checked.defaults[place] = text and text.replace("name: note", "name: nodes").replace(
            "[unique]", "[uniqe, not_null]"
        )
    result = checked()
    assert result.code == 2
    assert "'uniqe'" in result.err
    assert checked.tables() == set()


def test_the_plan_of_many_has_tried_the_checks_of_each(checked):
    for place in ("tables", "checks"):
        text = checked.defaults[place]
        checked.defaults[place] = text and text.replace("max_value: 2", "max_value: no_column")
    result = checked(plan_only="true")
    assert result.code in (4, 10), result.out
    assert "no_column" in result.err + result.out
