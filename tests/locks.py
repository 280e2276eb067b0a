"""What tests of the lock share: two runs, faults on the way, and what BigQuery then holds."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from tests.fault_rules import answer, drop
from tests.sync import PROJECT

ONE, TWO = "20250101t100000-aaaaaaaa", "20250101t110000-bbbbbbbb"
LEASE = timedelta(minutes=10)
INSERT = {"method": "POST", "path": "/tables"}
LOOK = {"method": "GET", "path": "_sync_lock_t"}
PATCH = {"method": "PATCH", "path": "_sync_lock_t"}
LOST = {
    "dropped-after": drop(after=True),
    "503-after": answer(503, after=True),
    "503": answer(503),
    "dropped": drop(),
}
SECOND = {"412": None, "400": answer(400, "invalid")}
"""How the second of two patches is refused: by If-Match, or by a stand-in that says 400."""


def held_by(look: Callable[[], Any], run_id: str) -> None:
    """The run holds the lock, and for a whole lease from about now."""
    holder, state, end = look()
    left = end - datetime.now(UTC)
    assert (holder, state) == (run_id, "held")
    assert LEASE - timedelta(seconds=60) < left <= LEASE


def lapse(client: bigquery.Client, dataset: str) -> None:
    """The lease is over, as it is some time after its holder died."""
    found = client.get_table(f"{PROJECT}.{dataset}._sync_lock_t")
    found.expires = datetime.now(UTC)
    with contextlib.suppress(NotFound):  # it is gone before it can be shown again
        client.update_table(found, ["expires"])
