"""deleted_column: a row that its source has marked is removed, or says since when it is deleted."""

import datetime as dt

import pytest

MERGE = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM orders",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "deleted_column": "deleted_at",
}
SOFT = MERGE | {"deleted_rows": "soft"}
COLUMNS = "id, name"


@pytest.fixture
def orders(sql):
    """Four orders of four days, the third of which was deleted before anything was synced."""
    sql(
        "CREATE TABLE orders (id int8 PRIMARY KEY, name text, deleted_at timestamptz,"
        " gone bool DEFAULT false, updated_at timestamptz)"
    )
    sql(
        "INSERT INTO orders (id, name, updated_at) SELECT i, 'v1',"
        " timestamptz '2024-05-01 06:00' + i * '1 day'::interval FROM generate_series(1, 4) i"
    )
    sql("UPDATE orders SET deleted_at = updated_at, gone = true WHERE id = 3")
    return sql


def delete(orders, key, stamp):
    """As an application does: the row stays, marked, and its cursor moves."""
    orders(
        f"UPDATE orders SET deleted_at = '{stamp}', gone = true, updated_at = '{stamp}'"
        f" WHERE id = {key}"
    )


def test_a_marked_row_is_removed_and_is_never_added(sync, orders):
    sync.ok(**MERGE)
    assert sync.rows(COLUMNS) == [(1, "v1"), (2, "v1"), (4, "v1")]
    delete(orders, 2, "2024-06-01 06:00")
    orders("INSERT INTO orders VALUES (5, 'late', '2024-06-02 06:00', true, '2024-06-02 06:00')")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-03 06:00' WHERE id = 1")
    result = sync.ok(**MERGE)
    assert sync.rows(COLUMNS) == [(1, "v2"), (4, "v1")]
    assert "3 rows read, 2 published, 1 deleted" in result.out
    run = sync.history()[-1]
    assert (run["rows_staged"], run["rows_published"], run["rows_deleted"]) == (3, 2, 1)


def test_a_key_that_returns_is_there_again(sync, orders):
    sync.ok(**MERGE)
    orders("UPDATE orders SET deleted_at = NULL, updated_at = '2024-06-01 06:00' WHERE id = 3")
    sync.ok(**MERGE)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]


def test_a_flag_marks_as_well_as_a_time(sync, orders):
    flag = MERGE | {"deleted_column": "gone"}
    sync.ok(**flag)
    assert sync.rows("id") == [(1,), (2,), (4,)]
    delete(orders, 1, "2024-06-01 06:00")
    sync.ok(**flag)
    assert sync.rows("id") == [(2,), (4,)]
    assert sync.history()[-1]["rows_deleted"] == 1


STAMPED = "id, name, _sync_deleted_at"


def at(day):
    """A time of UTC as BigQuery answers it."""
    return dt.datetime.fromisoformat(f"{day}+00:00")


def test_soft_keeps_a_marked_row_and_says_since_when(sync, orders):
    sync.ok(**SOFT)
    assert sync.rows(STAMPED) == [
        (1, "v1", None),
        (2, "v1", None),
        (3, "v1", at("2024-05-04 06:00")),
        (4, "v1", None),
    ]
    assert sync.history()[-1]["rows_deleted"] == 1
    delete(orders, 2, "2024-06-01 06:00")
    orders("UPDATE orders SET deleted_at = NULL, updated_at = '2024-06-02 06:00' WHERE id = 3")
    result = sync.ok(**SOFT)
    assert "2 rows read, 2 published, 1 deleted" in result.out
    assert sync.rows(STAMPED) == [
        (1, "v1", None),
        (2, "v1", at("2024-06-01 06:00")),
        (3, "v1", None),
        (4, "v1", None),
    ]


def test_a_flag_has_the_time_of_its_row_and_a_rerun_gives_the_same_table(sync, orders):
    flag = SOFT | {"deleted_column": "gone", "smart_sync_lookback": "9999d"}
    sync.ok(**flag)
    delete(orders, 2, "2024-06-01 06:00")
    sync.ok(**flag)
    whole = sync.rows("*")
    sync.ok(**flag)
    assert sync.rows("*") == whole
    assert sync.history()[-1]["rows_deleted"] == 0
    assert dict(sync.rows("id, _sync_deleted_at")) == {
        1: None,
        2: at("2024-06-01 06:00"),
        3: at("2024-05-04 06:00"),
        4: None,
    }


def test_without_any_time_the_run_that_sees_a_mark_first_says_when(sync, orders):
    whole = {
        **{key: value for key, value in SOFT.items() if not key.endswith("_sync")},
        "deleted_column": "gone",
    }
    del whole["smart_sync_margin"]
    sync.ok(**whole)
    first = sync.rows("id, _sync_deleted_at")
    assert [key for key, stamp in first if stamp] == [3]
    orders("UPDATE orders SET gone = true WHERE id = 1")
    sync.ok(**whole)
    then = dict(sync.rows("id, _sync_deleted_at"))
    assert then[3] == dict(first)[3]
    assert then[1] > then[3]


def test_the_column_is_added_to_a_table_that_lacks_it_and_the_plan_says_so(sync, orders):
    plain = {key: value for key, value in MERGE.items() if key != "deleted_column"}
    sync.ok(**plain)
    delete(orders, 2, "2024-06-01 06:00")
    assert "columns to be added: _sync_deleted_at" in sync.ok(**SOFT, plan_only="true").out
    sync.ok(**SOFT)
    assert sync.rows("id, _sync_deleted_at") == [
        (1, None),
        (2, at("2024-06-01 06:00")),
        (3, None),
        (4, None),
    ]


def test_a_run_that_marks_nothing_clears_the_time_of_the_rows_it_writes(sync, orders):
    """Those rows are there again."""
    sync.ok(**SOFT)
    plain = {key: value for key, value in MERGE.items() if key != "deleted_column"}
    orders("UPDATE orders SET deleted_at = NULL, updated_at = '2024-06-02 06:00' WHERE id = 3")
    told = sync.ok(**plain, stale_columns="error", plan_only="true").out
    assert told.count("WARNING") == 1
    assert "rows that this run writes have NULL there" in " ".join(told.split())
    sync.ok(**plain, stale_columns="error")
    assert sync.rows("id, _sync_deleted_at") == [(1, None), (2, None), (3, None), (4, None)]


def test_our_column_is_none_that_the_source_has_dropped(sync, orders):
    """Also where rows are only added, which leaves it alone."""
    sync.ok(**SOFT)
    adds = {key: MERGE[key] for key in ("enable_smart_sync", "smart_sync_margin")}
    adds |= {"postgresql_query": MERGE["postgresql_query"]}
    told = sync.ok(**adds, plan_only="true").out
    assert "_sync_deleted_at is" not in told
    assert "columns that stay NULL in new rows: _sync_deleted_at" in told


def test_two_versions_of_a_key_of_which_the_newest_is_marked_leave_none(sync, sql):
    """A source that only appends brings both, in one window or one after the other."""
    sql("CREATE TABLE orders (id int8, name text, deleted_at timestamptz, updated_at timestamptz)")
    sql(
        "INSERT INTO orders VALUES (1, 'a', NULL, '2024-05-01 06:00'),"
        " (2, 'a', NULL, '2024-05-01 06:00')"
    )
    sql("INSERT INTO orders VALUES (1, 'b', '2024-05-02 06:00', '2024-05-02 06:00')")
    sync.ok(**MERGE)
    assert sync.rows(COLUMNS) == [(2, "a")]
    sql(
        "INSERT INTO orders VALUES (2, 'b', NULL, '2024-05-03 06:00'),"
        " (2, 'c', now(), '2024-05-04 06:00')"
    )
    sql("INSERT INTO orders VALUES (3, 'a', NULL, '2024-05-04 06:00')")
    sync.ok(**MERGE)
    assert sync.rows(COLUMNS) == [(3, "a")]


def test_an_older_mark_removes_no_newer_row(sync, orders):
    """As a slice of a backfill brings it."""
    sync.ok(**MERGE)
    sync.client.query_and_wait(
        f"UPDATE {sync.dataset}.t SET updated_at = TIMESTAMP '2024-07-01 06:00:00' WHERE id = 2"
    )
    delete(orders, 2, "2024-06-01 06:00")
    hand = {"sync_start": "2024-05-30", "sync_end": "2024-06-02"}
    sync.ok(**MERGE, **hand)
    assert sync.rows("id") == [(1,), (2,), (4,)]


def test_when_the_highest_row_is_removed_nothing_is_lost_doubled_or_warned_about(sync, orders):
    sync.ok(**MERGE)
    delete(orders, 4, "2024-06-01 06:00")
    sync.ok(**MERGE)
    run = sync.history()[-1]
    assert run["watermark_after"] == "2024-05-03 06:00:00"
    for _ in range(2):
        assert "WARNING" not in sync.ok(**MERGE, plan_only="true").out
        sync.ok(**MERGE)
        assert sync.rows("id") == [(1,), (2,)]
    orders("INSERT INTO orders VALUES (5, 'new', NULL, false, '2024-06-02 06:00')")
    sync.ok(**MERGE)
    assert sync.rows("id") == [(1,), (2,), (5,)]


def test_a_table_left_empty_goes_on_where_its_last_window_ended(sync, orders):
    """Not fallback_days before now, which would pass over what was written since."""
    sync.ok(**MERGE)
    for key in (1, 2, 4):
        delete(orders, key, f"2024-06-0{key}")
    sync.ok(**MERGE)
    assert sync.rows("id") == []
    ended = sync.history()[-1]["window_end"]
    orders("INSERT INTO orders VALUES (5, 'new', NULL, false, now())")
    empty = MERGE | {"sync_all_on_empty_table": "false", "fallback_days": "0"}
    assert "WARNING" not in sync.ok(**empty, plan_only="true").out
    sync.ok(**empty)
    assert sync.history()[-1]["window_start"] == ended
    assert sync.rows("id") == [(5,)]


def test_rows_that_were_rightly_removed_are_not_lost_when_a_window_is_verified(sync, orders):
    sync.ok(**MERGE)
    orders("INSERT INTO orders VALUES (5, 'new', NULL, false, '2024-06-01 06:00')")
    sync.ok(**MERGE)
    only = {"verify_only": "true", "verify_start": "2024-05-01", "verify_end": "2024-06-01"}
    told = sync.ok(**MERGE, **only).out
    assert "source 3 rows, BigQuery 3 rows" in told
    flag = MERGE | {"deleted_column": "gone"}
    assert "source 3 rows, BigQuery 3 rows" in sync.ok(**flag, **only).out
    delete(orders, 5, "2024-06-03 06:00")
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.t WHERE id = 1")
    found = sync(**MERGE, **only)
    assert found.code == 8
    assert "1 lacking" in found.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"deleted_column": "gon"}, "no such column arrives"),
        ({"deleted_column": "name"}, "it is STRING"),
        ({"deleted_column": "id"}, "make a BOOL of it in the query, such as id <> 0"),
        (
            {"transformation_config": '{"exclude_fields": ["deleted_at"]}'},
            "take it out of exclude_fields",
        ),
        ({"transformation_config": '{"filter": [["deleted_at", "is null"]]}'}, "is never seen"),
        (
            {"postgresql_query": "SELECT *, now() AS _sync_deleted_at FROM orders"}
            | {"deleted_rows": "soft"},
            '{"field_mappings": {"_sync_deleted_at": "source_deleted_at"}}',
        ),
    ],
)
def test_a_column_that_cannot_mark_rows_is_refused_before_anything_is_written(
    sync, orders, words, told
):
    result = sync(**MERGE | words)
    assert result.code in (2, 4)
    assert told in result.err
    assert sync.tables() == set()


CHECKS = """
version: 2
models:
  - name: t
    data_tests:
      - dbt_utils.expression_is_true:
          arguments: {expression: "name IN ('v1', 'v2')"}
          config: {meta: {scope: table}}
    columns:
      - name: name
        data_tests: [not_null, {unique: {name: one_of_each, config: {where: "id > 2"}}}]
"""


@pytest.mark.parametrize("mode", ["fail", "quarantine"])
def test_a_row_that_is_removed_fails_no_check(sync, orders, mode):
    """Applications often empty what they mark."""
    words = MERGE | {"checks": CHECKS, "on_check_failure": mode, "max_dead_letters": "1"}
    orders("UPDATE orders SET name = NULL WHERE id = 3")
    sync.ok(**words)
    orders("UPDATE orders SET name = NULL WHERE id = 2")
    delete(orders, 2, "2024-06-01 06:00")
    orders("UPDATE orders SET name = 'v2', updated_at = '2024-06-01 06:00' WHERE id = 1")
    sync.ok(**words)
    assert sync.rows(COLUMNS) == [(1, "v2"), (4, "v1")]
    delete(orders, 4, "2024-06-02 06:00")
    orders("INSERT INTO orders VALUES (5, 'v1', NULL, false, '2024-06-02 06:00')")
    sync.ok(**words)
    assert sync.rows(COLUMNS) == [(1, "v2"), (5, "v1")], "that of 4 is gone: it is unique"
    orders("INSERT INTO orders VALUES (6, NULL, NULL, false, '2024-06-03 06:00')")
    orders("INSERT INTO orders VALUES (7, NULL, '2024-06-03 06:00', true, '2024-06-03 06:00')")
    assert sync(**words).code == (11 if mode == "fail" else 0)
    if mode == "quarantine":
        assert sync.history()[-1]["rows_dead"] == 1
    assert sync.rows(COLUMNS) == [(1, "v2"), (5, "v1")]


def test_the_query_that_makes_the_rows_has_to_keep_the_mark(sync, orders):
    made = MERGE | {"transform_sql": "SELECT id, UPPER(name) AS name, updated_at FROM staged"}
    refused = sync(**made)
    assert refused.code == 2
    assert "deleted_column, 'deleted_at'): transform_sql leaves it out" in refused.err
    for rows, stamp in (("hard", "NULL"), ("soft", "_sync_deleted_at")):
        words = made | {
            "transform_sql": "SELECT *, UPPER(name) AS big FROM staged",
            "deleted_rows": rows,
            "delete_existing_table": str(rows == "soft").lower(),
        }
        sync.ok(**words)
        found = sync.rows(f"id, big, {stamp}")
        assert found[0] == (1, "V1", None)
        assert len(found) == (3 if rows == "hard" else 4)
    assert found[2] == (3, "V1", at("2024-05-04 06:00"))


def test_a_run_is_undone_with_the_column_that_it_added(sync, orders):
    plain = {key: value for key, value in MERGE.items() if key != "deleted_column"}
    sync.ok(**plain)
    before = sync.rows("*")
    delete(orders, 2, "2024-06-01 06:00")
    for words in (SOFT, MERGE):
        sync.ok(**words, keep_snapshots="true")
        run = sync.history()[-1]
        assert run["rows_deleted"] == 1
        sync.ok(**words, rollback_run=run["run_id"])
        assert sync.rows("*") == before


def test_slices_of_a_backfill_remove_what_is_marked(sync, orders):
    """Whatever slice comes first: a marked row is in the last one that it was written in."""
    by_slice = {"sync_start": "2024-05-01", "sync_end": "2024-06-03", "backfill_by": "month"}
    delete(orders, 2, "2024-06-01 06:00")
    sync.ok(**MERGE, **by_slice)
    assert sync.rows("id") == [(1,), (4,)]
    sync.ok(**MERGE)
    assert sync.rows("id") == [(1,), (4,)]


def test_a_run_that_died_after_it_removed_rows_is_settled_and_nothing_is_lost(
    sync, orders, monkeypatch
):
    """Its job had ended: MAX has fallen, and the next run goes on from there."""
    sync.ok(**MERGE)
    delete(orders, 4, "2024-06-01 06:00")
    with monkeypatch.context() as broken:
        broken.setattr("pipeline.publish.published.Counts.deleted", lambda *_: 1 / 0)
        assert sync(**MERGE).code != 0
    orders("INSERT INTO orders VALUES (5, 'new', NULL, false, '2024-05-30 06:00')")
    sync.ok(**MERGE)
    assert sync.rows("id") == [(1,), (2,), (5,)]
    assert "WARNING" not in sync.ok(**MERGE, plan_only="true").out


def test_letters_are_not_replayed_into_a_table_of_which_rows_are_removed(sync, orders):
    replay = {"replay_dead_letters": "20250722t150000-3f9a0c1d"}
    refused = sync(**MERGE, **replay)
    assert refused.code == 2
    assert "would bring the row back" in refused.err
    assert "would bring the row back" not in sync(**SOFT, **replay).err
