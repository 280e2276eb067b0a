"""merge_keys that are others than in the runs so far."""

from tests.sync import warnings_in

MERGED = {
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "postgresql_query": "SELECT * FROM orders",
    "source_table_for_schema": "orders",
}
TOLD = "merge_keys are code, and were others, or none, in the runs so far"


def test_a_row_whose_key_was_another_under_former_keys_is_told_of_until_rows_are_published(
    sync, sql, caplog
):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, code int8 UNIQUE, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT g, g * 10, now() - interval '1 h' FROM generate_series(1, 3) g")
    sync.ok(**MERGED, merge_keys="id")
    sync.ok(**MERGED, merge_keys="id")
    by_code = MERGED | {"merge_keys": "code"}
    assert TOLD in sync.ok(**by_code, plan_only="true").out
    assert warnings_in(caplog) == []
    sync.ok(**by_code)
    sql("UPDATE orders SET code = 11, updated_at = now() - interval '1 minute' WHERE id = 1")
    sync.ok(**by_code)
    assert [told.startswith(TOLD) for told in warnings_in(caplog)] == [True, True]
    assert sync.rows("id, code") == [(1, 10), (1, 11), (2, 20), (3, 30)]
    mended = by_code | {"delete_missing": "hard", "max_deleted_percent": "100"}
    sync.ok(**mended)
    assert sync.rows("id, code") == [(1, 11), (2, 20), (3, 30)]
    assert len(warnings_in(caplog)) == 2
