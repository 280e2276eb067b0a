"""Orders whose keys are compared with the destination's, and what tests of that look at."""

import json
from typing import Any

from tests.sync import PROJECT, Sync

HUNDRED = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO orders
SELECT i, 'v1', timestamptz '2024-05-01' + i * interval '1 hour' FROM generate_series(1, 100) i
"""
THOUSAND = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, doc jsonb, updated_at timestamptz);
INSERT INTO orders
SELECT i, 'v1', '{"n": 1}', timestamptz '2024-05-01' + i * interval '1 minute'
FROM generate_series(1, 1000) i
"""
MERGE = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM orders",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
FEW = MERGE | {"delete_missing": "hard"}
HARD = FEW | {"max_deleted_percent": "50"}
SOFT = HARD | {"delete_missing": "soft"}
REPAIR = MERGE | {"repair": "true"}


def ids(sync: Sync) -> list[Any]:
    return [number for (number,) in sync.rows("id")]


def names(sync: Sync) -> dict[Any, Any]:
    """Of the destination's rows, by their ids."""
    return dict(sync.rows("id, name"))


def marked(sync: Sync) -> list[Any]:
    """Ids of the rows that are marked as deleted."""
    return [number for number, at in sync.rows("id, _sync_deleted_at") if at]


def edit(sync: Sync, statement: str) -> None:
    """Run a statement in BigQuery by hand, of the table `{t}`."""
    sync.client.query_and_wait(statement.format(t=f"`{PROJECT}.{sync.dataset}.t`"))


def compared(sync: Sync) -> dict[str, Any]:
    """What the newest run says of its comparison."""
    told: dict[str, Any] = json.loads(sync.history()[-1]["compared"])
    return told
