"""WRITE_HISTORY end to end: each version of a row that a run has seen, and when it held."""

import re
from pathlib import Path

import pytest

from tests.days import lapse
from tests.fault_rules import job
from tests.processes import Gate
from tests.sync import PROJECT
from tests.versions import HISTORY, LAID_OUT, TWO, day, versions

PAGE = Path(__file__).parents[2] / "docs" / "history-mode.md"
ORDERS = TWO


def page_statements(*begins):
    """Statements of the page's SQL, by how they begin."""
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    statements = [one.strip() for block in blocks for one in block.split(";\n")]
    return [next(one for one in statements if one.startswith(begin)) for begin in begins]


def ask(sync, statement):
    """One of them, of the table that was synced."""
    table = f"`{PROJECT}.{sync.dataset}.t`"
    return sync.client.query_and_wait(re.sub(r"shop\.orders(_history)?", table, statement))


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
