"""A query of BigQuery that lets other rows through than in the runs so far."""

SMART = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "late_commit_guard": "off",
    "source_bigquery_table": None,
    "source_bigquery_dataset": None,
}
TOLD = "what leaves rows out (query, view, filter or transform_sql) is another"


def test_another_query_is_told(sync, run, source):
    run(
        "CREATE TABLE `{s}.s` AS SELECT i AS id, IF(MOD(i, 2) = 0, 'us', 'eu') AS region,"
        " TIMESTAMP_ADD(TIMESTAMP '2024-05-01', INTERVAL i HOUR) AS updated_at"
        " FROM UNNEST(GENERATE_ARRAY(1, 9)) AS i"
    )
    table = f"`{source}.s`"

    def plan(query):
        return sync.ok(**SMART, source_bigquery_query=query, plan_only="true").out

    sync.ok(**SMART, source_bigquery_query=f"SELECT * FROM {table} WHERE region = 'eu'")
    assert TOLD not in plan(f"select updated_at, id from {table}  where region='eu' # so far")
    assert TOLD in plan(f"SELECT * FROM {table} WHERE region = 'us'")
    assert TOLD in plan(f"SELECT * FROM {table}")
    assert len(sync.rows("id")) == 5


def test_another_view_is_told(sync, run, source):
    run("CREATE TABLE `{s}.s` AS SELECT 'eu' AS region, TIMESTAMP '2024-05-01' AS updated_at")
    run("CREATE VIEW `{s}.v` AS SELECT * FROM `{s}.s` WHERE region = 'eu'")
    reads = SMART | {"source_bigquery_dataset": source, "source_bigquery_table": "v"}
    sync.ok(**reads)
    assert TOLD not in sync.ok(**reads, plan_only="true").out
    run("CREATE OR REPLACE VIEW `{s}.v` AS SELECT * FROM `{s}.s` WHERE region != 'us'")
    assert TOLD in sync.ok(**reads, plan_only="true").out
