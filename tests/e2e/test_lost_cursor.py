"""A table that had a cursor column once, among those of a pattern that replaces tables without."""

import pytest

from pipeline.command.main import main

FILE = (
    "{defaults: {enable_smart_sync: true, smart_sync_timestamp_column: changed,"
    " smart_sync_margin: 0s, without_cursor: replace}, tables: {public.*: }}"
)
SOURCE = """
CREATE TABLE s (id int8 PRIMARY KEY, changed timestamptz NOT NULL);
INSERT INTO s SELECT g, now() - interval '1 day' FROM generate_series(1, 4) g;
"""
ALL = [(1,), (2,), (3,), (4,)]


@pytest.fixture
def launch(sync):
    """Launch all tables of the source."""
    return lambda **more: sync(tables=FILE, destination_bigquery_table=None, **more)


def test_a_table_whose_cursor_is_gone_is_not_replaced_for_want_of_it(launch, sync, sql):
    sql(SOURCE)
    assert launch().code == 0
    sql("DELETE FROM s WHERE id < 3; ALTER TABLE s RENAME changed TO modified")
    plan = launch(plan_only="true")
    assert "a cursor column that is gone" in plan.out + plan.err
    assert launch().code == 4
    assert sync.rows("id", "s") == ALL
    sql("ALTER TABLE s RENAME modified TO changed")
    assert launch().code == 0
    assert sync.rows("id", "s") == ALL


def test_one_table_that_a_pattern_means_is_not_replaced_either(launch, sync, sql, tmp_path, capsys):
    sql(SOURCE)
    assert launch().code == 0
    sql("DELETE FROM s WHERE id < 3; ALTER TABLE s DROP changed")
    words = sync.argv(tables=FILE, destination_bigquery_table=None)
    assert main(["plan", "--save", str(tmp_path / "s.plan"), *words]) == 4
    assert "a cursor column that is gone" in capsys.readouterr().err
    assert sync.rows("id", "s") == ALL


def test_a_table_that_never_had_a_cursor_is_replaced_each_time(launch, sync, sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY); INSERT INTO s VALUES (1), (2)")
    assert launch().code == 0
    sql("DELETE FROM s WHERE id = 1")
    assert launch().code == 0
    assert sync.rows("id", "s") == [(2,)]


def test_what_an_empty_table_has_had_is_nothing_to_lose(launch, sync, sql):
    sql(SOURCE)
    assert launch().code == 0
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.s WHERE TRUE")
    sql("ALTER TABLE s DROP changed")
    assert launch().code == 0
    assert sync.rows("id", "s") == ALL
