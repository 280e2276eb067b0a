"""Checks where rows replace the partitions of a window, and where files lie in a bucket."""

import pytest

UNIQUE = "{models: [{name: t, columns: [{name: id, data_tests: [unique, not_null]}]}]}"
BASE = {
    "source_table_for_schema": "public.orders",
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "updated_at",
    "enable_auto_schema": "true",
}
SECOND = BASE | {
    "write_disposition": "WRITE_TRUNCATE",
    "sync_start": "2024-05-02",
    "sync_end": "2024-05-03",
    "checks": UNIQUE,
}
"""The rows of 2 May are replaced."""


@pytest.fixture
def orders(sync, sql):
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, '2024-05-02'), (3, '2024-05-03')")
    sync.ok(**BASE)
    return sql


def test_rows_of_the_window_that_is_replaced_are_no_part_of_the_table_as_it_will_be(sync, orders):
    """2 comes again in its own partition, which goes; 3 is in one that stays."""
    orders("INSERT INTO orders VALUES (4, '2024-05-02')")
    sync.ok(**SECOND)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
    orders("INSERT INTO orders VALUES (3, '2024-05-02')")
    result = sync(**SECOND)
    assert result.code == 11, result.out
    assert "unique_t_id (unique) fails 1 times" in result.err
    orders("DELETE FROM orders WHERE id = 3")
    orders("INSERT INTO orders VALUES (NULL, '2024-05-02')")
    result = sync(**SECOND)
    assert result.code == 11, result.out
    assert "not_null_t_id (not_null) fails 1 times" in result.err
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]


def test_files_in_a_bucket_are_staged_in_a_table_for_their_checks(
    sync, sql, bucket, monkeypatch, dataset, sent_jobs
):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    over = {
        "source_table_for_schema": "public.orders",
        "temp_location": f"gs://bkt/{dataset}/temp",
        "checks": UNIQUE,
        "write_disposition": "WRITE_TRUNCATE",
    }
    sql("CREATE TABLE orders (id int8)")
    sql("INSERT INTO orders VALUES (1), (2)")
    plan = sync.ok(**over, plan_only="true").out
    assert "because 2 checks look at the staged rows" in plan
    sync.ok(**over)
    sql("INSERT INTO orders VALUES (NULL), (2)")
    result = sync(**over)
    assert result.code == 11, result.out
    assert "not_null_t_id (not_null) fails 1 times" in result.err
    assert "unique_t_id (unique) fails 1 times" in result.err
    assert sync.rows("id") == [(1,), (2,)]
    steps = [job["configuration"].get("labels", {}).get("step") for job in sent_jobs]
    assert [step for step in steps if step in ("stage_0", "checks", "publish")] == [
        *("stage_0", "checks", "publish"),
        *("stage_0", "checks"),
    ]
