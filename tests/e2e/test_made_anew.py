"""A source's table that was dropped and made again, or whose numbers have begun again."""

import pytest

APPEND = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "source_table_for_schema": "orders",
    "smart_sync_timestamp_column": "id",
}
MERGE = APPEND | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
TABLE = "CREATE TABLE orders (id serial PRIMARY KEY, name text, updated_at timestamptz)"
ADD = (
    "INSERT INTO orders (name, updated_at) SELECT %s || i, timestamptz '2024-05-01'"
    " + i * interval '1 day' FROM generate_series(1, %s) i"
)
EMPTIED = "TRUNCATE orders RESTART IDENTITY"


@pytest.fixture
def orders(sql):
    sql(TABLE)
    sql(ADD, "a", 3)
    return sql


def test_numbers_that_began_again_are_refused_until_their_rows_are_there(sync, orders):
    sync.ok(**MERGE)
    orders("VACUUM FULL orders")
    sync.ok(**MERGE)
    orders(EMPTIED)
    orders(ADD, "b", 5)
    result = sync(**MERGE)
    assert result.code == 5
    assert "numbers that began again" in result.err
    sync.ok(**MERGE, repair="true")
    assert sync.rows("id, name") == [(i, f"b{i}") for i in range(1, 6)]
    orders(ADD, "c", 1)
    sync.ok(**MERGE)
    assert sync.rows("name", order="id")[-1] == ("c1",)


def test_a_table_that_was_made_again_is_told_of_until_rows_are_published(sync, orders):
    stamps = MERGE | {"smart_sync_timestamp_column": "updated_at"}
    told = "public.orders was made anew since the last run"
    sync.ok(**stamps)
    orders("DROP TABLE orders")
    orders(TABLE)
    orders(ADD, "b", 4)
    orders("TRUNCATE orders")
    orders(ADD, "b", 4)
    assert told in sync.ok(**stamps, plan_only="true").out
    sync.ok(**stamps)
    assert told not in sync.ok(**stamps, plan_only="true").out
