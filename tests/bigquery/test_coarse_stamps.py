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


def test_stamps_that_a_query_gives_and_rows_that_it_leaves_out_by_number_are_told(sync, run):
    run("CREATE TABLE `{s}.s` (id INT64, made TIMESTAMP)")
    now = "SELECT id, IFNULL(made, CURRENT_TIMESTAMP()) AS updated_at FROM"
    run(f"CREATE VIEW `{{s}}.given` AS {now} `{{s}}.s`")
    run(f"CREATE VIEW `{{s}}.part` AS {now} `{{s}}.s` WHERE id < 9 AND RAND() < 0.5")
    words = SMART | {"plan_only": "true", "source_bigquery_table": None}
    for query in (f"{now} s LIMIT 9", "SELECT * FROM given LIMIT 9"):
        told = sync.ok(**words, source_bigquery_query=query).out
        assert "have no updated_at of their own get the time of each query" in told
        assert "the query has LIMIT: rows that it leaves out of a window" in told
    viewed = sync.ok(**words, source_bigquery_query="SELECT * FROM part").out
    assert "the query has random() (in a view that it reads): rows that it leaves" in viewed
    ripe = f"{now} s WHERE TIMESTAMP_ADD(made, INTERVAL id DAY) <= CURRENT_TIMESTAMP()"
    assert "when their time has come (" in sync.ok(**words, source_bigquery_query=ripe).out


@pytest.mark.parametrize("made", ["DATE(made, 'America/New_York')", "DATETIME(made, 'Asia/Tokyo')"])
def test_days_and_stamps_of_another_zone_are_refused_until_it_is_named(sync, run, made):
    """New York's day ends hours behind UTC's: its last rows would lie at the watermark."""
    run("CREATE TABLE `{s}.s` (id INT64, made TIMESTAMP)")
    query = f"SELECT id, {made} AS updated_at FROM s"
    words = SMART | {"source_bigquery_table": None, "source_bigquery_query": query}
    refused = sync(**words)
    zone = made.split("'")[1]
    assert (refused.code, f"set source_timezone={zone}" in refused.err) == (2, True)
    assert "cursor stamped by another clock" in refused.err
    sync.ok(**words, source_timezone=zone, plan_only="true")
    sync.ok(**words | {"enable_smart_sync": "false"}, plan_only="true")
