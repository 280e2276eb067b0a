"""How many partitions of the destination the rows of a run lie in, and that those are too many."""

from datetime import date, datetime

from auto_schema.errors import SchemaError, SyncError
from auto_schema.schema import Partitioning
from sources.values import Evidence
from warehouse.names import TableRef

MAX_PARTITIONS = 4_000
"""Per job: https://cloud.google.com/bigquery/quotas#partitioned_tables"""
UNITS = {"HOUR": 3600, "DAY": 86_400, "MONTH": 2_629_800, "YEAR": 31_557_600}
"""Seconds of a partition, for an estimate of how many there will be."""


def span_faults(
    destination: TableRef, partitioning: Partitioning | None, evidence: Evidence
) -> list[SyncError]:
    """That the rows lie in more partitions than a job may touch."""
    if partitioning is None or evidence.partition_span is None:
        return []
    low, high = (_as_date_time(value) for value in evidence.partition_span)
    count = int((high - low).total_seconds() // UNITS[partitioning.type]) + 1
    if evidence.partition_count is not None:
        count = evidence.partition_count
    if count <= MAX_PARTITIONS:
        return []
    fitting = next((u for u, s in UNITS.items() if (high - low).total_seconds() / s < 3900), "YEAR")
    return [
        SchemaError(
            "too many partitions",
            f"table {destination}, partition_field {partitioning.field}",
            f"{low.date()} to {high.date()} makes up to {count:,} partitions by"
            f" {partitioning.type}, a job may touch {MAX_PARTITIONS:,}",
            f"set partition_type={fitting}, or another partition_field.",
        )
    ]


def _as_date_time(value: datetime | date) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - only differences count
