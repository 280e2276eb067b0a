"""What of the destination stands against a plan."""

from datetime import date, datetime

from auto_schema.errors import SchemaError, SyncError, TargetError
from auto_schema.schema import Partitioning, TableSchema
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest, WriteDisposition
from sources.values import Evidence
from warehouse.names import TableRef

MAX_PARTITIONS = 4_000
"""Per job: https://cloud.google.com/bigquery/quotas#partitioned_tables"""
MAX_COLUMNS = 10_000
UNITS = {"HOUR": 3600, "DAY": 86_400, "MONTH": 2_629_800, "YEAR": 31_557_600}
"""Seconds of a partition, for an estimate of how many there will be."""


def target_faults(request: SyncRequest, facts: Facts, schema: TableSchema) -> list[SyncError]:
    """Every fault of the destination that would end the run."""
    target, faults = facts.target, list[SyncError]()
    where = f"table {request.destination}"
    if not target.exists and not request.publishing.create_if_needed:
        why = "create_disposition=CREATE_NEVER"
        fix = "create the table, or set create_disposition=CREATE_IF_NEEDED."
        faults.append(TargetError("destination table is missing", where, why, fix))
    empties = request.publishing.write_disposition is WriteDisposition.EMPTY
    if (
        empties
        and target.exists
        and target.rows != 0
        and not request.publishing.delete_existing_table
    ):
        why = f"it holds {target.rows:,} rows" if target.rows is not None else "it may hold rows"
        fix = "choose WRITE_APPEND or WRITE_TRUNCATE, or another destination_bigquery_table."
        faults.append(TargetError("write_disposition=WRITE_EMPTY on a full table", where, why, fix))
    if len(schema.columns) > MAX_COLUMNS:
        why = f"{len(schema.columns):,} columns, the most is {MAX_COLUMNS:,}"
        faults.append(SchemaError("too many columns", where, why, "select fewer columns."))
    if request.publishing.verify and not facts.profile.is_utf8:
        why = "the database is SQL_ASCII: its texts have no characters to be hashed alike"
        fix = "set verify=false, or give the database an encoding."
        faults.append(SchemaError("verify=true can't hash this source", where, why, fix))
    return faults


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
