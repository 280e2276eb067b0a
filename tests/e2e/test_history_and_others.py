"""WRITE_HISTORY beside other parameters: backfills, replays, rollbacks, checks, files of tables."""

from tests.e2e.test_replay import widen
from tests.sync import PROJECT
from tests.versions import INVALIDATE, LAID_OUT, TWO, day, versions

ORDERS = TWO


def test_slices_of_a_backfill_bring_their_versions_side_by_side(sync, orders):
    sync.ok(**LAID_OUT)
    orders(
        "INSERT INTO orders SELECT 1, 'day ' || i, NULL, date '2024-01-01' + i * 10"
        " FROM generate_series(1, 6) i"
    )
    slices = {"sync_start": "2024-01-01", "sync_end": "2024-05-01", "backfill_by": "month"}
    sync.ok(**LAID_OUT, **slices)
    stamps = sync.rows("updated_at, _sync_valid_to", table="t", order="1")
    of_one = sync.rows("id, updated_at, _sync_valid_to, _sync_is_current", order="1, 2")[:7]
    assert [row[1] for row in of_one[1:]] == [row[2] for row in of_one[:-1]]
    assert [row[3] for row in of_one] == [False] * 6 + [True]
    assert len(stamps) == 8
    again = sync.ok(**LAID_OUT, **slices)
    assert sync.rows("updated_at, _sync_valid_to", table="t", order="1") == stamps
    assert "nothing" in again.out + again.err or "done" in again.out + again.err


def test_a_column_that_is_gone_keeps_its_values_in_a_version_of_which_only_the_end_moves(sync, sql):
    sql("CREATE TABLE orders (id int8, name text, note text, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, 'v1', 'old', '2024-05-02')")
    sync.ok(**LAID_OUT)
    sql("ALTER TABLE orders DROP COLUMN note")
    sql("INSERT INTO orders VALUES (1, 'v2', '2024-05-10')")
    sync.ok(**LAID_OUT, sync_start="2024-05-01", sync_end="2024-06-01")
    rows = sync.rows("name, note, _sync_is_current", order="updated_at")
    assert rows == [("v1", "old", False), ("v2", None, True)]


def test_a_replayed_letter_is_a_version_in_its_place_and_takes_no_others(sync, orders):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    columns = "id INT64, name STRING(5), doc JSON, updated_at TIMESTAMP"
    sync.client.query_and_wait(f"CREATE TABLE {table} ({columns})")
    words = LAID_OUT | {"max_dead_letters": "5"}
    orders("INSERT INTO orders VALUES (1, 'much too long', NULL, '2024-05-10')")
    orders("INSERT INTO orders VALUES (2, 'too long as well', NULL, '2024-05-11')")
    orders("INSERT INTO orders VALUES (1, 'last', NULL, '2024-05-20')")
    sync.ok(**words)
    run_id = sync.history()[-1]["run_id"]
    widen(sync)
    orders("UPDATE orders SET name = 'mended' WHERE name = 'too long as well'")
    sync.ok(**words, sync_start="2024-05-11", sync_end="2024-05-12")
    result = sync.ok(**words, replay_dead_letters=run_id)
    assert "1 replayed, 0 still dead, 1 not newer than the table's row" in result.out
    there = versions(sync)
    assert there == [
        (1, "v1", day("2024-05-02"), day("2024-05-10"), False),
        (1, "much too long", day("2024-05-10"), day("2024-05-20"), False),
        (1, "last", day("2024-05-20"), None, True),
        (2, "v1", day("2024-05-03"), day("2024-05-11"), False),
        (2, "mended", day("2024-05-11"), None, True),
    ]


def test_a_run_is_undone_with_the_ends_that_it_moved(sync, orders):
    words = LAID_OUT | {"keep_snapshots": "true"}
    sync.ok(**words)
    before = versions(sync)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    sync.ok(**words)
    after = versions(sync)
    sync.ok(**words, rollback_run=sync.history()[-1]["run_id"])
    assert versions(sync) == before
    sync.ok(**words)
    assert versions(sync) == after


def test_unique_of_the_whole_table_looks_at_current_versions(sync, orders):
    columns = ", ".join(f"{{name: {name}, data_tests: [unique]}}" for name in ("id", "name"))
    checks = {"checks": f"models: [{{name: t, columns: [{columns}]}}]"}
    orders("UPDATE orders SET name = 'w1' WHERE id = 2")
    sync.ok(**LAID_OUT, **checks)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    orders("UPDATE orders SET name = 'v1', updated_at = '2024-06-10' WHERE id = 2")
    sync.ok(**LAID_OUT, **checks)
    assert len(versions(sync)) == 4
    orders("INSERT INTO orders VALUES (3, 'v2', NULL, '2024-06-11')")
    assert sync(**LAID_OUT, **checks).code == 11


def test_unique_sees_a_version_that_a_lookback_opens_again(sync, orders):
    words = INVALIDATE | {"smart_sync_lookback": "30d"}
    checks = {"checks": "models: [{name: t, columns: [{name: name, data_tests: [unique]}]}]"}
    orders("UPDATE orders SET name = 'w1' WHERE id = 2")
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id = 1")
    sync.ok(**words)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**words)
    orders("INSERT INTO orders VALUES (3, 'v1', NULL, '2024-05-04')")
    sync.ok(**words, **checks)
    orders("INSERT INTO orders SELECT * FROM kept")
    assert sync(**words, **checks).code == 11


def test_each_version_that_the_source_has_is_verified(sync, orders):
    words = LAID_OUT | {"verify": "true"}
    sync.ok(**words)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-05-09' WHERE id = 1")
    sync.ok(**words)
    window = {"verify_only": "true", "verify_start": "2024-05-01", "verify_end": "2024-05-09"}
    told = sync.ok(**LAID_OUT, **window)
    assert "moved on or deleted at the source since: 1" in told.out
    orders("UPDATE orders SET name = 'other' WHERE id = 2")
    assert sync(**LAID_OUT, **window).code == 8


def test_a_query_makes_the_content_and_the_catalog_the_keys(sync, sql, tmp_path):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, 'v1', '2024-05-02')")
    file = tmp_path / "tables.yaml"
    file.write_text(
        "defaults: {enable_smart_sync: true, write_disposition: WRITE_HISTORY, merge_keys: auto,"
        " transform_sql: 'SELECT *, UPPER(name) AS shout FROM staged'}\n"
        "tables: {public.orders: {destination_bigquery_table: t}}\n"
    )
    words = {"tables": str(file), "destination_bigquery_table": None}
    sync.ok(**words)
    sql("UPDATE orders SET name = 'v2', updated_at = '2024-06-09'")
    sync.ok(**words)
    assert versions(sync, "id, shout") == [
        (1, "V1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "V2", day("2024-06-09"), None, True),
    ]
