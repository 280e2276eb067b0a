"""A query, view, filter or transform_sql that lets other rows through than in the runs so far."""

import json

import pytest

from tests.orders import KEEP

SMART = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
TOLD = "what leaves rows out (query, view, filter or transform_sql) is another"
MEMBERS = {
    "query": ("postgresql_query", "SELECT id, region, updated_at FROM s WHERE region = '{}'"),
    "base query": (
        "postgresql_base_query",
        "SELECT * FROM s WHERE region = '{}' AND updated_at > '{{start_timestamp}}'"
        " AND updated_at <= '{{end_timestamp}}'",
    ),
    "join": ("postgresql_query", "SELECT s.* FROM s JOIN r ON r.region = s.region AND r.n = '{}'"),
    "filter": ("transformation_config", '{{"filter": [["region", "=", "{}"]]}}'),
    "transform_sql": ("transform_sql", "SELECT * FROM staged WHERE region = '{}'"),
}


@pytest.fixture
def table(sql):
    sql("CREATE TABLE s (id int PRIMARY KEY, region text, updated_at timestamptz)")
    sql("CREATE TABLE r AS SELECT x AS region, x AS n FROM unnest(ARRAY['eu', 'us']) x")
    sql(
        "INSERT INTO s SELECT i, CASE i % 2 WHEN 0 THEN 'us' ELSE 'eu' END,"
        " timestamptz '2024-05-01' + i * interval '1 hour' FROM generate_series(1, 9) i"
    )


def asked(member, region):
    name, text = MEMBERS[member]
    table = {} if name.endswith("query") else {"source_table_for_schema": "s"}
    return SMART | table | {name: text.format(region)}


@pytest.mark.parametrize("member", MEMBERS)
def test_other_rows_that_are_let_through_are_told_once_with_the_ways_to_bring_them(
    sync, sql, table, member
):
    sync.ok(**asked(member, "eu"))
    label = sync.table().labels["sync_rows"]
    assert TOLD not in sync.ok(**asked(member, "eu"), plan_only="true").out
    other = asked(member, "us")
    assert TOLD in sync.ok(**other, plan_only="true").out
    sync.ok(**other)  # nothing is new, and so nothing is published
    assert TOLD in sync.ok(**other, plan_only="true").out
    sql("INSERT INTO s VALUES (12, 'us', '2024-06-02')")
    sync.ok(**other)
    assert sync.table().labels["sync_rows"] not in ("", label)
    assert TOLD not in sync.ok(**other, plan_only="true").out
    everything = SMART | {"source_table_for_schema": "s"}
    if member == "join":  # which reads two tables
        everything |= {"accept_source_change": "true"}
    shown = json.loads(sync.ok(**everything, plan_only="true", plan_format="json").out)
    assert any(TOLD in warning for warning in shown["warnings"])
    sql("INSERT INTO s VALUES (13, 'us', '2024-06-03')")
    sync.ok(**everything)
    assert sync.table().labels["sync_rows"] == "all"
    assert TOLD not in sync.ok(**everything, plan_only="true").out
    assert [row[0] for row in sync.rows("id")] == [1, 3, 5, 7, 9, 12, 13]


@pytest.mark.parametrize(
    "way",
    [
        {"enable_smart_sync": "false"},
        {"repair": "true"},
        {"delete_existing_table": "true"},
    ],
)
def test_each_way_that_is_named_brings_the_rows_and_is_not_told(sync, table, way):
    sync.ok(**asked("query", "eu"))
    run = SMART | {"source_table_for_schema": "s"} | way
    assert TOLD not in sync.ok(**run, plan_only="true").out
    sync.ok(**run)
    assert len(sync.rows()) == 9
    assert sync.table().labels["sync_rows"] == "all"
    assert TOLD not in sync.ok(**SMART, source_table_for_schema="s", plan_only="true").out


def test_rows_that_were_brought_are_told_anew_once_that_run_is_undone(sync, table, undo):
    sync.ok(**asked("query", "eu"))
    everything = SMART | {"source_table_for_schema": "s"}
    sync.ok(**everything | KEEP | {"enable_smart_sync": "false"})
    assert TOLD not in sync.ok(**everything, plan_only="true").out
    assert undo(1).code == 0
    assert len(sync.rows()) < 9
    assert TOLD in sync.ok(**everything, plan_only="true").out


def test_a_window_by_hand_brings_them_and_leaves_the_label(sync, table):
    sync.ok(**asked("query", "eu"))
    label = sync.table().labels["sync_rows"]
    ends = {"sync_start": "2024-05-01", "sync_end": "2024-05-02"}
    run = SMART | {"source_table_for_schema": "s"} | ends
    assert TOLD not in sync.ok(**run, plan_only="true").out
    sync.ok(**run)
    assert len(sync.rows()) == 9
    assert sync.table().labels["sync_rows"] == label


@pytest.mark.parametrize(
    "less", ['{"exclude_fields": ["region"]}', '{"select_fields": ["id", "updated_at"]}']
)
def test_a_column_that_was_left_out_and_is_brought_is_told_with_what_fills_it(
    sync, sql, table, less
):
    whole, told = SMART | {"source_table_for_schema": "s"}, "select_fields, exclude_fields, mask"
    sync.ok(**whole, transformation_config=less)
    assert told not in sync.ok(**whole, transformation_config=less, plan_only="true").out
    assert told in sync.ok(**whole, plan_only="true").out
    sql("INSERT INTO s VALUES (12, 'us', '2024-06-02')")
    sync.ok(**whole)
    assert told not in sync.ok(**whole, plan_only="true").out
    sync.ok(**whole, backfill_columns="region")
    assert sync.rows("id, region") == sql("SELECT id, region FROM s ORDER BY 1")


def test_another_mask_or_default_is_told_with_what_brings_it_to_rows_of_before(sync, sql, table):
    whole, told = SMART | {"source_table_for_schema": "s"}, "mask or default_values are others"
    ways = [
        '{"mask": {"region": "redact"}}',
        '{"mask": {"region": {"method": "sha256", "salt": "s"}}}',
        '{"mask": {"region": "sha256"}}',
    ]
    sync.ok(**whole, transformation_config='{"mask": {"region": "last4"}}')
    for way in ways:
        shown = sync.ok(**whole, transformation_config=way, plan_only="true").out
        assert told in shown
    last = whole | {"transformation_config": ways[0]}
    sync.ok(**last, backfill_columns="region")
    assert {row[0] for row in sync.rows("region")} == {"REDACTED"}
    sql("INSERT INTO s VALUES (12, 'us', '2024-06-02')")
    sync.ok(**last)
    assert told not in sync.ok(**last, plan_only="true").out


def test_other_columns_and_wording_of_a_query_are_not_told(sync, sql, table):
    sync.ok(**asked("query", "eu"))
    sql("ALTER TABLE s ADD COLUMN more text")
    again = "select more, updated_at, id, region -- all\n from s\n where region='eu'"
    assert TOLD not in sync.ok(**SMART, postgresql_query=again, plan_only="true").out


def test_a_table_of_an_earlier_version_learns_its_rows_without_a_word(sync, sql, table):
    sync.ok(**asked("query", "eu"))
    made = sync.table()
    mine = made.labels["sync_rows"]
    made.labels = {**made.labels, "sync_rows": None}
    sync.client.update_table(made, ["labels"])
    assert "sync_rows" not in sync.table().labels
    sql("INSERT INTO s VALUES (11, 'eu', '2024-06-01')")
    assert TOLD not in sync.ok(**asked("query", "eu"), plan_only="true").out
    sync.ok(**asked("query", "eu"))
    assert sync.table().labels["sync_rows"] == mine


def test_a_table_of_which_nothing_was_left_out_has_no_such_label(sync, table):
    sync.ok(**SMART, source_table_for_schema="s")
    assert "sync_rows" not in sync.table().labels
    assert TOLD not in sync.ok(**asked("query", "eu"), plan_only="true").out


def test_rows_that_a_window_by_hand_left_out_below_the_new_max_are_told(sync, sql, table):
    sync.ok(**SMART, source_table_for_schema="s")
    sql("INSERT INTO s VALUES (11, 'us', '2024-06-01 11:00'), (12, 'eu', '2024-06-01 12:00')")
    sync.ok(**asked("filter", "eu"), sync_start="2024-05-01", sync_end="2024-07-01")
    assert TOLD in sync.ok(**SMART, source_table_for_schema="s", plan_only="true").out
    assert TOLD in sync.ok(**asked("filter", "eu"), plan_only="true").out


def test_a_run_that_dies_before_it_labels_the_table_leaves_it_told(sync, sql, table, monkeypatch):
    sync.ok(**SMART, source_table_for_schema="s")
    sql("INSERT INTO s VALUES (11, 'us', '2024-06-01 11:00'), (12, 'eu', '2024-06-01 12:00')")
    monkeypatch.setattr("pipeline.publish.published.label_table", lambda *_: None)
    sync.ok(**asked("filter", "eu"))
    assert 12 in [row[0] for row in sync.rows("id")]
    shown = sync.ok(**SMART, source_table_for_schema="s", plan_only="true").out
    assert TOLD in shown
    assert "may be of columns, masks and defaults" in shown


def test_a_view_that_lets_other_rows_through_is_told(sync, sql, table):
    sql("CREATE VIEW eu AS SELECT id, updated_at, region FROM s WHERE region = 'eu'")
    sql("CREATE VIEW v AS SELECT * FROM eu")
    reads = SMART | {"source_table_for_schema": "v"}
    sync.ok(**reads)
    more = "CREATE OR REPLACE VIEW eu AS SELECT id, updated_at, region, 1 AS n FROM s"
    sql(f"{more} WHERE region = 'eu'")
    assert TOLD not in sync.ok(**reads, plan_only="true").out
    sql(more)
    assert TOLD in sync.ok(**reads, plan_only="true").out
