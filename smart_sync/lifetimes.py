"""How long both sides keep what is written: rows that either removes by their age. Pure.

https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from auto_schema.errors import SchemaError, SyncError
from auto_schema.schema import Partitioning
from smart_sync.facts import Facts
from smart_sync.missing_keys import WHERE
from smart_sync.request import SyncRequest
from smart_sync.value_text import counted

DAY = timedelta(days=1)


def lifetime_faults(
    request: SyncRequest, partitioning: Partitioning | None, facts: Facts, now: datetime
) -> list[SyncError]:
    """That rows of this run would be gone as soon as they are written, of a table that it makes.

    A table that is there has its lifetime of somebody who wanted that: there a warning is enough.

    Args:
        request: the run's.
        partitioning: of the table as it will be.
        facts: of which the lowest value of the partition column counts.
        now: when the run was launched, aware UTC.
    """
    lives, span = facts.target.in_dataset.partitions_live, facts.evidence.partition_span
    if (
        partitioning is None
        or lives is None
        or span is None
        or not facts.target.is_made_by(request)
    ):
        return []
    if _begin(span[0], partitioning.type) + lives > now:
        return []
    dataset = f"`{request.destination.project}.{request.destination.dataset}`"
    return [
        SchemaError(
            "rows that the destination would remove at once",
            f"table {request.destination}, partition_field {partitioning.field}",
            f"the first row of this run has {partitioning.field} {span[0]:%Y-%m-%d}, and the"
            f" dataset removes each partition of its tables {_days(lives)} after its date"
            " (default_partition_expiration_days)",
            f"let them live: ALTER SCHEMA {dataset} SET OPTIONS"
            " (default_partition_expiration_days = NULL); or read only rows that may stay"
            " (sync_all_on_empty_table=false with fallback_days, or a WHERE); or make the table"
            " beforehand, with a partition_expiration_days of its own.",
        )
    ]


def lifetime_warnings(
    request: SyncRequest, partitioning: Partitioning | None, facts: Facts
) -> Iterator[str]:
    """That the destination removes rows, or all of itself, by its age.

    Args:
        request: the run's.
        partitioning: of a table that it makes.
        facts: of which the destination counts.
    """
    target, table = facts.target, request.destination
    if target.is_made_by(request):
        lives, by = target.in_dataset.partitions_live, "default_partition_expiration_days"
        tables = target.in_dataset.tables_live
        if tables is not None and (partitioning is None or lives is None):
            yield (
                f"the dataset removes a table {_days(tables)} after it is made"
                f" (default_table_expiration_days): {table} will be gone then, and so is a run"
                " history that is made in such a dataset"
            )
    else:
        partitioning = target.partitioning
        lives, by = target.partitions_live, "partition_expiration_days"
        if target.ends is not None:
            yield f"{table} is removed at {target.ends:%Y-%m-%d %H:%M} UTC (expiration_timestamp)"
    if partitioning is not None and lives is not None:
        yield (
            f"partitions of {table} are removed {_days(lives)} after their date ({by}): a row with"
            f" an older {partitioning.field} is gone as soon as it is written"
            + ("; to a repair it is lost, and each one brings it in vain" * request.missing.heals)
        )


def source_lifetime_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """That rows which the source removes by their age are taken for deleted.

    Args:
        request: the run's.
        facts: of which the source counts.
    """
    here, asked = facts.profile.in_bigquery, request.missing
    if here is None or not asked.deletes or asked.where:
        return
    for table, lives in here.partitions_live:
        yield (
            f"BigQuery removes partitions of {table} {_days(lives)} after their date"
            f" (partition_expiration_days): {asked.asked} takes their rows for deleted. Where they"
            f" are to stay in {request.destination}, give {WHERE} a condition that leaves out what"
            " is about to go, with a later date at each launch"
        )


def _begin(value: datetime | date, size: str) -> datetime:
    """Where the partition of a value begins: its date, from which it lives, aware UTC.

    >>> _begin(date(2025, 7, 22), "MONTH").isoformat()
    '2025-07-01T00:00:00+00:00'
    """
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    value = value.replace(minute=0, second=0, microsecond=0)
    if size == "HOUR":
        return value
    month, day = (1 if size == "YEAR" else value.month), (value.day if size == "DAY" else 1)
    return value.replace(month=month, day=day, hour=0)


def _days(lives: timedelta) -> str:
    """A lifetime in words.

    >>> _days(timedelta(days=60)), _days(timedelta(hours=6))
    ('60 days', '6 hours')
    """
    if lives % DAY:
        return counted(lives // timedelta(hours=1), "hour")
    return counted(lives // DAY, "day")
