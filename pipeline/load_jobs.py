"""I/O. Load jobs and statements with deterministic ids: sent twice, run once."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from google.api_core.exceptions import Conflict, GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from auto_schema.bigquery_types import display_of
from auto_schema.errors import (
    OutcomeUnknownError,
    RunInProgressError,
    SourceChangedError,
    TargetError,
)
from auto_schema.schema import INGESTION_TIME, Column, TableSchema
from pipeline.bigquery import as_target_errors, table_id, target_error
from pipeline.elements import StagedFile
from smart_sync.plan import SyncPlan
from smart_sync.request import TableRef, WriteDisposition
from smart_sync.ways import Mode
from sources.bigquery import BigquerySource
from sources.bigquery_client import (
    CONNECTION_ERRORS,
    JobLabels,
    find_job,
    is_transient,
    query_config,
    run_job,
)
from sources.bigquery_jobs import reading_config

MAX_URIS = 10_000
"""Per load job: https://cloud.google.com/bigquery/quotas#load_jobs"""
STAGING_LIFE = timedelta(days=1)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


def run_attempts(
    client: bigquery.Client,
    plan: SyncPlan,
    step: str,
    start: Callable[[str, JobLabels], Any],
    before: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Run a step's job; the next attempt's id is used only after the one before has failed.

    Args:
        client: of the job project.
        plan: the run's.
        step: names the job.
        start: sends it under an id.
        before: looks at the lock just before the job is sent, and raises when it is lost.
        sleep: between attempts.

    Raises:
        RunInProgressError: the lock is lost, and the job was not sent.
        TargetError: the job was refused, or has failed once too often.
        OutcomeUnknownError: transient faults didn't end within max_retries.
    """
    attempt, pause = 1, FIRST_PAUSE_S
    labels = JobLabels(plan.run_id, step)
    for tries in range(plan.max_retries + 1):
        job_id = publish_job_id(plan, step, attempt)
        try:
            _look(client, job_id, labels, before)
            return run_job(client, job_id, labels, partial(start, job_id, labels))
        except (GoogleAPICallError, GoogleAuthError, RetryError, *CONNECTION_ERRORS) as error:
            failed = not is_transient(error) or _has_failed(client, job_id)
            if tries == plan.max_retries or not is_transient(error):
                raise _given_up(plan, job_id, error, failed=failed) from error
            attempt += 1 if failed else 0
            sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
    raise AssertionError("unreachable")


def publish_job_id(plan: SyncPlan, step: str, attempt: int = 1) -> str:
    """The id of a step's job; ids are unique per project and location."""
    return job_id_of(plan.run_id, step, attempt)


def job_id_of(run_id: str, step: str, attempt: int) -> str:
    """The same, of a run that is known by its name only."""
    return f"sync_{run_id}_{step}_{attempt}"


def _look(
    client: bigquery.Client, job_id: str, labels: JobLabels, before: Callable[[], None]
) -> None:
    """Look at the lock; a job that a repeated step had sent already needs none.

    Raises:
        RunInProgressError: the lock is lost, and the job was not sent.
    """
    try:
        before()
    except RunInProgressError:
        job = find_job(client, job_id)
        if job is None or job.labels != labels.as_dict():
            raise


def _given_up(plan: SyncPlan, job_id: str, error: Exception, *, failed: bool) -> TargetError:
    """What BigQuery said last; without a word on the job itself it may still run."""
    where = f"{plan.destination}, job {job_id}"
    fault = target_error(error, where)
    if failed:
        return fault
    fix = "run again when BigQuery answers: that run waits for this job, or makes it void, first."
    return OutcomeUnknownError("BigQuery does not answer", where, fault.why, fix)


def _has_failed(client: bigquery.Client, job_id: str) -> bool:
    try:
        job = find_job(client, job_id)
    except (GoogleAPICallError, RetryError, *CONNECTION_ERRORS):
        return False
    return job is not None and job.state == "DONE" and bool(job.error_result)


def field(column: Column, *, staged: bool) -> bigquery.SchemaField:
    """A column as the API wants it; JSON is text while it is staged."""
    if column.shape is not None:
        resource = column.shape.resource(column.name, column.description, staged=staged)
        return bigquery.SchemaField.from_api_repr(resource)
    kind = "STRING" if staged and column.is_json else column.bigquery
    if staged or not column.description:
        return bigquery.SchemaField(column.name, kind, column.mode)
    return bigquery.SchemaField(column.name, kind, column.mode, description=column.description)


def make_staging_table(
    client: bigquery.Client, table: TableRef, fields: Sequence[bigquery.SchemaField]
) -> None:
    """Make a table that BigQuery itself removes after a day."""
    made = bigquery.Table(table_id(table), schema=list(fields))
    made.expires = datetime.now(UTC) + STAGING_LIFE
    with as_target_errors(f"staging table {table}"):
        try:
            client.create_table(made)
        except Conflict:
            return


def load_config(labels: JobLabels) -> bigquery.LoadJobConfig:
    """What all our Parquet loads share; nothing is detected."""
    config = bigquery.LoadJobConfig(source_format="PARQUET", autodetect=False)
    parquet = bigquery.ParquetOptions()
    parquet.enable_list_inference = True
    config.parquet_options = parquet
    config.labels = labels.as_dict()
    return config


def load_into_existing(
    client: bigquery.Client, plan: SyncPlan, table: TableRef, files: Sequence[StagedFile], step: str
) -> int:
    """Append files to a table of ours; the rows that BigQuery counted.

    Files in a bucket go in load jobs of up to 10,000, local ones in a job each.
    """

    def config(labels: JobLabels) -> bigquery.LoadJobConfig:
        made = load_config(labels)
        made.create_disposition, made.write_disposition = "CREATE_NEVER", "WRITE_APPEND"
        return made

    def load_uris(uris: list[str], job_id: str, labels: JobLabels) -> Any:
        return client.load_table_from_uri(
            uris, table_id(table), job_id=job_id, job_config=config(labels)
        )

    def load_file(file: StagedFile, job_id: str, labels: JobLabels) -> Any:
        return upload(client, file, table, job_id, config(labels), plan.max_retries)

    starts: list[Callable[[str, JobLabels], Any]] = [partial(load_file, file) for file in files]
    if plan.staging.is_bucket:
        uris = [file.uri for file in files]
        starts = [
            partial(load_uris, uris[first : first + MAX_URIS])
            for first in range(0, len(uris), MAX_URIS)
        ]
    jobs = [
        run_attempts(client, plan, f"{step}_{number}", start) for number, start in enumerate(starts)
    ]
    return sum(int(job.output_rows) for job in jobs)


def upload(
    client: bigquery.Client,
    file: StagedFile,
    table: TableRef,
    job_id: str,
    config: bigquery.LoadJobConfig,
    retries: int,
) -> Any:
    """Send a local file as a load job."""
    with Path(file.uri).open("rb") as stream:
        return client.load_table_from_file(
            stream,
            table_id(table),
            size=file.bytes,
            num_retries=retries,
            job_id=job_id,
            job_config=config,
        )


def load_straight(
    client: bigquery.Client,
    plan: SyncPlan,
    files: Sequence[StagedFile],
    columns: Sequence[Any],
    before: Callable[[], None],
) -> Any:
    """One load job of all files into the destination, creating or evolving it with them.

    Args:
        client: of the job project.
        plan: the run's.
        files: in a bucket; at least one.
        columns: the destination's full schema after the job; empty: it keeps its own.
        before: as `run_attempts` says.
    """

    def start(job_id: str, labels: JobLabels) -> Any:
        config = load_config(labels)
        if columns:
            config.schema = list(columns)
        config.create_disposition = "CREATE_IF_NEEDED" if plan.create_if_needed else "CREATE_NEVER"
        config.write_disposition = _load_disposition(plan)
        if plan.added and plan.mode is Mode.APPEND:
            config.schema_update_options = ["ALLOW_FIELD_ADDITION"]
        if config.write_disposition == "WRITE_TRUNCATE" or plan.mode is Mode.CREATE:
            config.time_partitioning = time_partitioning(plan.schema)
            config.clustering_fields = list(plan.schema.clustering) or None
        if plan.mode is Mode.CREATE:
            properties: dict[str, Any] = {"labels": dict(plan.labels)}
            if plan.schema.description:
                properties["description"] = plan.schema.description
            config._properties["load"]["destinationTableProperties"] = properties
        uris = [file.uri for file in files]
        return client.load_table_from_uri(
            uris, table_id(plan.destination), job_id=job_id, job_config=config
        )

    return run_attempts(client, plan, "publish", start, before)


def time_partitioning(schema: TableSchema) -> bigquery.TimePartitioning | None:
    """As the API wants it; by ingestion time has no field."""
    if schema.partitioning is None:
        return None
    field_name = schema.partitioning.field
    return bigquery.TimePartitioning(
        type_=schema.partitioning.type,
        field=None if field_name == INGESTION_TIME else field_name,
    )


def _load_disposition(plan: SyncPlan) -> str:
    if plan.mode is Mode.REBUILD or (plan.mode is Mode.REPLACE and plan.added):
        return "WRITE_TRUNCATE"
    if plan.mode is Mode.REPLACE:
        return "WRITE_TRUNCATE_DATA"
    if plan.write_disposition is WriteDisposition.EMPTY:
        return "WRITE_EMPTY"
    return "WRITE_APPEND"


def copy_table(client: bigquery.Client, plan: SyncPlan, before: Callable[[], None]) -> Any:
    """Copy the source into the destination by one job: free, and all at once."""
    creates = plan.create_if_needed
    source = plan.source
    if not isinstance(source, BigquerySource):
        raise TypeError(type(source).__name__)

    def start(job_id: str, labels: JobLabels) -> Any:
        _check_shape(client, plan, source.connection.table_id)
        config = bigquery.CopyJobConfig()
        config.create_disposition = "CREATE_IF_NEEDED" if creates else "CREATE_NEVER"
        config.write_disposition = "WRITE_APPEND"
        if plan.mode in (Mode.REPLACE, Mode.REBUILD):
            config.write_disposition = "WRITE_TRUNCATE"
        elif plan.write_disposition is WriteDisposition.EMPTY or plan.mode is Mode.CREATE:
            config.write_disposition = "WRITE_EMPTY"
        config.labels = labels.as_dict()
        return client.copy_table(
            source.connection.table_id,
            table_id(plan.destination),
            job_id=job_id,
            job_config=config,
        )

    return run_attempts(client, plan, "publish", start, before)


def _check_shape(client: bigquery.Client, plan: SyncPlan, table: str) -> None:
    """A copy gives the destination the source's columns: they must still be the plan's.

    Raises:
        SourceChangedError: they aren't.
    """
    found = [(f.name, display_of(f.to_api_repr())) for f in client.get_table(table).schema]
    planned = [(column.source_name, column.source_type) for column in plan.schema]
    if found != planned:
        changed = sorted({name for name, _ in set(found) ^ set(planned)}) or ["their order"]
        raise SourceChangedError(
            "the source has changed since the plan was made",
            f"table {table}",
            f"columns: {', '.join(changed)}",
            "run again; nothing was published.",
        )


def run_statement(
    client: bigquery.Client,
    plan: SyncPlan,
    sql: str,
    step: str,
    before: Callable[[], None] = lambda: None,
    *,
    reads_source: bool = False,
) -> Any:
    """Run a statement or script as one job; `before` as `run_attempts` says.

    Args:
        client: of the job project.
        plan: the run's.
        sql: the statement.
        step: names the job.
        before: just before it is sent.
        reads_source: whether max_bytes_billed and the source's dataset hold for it.
    """

    def start(job_id: str, labels: JobLabels) -> Any:
        config = query_config(labels)
        if reads_source and isinstance(plan.source, BigquerySource):
            config = reading_config(plan.source, labels)
        return client.query(sql, config, job_id=job_id, job_retry=None)

    return run_attempts(client, plan, step, start, before)
