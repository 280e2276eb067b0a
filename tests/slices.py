"""A third of a year in the source, day by day, and backfills of it by slices."""

from collections.abc import Mapping
from typing import Any

from tests.days import STOP, runs
from tests.sync import Sync

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + (g - 1) * interval '1 day'
FROM generate_series(245, 366) g
"""
SMART = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "changed",
    "partition_type": "MONTH",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
MONTHS = {"sync_start": "2024-09-01", "sync_end": "2025-01-01", "backfill_by": "month"}
"""All four, of 30, 31, 30 and 31 days; a row's id is its day of the year."""
BACKFILL = SMART | MONTHS
ALL = [(122, 122)]
COUNTS = "COUNT(*), COUNT(DISTINCT id)"


def windows(sync: Sync) -> list[str]:
    """The windows of runs that succeeded, in the order in which they began."""
    return [run["window_start"] for run in runs(sync) if run["status"] == "succeeded"]


def stop_at(sql: Any, *ids: int) -> dict[str, str]:
    """The query that doesn't get past some rows while `stopped` lasts."""
    sql(STOP)
    return {"postgresql_query": f"SELECT * FROM s WHERE id NOT IN {(*ids, 0)} OR stop()"}


def since(month: int) -> tuple[dict[str, str], str]:
    """The same to the end of the year, and what the source then has of it."""
    start = f"2024-{month:02}-01"
    return BACKFILL | {
        "sync_start": start
    }, f"SELECT * FROM s WHERE changed >= '{start}' ORDER BY 1"


def months(sync: Sync) -> dict[str, int]:
    """How often each slice was done, by the first day after its window's start: also by a run
    that was killed while it was published."""
    done = [run for run in runs(sync) if run["backfill_id"] and _has_published(run)]
    starts = [run["window_start"][:7] for run in done]
    return {start: starts.count(start) for start in starts}


def _has_published(run: Mapping[str, Any]) -> bool:
    status = run["status"]
    return status == "succeeded" or (status == "abandoned" and run["publish_job"] is not None)


def statuses_of(sync: Sync, start: str) -> list[str]:
    """Of the runs of the slice whose window starts at the end of that day."""
    return [run["status"] for run in runs(sync) if (run["window_start"] or "").startswith(start)]
