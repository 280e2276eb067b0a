"""A table of two orders whose versions are kept, and what tests of that look at."""

import datetime as dt
from typing import Any

from tests.sync import Sync

TWO = """
CREATE TABLE orders (id int8, name text, doc jsonb, updated_at timestamptz);
INSERT INTO orders
SELECT i, 'v1', '{"n": 1.5}', timestamptz '2024-05-01' + i * interval '1 day'
FROM generate_series(1, 2) i
"""
HISTORY = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM orders",
    "write_disposition": "WRITE_HISTORY",
    "merge_keys": "id",
}
LAID_OUT = HISTORY | {"enable_auto_schema": "true"}
INVALIDATE = LAID_OUT | {"hard_deletes": "invalidate", "max_deleted_percent": "100"}
SPAN = "DATE(_sync_valid_from), DATE(_sync_valid_to), _sync_is_current"
GONE = "id, name, _sync_valid_to IS NULL, _sync_is_current"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def versions(sync: Sync, select: str = "id, name") -> list[tuple[Any, ...]]:
    """All of them, each with the days from which and before which it held; NULL: it still does."""
    return sync.rows(f"{select}, {SPAN}", order="1, _sync_valid_from")


def gone(sync: Sync) -> list[tuple[Any, ...]]:
    """All of them, each with whether it is open, and whether it is its key's current one."""
    return sync.rows(GONE, order="id, _sync_valid_from")
