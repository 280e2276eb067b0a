"""Many tables of BigQuery's datasets in one launch."""


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
