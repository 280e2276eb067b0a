"""repair=true end to end: late commits, hand edits and deletes heal, and nothing else changes."""

import json

import pytest

from tests.compared import MERGE, REPAIR, THOUSAND, compared, edit, marked, names

ORDERS = THOUSAND


def test_rows_that_committed_late_come(sync, orders):
    sync.ok(**MERGE)
    orders("INSERT INTO orders VALUES (2001, 'late', NULL, '2024-05-01 00:03:00')")
    orders("UPDATE orders SET name = 'late' WHERE id = 500")
    orders("INSERT INTO orders VALUES (2002, 'new', NULL, now())")
    result = sync.ok(**REPAIR)
    assert "3 published, 2 healed" in result.out
    expected = dict.fromkeys(range(1, 1001), "v1") | {500: "late", 2001: "late", 2002: "new"}
    assert names(sync) == expected
    assert sync.history()[-1]["rows_read"] < 300


def test_hand_edits_of_the_destination_are_undone(sync, orders):
    """Also one that says to be later, as long as it isn't later than the window."""
    sync.ok(**MERGE)
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 10")
    edit(
        sync,
        "UPDATE {t} SET name = 'edited', updated_at = TIMESTAMP '2024-06-01' WHERE id = 900",
    )
    edit(sync, "UPDATE {t} SET name = 'later', updated_at = '2999-01-01' WHERE id = 901")
    edit(sync, "DELETE FROM {t} WHERE id = 77")
    sync.ok(**REPAIR)
    run = sync.history()[-1]
    assert (run["rows_published"], run["rows_healed"], run["mode"]) == (3, 3, "merge")
    assert names(sync) == dict.fromkeys(range(1, 1001), "v1") | {901: "later"}


def test_deletes_are_told_or_done_as_delete_missing_says(sync, orders):
    sync.ok(**MERGE)
    orders("DELETE FROM orders WHERE id IN (5, 6)")
    told = sync.ok(**REPAIR, plan_only="true").out
    assert "missing      2 keys at the source (0.20 %)" in told
    assert "their rows stay: delete_missing=off" in told
    sync.ok(**REPAIR)
    assert compared(sync)["missing"] == 2
    assert len(names(sync)) == 1000
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 7")
    sync.ok(**REPAIR, delete_missing="hard")
    assert names(sync) == {i: "v1" for i in range(1, 1001) if i not in (5, 6)}
    run = sync.history()[-1]
    assert (run["rows_deleted"], run["rows_healed"]) == (2, 1)


def test_a_row_that_was_updated_a_second_ago_is_neither_deleted_nor_published(sync, orders):
    """Its cursor lies behind the window's end, where others may still commit before it."""
    sync.ok(**MERGE)
    orders("UPDATE orders SET name = 'v2', updated_at = now() + interval '1 hour' WHERE id = 5")
    sync.ok(**REPAIR, delete_missing="hard")
    assert names(sync)[5] == "v1"
    run = sync.history()[-1]
    assert (run["rows_published"], run["rows_deleted"]) == (0, 0)


@pytest.mark.parametrize("rows", ["hard", "soft"])
def test_a_key_that_comes_back_just_as_it_was_while_a_repair_reads_stays(
    sync, orders, after_comparing, rows
):
    """Such a row is equal to the table's, and so none that is merged."""
    sync.ok(**MERGE)
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id IN (50, 60)")
    orders("DELETE FROM orders WHERE id IN (50, 60)")
    after_comparing.append(lambda: orders("INSERT INTO orders SELECT * FROM kept WHERE id = 50"))
    sync.ok(**REPAIR, delete_missing=rows)
    gone = {60} if rows == "hard" else set()
    assert set(names(sync)) == set(range(1, 1001)) - gone
    assert sync.history()[-1]["rows_deleted"] == 1
    if rows == "soft":
        assert marked(sync) == [60]
        orders("INSERT INTO orders SELECT * FROM kept WHERE id = 60")
        sync.ok(**REPAIR, delete_missing=rows)
        assert marked(sync) == []


def test_a_marked_row_that_changes_comes_by_a_repair_as_by_any_run(sync, orders):
    """Where rows are kept that the source marks, and those that are missing are marked, too."""
    orders("ALTER TABLE orders ADD gone bool")
    soft = {"deleted_column": "gone", "deleted_rows": "soft", "delete_missing": "soft"}
    sync.ok(**MERGE, **soft)
    orders("UPDATE orders SET gone = true, updated_at = '2024-06-01' WHERE id IN (5, 6)")
    orders("DELETE FROM orders WHERE id = 7")
    sync.ok(**MERGE, **soft)
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-02' WHERE id = 5")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-03' WHERE id = 995")
    sync.ok(**REPAIR, **soft)
    assert names(sync) == dict.fromkeys(range(1, 1001), "v1") | {5: "v2", 995: "v2"}
    assert marked(sync) == [5, 6, 7]
    sync.ok(**REPAIR, **soft)
    assert sync.history()[-1]["rows_read"] == 0
    edit(sync, "UPDATE {t} SET _sync_deleted_at = NULL WHERE id = 6")
    sync.ok(**REPAIR, **soft)
    assert marked(sync) == [5, 6, 7]


def test_rows_that_delete_missing_where_leaves_out_are_compared_and_read_all_the_same(sync, orders):
    """What the repair didn't read no later run would: its end is where the next begins."""
    sync.ok(**MERGE)
    few = {"delete_missing": "hard", "delete_missing_where": '[["id", "<", 500]]'}
    orders("DELETE FROM orders WHERE id IN (3, 900)")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-01' WHERE id = 700")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-02' WHERE id = 50")
    sync.ok(**REPAIR, **few)
    expected = dict.fromkeys(range(1, 1001), "v1") | {700: "v2", 50: "v2"}
    assert names(sync) == {key: name for key, name in expected.items() if key != 3}
    assert sync.history()[-1]["rows_read"] < 300


def test_a_repair_that_finds_nothing_reads_nothing(sync, orders):
    sync.ok(**MERGE)
    sync.ok(**REPAIR)
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_published"], run["rows_healed"]) == (0, 0, 0)
    figures = compared(sync)
    assert (figures["rows_compared"], figures["source_rows_compared"]) == (1000, 1000)
    assert figures["row_ranges_differing"] == 0
    orders("INSERT INTO orders VALUES (2002, 'new', NULL, now())")
    assert "1 row read, 1 published" in sync.ok(**MERGE).out  # the next goes on from its end


def test_a_plan_shows_what_differs_and_what_is_not_compared(sync, orders):
    sync.ok(**MERGE)
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 10")
    result = sync.ok(**REPAIR, plan_only="true")
    assert "repair       1,000 rows of the table, 1,000 of the source:" in result.out
    assert "ranges 1 differ, these are read" in result.out
    assert "doc is not compared: BigQuery stores JSON parsed" in result.out
    assert names(sync)[10] == "edited"
    plan = json.loads(sync.ok(**REPAIR, plan_only="true", plan_format="json").out)
    assert plan["repair"]["row_ranges_differing"] == 1


def test_rows_by_keys_of_text_heal_as_well(sync, sql):
    sql("CREATE TABLE orders (id text PRIMARY KEY, n int8, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT 'k' || i, i, '2024-05-01' FROM generate_series(1, 1000) i")
    sync.ok(**MERGE)
    edit(sync, "UPDATE {t} SET n = -1 WHERE id IN ('k7', 'k700')")
    sync.ok(**REPAIR)
    assert sorted(n for (n,) in sync.rows("n")) == list(range(1, 1001))
    run = sync.history()[-1]
    assert (run["rows_published"], run["rows_healed"]) == (2, 2)
    assert run["rows_read"] < 300


def test_a_row_without_a_key_is_told_by_a_repair_as_by_any_run(sync, sql):
    sql("CREATE TABLE orders (id int8 UNIQUE, name text, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, 'v1', '2024-05-01' FROM generate_series(1, 1000) i")
    sync.ok(**MERGE)
    sql("INSERT INTO orders VALUES (NULL, 'none', '2024-05-02')")
    for words in (MERGE, REPAIR):
        result = sync(**words)
        assert result.code == 7
        assert "too many dead letters" in result.err


def test_a_repair_of_a_table_that_is_missing_is_its_first_sync(sync, orders):
    sync.ok(**REPAIR)
    assert len(names(sync)) == 1000


def test_what_a_repair_cannot_be_is_told(sync, orders):
    sync.ok(**MERGE)
    rules = json.dumps({"filter": [["name", "=", "v1"]]})
    result = sync(**REPAIR, transformation_config=rules)
    assert result.code == 2
    assert "rows that it leaves out would look like rows that the table lacks" in result.err
    result = sync(**REPAIR | {"enable_smart_sync": "false"})
    assert "without smart sync each run reads all rows anyway" in result.err
