"""I/O. Snapshots of a table, and a table restored from one: copy jobs, which read no row.

A copy of a table as it was keeps neither its partitions nor its tags; a snapshot of it does.
https://cloud.google.com/bigquery/docs/table-snapshots-intro
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.destination.attempts import PUBLISH, OfRun, run_attempts
from warehouse.jobs import JobLabels
from warehouse.names import TableRef

SNAPSHOT = "snapshot"
"""The step that takes one."""
FORBIDDEN = 403
ROLE_FIX = (
    "a snapshot that expires needs the permission bigquery.tables.deleteSnapshot beside what"
    " roles/bigquery.dataEditor has: grant roles/bigquery.dataOwner on the dataset, or a role of"
    " your own with that permission, to the service account; or leave keep_snapshots out."
)
"""https://cloud.google.com/bigquery/docs/table-snapshots-create#permissions"""


def take_snapshot(
    client: bigquery.Client,
    plan: OfRun,
    snapshot: TableRef,
    expires: datetime,
    before: Callable[[], None],
    *,
    as_of: datetime | None = None,
    key: str = "",
) -> None:
    """Take a snapshot of the destination; done twice it is the first one.

    Args:
        client: of the job project.
        plan: the run's.
        snapshot: its name.
        expires: when BigQuery removes it.
        before: as `run_attempts` says.
        as_of: of the table as it was then; None: as it is.
        key: of Cloud KMS, by which it is encrypted; empty: as the dataset says.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    source = str(plan.destination)
    if as_of is not None:
        source += f"@{round(as_of.timestamp() * 1000)}"

    def start(job_id: str, labels: JobLabels) -> Any:
        config = bigquery.CopyJobConfig(
            operation_type=bigquery.job.OperationType.SNAPSHOT,
            create_disposition="CREATE_IF_NEEDED",
            write_disposition="WRITE_EMPTY",
            labels=labels.as_dict(),
            **_encrypted(key),
        )
        config.destination_expiration_time = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        return client.copy_table(source, str(snapshot), job_id=job_id, job_config=config)

    try:
        run_attempts(client, plan, SNAPSHOT, start, before)
    except TargetError as error:
        if getattr(error.__cause__, "code", None) != FORBIDDEN:
            raise
        raise TargetError(error.what, error.where, error.why, ROLE_FIX) from error


def restore(
    client: bigquery.Client,
    plan: OfRun,
    snapshot: TableRef,
    before: Callable[[], None],
    *,
    key: str = "",
) -> Any:
    """Make the destination what a snapshot is: all of it at once, or nothing.

    Args:
        client: of the job project.
        plan: the run's.
        snapshot: which one.
        before: as `run_attempts` says.
        key: of Cloud KMS, by which the destination is encrypted; empty: by none of its own.

    Raises:
        RunInProgressError: the lock is lost; nothing was restored.
        OutcomeUnknownError: it may be restored, or may yet be.
        TargetError: BigQuery refused or can't be reached; nothing was restored.
    """

    def start(job_id: str, labels: JobLabels) -> Any:
        config = bigquery.CopyJobConfig(
            operation_type=bigquery.job.OperationType.RESTORE,
            create_disposition="CREATE_NEVER",
            write_disposition="WRITE_TRUNCATE",
            labels=labels.as_dict(),
            **_encrypted(key),
        )
        return client.copy_table(
            str(snapshot), str(plan.destination), job_id=job_id, job_config=config
        )

    return run_attempts(client, plan, PUBLISH, start, before)


def _encrypted(key: str) -> dict[str, Any]:
    """Of a copy job: what it writes is encrypted as its table is, which no default may change."""
    if not key:
        return {}
    return {"destination_encryption_configuration": bigquery.EncryptionConfiguration(key)}
