"""backfill_columns: a new column gets its values in rows that are there; nothing else changes."""

import datetime as dt
import json

import pytest

from tests.sync import PROJECT

SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "postgresql_query": "SELECT * FROM orders",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
FILL = SYNC | {"backfill_columns": "channel"}
MAY = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)


@pytest.fixture
def orders(sync, sql):
    """Three orders, synced; then the source gets a column, and a fourth order with it."""
    sql("CREATE TABLE orders (id int8, amount int8, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, i * 10, timestamptz '2024-05-01' FROM generate_series(1,3) i")
    sync.ok(**SYNC)
    sql("ALTER TABLE orders ADD COLUMN channel text")
    sql("UPDATE orders SET channel = 'c' || id")
    sql("INSERT INTO orders VALUES (4, 40, '2024-06-01', 'new')")
    return sql


def test_the_plan_says_that_old_rows_have_not_the_default_of_a_new_column(sync, orders):
    said = "rows of the destination that this run doesn't bring keep NULL there until a run with"
    may = "the source may hold values in new columns of old rows (channel)"
    told = sync.ok(**SYNC, plan_only="true").out
    assert f"{may}, as where they were left out so far: {said} backfill_columns=channel" in told
    orders("ALTER TABLE orders ADD COLUMN tax int DEFAULT 7, ADD \"kind of\" text DEFAULT 'x'")
    renamed = {"transformation_config": '{"field_mappings": {"kind of": "kind"}}'}
    told = sync.ok(**SYNC, **renamed, plan_only="true").out
    assert f"(tax, kind), without moving the cursor: {said} backfill_columns=tax,kind" in told
    sync.ok(**SYNC, **renamed)
    assert sync.rows("id, tax, kind") == [
        *((number, None, None) for number in (1, 2, 3)),
        (4, 7, "x"),
    ]
    filled = sync.ok(**{**FILL, "backfill_columns": "tax,kind"}, **renamed, plan_only="true")
    assert said not in filled.out
    assert said not in sync.ok(**SYNC, **renamed, plan_only="true").out
    sync.ok(**{**FILL, "backfill_columns": "tax,kind"}, **renamed)
    assert sync.rows("tax, kind") == [(7, "x")] * 4


def test_only_that_column_of_rows_that_are_there_is_filled(sync, orders):
    orders("UPDATE orders SET amount = 999 WHERE id = 1")  # behind the watermark: no sync sees it
    plan = sync.ok(**FILL, plan_only="true").out
    assert "only channel of the 3 rows that are there: no row is" in plan
    assert "columns to be added: channel" in plan
    assert "3 published" in sync.ok(**FILL).out
    filled = [(1, 10, "c1"), (2, 20, "c2"), (3, 30, "c3")]
    assert sync.rows("id, amount, channel") == filled
    told = sync.history()[-1]
    assert (told["mode"], told["status"], told["rows_published"]) == (
        "backfill_columns",
        "succeeded",
        3,
    )
    assert (told["window_start"], told["window_end"], told["cursor_column"]) == (None, None, None)
    sync.ok(**FILL)
    assert sync.rows("id, amount, channel") == filled


def test_the_next_sync_goes_on_where_the_one_before_had_ended(sync, orders):
    before = sync.history()[-1]["window_end"]
    sync.ok(**FILL)
    orders("INSERT INTO orders VALUES (5, 50, '2024-05-15', 'late stamp, early row')")
    plan = sync.ok(**SYNC, plan_only="true").out
    assert "(2024-05-01 00:00:00, " in plan
    assert before
    sync.ok(**SYNC)
    assert sync.rows("id, channel")[3:] == [(4, "new"), (5, "late stamp, early row")]


def test_what_syncs_before_it_wrote_is_not_forgotten(sync, orders):
    sync.ok(**FILL)
    orders("ALTER TABLE orders DROP COLUMN amount, DROP COLUMN channel")
    plan = sync.ok(**SYNC, plan_only="true").out
    for name in ("amount", "channel"):
        assert f"{name} is no longer in the source, and earlier runs wrote it" in plan


def test_a_row_that_is_newer_in_the_destination_keeps_what_it_has(sync, orders):
    sync.ok(**SYNC)
    table = f"`{PROJECT}.{sync.dataset}.t`"
    newer = f"UPDATE {table} SET updated_at = '2024-07-01', channel = 'mine' WHERE id = 2"
    sync.client.query(newer).result()
    sync.ok(**FILL)
    assert sync.rows("id, channel") == [(1, "c1"), (2, "mine"), (3, "c3"), (4, "new")]


def test_of_an_appended_table_each_key_has_to_stand_once(sync, orders):
    appended = {k: v for k, v in SYNC.items() if k not in ("write_disposition", "merge_keys")}
    fill = appended | {"merge_keys": "id", "backfill_columns": "channel"}
    sync.ok(**fill)
    assert sync.rows("id, channel") == [(1, "c1"), (2, "c2"), (3, "c3")]
    orders("UPDATE orders SET updated_at = '2024-06-02' WHERE id = 3")
    sync.ok(**appended)
    result = sync(**fill)
    assert result.code == 5
    assert "holds a key more than once" in result.err


def test_rows_whose_stamps_come_late_are_filled_too(sync, orders):
    """A row that was synced and is stamped after any safe end is read all the same."""
    orders("UPDATE orders SET updated_at = now() + interval '1 day' WHERE id = 1")
    sync.ok(**FILL)
    assert sync.rows("id, updated_at, channel")[0] == (1, MAY, "c1")


def test_without_smart_sync_all_rows_of_the_query_are_read(sync, orders):
    words = {"postgresql_query": "SELECT * FROM orders", "merge_keys": "id"}
    sync.ok(**words, backfill_columns="channel")
    assert sync.rows("id, channel") == [(1, "c1"), (2, "c2"), (3, "c3")]


def test_a_query_with_placeholders_is_read_whole(sync, orders):
    query = (
        "SELECT * FROM orders WHERE updated_at > '{start_timestamp}'"
        " AND updated_at <= '{end_timestamp}' ORDER BY updated_at"
    )
    sync.ok(**FILL | {"postgresql_query": None, "postgresql_base_query": query})
    assert sync.rows("id, channel") == [(1, "c1"), (2, "c2"), (3, "c3")]


def test_it_is_proven_like_a_sync(sync, orders):
    sync.ok(**FILL, verify="true")
    assert sync.rows("id, channel") == [(1, "c1"), (2, "c2"), (3, "c3")]


def test_what_can_t_be_filled_is_refused_before_anything_is_written(sync, orders):
    for names, why in (("id", "merge_keys"), ("updated_at", "cursor"), ("nothing", "no such")):
        result = sync(**FILL | {"backfill_columns": names})
        assert result.code == 2
        assert f"{names!r}" in result.err
        assert why in result.err
    missing = sync(**FILL, destination_bigquery_table="other")
    assert missing.code == 5
    assert "no rows whose columns could be filled" in missing.err
    assert len(sync.history()) == 1


def test_what_transform_sql_makes_is_filled_too(sync, orders):
    made = "SELECT *, CONCAT(channel, '!') AS loud FROM staged WHERE id != 2"
    sync.ok(**SYNC | {"merge_keys": "id", "backfill_columns": "loud", "transform_sql": made})
    assert sync.rows("id, amount, loud") == [(1, 10, "c1!"), (2, 20, None), (3, 30, "c3!")]
    assert "channel" not in sync.types()


def test_values_are_changed_on_their_way_as_a_sync_would(sync, orders):
    changes = {
        "constants": {"tenant": "acme"},
        "mask": {"channel": "redact"},
        "filter": [["amount", "!=", 20]],
        "field_mappings": {"channel": "way"},
    }
    words = FILL | {"transformation_config": json.dumps(changes)}
    words |= {"backfill_columns": "way,tenant", "verify": "true"}
    plan = sync.ok(**words, plan_only="true").out
    assert "rows are kept where amount != 20" in plan
    assert "read for the filter, and not published: amount" in plan
    orders("UPDATE orders SET amount = 999 WHERE id = 1")
    sync.ok(**words)
    assert sync.rows("id, amount, tenant, way IS NULL") == [
        (1, 10, "acme", False),
        (2, 20, None, True),  # a sync wouldn't bring it either
        (3, 30, "acme", False),
    ]
    assert {row[0] for row in sync.rows("way")} == {None, "REDACTED"}
    told = sync.history()[-1]
    assert (told["rows_read"], told["rows_staged"], told["rows_filtered"]) == (4, 3, 1)


def test_rows_that_the_filter_leaves_out_are_not_filled_whether_a_query_follows_or_not(
    sync, orders
):
    orders("UPDATE orders SET amount = 20, channel = 'gone' WHERE id = 3")
    kept = {"transformation_config": json.dumps({"filter": [["amount", "!=", 20]]})}
    made = "SELECT *, CONCAT(channel, '!') AS loud FROM staged"
    sync.ok(**FILL | kept | {"backfill_columns": "loud", "transform_sql": made})
    sync.ok(**FILL | kept)
    assert sync.rows("id, amount, channel, loud") == [
        (1, 10, "c1", "c1!"),
        (2, 20, None, None),
        (3, 30, None, None),
    ]


def test_a_file_of_tables_says_it_of_one(sync, orders):
    tables = {
        "tables": {
            "public.orders": {
                "enable_smart_sync": "true",
                "destination_bigquery_table": "t",
                "merge_keys": "id",
                "backfill_columns": ["channel"],
            }
        }
    }
    sync.ok(tables=json.dumps(tables), destination_bigquery_table=None)
    assert sync.rows("id, amount, channel") == [(1, 10, "c1"), (2, 20, "c2"), (3, 30, "c3")]


@pytest.mark.parametrize(
    ("kind", "first", "late"),
    [
        ("date", "2024-05-01", "9999-12-31"),
        ("timestamp", "2024-05-01 10:00", "9999-12-31 23:59:59.999999"),
        ("timestamptz", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"),
        ("int8", "-9223372036854775807", "9223372036854775807"),
    ],
)
def test_rows_are_filled_whatever_the_cursor_s_type_and_its_ends(sync, sql, kind, first, late):
    sql(f"CREATE TABLE orders (id int8, updated_at {kind})")
    sql(f"INSERT INTO orders VALUES (1, '{first}'), (2, '{first}')")
    whole = {"postgresql_query": "SELECT * FROM orders", "merge_keys": "id"}
    sync.ok(**whole, write_disposition="WRITE_MERGE")
    sql("ALTER TABLE orders ADD COLUMN channel text")
    sql("UPDATE orders SET channel = 'c' || id")
    sql(f"UPDATE orders SET updated_at = '{late}' WHERE id = 2")
    words = FILL | {"source_timezone": "UTC", "late_commit_guard": "off"}
    sync.ok(**words)
    assert sync.rows("id, channel") == [(1, "c1"), (2, "c2")]
