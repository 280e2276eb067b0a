"""WRITE_MERGE end to end: each key once, newest by cursor, also when partitions move."""

import datetime as dt

import pytest

from tests.sync import PROJECT

BASE = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM orders",
}
MERGE = BASE | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
LAID_OUT = MERGE | {"enable_auto_schema": "true"}


@pytest.fixture
def orders(sql):
    """Three orders of three days."""
    sql("CREATE TABLE orders (id int8, name text, doc jsonb, updated_at timestamptz)")
    sql(
        "INSERT INTO orders SELECT i, 'v1', '{\"n\": 1.5}', timestamptz '2024-05-01' + i * '1 day'"
        "::interval FROM generate_series(1, 3) i"
    )
    return sql


def synced(sync):
    """The destination as a first sync of these orders has left it."""
    table = f"{sync.dataset}.t"
    columns = "id INT64, name STRING, doc JSON, updated_at TIMESTAMP"
    sync.client.query_and_wait(f"CREATE TABLE {table} ({columns}) PARTITION BY DATE(updated_at)")
    sync.client.query_and_wait(
        f"INSERT INTO {table} SELECT i, 'v1', JSON '{{\"n\": 1.5}}',"
        " TIMESTAMP_ADD(TIMESTAMP '2024-05-01', INTERVAL i DAY) FROM UNNEST([1, 2, 3]) AS i"
    )


def sent_script(sent_jobs):
    """The last script that merged."""
    scripts = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    return [script for script in scripts if "EXECUTE IMMEDIATE" in script or "MERGE `" in script][
        -1
    ]


def test_a_key_that_no_row_of_the_table_has_is_refused_until_it_is_filled(sync, sql):
    sql("CREATE TABLE keyed (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO keyed SELECT g, '2024-01-01' FROM generate_series(1, 3) g")
    by_id = {
        "postgresql_query": "SELECT * FROM keyed",
        "enable_smart_sync": "true",
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
    }
    sync.ok(**by_id)
    sql("ALTER TABLE keyed ADD code text; UPDATE keyed SET code = 'c' || id")
    sql("UPDATE keyed SET updated_at = '2024-02-01' WHERE id = 2")
    by_code = by_id | {"merge_keys": "code"}
    for more in {}, {"delete_missing": "hard"}:
        refused = sync(**by_code | more)
        assert (refused.code, "merge key that the destination lacks" in refused.err) == (4, True)
    sync.ok(**by_id)  # which adds the column, and fills it in the one row that it brings
    sql("UPDATE keyed SET updated_at = '2024-03-01' WHERE id = 3")
    refused = sync(**by_code, show_values="true")
    assert (refused.code, "in a column of merge_keys" in refused.err) == (5, True)
    assert sync.rows("id, code") == [(1, None), (2, "c2"), (3, None)]
    sync.ok(**by_id, backfill_columns="code")
    sync.ok(**by_code)
    assert sync.rows("id, code") == [(1, "c1"), (2, "c2"), (3, "c3")]


def test_an_updated_row_whose_partition_moves_is_there_once(sync, orders, sent_jobs):
    sync.ok(**LAID_OUT)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id IN (1, 2)")
    orders("INSERT INTO orders VALUES (4, 'new', NULL, '2024-06-10')")
    result = sync.ok(**LAID_OUT)
    assert "3 rows read, 3 published" in result.out
    assert sync.rows("id, name, DATE(updated_at)") == [
        (1, "v2", dt.date(2024, 6, 9)),
        (2, "v2", dt.date(2024, 6, 9)),
        (3, "v1", dt.date(2024, 5, 4)),
        (4, "new", dt.date(2024, 6, 10)),
    ]
    script = sent_script(sent_jobs)
    assert (
        "UNION DISTINCT SELECT DISTINCT _smart_sync_partition AS p FROM _smart_sync_held" in script
    )
    assert "_smart_sync_table.`updated_at` IS NULL" in script
    run = sync.history()[-1]
    assert (run["rows_staged"], run["rows_published"], run["mode"]) == (3, 3, "merge")


def test_an_older_version_never_replaces_a_newer_one(sync, orders):
    synced(sync)
    sync.client.query(
        f"UPDATE `{PROJECT}.{sync.dataset}.t` SET name = 'newer',"
        " updated_at = TIMESTAMP '2024-05-20 00:00:00+00' WHERE id = 2"
    ).result()
    hand = {"sync_start": "2024-05-01", "sync_end": "2024-05-19"}
    orders("UPDATE orders SET name = 'again'")
    sync.ok(**LAID_OUT, **hand)
    assert sync.rows("id, name") == [(1, "again"), (2, "newer"), (3, "again")]
    assert sync.history()[-1]["rows_published"] == 2


def test_of_several_versions_in_one_window_the_newest_is_merged(sync, sql):
    sql("CREATE TABLE orders (id int8, part text, name text, updated_at timestamptz)")
    sync.ok(**LAID_OUT | {"merge_keys": "id,part"})
    sql(
        "INSERT INTO orders VALUES (1, 'a', 'old', '2024-05-01'), (1, 'a', 'new', '2024-05-02'),"
        " (1, 'b', 'other', '2024-05-01'), (1, 'b', 'other', '2024-05-01')"
    )
    sync.ok(**LAID_OUT | {"merge_keys": "id,part"})
    assert sync.rows("id, part, name", order="2") == [(1, "a", "new"), (1, "b", "other")]


@pytest.mark.parametrize("table", ["missing", "there"])
def test_rows_of_one_key_and_cursor_that_differ_end_the_run(sync, sql, table):
    sql("CREATE TABLE orders (id int8, name text, updated_at timestamptz)")
    if table == "there":
        sync.ok(**LAID_OUT)
    sql("INSERT INTO orders VALUES (1, 'a', '2024-05-01'), (1, 'b', '2024-05-01')")
    result = sync(**LAID_OUT, show_values="true")
    assert result.code == 5
    for word in ("merge_keys", "updated_at", "differ", "Nothing was published", '"id":1'):
        assert word in result.err
    if table == "there":
        assert sync.rows() == []
    else:
        assert "t" not in sync.tables()


def test_a_table_that_holds_a_key_twice_is_refused(sync, orders):
    sync.ok(**BASE)
    orders("UPDATE orders SET updated_at = '2024-07-01' WHERE id = 2")
    sync.ok(**BASE)
    orders("UPDATE orders SET updated_at = '2024-07-02'")
    result = sync(**MERGE)
    assert result.code == 5
    assert "holds a key more than once" in result.err
    assert sync.rows("COUNT(*)") == [(4,)]


def test_a_row_without_a_key_is_a_dead_letter(sync, orders):
    orders("INSERT INTO orders VALUES (NULL, 'x', NULL, '2024-05-05')")
    result = sync(**MERGE)
    assert result.code == 7
    sync.ok(**MERGE, max_dead_letters="1")
    assert sync.rows("id") == [(1,), (2,), (3,)]
    letters = sync.rows("column_name, reason", "t_dead_letters")
    assert letters == [("id", "NULL in a merge key")]


def test_without_a_cursor_all_matched_rows_are_updated(sync, orders):
    whole = {"postgresql_query": "SELECT id, name FROM orders"}
    merge = whole | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sync.ok(**merge)
    orders("UPDATE orders SET name = 'v2' WHERE id < 3")
    sync.ok(**merge)
    assert sync.rows() == [(1, "v2"), (2, "v2"), (3, "v1")]


def test_a_null_in_the_partition_or_cursor_column_of_the_table_is_found(sync, orders):
    synced(sync)
    sync.client.query(
        f"UPDATE `{PROJECT}.{sync.dataset}.t` SET updated_at = NULL WHERE id = 1"
    ).result()
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**LAID_OUT)
    assert sync.rows("id, name") == [(1, "v2"), (2, "v1"), (3, "v1")]


def test_columns_of_the_destinations_own_survive_and_new_ones_are_added(sync, orders):
    synced(sync)
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"ALTER TABLE {table} ADD COLUMN note STRING").result()
    sync.client.query(f"UPDATE {table} SET note = 'mine' WHERE TRUE").result()
    orders("ALTER TABLE orders ADD COLUMN extra text DEFAULT 'e'")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**LAID_OUT)
    assert sync.rows("id, name, note, extra") == [
        (1, "v2", "mine", "e"),
        (2, "v1", "mine", None),
        (3, "v1", "mine", None),
    ]


def test_names_and_text_with_quotes_are_merged(sync, sql):
    sql('CREATE TABLE orders ("Straße id" text, "o\'clock" text, updated_at timestamptz)')
    sql("INSERT INTO orders VALUES ('a''b\\\\c\"d', 'x', '2024-05-01')")
    merge = LAID_OUT | {"merge_keys": "Straße_id"}
    mapping = '{"field_mappings": {"o\'clock": "o_clock", "Straße id": "Straße_id"}}'
    sync.ok(**merge, transformation_config=mapping)
    sql("UPDATE orders SET \"o'clock\" = 'y', updated_at = '2024-07-01'")
    sync.ok(**merge, transformation_config=mapping)
    assert sync.rows("`Straße_id`, o_clock") == [("a'b\\\\c\"d", "y")]


def test_the_plan_tells_what_the_merge_reads_and_when_it_can_not_be_pruned(sync, orders):
    sync.ok(**MERGE)
    plan = sync.ok(**MERGE, plan_only="true").out
    assert "merge        on id, the newest by updated_at wins" in plan
    assert "NOT PRUNED" in plan
    assert "not partitioned" in plan
    assert "first query reads keys, partitions and cursors" in plan
    sync.ok(**LAID_OUT, delete_existing_table="true")
    plan = sync.ok(**LAID_OUT, plan_only="true").out
    assert "NOT PRUNED" not in plan
    assert "the MERGE reads those partitions by updated_at" in plan


# Lookback


def test_a_row_stamped_behind_the_watermark_is_found_by_the_lookback(sync, orders):
    synced(sync)
    orders("INSERT INTO orders VALUES (9, 'late', NULL, '2024-05-03 23:30:00+00')")
    sync.ok(**LAID_OUT)
    assert sync.rows("id") == [(1,), (2,), (3,)]
    result = sync.ok(**LAID_OUT, smart_sync_lookback="2h")
    assert "2 rows read, 2 published" in result.out
    assert sync.rows("id") == [(1,), (2,), (3,), (9,)]
    assert sync.history()[-1]["window_start"] == "2024-05-03 22:00:00"


def test_a_lookback_does_not_hide_that_the_window_is_held(sync, orders, database):
    import psycopg2

    synced(sync)
    holder = psycopg2.connect(database.dsn, application_name="leaky")
    with holder, holder.cursor() as cursor:
        cursor.execute("SELECT now()")
        orders("INSERT INTO orders VALUES (9, 'now', NULL, now())")
        sync.ok(**LAID_OUT, smart_sync_lookback="1h", late_commit_guard="off")
        result = sync(**LAID_OUT, smart_sync_lookback="1h")
        assert "held_back" in result.out
        assert "leaky" in result.out
    holder.close()


# Windows by hand


def test_a_window_by_hand_is_merged_again(sync, orders):
    synced(sync)
    orders("UPDATE orders SET name = 'mended' WHERE id IN (1, 2)")
    result = sync.ok(**LAID_OUT, sync_start="2024-05-03", sync_end="2024-05-04")
    assert "1 row read, 1 published" in result.out
    assert sync.rows("id, name") == [(1, "v1"), (2, "mended"), (3, "v1")]


def test_a_window_by_hand_replaces_exactly_its_partitions(sync, orders, sent_jobs):
    synced(sync)
    orders("DELETE FROM orders WHERE id = 1")
    orders("UPDATE orders SET name = 'x'")
    replace = BASE | {"write_disposition": "WRITE_TRUNCATE", "enable_auto_schema": "true"}
    sync.ok(**replace, sync_start="2024-05-02", sync_end="2024-05-04")
    assert sync.rows("id, name") == [(2, "x"), (3, "v1")]
    queries = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    script = next(query for query in queries if "DELETE FROM" in query)
    assert "TIMESTAMP '2024-05-01 23:59:59.999999+00'" in script
    assert "BEGIN TRANSACTION" in script
    orders("DELETE FROM orders WHERE id = 2")
    sync.ok(**replace, sync_start="2024-05-03", sync_end="2024-05-04")
    assert sync.rows("id, name") == [(3, "v1")]


def test_a_window_by_hand_may_not_leave_a_hole(sync, orders):
    synced(sync)
    orders("INSERT INTO orders VALUES (8, 'a', NULL, '2024-06-01'), (9, 'b', NULL, '2024-07-01')")
    result = sync(**LAID_OUT, sync_start="2024-07-01", sync_end="2024-07-02")
    assert result.code == 2
    assert "leaves rows out" in result.err
    sync.ok(**LAID_OUT, sync_start="2024-06-01", sync_end="2024-06-02")
    sync.ok(**LAID_OUT, sync_start="2024-07-01", sync_end="2024-07-02")
    assert sync.rows("id") == [(1,), (2,), (3,), (8,), (9,)]


HAND = {"sync_start": "2024-05-02", "sync_end": "2024-05-04"}
REFUSED = {
    "appending": (BASE | HAND, "would add rows that may be there already"),
    "half": (MERGE | {"sync_start": "2024-05-02"}, "sync_end is missing"),
    "cut partition": (
        BASE
        | {"write_disposition": "WRITE_TRUNCATE", "enable_auto_schema": "true"}
        | {"sync_start": "2024-05-02 01:00", "sync_end": "2024-05-04"},
        "cuts a partition",
    ),
    "no partitions": (
        BASE | HAND | {"write_disposition": "WRITE_TRUNCATE"},
        "without partitions",
    ),
    "the future": (MERGE | {"sync_start": "2024-05-02", "sync_end": "2999-01-01"}, "too late"),
    "upside down": (MERGE | {"sync_start": "2024-05-02", "sync_end": "2024-05-02"}, "empty window"),
    "an integer": (MERGE | {"sync_start": "1", "sync_end": "2"}, "of another type"),
    "no smart sync": (
        {"postgresql_query": "SELECT * FROM orders", "write_disposition": "WRITE_TRUNCATE"} | HAND,
        "enable_smart_sync=true",
    ),
    "lookback that appends": (BASE | {"smart_sync_lookback": "1h"}, "would not find those"),
    "keys that append": (BASE | {"merge_keys": "id"}, "merge_keys without WRITE_MERGE"),
    "no keys": (BASE | {"write_disposition": "WRITE_MERGE"}, "--merge_keys=id"),
    "unknown key": (MERGE | {"merge_keys": "nr"}, "unknown merge key"),
    "JSON key": (MERGE | {"merge_keys": "doc"}, "it is JSON"),
    "excluded key": (
        MERGE | {"transformation_config": '{"exclude_fields": ["id"]}'},
        "merge key",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_refused_with_the_mend(sync, orders, case):
    parameters, words = REFUSED[case]
    result = sync(**parameters)
    assert result.code == 2, result.err
    assert words in result.err
    assert "To mend: " in result.err
    assert "t" not in sync.tables()
