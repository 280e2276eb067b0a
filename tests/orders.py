"""A small table of orders that several tests sync, and what they look at."""

from typing import Any

from tests.sync import Sync

ORDERS = "CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)"
SMART = {
    "enable_smart_sync": "true",
    "source_table_for_schema": "orders",
    "late_commit_guard": "off",
}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
KEEP = {"keep_snapshots": "true"}
EVOLVING = "CREATE TABLE orders (id int8 PRIMARY KEY, note text, updated_at timestamptz)"
"""The table with one column more."""


def ids(sync: Sync) -> list[Any]:
    """Of the destination's rows, in their order."""
    return [number for (number,) in sync.rows("id")]


def all_rows(sync: Sync) -> list[str]:
    """The destination's rows as texts."""
    return sorted(map(str, sync.rows()))


def last(sync: Sync) -> dict[str, Any]:
    """The newest event of the newest run."""
    return sync.history()[-1]
