"""Rows that the query itself keeps from every window: they are lost, and the plan says so."""

import pytest

from tests.writers import EXACT, lost

NOW = "get the time of each query"
QUERIES = {
    "now": ("SELECT id, coalesce(updated_at, now()) AS updated_at FROM orders", NOW),
    "a constant": (
        "SELECT id, coalesce(updated_at, '2000-01-01'::timestamptz) AS updated_at FROM orders",
        "get '2000-01-01': those that come after the first run",
    ),
    "a case": (
        "SELECT id, CASE WHEN updated_at IS NULL THEN clock_timestamp() ELSE updated_at END"
        " AS updated_at FROM orders",
        NOW,
    ),
    "a view": ("SELECT * FROM living", NOW),
    "limit": ("SELECT * FROM orders ORDER BY id LIMIT 2", "the query has LIMIT: rows that it"),
}


@pytest.fixture
def orders(sql):
    sql("CREATE TABLE orders (id int8, updated_at timestamptz, more timestamptz)")
    sql("CREATE VIEW living AS SELECT id, coalesce(updated_at, now()) AS updated_at FROM orders")
    sql("INSERT INTO orders VALUES (1, now() - interval '1 hour')")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_keeps_rows_from_every_window_is_told(sync, sql, orders, name):
    query, told = QUERIES[name]
    parameters = EXACT | {"postgresql_query": query}
    assert told in sync.ok(**parameters, plan_only="true").out
    sync.ok(**parameters)
    sql("INSERT INTO orders VALUES (0, NULL), (2, now() - interval '1 second')")
    sync.ok(**parameters)
    assert lost(sync, sql)


def test_stamps_that_rows_keep_are_not_told(sync, orders):
    for query in (
        "SELECT id, coalesce(updated_at, more) AS updated_at FROM orders",
        "SELECT id, least(updated_at, now()) AS updated_at FROM orders",
        "SELECT id, updated_at, now() AS loaded_at FROM orders",
        "SELECT id, updated_at, (SELECT 1 LIMIT 1) AS one FROM orders",
    ):
        out = sync.ok(**EXACT | {"postgresql_query": query}, plan_only="true").out
        assert "no run reads them" not in out


def test_a_condition_that_rows_come_to_meet_by_themselves_is_told(sync, sql, orders):
    told = "the query lets rows through when their time has come (more <= CURRENT_TIMESTAMP)"
    query = "SELECT id, updated_at FROM orders WHERE {} <= now()"
    for column, is_told in (("more", True), ("updated_at", False)):
        asked = EXACT | {"postgresql_query": query.format(column), "plan_only": "true"}
        assert (told in sync.ok(**asked).out) is is_told
    sql(f"CREATE VIEW shown AS {query.format('more')}")
    viewed = sync.ok(**EXACT | {"postgresql_query": "SELECT * FROM shown"}, plan_only="true").out
    assert "when their time has come (more <= CURRENT_TIMESTAMP (in a view that" in viewed
