"""transform_sql in a launch of many tables: of the file or of one; whose fails ends by itself."""

import pytest

from tests.e2e.test_many_tables import TABLE
from tests.many_job import ended, run_job
from tests.sync import GRAPH

FILE = """
defaults:
  enable_smart_sync: true
  write_disposition: WRITE_MERGE
  merge_keys: auto
  transform_sql: |
    SELECT *, id * 10 AS tens FROM staged
tables:
  public.*:
  public.users: {{transform_sql: "SELECT * EXCEPT (note) FROM staged WHERE id > 1"}}
  public.lines: {{transform_sql: "{of_lines}"}}
"""
FAILS = "SELECT *, ERROR('no lines today') AS tens FROM staged"
GOOD = "SELECT *, 7 AS tens FROM staged"


@pytest.fixture
def tables(sync, sql):
    for name, rows in {"orders": 2, "lines": 3, "users": 2}.items():
        sql(TABLE.format(name, rows))
    sync.defaults |= {"destination_bigquery_table": None, "tables": FILE.format(of_lines=FAILS)}
    return sync


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_each_table_has_its_own_query(tables, runner):
    tables.defaults["runner"] = runner
    result = tables()
    assert result.code == 10, result.err
    assert "no lines today" in result.out
    ends = ended(tables)
    assert {name: end[0] for name, end in ends.items()} == {
        "orders": "succeeded",
        "users": "succeeded",
        "lines": "failed",
    }
    assert tables.rows("id, tens", "orders") == [(1, 10), (2, 20)]
    assert tables.rows("id", "users") == [(2,)]
    assert "note" not in tables.types("users")
    assert not [name for name in tables.tables() if "_result_" in name or "_staging_" in name]


def test_a_job_of_many_tables_has_them_too(tables, monkeypatch):
    tables.defaults["tables"] = FILE.format(of_lines=GOOD)
    run_job(tables, monkeypatch)
    assert tables.rows("id, tens", "lines") == [(1, 7), (2, 7), (3, 7)]
    assert tables.rows("id, tens", "orders") == [(1, 10), (2, 20)]


def test_all_that_is_wrong_with_any_query_is_told_before_any_is_asked(tables):
    text = FILE.format(of_lines="DELETE FROM staged").replace("WHERE id > 1", "WHERE (id > 1")
    result = tables(tables=text)
    assert result.code == 2, result.err
    assert "it begins with 'DELETE'" in result.err
    assert "its '(' is not closed" in result.err
