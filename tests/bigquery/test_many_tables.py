"""Many tables of BigQuery's datasets in one launch."""

import pytest

from tests.many_job import run_job


def test_tables_of_a_dataset_are_synced_in_place(sync, run, source):
    run("CREATE TABLE {s}.a AS SELECT 1 AS id, TIMESTAMP '2025-01-01' AS updated_at")
    run("CREATE TABLE {s}.b AS SELECT 2 AS id UNION ALL SELECT 3")
    run("CREATE VIEW {s}.v AS SELECT 1 AS id")
    sync.defaults |= {
        "source_bigquery_dataset": None,
        "source_bigquery_table": None,
        "destination_bigquery_table": "{dataset}_{table}",
        "tables": "defaults: {write_disposition: WRITE_TRUNCATE}\n"
        f"tables: {{'{source}.*': , {source}.a: {{enable_smart_sync: true}}}}\n",
    }
    planned = sync.ok(plan_only="true").out
    assert planned.splitlines()[-1].startswith("2 of 2 tables, about ")
    assert sync.ok().out.splitlines()[-1].startswith("2 of 2 tables succeeded")
    assert sync.rows("id", f"{source}_b") == [(2,), (3,)]
    assert f"{source}_v" not in sync.tables()
    result = sync(tables="tables: {nowhere.*: }")
    assert (result.code, "no table in 'nowhere'" in result.err) == (2, True)


def test_a_table_without_the_cursor_is_what_its_entry_says(sync, run, source, monkeypatch):
    run("CREATE TABLE {s}.a AS SELECT 1 AS id, TIMESTAMP '2025-01-01' AS updated_at")
    run("CREATE TABLE {s}.b AS SELECT 2 AS id UNION ALL SELECT 3")
    sync.defaults |= {
        "source_bigquery_dataset": None,
        "source_bigquery_table": None,
        "destination_bigquery_table": "{dataset}_{table}",
        "enable_smart_sync": "true",
    }

    def tables(policy):
        return f"tables: {{'{source}.*': {{without_cursor: {policy}}}}}"

    assert (sync(tables=tables("fail")).code, f"{source}_b" in sync.tables()) == (10, False)
    told = sync.ok(tables=tables("skip")).out.splitlines()[-1]
    assert told == "1 of 2 tables succeeded: 0 rows read, 0 published, 1 left alone"
    assert f"{source}_b" not in sync.tables()
    for _ in range(2):
        sync.ok(tables=tables("replace"))
        assert sync.rows("id", f"{source}_b") == [(2,), (3,)]
    run("INSERT {s}.b VALUES (4)")
    _, errors = run_job(sync, monkeypatch, tables=tables("replace"))
    assert errors == []
    assert sync.rows("id", f"{source}_b") == [(2,), (3,), (4,)]
    assert sync.rows("id", f"{source}_a") == [(1,)]
    compared = sync.ok(
        tables=tables("replace"),
        verify_only="true",
        verify_start="2024-12-01",
        verify_end="2025-01-01",
    )
    assert "1 of 2 tables verified" in compared.out.splitlines()[-1]


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_tables_of_a_dataset_are_synced_by_one_job(sync, run, source, monkeypatch, method):
    run("CREATE TABLE {s}.a AS SELECT g AS id FROM UNNEST(GENERATE_ARRAY(1, 50)) AS g")
    run("CREATE TABLE {s}.b AS SELECT 2 AS id UNION ALL SELECT 3")
    sync.defaults |= {
        "source_bigquery_dataset": None,
        "source_bigquery_table": None,
        "destination_bigquery_table": "{dataset}_{table}",
        "bigquery_read_method": method,
        "tables": f"tables: {{'{source}.*': , {source}.a: {{num_splits: 3}}}}",
    }
    _, errors = run_job(sync, monkeypatch)
    assert errors == []
    assert sync.rows("id", f"{source}_b") == [(2,), (3,)]
    assert sync.rows("COUNT(DISTINCT id), COUNT(*)", f"{source}_a") == [(50, 50)]
