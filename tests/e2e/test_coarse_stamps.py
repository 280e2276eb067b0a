"""Cursors whose stamps are cut to hours or days: refused, since later rows of a unit lie at the
watermark; read where the window reaches as far as they are cut."""

import pytest

EXACT = {"enable_smart_sync": "true", "smart_sync_margin": "0s"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
MADE = """
CREATE TABLE times (id int8, at timestamptz, cut timestamptz GENERATED ALWAYS AS
    (date_trunc('hour', at, 'UTC')) STORED);
CREATE VIEW hours AS SELECT id, date_trunc('hour', at) AS updated_at FROM times;
CREATE VIEW above AS SELECT h.* FROM hours h;
"""
QUERIES = {
    "query": "SELECT id, date_trunc('hour', at) AS updated_at FROM times",
    "day": "SELECT id, at::date::timestamptz AS updated_at FROM times",
    "sub-query": "SELECT * FROM (SELECT id, coalesce(at, date_trunc('hour', at)) AS updated_at"
    " FROM times) AS q",
    "view": "SELECT * FROM hours",
    "view of a view": "SELECT id, updated_at FROM above",
    "generated": "SELECT id, cut AS updated_at FROM times",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_cut_cursor_is_refused_unless_the_window_reaches_as_far(sync, sql, name):
    sql(MADE)
    refused = sync(**EXACT, postgresql_query=QUERIES[name])
    assert (refused.code, "cursor whose stamps are cut" in refused.err) == (2, True)
    assert "smart_sync_margin=" in refused.err
    sync.ok(**EXACT | {"smart_sync_margin": "2d"}, postgresql_query=QUERIES[name])


def test_what_is_no_cut_of_the_cursor_is_read(sync, sql):
    sql(MADE)
    for query in (
        "SELECT id, at AS updated_at, date_trunc('day', at) AS day FROM times",
        "SELECT id, at AS updated_at FROM times WHERE at >= date_trunc('day', now())",
        "SELECT id, CASE WHEN at < current_date THEN at END AS updated_at FROM times",
        "SELECT id, at::date AS updated_at FROM times",
    ):
        sync.ok(**EXACT, postgresql_query=query, plan_only="true")


def test_a_run_without_a_window_may_deliver_cut_stamps(sync, sql):
    sql(MADE)
    sync.ok(postgresql_query=QUERIES["query"], write_disposition="WRITE_TRUNCATE")


def test_rows_of_an_hour_that_come_after_a_run_arrive_by_the_lookback_or_the_margin(sync, sql):
    sql("CREATE TABLE orders (id int8, at timestamptz)")
    sql("INSERT INTO orders VALUES (1, date_trunc('hour', now()) - interval '110 min')")
    query = "SELECT id, date_trunc('hour', at) AS updated_at FROM orders"
    back = EXACT | MERGE | {"smart_sync_lookback": "1h", "postgresql_query": query}
    sync.ok(**back)
    sql("INSERT INTO orders VALUES (2, date_trunc('hour', now()) - interval '70 min')")
    sync.ok(**back)
    assert sync.rows("id") == [(1,), (2,)]
    assert sync(**back | {"smart_sync_lookback": "59m"}).code == 2
    later = EXACT | {"smart_sync_margin": "1h", "postgresql_query": query}
    sync.ok(**later, destination_bigquery_table="later")
    assert sync.rows("id", table="later") == [(1,), (2,)]


def test_a_default_of_midnight_is_told(sync, sql):
    sql("CREATE TABLE orders (id int8, updated_at timestamptz DEFAULT current_date)")
    plan = {"plan_only": "true", "source_table_for_schema": "public.orders"}
    told = sync.ok(**EXACT | plan).out
    assert "the default of updated_at is cut (CURRENT_DATE)" in told
    assert "is cut" not in sync.ok(**EXACT | plan | {"smart_sync_margin": "25h"}).out
    sql("ALTER TABLE orders ALTER updated_at SET DEFAULT now()")
    assert "is cut" not in sync.ok(**EXACT | plan).out


MOVED = {
    "query": "SELECT id, at - interval '5 hours' AS updated_at FROM times",
    "negative": "SELECT id, (at + '-05:00:00'::interval)::timestamptz AS updated_at FROM times",
    "view": "SELECT * FROM earlier",
}


@pytest.mark.parametrize("name", MOVED)
def test_a_cursor_that_is_moved_back_is_told_unless_the_window_reaches_as_far(sync, sql, name):
    sql("CREATE TABLE times (id int8, at timestamptz)")
    sql("CREATE VIEW earlier AS SELECT id, at - make_interval(hours => 5) AS updated_at FROM times")
    plan = EXACT | {"plan_only": "true", "postgresql_query": MOVED[name]}
    told = "the stamps of updated_at are moved back"
    assert told in sync.ok(**plan).out
    assert told not in sync.ok(**plan | {"smart_sync_margin": "9d"}).out
    later = "SELECT id, at + interval '5 hours' AS updated_at FROM times"
    assert told not in sync.ok(**plan | {"postgresql_query": later}).out
