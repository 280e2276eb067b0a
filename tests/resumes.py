"""A load of many splits that stops where a test wants it, for tests of what takes it over."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg2

from demo.servers import PostgresqlServer
from tests.days import runs, staging_tables
from tests.processes import Program, until
from tests.sync import Sync

ROWS, SPLITS = 1_000, 20
PER_SPLIT = ROWS // SPLITS
HALF, LANES = ROWS // 2, 2
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'advisory'
"""
TABLE = f"""
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz NOT NULL);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 hour'
FROM generate_series(1, {ROWS}) g;
CREATE TABLE upto (id int8);
INSERT INTO upto VALUES ({ROWS});
CREATE FUNCTION may_read(row_id int8) RETURNS bool LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF row_id > (SELECT id FROM upto) THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
  RETURN true;
END $$;
ANALYZE s
"""
LOAD = {
    "enable_smart_sync": "true",
    "postgresql_query": "SELECT * FROM s WHERE may_read(id)",
    "smart_sync_timestamp_column": "changed",
    "num_splits": str(SPLITS),
}
"""Smart sync of that table; a row past `upto` is waited for while `stopping` lasts."""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""


@contextlib.contextmanager
def stopping(database: PostgresqlServer, after: int) -> Iterator[None]:
    """Nobody reads a row half a split further on; when this ends, all are read.

    Splits are cut at values that the server's statistics know, so that each is about as long.
    """
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("UPDATE upto SET id = %s", (after + PER_SPLIT // 2,))
        connection.commit()
        cursor.execute("SELECT pg_advisory_lock(7)")
        connection.commit()
        yield
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.cursor().execute("UPDATE upto SET id = 1000000")
        connection.commit()


def stopped_whole(sql: Any, sync: Sync, run: Program, after: int, splits: int = SPLITS) -> None:
    """Wait until a run has staged all splits that end at about a row, and waits for others.

    Args:
        sql: asks the source.
        sync: with its folder.
        run: that is waited for.
        after: the row.
        splits: of the run.
    """
    whole = after * splits // ROWS

    def is_so() -> bool:
        if run.has_ended:
            raise AssertionError(run.output)
        return manifests(sync) >= whole and sql(WAITING)[0][0] > 0

    until(is_so)


def manifests(sync: Sync) -> int:
    """Of splits that are staged whole, over all folders here."""
    return len(list(sync.temp.rglob("split-*.json")))


def taken_over(run: dict[str, Any]) -> dict[str, Any]:
    """What a run of the history says of it."""
    told: dict[str, Any] = json.loads(run["verification"] or "{}").get("resumed", {})
    return told


def read_anew(run: dict[str, Any]) -> int:
    """Rows that it has read itself."""
    return int(run["rows_read"]) - int(taken_over(run).get("rows_taken_over", 0))


def assert_clean(sync: Sync) -> None:
    """Nothing of any run is left."""
    assert [path for path in sync.temp.rglob("*") if path.is_file()] == []
    assert staging_tables(sync) == []


def assert_all(sync: Sync, sql: Any, what: str = "id, name, changed") -> None:
    """The destination has what the source has."""
    assert sync.rows(what) == sql(f"SELECT {what} FROM s ORDER BY 1")


def resumed(sync: Sync, dead: str) -> dict[str, Any]:
    """The row of the run that has taken another over."""
    (row,) = [run for run in runs(sync) if run["resumed_run"] == dead]
    return row
