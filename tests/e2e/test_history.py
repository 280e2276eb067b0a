"""WRITE_HISTORY end to end: each version of a row that a run has seen, and when it held."""

import datetime as dt
import re
from pathlib import Path

import pytest

from tests.days import lapse
from tests.e2e.test_replay import widen
from tests.fault_rules import job
from tests.processes import Gate
from tests.sync import PROJECT

PAGE = Path(__file__).parents[2] / "docs" / "history-mode.md"
HISTORY = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM orders",
    "write_disposition": "WRITE_HISTORY",
    "merge_keys": "id",
}
LAID_OUT = HISTORY | {"enable_auto_schema": "true"}
SPAN = "DATE(_sync_valid_from), DATE(_sync_valid_to), _sync_is_current"


def day(text):
    return dt.date.fromisoformat(text)


@pytest.fixture
def orders(sql):
    """Two orders of two days."""
    sql("CREATE TABLE orders (id int8, name text, doc jsonb, updated_at timestamptz)")
    sql(
        "INSERT INTO orders SELECT i, 'v1', '{\"n\": 1.5}', timestamptz '2024-05-01' + i * '1 day'"
        "::interval FROM generate_series(1, 2) i"
    )
    return sql


def page_statements(*begins):
    """Statements of the page's SQL, by how they begin."""
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    statements = [one.strip() for block in blocks for one in block.split(";\n")]
    return [next(one for one in statements if one.startswith(begin)) for begin in begins]


def ask(sync, statement):
    """One of them, of the table that was synced."""
    table = f"`{PROJECT}.{sync.dataset}.t`"
    return sync.client.query_and_wait(re.sub(r"shop\.orders(_history)?", table, statement))


def versions(sync, select="id, name"):
    return sync.rows(f"{select}, {SPAN}", order="1, _sync_valid_from")


def test_each_version_that_a_run_sees_is_kept_with_the_time_it_held(sync, orders):
    sync.ok(**LAID_OUT)
    assert versions(sync) == [
        (1, "v1", day("2024-05-02"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
    ]
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    orders("INSERT INTO orders VALUES (3, 'new', NULL, '2024-06-10')")
    result = sync.ok(**LAID_OUT)
    assert "2 rows read, 3 published" in result.out
    assert versions(sync) == [
        (1, "v1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "v2", day("2024-06-09"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
        (3, "new", day("2024-06-10"), None, True),
    ]
    run = sync.history()[-1]
    assert (run["rows_staged"], run["rows_published"], run["mode"]) == (2, 3, "history")
    assert sync.table().time_partitioning.field == "updated_at"
    assert sync.types()["_sync_valid_from"] == "TIMESTAMP"


def test_a_version_that_comes_late_ends_where_the_next_one_begins(sync, orders):
    sync.ok(**LAID_OUT)
    orders(
        "INSERT INTO orders VALUES (1, 'late', NULL, '2024-04-20'), (1, 'v0', NULL, '2024-04-01')"
    )
    late = {"sync_start": "2024-04-01", "sync_end": "2024-05-01"}
    result = sync.ok(**LAID_OUT, **late)
    assert "2 rows read, 2 published (2 versions added, 0 ends moved, 0 replaced)" in result.out
    there = versions(sync)
    assert there == [
        (1, "v0", day("2024-04-01"), day("2024-04-20"), False),
        (1, "late", day("2024-04-20"), day("2024-05-02"), False),
        (1, "v1", day("2024-05-02"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
    ]
    again = sync.ok(**LAID_OUT, **late)
    assert "2 rows read, 0 published (0 versions added, 0 ends moved, 0 replaced)" in again.out
    assert versions(sync) == there


def test_all_versions_of_one_window_are_kept_and_equal_rows_once(sync, orders):
    orders("INSERT INTO orders VALUES (1, 'v3', NULL, '2024-05-09'), (1, 'v2', NULL, '2024-05-05')")
    orders("INSERT INTO orders VALUES (1, 'v2', NULL, '2024-05-05')")
    result = sync.ok(**LAID_OUT, num_splits="2")
    assert "5 rows read, 4 published (4 versions added, 0 ends moved, 0 replaced)" in result.out
    assert versions(sync)[:3] == [
        (1, "v1", day("2024-05-02"), day("2024-05-05"), False),
        (1, "v2", day("2024-05-05"), day("2024-05-09"), False),
        (1, "v3", day("2024-05-09"), None, True),
    ]


def test_a_row_that_changed_without_its_stamp_is_replaced_in_its_version(sync, orders):
    sync.ok(**LAID_OUT)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    sync.ok(**LAID_OUT)
    orders("UPDATE orders SET name = 'corrected' WHERE id = 1")
    result = sync.ok(**LAID_OUT, smart_sync_lookback="3650d")
    assert "(0 versions added, 0 ends moved, 1 replaced)" in result.out
    assert versions(sync) == [
        (1, "v1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "corrected", day("2024-06-09"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
    ]


@pytest.mark.parametrize("step", ["stage_0_1", "publish_1", "event_2"])
@pytest.mark.parametrize("is_first", [True, False], ids=["made", "there"])
def test_wherever_a_run_dies_the_next_one_leaves_each_version_once(
    sync, orders, start, proxy, step, is_first
):
    if not is_first:
        sync.ok(**LAID_OUT)
    orders(
        "INSERT INTO orders VALUES (1, 'v2', NULL, '2024-06-09'), (3, 'new', NULL, '2024-06-10')"
    )
    gate = Gate(proxy, after=step != "event_2", **job(step))
    run = start(**LAID_OUT)
    gate.wait(run)
    run.kill()
    lapse(sync)
    sync.ok(**LAID_OUT)
    assert versions(sync) == [
        (1, "v1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "v2", day("2024-06-09"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
        (3, "new", day("2024-06-10"), None, True),
    ]
    assert not [name for name in sync.tables() if "_staging_" in name]


def test_an_end_by_hand_stays_and_a_row_that_comes_back_begins_after_the_gap(sync, orders):
    sync.ok(**LAID_OUT)
    sync.client.query_and_wait(
        f"UPDATE `{PROJECT}.{sync.dataset}.t` SET _sync_valid_to = TIMESTAMP '2024-05-20',"
        " _sync_is_current = FALSE WHERE id = 1"
    )
    orders("INSERT INTO orders VALUES (1, 'late', NULL, '2024-05-10')")
    sync.ok(**LAID_OUT, sync_start="2024-05-10", sync_end="2024-05-11")
    orders("INSERT INTO orders VALUES (1, 'back', NULL, '2024-06-01')")
    sync.ok(**LAID_OUT)
    assert versions(sync)[:3] == [
        (1, "v1", day("2024-05-02"), day("2024-05-10"), False),
        (1, "late", day("2024-05-10"), day("2024-05-20"), False),
        (1, "back", day("2024-06-01"), None, True),
    ]


def test_a_new_column_is_null_in_older_versions_and_a_window_by_hand_fills_it(sync, orders):
    sync.ok(**LAID_OUT)
    orders("ALTER TABLE orders ADD COLUMN paid bool DEFAULT true")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    sync.ok(**LAID_OUT)
    assert versions(sync, "id, name, paid") == [
        (1, "v1", None, day("2024-05-02"), day("2024-06-09"), False),
        (1, "v2", True, day("2024-06-09"), None, True),
        (2, "v1", None, day("2024-05-03"), None, True),
    ]
    result = sync.ok(**LAID_OUT, sync_start="2024-05-01", sync_end="2024-06-01")
    assert "(0 versions added, 0 ends moved, 1 replaced)" in result.out
    assert versions(sync, "id, paid")[2][:2] == (2, True)


def test_parameters_that_keep_no_versions_are_refused_all_at_once(sync, orders):
    words = {"enable_smart_sync": None, "merge_keys": None, "backfill_columns": "name"}
    result = sync(**HISTORY | words)
    assert result.code == 2
    for word in (
        "WRITE_HISTORY without smart sync",
        "WRITE_HISTORY needs it",
        "backfill_columns beside",
    ):
        assert word in result.err


def test_a_merged_table_is_refused_and_becomes_one_of_versions_as_the_page_says(sync, orders):
    sync.ok(**LAID_OUT | {"write_disposition": "WRITE_MERGE"})
    refused = sync(**LAID_OUT)
    assert refused.code == 4
    assert "a table that keeps no versions" in refused.err
    for statement in page_statements("ALTER TABLE", "UPDATE shop.orders\n"):
        sync.client.query_and_wait(
            statement.replace("shop.orders", f"`{PROJECT}.{sync.dataset}.t`")
        )
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    sync.ok(**LAID_OUT)
    there = [
        (1, "v1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "v2", day("2024-06-09"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
    ]
    assert versions(sync) == there
    again = sync(**LAID_OUT | {"write_disposition": "WRITE_MERGE"})
    assert again.code == 4
    assert "a table that keeps versions" in again.err


def test_an_appended_table_becomes_one_of_versions_as_the_page_says(sync, orders):
    appends = LAID_OUT | {"write_disposition": "WRITE_APPEND", "merge_keys": None}
    sync.ok(**appends)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-09' WHERE id = 1")
    sync.ok(**appends)
    for statement in page_statements("ALTER TABLE", "UPDATE shop.orders AS t"):
        sync.client.query_and_wait(
            statement.replace("shop.orders", f"`{PROJECT}.{sync.dataset}.t`")
        )
    before = versions(sync)
    assert before == [
        (1, "v1", day("2024-05-02"), day("2024-06-09"), False),
        (1, "v2", day("2024-06-09"), None, True),
        (2, "v1", day("2024-05-03"), None, True),
    ]
    sync.ok(**LAID_OUT, sync_start="2024-05-01", sync_end="2024-07-01")
    assert versions(sync) == before


def test_the_pages_queries_show_the_rows_as_they_are_and_as_they_were(sync, orders):
    sync.ok(**LAID_OUT)
    orders("UPDATE orders SET name = 'v2', updated_at = '2025-07-01' WHERE id = 1")
    orders("INSERT INTO orders VALUES (3, 'later', NULL, '2025-07-02')")
    sync.ok(**LAID_OUT)
    queries = page_statements("SELECT * EXCEPT", "SELECT * FROM shop.orders_history")
    is_now, was = (
        sorted((row["id"], row["name"]) for row in ask(sync, query)) for query in queries
    )
    assert is_now == [(1, "v2"), (2, "v1"), (3, "later")]
    assert was == [(1, "v2"), (2, "v1")]


# Keys that the source has no more

INVALIDATE = LAID_OUT | {"hard_deletes": "invalidate", "max_deleted_percent": "100"}
GONE = "id, name, _sync_valid_to IS NULL, _sync_is_current"


def gone(sync):
    return sync.rows(GONE, order="id, _sync_valid_from")


def test_the_version_of_a_row_that_vanished_ends_and_stays_ended(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    result = sync.ok(**INVALIDATE)
    assert "1 published, 1 deleted (0 versions added, 1 ends moved, 0 replaced)" in result.out
    assert gone(sync) == [(1, "v1", False, False), (2, "v1", True, True)]
    run = sync.history()[-1]
    ended = sync.rows("_sync_valid_to", order="id")[0][0]
    assert ended == dt.datetime.fromisoformat(run["window_end"]).replace(tzinfo=dt.UTC)
    before = sync.rows()
    again = sync.ok(**INVALIDATE)
    assert "0 rows read, 0 published" in again.out
    assert sync.rows() == before


def test_a_row_that_comes_back_begins_anew_and_the_gap_stays(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders VALUES (1, 'back', NULL, now())")
    orders("DELETE FROM orders WHERE id = 2")
    sync.ok(**INVALIDATE)
    assert gone(sync) == [
        (1, "v1", False, False),
        (1, "back", True, True),
        (2, "v1", False, False),
    ]
    (apart,) = sync.rows(
        "(SELECT MAX(_sync_valid_to) FROM t WHERE id = 1)"
        " < (SELECT MAX(_sync_valid_from) FROM t WHERE id = 1)".replace(
            "FROM t", f"FROM `{PROJECT}.{sync.dataset}.t`"
        )
    )[:1]
    assert apart == (True,)


def test_a_row_that_came_back_behind_the_windows_end_opens_nothing_and_the_gap_stays(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    ended = sync.rows("id, _sync_valid_to, _sync_is_current", order="id")
    orders("INSERT INTO orders VALUES (1, 'back', NULL, now() + interval '1 hour')")
    sync.ok(**INVALIDATE)
    assert sync.rows("id, _sync_valid_to, _sync_is_current", order="id") == ended
    orders("UPDATE orders SET updated_at = now() WHERE name = 'back'")
    sync.ok(**INVALIDATE)
    assert sync.rows("id, _sync_valid_to, _sync_is_current", order="id, _sync_valid_from") == [
        ended[0],
        (1, None, True),
        ended[1],
    ]


def test_a_version_that_comes_late_takes_over_the_end_of_its_key(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    end = sync.rows("MAX(_sync_valid_to)")
    orders("INSERT INTO orders VALUES (1, 'late', NULL, '2024-05-10')")
    sync.ok(**LAID_OUT, sync_start="2024-05-10", sync_end="2024-05-11")
    assert gone(sync) == [
        (1, "v1", False, False),
        (1, "late", False, False),
        (2, "v1", True, True),
    ]
    assert sync.rows("MAX(_sync_valid_to)") == end


def test_a_row_that_is_there_again_with_its_old_stamp_is_open_again(sync, orders):
    sync.ok(**INVALIDATE)
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id = 1")
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders SELECT * FROM kept")
    plan = sync.ok(**INVALIDATE, plan_only="true")
    assert "1 keys whose last version has ended are there again with it" in plan.out
    sync.ok(**INVALIDATE)
    assert gone(sync) == [(1, "v1", True, True), (2, "v1", True, True)]


def test_a_row_of_the_lookback_that_is_there_again_is_open_again(sync, orders):
    sync.ok(**INVALIDATE)
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id = 1")
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders SELECT * FROM kept")
    sync.ok(**INVALIDATE, smart_sync_lookback="30d")
    assert gone(sync) == [(1, "v1", True, True), (2, "v1", True, True)]


def test_too_many_vanished_keys_and_an_empty_source_stop_the_run(sync, orders):
    sync.ok(**INVALIDATE)
    before = sync.rows()
    orders("DELETE FROM orders WHERE id = 1")
    refused = sync(**INVALIDATE | {"max_deleted_percent": "5"})
    assert refused.code == 11
    assert "hard_deletes=invalidate" in refused.err
    orders("DELETE FROM orders")
    assert sync(**INVALIDATE).code == 11
    assert sync.rows() == before


@pytest.mark.parametrize("step", ["publish_1", "event_2"])
def test_wherever_a_run_dies_that_ends_versions_the_next_one_ends_them(
    sync, orders, start, proxy, step
):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    orders("INSERT INTO orders VALUES (2, 'v2', NULL, '2024-06-09')")
    gate = Gate(proxy, after=step != "event_2", **job(step))
    run = start(**INVALIDATE)
    gate.wait(run)
    run.kill()
    lapse(sync)
    sync.ok(**INVALIDATE)
    assert gone(sync) == [
        (1, "v1", False, False),
        (2, "v1", False, False),
        (2, "v2", True, True),
    ]


@pytest.mark.parametrize(
    "words",
    [
        {"write_disposition": "WRITE_MERGE"},
        {"hard_deletes": None, "delete_missing": "hard"},
        {"sync_start": "2024-05-01", "sync_end": "2024-06-01"},
        {"repair": "true"},
        {"deleted_column": "deleted_at"},
    ],
)
def test_versions_end_only_where_they_are_kept_and_all_keys_are_compared(sync, orders, words):
    refused = sync(**INVALIDATE | words)
    assert refused.code == 2
    asked = [name for name in ("repair", "deleted_column") if name in words]
    assert (asked or ["hard_deletes"])[0] in refused.err


# With other parameters

TABLE = {"source_table_for_schema": "public.orders", "postgresql_query": None}


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
