"""A cursor other than that of the runs so far: its MAX says nothing of what they have read."""

from contextlib import closing

import psycopg2
import pytest

from tests.sync import PROJECT

SOURCE = """
CREATE TABLE s (
  id int8 PRIMARY KEY, name text, made timestamptz NOT NULL, changed timestamptz NOT NULL
);
INSERT INTO s SELECT g, 'old', now() - interval '9 days', now() - interval '1 day'
FROM generate_series(1, 4) g
"""
SMART = {
    "enable_smart_sync": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_margin": "0s",
    "smart_sync_timestamp_column": "made",
}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
CHANGED = {"smart_sync_timestamp_column": "changed"}
ACCEPT = {"accept_source_change": "true"}


@pytest.fixture
def hidden(sync, sql):
    """Make a table by one cursor, then rows that another's MAX hides: one by what it lies below."""

    def hidden(words):
        sql(SOURCE)
        sync.ok(**words)
        sql("UPDATE s SET name = 'new', changed = now() - interval '1 hour' WHERE id = 3")
        sql("INSERT INTO s VALUES (5, 'new', now(), now())")
        sync.ok(**words)

    return hidden


def named(sync):
    return sync.rows("id, name")


def test_rows_that_a_new_cursors_max_would_hide_are_not_passed_over(sync, sql, hidden):
    hidden(MERGE)
    before = named(sync)
    for more in CHANGED, {"smart_sync_timestamp_column": "id"}:
        assert "another cursor than" in sync(**MERGE | more, plan_only="true").err
        refused = sync(**MERGE | more)
        assert refused.code == 5
        assert "have read by 'made'" in refused.err
    assert named(sync) == before
    sync.ok(**MERGE | {"enable_smart_sync": "false"})
    sql("UPDATE s SET name = 'newer', changed = now() WHERE id = 2")
    sync.ok(**MERGE | CHANGED)
    assert named(sync) == sql("SELECT id, name FROM s ORDER BY 1")


@pytest.mark.parametrize("way", ["repair", "sync_end"])
def test_each_way_that_is_named_for_a_table_in_use_waits_for_who_may_still_commit(
    sync, sql, hidden, database, way
):
    hidden(MERGE)
    ((now,),) = sql("SELECT to_char(now() AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS.US')")
    told = sync(**MERGE | CHANGED).err
    assert way in told
    assert "enable_smart_sync=false only while nobody writes" in told
    ways = {"repair": {"repair": "true"}, "sync_end": {"sync_start": "1900-01-01", "sync_end": now}}
    with closing(psycopg2.connect(database.dsn)) as session:
        session.cursor().execute("INSERT INTO s VALUES (6, 'late', now(), now())")
        sql("INSERT INTO s VALUES (7, 'new', now(), now())")
        sync.ok(**MERGE | CHANGED | ways[way])
        session.commit()
    sync.ok(**MERGE | CHANGED)
    assert named(sync) == sql("SELECT id, name FROM s ORDER BY 1")


def test_a_repair_by_the_new_cursor_finds_them_and_windows_go_on_by_it(sync, sql, hidden):
    hidden(MERGE)
    sync.ok(**MERGE | CHANGED | {"repair": "true"})
    assert named(sync) == sql("SELECT id, name FROM s ORDER BY 1")
    sql("UPDATE s SET name = 'newer', changed = now() WHERE id = 2")
    sync.ok(**MERGE | CHANGED)
    assert named(sync) == sql("SELECT id, name FROM s ORDER BY 1")


def test_an_append_goes_on_from_its_max_where_that_is_accepted(sync, hidden):
    hidden(SMART)
    assert "delete_existing_table=true" in sync(**SMART | CHANGED).err
    shown = sync.ok(**SMART | CHANGED | ACCEPT, plan_only="true").out
    assert "the runs so far have read by 'made'" in shown
    sync.ok(**SMART | CHANGED | ACCEPT)
    sync.ok(**SMART | CHANGED)


def test_the_same_column_under_another_name_of_the_source_goes_on(sync, sql, hidden):
    hidden(MERGE)
    sql("ALTER TABLE s RENAME made TO made_at; INSERT INTO s VALUES (6, 'new', now(), now())")
    words = MERGE | {
        "smart_sync_timestamp_column": "made_at",
        "transformation_config": '{"field_mappings": {"made_at": "made"}}',
    }
    sync.ok(**words)
    assert (6, "new") in named(sync)


def test_rows_without_a_cursor_are_not_appended_a_second_time(sync, sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, name text)")
    sql("INSERT INTO s SELECT g, 'old' FROM generate_series(1, 3) g")
    sync.ok(postgresql_query="SELECT * FROM s")
    sql("ALTER TABLE s ADD made timestamptz NOT NULL DEFAULT now() - interval '1 hour'")
    sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.t ADD COLUMN made TIMESTAMP")
    refused = sync(**SMART)
    assert (refused.code, "rows of the destination without a cursor" in refused.err) == (5, True)
    assert len(named(sync)) == 3
    sync.ok(**SMART | {"enable_smart_sync": "false"}, merge_keys="id", backfill_columns="made")
    sql("INSERT INTO s VALUES (4, 'new', now())")
    sync.ok(**SMART)
    assert named(sync) == [(1, "old"), (2, "old"), (3, "old"), (4, "new")]


def test_slices_by_another_column_are_what_was_asked_for(sync, sql):
    sql(SOURCE)
    sync.ok(**MERGE)
    window = {"sync_start": "2020-01-01", "sync_end": "2020-02-01"}
    sync.ok(**MERGE | CHANGED | window)
    sync.ok(**MERGE)


def test_a_table_that_is_not_the_historys_is_taken_at_its_max(sync, sql, hidden):
    hidden(MERGE)
    sync.client.delete_table(f"{PROJECT}.{sync.dataset}.sync_runs")
    sync.ok(**MERGE | CHANGED)
