"""Cursors whose stamps a query or a view cuts, and the day on which rows arrived."""

import pytest

SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s", "late_commit_guard": "off"}
CUT = "SELECT id, TIMESTAMP_TRUNC(made, HOUR) AS updated_at FROM s"


@pytest.mark.parametrize("way", ["in_place", "workers"])
def test_rows_of_an_hour_arrive_by_a_margin_of_that_hour_or_not_at_all(sync, run, way):
    run("CREATE TABLE `{s}.s` (id INT64, made TIMESTAMP)")
    run(
        "CREATE VIEW `{s}.hours` AS"
        " SELECT id, TIMESTAMP_TRUNC(made, HOUR) AS updated_at FROM `{s}.s`"
    )
    smart = SMART | {"bigquery_read_method": way, "source_bigquery_table": None}
    for query in (CUT, "SELECT * FROM hours", "SELECT h.* FROM (SELECT * FROM hours) AS h"):
        refused = sync(**smart, source_bigquery_query=query)
        assert (refused.code, "cursor whose stamps are cut" in refused.err) == (2, True)
    refused = sync(**smart | {"source_bigquery_table": "hours"})
    assert (refused.code, "cursor whose stamps are cut" in refused.err) == (2, True)
    run(
        "INSERT `{s}.s` VALUES (1, TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR),"
        " INTERVAL 90 MINUTE))"
    )
    reaching = smart | {"smart_sync_margin": "1h", "source_bigquery_query": CUT}
    sync.ok(**reaching)
    assert sync.rows("id") == [(1,)]
