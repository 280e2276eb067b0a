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
