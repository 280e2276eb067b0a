"""Keys are compared while somebody loads a partition anew: none of its rows is taken for gone."""

import contextlib
import threading
import time

import psycopg2
import pytest

from sources.postgresql import key_snapshot
from tests.orders import ids

MERGE = {
    "enable_smart_sync": "true",
    "source_table_for_schema": "orders",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
ORDERS = """
CREATE TABLE orders (id int8, region int, updated_at timestamptz) PARTITION BY LIST (region);
CREATE TABLE one PARTITION OF orders FOR VALUES IN (1);
CREATE TABLE two PARTITION OF orders FOR VALUES IN (2);
INSERT INTO orders SELECT g, CASE WHEN g > 98 THEN 2 ELSE 1 END, now() - interval '1 hour'
FROM generate_series(1, 100) g
"""
RELOADS = {
    "emptied": "CREATE TEMP TABLE kept AS TABLE two; TRUNCATE two; INSERT INTO two TABLE kept",
    "replaced": "ALTER TABLE orders DETACH PARTITION two; CREATE TABLE three AS TABLE two;"
    " ALTER TABLE orders ATTACH PARTITION three FOR VALUES IN (2)",
}


@pytest.mark.parametrize("way", RELOADS)
def test_rows_of_a_partition_that_is_loaded_anew_meanwhile_are_not_missing(
    sync, sql, database, monkeypatch, way
):
    """To a snapshot of before, whose question waited, the new file of the partition is empty."""
    sql(ORDERS)
    sync.ok(**MERGE)
    original = key_snapshot.is_behind_unseen
    with contextlib.closing(psycopg2.connect(database.dsn)) as writer:
        reload = writer.cursor()

        def reloading(opened):
            """The last thing that is asked before the snapshot is taken."""
            reload.execute(RELOADS[way])
            threading.Thread(target=_commit_when_waited_for, args=(writer, sql)).start()
            return original(opened)

        with monkeypatch.context() as patched:
            patched.setattr(key_snapshot, "is_behind_unseen", reloading)
            result = sync(**MERGE, delete_missing="hard")
    assert result.code == 3, result.out
    assert "written anew while its snapshot was taken" in result.err
    assert ids(sync) == list(range(1, 101))
    assert "0 published" in sync.ok(**MERGE, delete_missing="hard").out
    assert ids(sync) == list(range(1, 101))


def _commit_when_waited_for(writer, sql):
    while not sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
        time.sleep(0.02)
    time.sleep(0.05)
    writer.commit()
