"""A dataset that removes partitions by their date, as BigQuery's sandbox does."""

import pytest

SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "source_table_for_schema": "public.s",
    "smart_sync_timestamp_column": "moved",
}
SIXTY_DAYS_MS = 60 * 86_400_000


@pytest.fixture
def sixty_days(sync):
    dataset = sync.client.get_dataset(sync.dataset)
    dataset.default_partition_expiration_ms = SIXTY_DAYS_MS
    sync.client.update_dataset(dataset, ["default_partition_expiration_ms"])


def test_rows_that_the_dataset_would_remove_at_once_end_the_first_run(sync, sql, sixty_days):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, moved timestamptz)")
    sql("INSERT INTO s VALUES (1, now() - interval '1 hour'), (2, '2024-05-01')")
    result = sync(**SYNC)
    assert result.code == 4
    assert "rows that the destination would remove at once" in result.err
    assert "t" not in sync.tables()
    sql("DELETE FROM s WHERE id = 2")
    told = sync.ok(**SYNC, plan_only="true").out
    assert "a row with an older moved is gone as soon as it is written" in told
    sync.ok(**SYNC)
    assert sync.rows("id") == [(1,)]
