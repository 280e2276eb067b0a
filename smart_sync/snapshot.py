"""A snapshot of the destination as it was just before a run changes it. Pure.

BigQuery bills of a snapshot only the bytes that the table no longer has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from smart_sync.facts import Target
from smart_sync.request import SyncRequest
from warehouse.names import TableRef

DOLLARS_PER_GIB = Decimal("0.02")
"""Of a month's storage; https://cloud.google.com/bigquery/pricing#storage, for the US."""
DAYS_PER_MONTH = 30
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """The snapshot that a run takes.

    Attributes:
        table: it, beside the destination.
        expires: when BigQuery removes it.
        days: it is kept for.
        bytes: of the whole table; None: not known.
        key: of Cloud KMS, by which the table is encrypted; empty: as the dataset says.
    """

    table: TableRef
    expires: datetime
    days: float
    bytes: int | None
    key: str = ""

    @property
    def most_dollars(self) -> Decimal | None:
        """What it costs when the run changes every byte of the table; None: not known."""
        if self.bytes is None:
            return None
        months = Decimal(self.days) / DAYS_PER_MONTH
        return (Decimal(self.bytes) / 2**30 * DOLLARS_PER_GIB * months).quantize(CENT)


def plan_snapshot(
    request: SyncRequest, target: Target, table: TableRef, now: datetime
) -> SnapshotPlan | None:
    """The snapshot that is asked for, of a table that is there."""
    kept = request.publishing.keep_snapshots
    if kept is None or not target.exists:
        return None
    return SnapshotPlan(table, now + kept, kept.total_seconds() / 86_400, target.bytes, target.key)


def snapshot_lines(snapshot: SnapshotPlan | None) -> Iterator[str]:
    """What a plan says of it."""
    if snapshot is None:
        return
    yield f"  snapshot     of the table before: {snapshot.table}"
    yield f"               until {snapshot.expires:%Y-%m-%d %H:%M:%S} UTC; rollback_run restores it"
    most = snapshot.most_dollars
    price = f"${DOLLARS_PER_GIB} per GiB and month of what is changed or deleted since"
    size = "" if most is None else f": at most ${most} for {snapshot.bytes:,} bytes"
    yield f"               {price}{size}"


def snapshot_dict(snapshot: SnapshotPlan | None) -> dict[str, object] | None:
    """The same for machines."""
    if snapshot is None:
        return None
    most = snapshot.most_dollars
    return {
        "table": str(snapshot.table),
        "expires": snapshot.expires.isoformat(),
        "table_bytes": snapshot.bytes,
        "most_usd": None if most is None else str(most),
        "usd_per_gib_month": str(DOLLARS_PER_GIB),
    }
