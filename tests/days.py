"""A small smart sync that several tests share: nine days, of which the destination has three."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
from google.api_core.exceptions import NotFound

from demo.servers import PostgresqlServer
from tests.sync import PROJECT, Sync

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 day'
FROM generate_series(1, 9) g
"""
SEED = """
CREATE TABLE {dataset}.t AS
SELECT id, CONCAT('name ', id) AS name,
  TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL id DAY) AS changed
FROM UNNEST([1, 2, 3]) AS id
"""
SMART = {
    "enable_smart_sync": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "changed",
}
TRUNCATE = {"postgresql_query": "SELECT * FROM s", "write_disposition": "WRITE_TRUNCATE"}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
STOP = """
CREATE FUNCTION stop() RETURNS bool LANGUAGE plpgsql STABLE AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN true; END $$
"""
SLOW = "SELECT * FROM s WHERE id < 9 OR stop()"
"""Read up to its last row and not further while `stopped` lasts."""
STOPPED = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""
LOCK = "_sync_lock_t"
LEASE = {"lock_lease": "3s"}


def make_days(sync: Sync, sql: Any, table: str = TABLE) -> None:
    """The source with all days, the destination with the first three."""
    sql(table)
    sync.client.query(SEED.format(dataset=sync.dataset)).result()


@contextlib.contextmanager
def stopped(database: PostgresqlServer) -> Iterator[None]:
    """Nobody reads the last row of SLOW."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.cursor().execute("SELECT pg_advisory_lock(7)")
        yield


def assert_seed(sync: Sync) -> None:
    """Nothing was published."""
    assert sync.rows("id") == [(1,), (2,), (3,)]


def assert_whole(sync: Sync, sql: Any) -> None:
    """The destination holds the source's rows, each once."""
    assert sync.rows() == sql("SELECT * FROM s ORDER BY 1")


def runs(sync: Sync) -> list[dict[str, Any]]:
    """The newest event of each run, in the order in which they began to tell of themselves."""
    sql = f"SELECT * FROM {sync.dataset}.sync_runs ORDER BY event_time, seq"
    newest: dict[str, dict[str, Any]] = {}
    for event in sync.client.query(sql).result():
        known = newest.setdefault(event["run_id"], dict(event))
        if event["seq"] >= known["seq"]:
            known.update(dict(event))
    return list(newest.values())


def statuses(sync: Sync) -> list[str]:
    """The newest status of each run, in the same order."""
    return [run["status"] for run in runs(sync)]


def staging_tables(sync: Sync) -> list[str]:
    return [name for name in sync.tables() if name.startswith(("_sync_staging", "_sync_dead"))]


def lapse(sync: Sync, lock: str = LOCK) -> None:
    """The lock's lease is over, as it is some time after its holder died."""
    found = sync.client.get_table(f"{PROJECT}.{sync.dataset}.{lock}")
    found.expires = datetime.now(UTC)
    with contextlib.suppress(NotFound):  # it is gone before it can be shown again
        sync.client.update_table(found, ["expires"])


def age(sync: Sync) -> None:
    """All that launches have told until now, they told an hour before."""
    for table in sync.tables() & {"sync_runs", "sync_batches"}:
        ago = "TIMESTAMP_SUB(event_time, INTERVAL 1 HOUR)"
        sql = f"UPDATE `{PROJECT}.{sync.dataset}.{table}` SET event_time = {ago} WHERE TRUE"
        sync.client.query_and_wait(sql)
