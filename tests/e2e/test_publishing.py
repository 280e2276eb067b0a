"""Every write disposition: what the destination holds after a run, and what is left behind."""

import datetime as dt
import json

from google.cloud import bigquery

from pipeline.execution.report import report
from pipeline.publish.publisher import Publisher
from pipeline.runs.outcome import Failure
from smart_sync.publish_sql import publish_statement
from tests.sync import GRAPH, HISTORY, PROJECT

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, day date);
COMMENT ON TABLE s IS 'What there is';
COMMENT ON COLUMN s.name IS 'What it is called';
INSERT INTO s SELECT g, 'name ' || g, date '2024-01-01' + (g % 3)::int FROM generate_series(1, 9) g
"""
ALL = {"postgresql_query": "SELECT * FROM s"}
SMART = {
    "enable_smart_sync": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "changed",
}
LAID_OUT = {
    "source_table_for_schema": "s",
    "enable_auto_schema": "true",
    "partition_field": "day",
    "clustering_fields": "name,id",
}
TRUNCATE = {"write_disposition": "WRITE_TRUNCATE"}
EMPTY = {"write_disposition": "WRITE_EMPTY"}
OURS = HISTORY | {"_sync_lock_t"}


def layout(table):
    partitioning = table.time_partitioning
    return partitioning and (partitioning.field, partitioning.type_), table.clustering_fields


def make(sync, *columns, name="t"):
    """Make a destination table; columns are (name, type[, mode])."""
    schema = [bigquery.SchemaField(*column) for column in columns]
    return sync.client.create_table(bigquery.Table(f"{PROJECT}.{sync.dataset}.{name}", schema))


def nothing_is_left(sync):
    """No staged file and no staging table."""
    assert list(sync.temp.rglob("*.parquet")) == []
    assert not sync.temp.exists() or list(sync.temp.iterdir()) == []
    assert [
        name
        for name in sync.tables()
        if name.startswith(("_sync_staging", "_sync_dead")) or "__" in name
    ] == []


def test_append_adds_and_truncate_replaces_all_rows(sync, sql):
    sql(TABLE)
    sync.ok(**ALL)
    sync.ok(**ALL)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(18, 9)]
    sql("DELETE FROM s WHERE id > 2")
    result = sync.ok(**ALL | TRUNCATE)
    assert "2 rows read, 2 published" in result.out
    assert sync.rows("id, name") == [(1, "name 1"), (2, "name 2")]
    nothing_is_left(sync)


def test_truncate_keeps_layout_labels_descriptions_and_columns_of_the_table(sync, sql):
    sql(TABLE)
    sync.ok(**ALL | LAID_OUT)
    made = sync.table()
    assert layout(made) == (("day", "DAY"), ["name", "id"])
    assert made.description == "What there is"
    assert {f.name: f.description for f in made.schema}["name"] == "What it is called"
    assert len(made.labels["sync_source"]) == 32
    made.labels = {**made.labels, "team": "blue"}
    made.description = "Changed by hand"
    sync.client.update_table(made, ["labels", "description"])
    sync.client.query(f"ALTER TABLE {sync.dataset}.t ADD COLUMN note STRING").result()
    sync.ok(**ALL | TRUNCATE)
    after = sync.table()
    assert sync.rows("COUNT(*), COUNT(note)") == [(9, 0)]
    assert layout(after) == layout(made)
    assert after.labels == made.labels
    assert after.description == "Changed by hand"
    assert {f.name: f.description for f in after.schema}["name"] == "What it is called"


def test_write_empty_makes_a_missing_table_fills_an_empty_one_and_refuses_a_full_one(sync, sql):
    sql(TABLE)
    sync.ok(**ALL | EMPTY)
    assert sync.rows("COUNT(*)") == [(9,)]
    assert sync(**ALL | EMPTY).code == 5
    assert sync.rows("COUNT(*)") == [(9,)]
    make(sync, ("id", "INT64"), ("name", "STRING"), ("day", "DATE"), name="empty")
    sync.ok(**ALL | EMPTY, destination_bigquery_table="empty")
    assert sync.rows("COUNT(*)", "empty") == [(9,)]


def test_create_never_appends_to_a_table_that_is_there(sync, sql):
    sql(TABLE)
    make(sync, ("id", "INT64"), ("name", "STRING"), ("day", "DATE"))
    sync.ok(**ALL, create_disposition="CREATE_NEVER")
    assert sync.rows("COUNT(*), MIN(day)") == [(9, dt.date(2024, 1, 1))]


def test_rebuilding_replaces_rows_columns_and_types(sync, sql):
    sql(TABLE)
    make(sync, ("id", "STRING"), ("name", "INT64", "REQUIRED"), ("gone", "BYTES"))
    sync.client.query(f"INSERT INTO {sync.dataset}.t VALUES ('x', 1, NULL)").result()
    sync.ok(**ALL, delete_existing_table="true")
    assert sync.types() == {"id": "INTEGER", "name": "STRING", "day": "DATE"}
    assert sync.rows("COUNT(*), MAX(id)") == [(9, 9)]
    assert "sync_source" in sync.table().labels
    nothing_is_left(sync)


def test_rebuilding_with_another_layout_swaps_the_table(sync, sql):
    sql(TABLE)
    sync.ok(**ALL)
    plan = sync.ok(**ALL | LAID_OUT, delete_existing_table="true", plan_only="true")
    assert "readers may miss the table for seconds" in plan.out
    assert layout(sync.table()) == (None, None)
    sync.ok(**ALL | LAID_OUT, delete_existing_table="true")
    assert layout(sync.table()) == (("day", "DAY"), ["name", "id"])
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(9, 9)]
    sync.ok(**ALL | LAID_OUT, delete_existing_table="true")
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(9, 9)]
    assert sync.tables() == OURS | {"t"}


REBUILD = ALL | LAID_OUT | {"delete_existing_table": "true"}


def swap_that_breaks_off(sync, monkeypatch):
    """A rebuild whose second rename is refused each time; its whole script."""
    whole, text = [], publish_statement

    def broken(plan):
        whole.append(text(plan))
        return whole[0].replace("END IF;\n", "END IF;\nRAISE USING MESSAGE = 'no more';\n")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.publish.publisher.publish_statement", broken)
        assert sync(**REBUILD).code == 5
    return whole[0]


def test_a_swap_takes_nobodys_table(sync, sql):
    sql(TABLE)
    sync.ok(**ALL)
    for name in ("t__old", "t__new"):
        make(sync, ("mine", "INT64"), name=name)
    sync.ok(**REBUILD)
    assert {"t__old", "t__new"} < sync.tables()
    assert sync.types("t__old") == sync.types("t__new") == {"mine": "INTEGER"}


def test_a_swap_that_breaks_off_is_taken_up_where_it_stopped(sync, sql, monkeypatch):
    sql(TABLE)
    sync.ok(**ALL)
    script = swap_that_breaks_off(sync, monkeypatch)
    assert "t" not in sync.tables()
    sync.client.query(script).result()
    assert layout(sync.table()) == (("day", "DAY"), ["name", "id"])
    assert sync.tables() == OURS | {"t"}


def test_the_next_run_gives_the_old_table_its_name_back(sync, sql, monkeypatch):
    sql(TABLE)
    sync.ok(**ALL)
    swap_that_breaks_off(sync, monkeypatch)
    sync.ok(**ALL)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(18, 9)]
    assert sync.tables() == OURS | {"t"}


def test_a_table_set_aside_is_not_missing_for_a_launch_that_may_make_none(sync, sql, monkeypatch):
    sql(TABLE)
    never = ALL | {"create_disposition": "CREATE_NEVER"}
    assert sync(**never).code == 5
    assert sync.tables() == set()
    sync.ok(**ALL)
    swap_that_breaks_off(sync, monkeypatch)
    plan = sync(**never, plan_only="true")
    assert (plan.code, "destination table is missing" in plan.err) == (5, True)
    assert "t" not in sync.tables()
    sync.ok(**never)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(18, 9)]
    assert sync.tables() == OURS | {"t"}


def test_append_adds_missing_columns_and_leaves_the_destinations_own_null(sync, sql):
    sql(TABLE)
    make(sync, ("note", "STRING"), ("ID", "INT64", "REQUIRED"))
    sync.client.query(f"INSERT INTO {sync.dataset}.t VALUES ('by hand', 0)").result()
    plan = sync.ok(**ALL, plan_only="true").out
    assert "columns to be added: name, day" in plan
    assert "columns that stay NULL in new rows: note" in plan
    sync.ok(**ALL)
    assert sync.types() == {"note": "STRING", "ID": "INTEGER", "name": "STRING", "day": "DATE"}
    assert {f.name: f.mode for f in sync.table().schema}["day"] == "NULLABLE"
    rows = sync.rows("id, note, name")
    assert rows[:2] == [(0, "by hand", None), (1, None, "name 1")]
    assert len(rows) == 10


def test_a_frozen_schema_refuses_new_columns_and_takes_old_ones(sync, sql):
    sql(TABLE)
    make(sync, ("id", "INT64"), ("name", "STRING"))
    result = sync(**ALL, schema_evolution="freeze")
    assert result.code == 4
    assert "day (schema_evolution=freeze)" in result.err
    assert set(sync.types()) == {"id", "name"}
    assert sync.rows() == []
    sync.ok(postgresql_query="SELECT id, name FROM s", schema_evolution="freeze")
    assert sync.rows("COUNT(*)") == [(9,)]


def test_an_empty_source_makes_a_missing_table_and_appends_nothing(sync, sql):
    sql(TABLE)
    sql("DELETE FROM s")
    sync.ok(**ALL | LAID_OUT)
    assert layout(sync.table()) == (("day", "DAY"), ["name", "id"])
    assert sync.table().description == "What there is"
    assert "sync_source" in sync.table().labels
    assert sync.types() == {"id": "INTEGER", "name": "STRING", "day": "DATE"}
    sync.ok(**ALL)
    sync.ok(**ALL | EMPTY, destination_bigquery_table="other")
    assert sync.rows(table="other") == []
    sync.ok(**ALL | EMPTY, destination_bigquery_table="other")
    nothing_is_left(sync)


def test_an_empty_source_empties_a_table_that_it_replaces(sync, sql):
    sql(TABLE)
    sync.ok(**ALL | LAID_OUT)
    sql("DELETE FROM s")
    sync.ok(**ALL | TRUNCATE)
    assert sync.rows() == []
    assert layout(sync.table()) == (("day", "DAY"), ["name", "id"])
    sync.ok(postgresql_query="SELECT id FROM s", delete_existing_table="true")
    assert sync.types() == {"id": "INTEGER"}
    assert sync.rows() == []


def test_a_renamed_cursor_is_found_under_its_new_name_by_the_next_run(sync, sql):
    sql("CREATE TABLE s (id int8, secret text, changed timestamptz)")
    sql("INSERT INTO s VALUES (1, 'x', '2024-05-01'), (2, 'y', '2024-05-02')")
    parameters = SMART | {
        "transformation_config": json.dumps(
            {
                "field_mappings": {"changed": "updated_at", "id": "order_id"},
                "exclude_fields": ["secret"],
            }
        ),
        "enable_auto_schema": "true",
    }
    sync.ok(**parameters)
    assert sync.types() == {"order_id": "INTEGER", "updated_at": "TIMESTAMP"}
    assert layout(sync.table())[0] == ("updated_at", "DAY")
    sql("INSERT INTO s VALUES (3, 'z', '2024-05-02 00:00:00.000001'), (4, 'w', '2024-05-01')")
    assert "1 row read, 1 published" in sync.ok(**parameters).out
    assert [row[0] for row in sync.rows("order_id")] == [1, 2, 3]


def test_only_selected_fields_are_read_and_published(sync, sql):
    sql(TABLE)
    config = {"select_fields": ["day", "id"], "field_mappings": {"day": "Tag"}}
    plan = sync.ok(**ALL, transformation_config=json.dumps(config), plan_only="true").out
    assert 'q."name"' not in plan
    sync.ok(**ALL, transformation_config=json.dumps(config))
    assert sync.types() == {"id": "INTEGER", "Tag": "DATE"}
    assert sync.rows("id, Tag")[0] == (1, dt.date(2024, 1, 2))


def test_the_history_tells_window_watermarks_rows_and_seconds(sync, sql):
    sql("CREATE TABLE s (id int8, changed timestamptz)")
    sql("INSERT INTO s VALUES (1, '2024-05-01'), (2, '2024-05-02 10:00:00.25')")
    sync.ok(**SMART)
    sql("INSERT INTO s VALUES (3, '2024-06-01')")
    sync.ok(**SMART)
    sync.ok(**SMART)
    first, second, third = sync.history()
    assert [run["status"] for run in (first, second, third)] == ["succeeded"] * 3
    assert first["window_start"] == "1900-01-01 00:00:00"
    assert first["watermark_before"] is None
    assert first["watermark_after"] == "2024-05-02 10:00:00.250000"
    assert second["window_start"] == second["watermark_before"] == first["watermark_after"]
    assert second["watermark_after"] == third["watermark_before"] == "2024-06-01 00:00:00"
    assert third["watermark_after"] == "2024-06-01 00:00:00"
    figures = ("rows_read", "rows_staged", "rows_published", "rows_dead", "rows_left_out")
    assert [second[name] for name in figures] == [1, 1, 1, 0, 0]
    assert [third[name] for name in figures] == [0, 0, 0, 0, 0]
    assert second["bytes_staged"] > 0
    seconds = json.loads(second["seconds"])
    assert {"until_staged", "publish", "total"} <= seconds.keys()
    assert 0 < seconds["publish"] < seconds["total"]
    assert (second["exit_code"], second["error"], second["cursor_column"]) == (0, None, "changed")
    assert second["publish_job"] == f"sync_{second['run_id']}_publish_1"
    assert second["destination"] == f"{PROJECT}.{sync.dataset}.t"
    assert second["source"].startswith("postgresql://")


def test_a_run_that_fails_while_reading_changes_nothing_and_says_why_in_the_history(sync, sql):
    sql(TABLE)
    sync.ok(postgresql_query="SELECT id FROM s", write_disposition="WRITE_APPEND")
    result = sync(postgresql_query="SELECT DISTINCT id / (id - 9) AS id FROM s", **TRUNCATE)
    assert result.code == 3
    assert "division by zero" in result.err
    assert sync.rows("COUNT(*), MAX(id)") == [(9, 9)]
    failed = sync.history()[-1]
    assert (failed["status"], failed["exit_code"]) == ("failed", 3)
    assert "division by zero" in failed["error"]
    assert failed["rows_published"] == 0
    nothing_is_left(sync)


def test_a_publishing_job_that_is_refused_leaves_the_old_rows_and_no_staging_table(sync, sql):
    sql("CREATE TABLE s (id int8, n int8)")
    sql("INSERT INTO s VALUES (1, 1), (2, NULL)")
    make(sync, ("id", "INT64"), ("n", "INT64", "REQUIRED"))
    sync.client.query(f"INSERT INTO {sync.dataset}.t VALUES (7, 7)").result()
    for disposition in ("WRITE_TRUNCATE", "WRITE_APPEND"):
        result = sync(**ALL, write_disposition=disposition)
        assert result.code == 5
        assert f"{sync.dataset}.t" in result.err
        assert sync.rows("id, n") == [(7, 7)]
        failed = sync.history()[-1]
        assert failed["status"] == "failed"
        assert failed["publish_job"] == f"sync_{failed['run_id']}_publish_1"
        nothing_is_left(sync)


def test_a_run_that_only_plans_or_fails_at_planning_leaves_nothing_at_all(sync, sql):
    sql(TABLE)
    sync.ok(**ALL, plan_only="true")
    assert sync(postgresql_query="SELECT * FROM nowhere").code == 3
    assert sync.tables() == set()
    nothing_is_left(sync)


def test_two_sources_in_one_destination_are_refused_unless_accepted(sync, sql):
    sql("CREATE TABLE s (id int8, changed timestamptz)")
    sql("INSERT INTO s VALUES (1, '2024-05-01')")
    sql("CREATE TABLE moved AS SELECT 2::int8 AS id, timestamptz '2024-05-02' AS changed")
    sync.ok(**SMART)
    label = sync.table().labels["sync_source"]
    other = SMART | {"postgresql_query": "SELECT * FROM moved"}
    result = sync(**other)
    assert result.code == 5
    for word in ("belongs to another source", label, "public.moved", "accept_source_change=true"):
        assert word in result.err
    assert sync.rows("COUNT(*)") == [(1,)]
    sync.ok(**other, accept_source_change="true")
    assert sync.rows("id") == [(1,), (2,)]
    assert sync.table().labels["sync_source"] not in ("", label)
    sync.ok(**other)
    assert sync(**SMART).code == 5


def test_a_run_that_ends_before_its_report_is_failed_in_the_history(sync, sql, monkeypatch):
    def broken(*_):
        raise RuntimeError("the runner broke")

    sql("CREATE TABLE s (id int8)")
    monkeypatch.setattr("pipeline.launch.sync._work", broken)
    result = sync(postgresql_query="SELECT * FROM s")
    assert result.code == 70
    assert "the runner broke" in result.err
    (run,) = sync.history()
    assert (run["status"], run["exit_code"]) == ("failed", 70)
    assert "the runner broke" in run["error"]


def test_a_history_that_lost_its_view_or_lacks_columns_is_made_whole(sync, sql):
    sql("CREATE TABLE s (id int8)")
    older = bigquery.Table(
        f"{PROJECT}.{sync.dataset}.sync_runs",
        schema=[
            bigquery.SchemaField("run_id", "STRING"),
            bigquery.SchemaField("seq", "INT64"),
            bigquery.SchemaField("event_time", "TIMESTAMP"),
        ],
    )
    sync.client.create_table(older)
    sync.ok(postgresql_query="SELECT * FROM s")
    assert [run["status"] for run in sync.history()] == ["succeeded"]


def test_a_publishing_step_that_is_repeated_after_the_report_publishes_once(sync, sql, monkeypatch):
    sql("CREATE TABLE s AS SELECT 1::int8 AS id")
    original = Publisher.publish

    def twice(self, staged, failures):
        report(self.plan, original(self, staged, failures), self.client)
        return original(self, staged, failures)

    monkeypatch.setattr(Publisher, "publish", twice)
    sync.ok(postgresql_query="SELECT * FROM s", runner=GRAPH)
    assert sync.rows() == [(1,)]
    assert [run["status"] for run in sync.history()] == ["succeeded"]


def test_a_publishing_step_that_is_repeated_and_fails_ends_as_what_it_has_published(
    sync, sql, monkeypatch
):
    sql("CREATE TABLE s AS SELECT 1::int8 AS id")
    original = Publisher.publish

    def twice(self, staged, failures):
        assert original(self, staged, failures).status == "succeeded"
        return original(self, staged, [Failure("Publish", 5, "TargetError: no answer")])

    monkeypatch.setattr(Publisher, "publish", twice)
    sync.ok(postgresql_query="SELECT * FROM s", runner=GRAPH)
    assert sync.rows() == [(1,)]
    (run,) = sync.history()
    assert (run["status"], run["exit_code"], run["rows_published"]) == ("succeeded", 0, 1)


def test_a_text_longer_than_an_existing_column_takes_is_a_dead_letter(sync, sql):
    fields = [
        bigquery.SchemaField("id", "INT64"),
        bigquery.SchemaField("t", "STRING", max_length=3),
        bigquery.SchemaField("ts", "STRING", "REPEATED", max_length=2),
        bigquery.SchemaField("b", "BYTES", max_length=2),
    ]
    sync.client.create_table(bigquery.Table(f"{PROJECT}.{sync.dataset}.t", schema=fields))
    sql("CREATE TABLE s (id int, t text, ts text[], b bytea)")
    sql("INSERT INTO s VALUES (1, 'äöü', '{ß,ab}', '\\x0102'), (2, 'abcd', '{}', NULL)")
    sql("INSERT INTO s VALUES (3, NULL, '{a,abc}', NULL), (4, 'a', NULL, '\\x010203')")
    query = {"postgresql_query": "SELECT * FROM s"}
    assert sync(**query).code == 7
    sync.ok(**query, max_dead_letters="3")
    assert sync.rows("id, t, b") == [(1, "äöü", b"\1\2")]
    letters = sync.rows("column_name, reason", "t_dead_letters")
    assert sorted(letters) == [
        ("b", "longer than the 2 bytes of BYTES(2)"),
        ("t", "longer than the 3 characters of STRING(3)"),
        ("ts", "longer than the 2 characters of STRING(2)"),
    ]


def test_a_number_that_an_existing_column_would_round_is_a_dead_letter(sync, sql):
    sync.client.query(f"CREATE TABLE {sync.dataset}.t (id INT64, n NUMERIC(10, 2))").result()
    sql("CREATE TABLE s (id int, n numeric(12, 4))")
    sql("INSERT INTO s VALUES (1, 1.25), (2, 1.2550)")
    query = {"postgresql_query": "SELECT * FROM s"}
    assert sync(**query).code == 7
    sync.ok(**query, max_dead_letters="1")
    assert sync.rows("id, CAST(n AS STRING)") == [(1, "1.25")]
