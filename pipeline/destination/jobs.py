"""I/O. Load jobs and statements with deterministic ids: sent twice, run once."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from google.api_core.exceptions import Conflict
from google.cloud import bigquery

from auto_schema.bigquery_types import display_of
from auto_schema.errors import SourceChangedError
from auto_schema.schema import INGESTION_TIME, Column, StagedColumn, TableSchema
from pipeline.destination.attempts import PUBLISH, run_attempts
from pipeline.destination.elements import StagedFile
from smart_sync.plan import SyncPlan
from sources.protocol import as_in_place
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, reading_config
from warehouse.names import TableRef

MAX_URIS = 10_000
"""Per load job: https://cloud.google.com/bigquery/quotas#load_jobs"""
STAGING_LIFE = timedelta(days=1)
UPLOADS_AT_ONCE = 4
SMALL_FILE = 16_000_000
"""Bytes of a file of which several go up side by side: all of it may be in memory then."""


def published_field(column: Column) -> bigquery.SchemaField:
    """A column of the destination as the API wants it."""
    if column.shape is not None:
        resource = column.shape.resource(column.name, column.description, staged=False)
        return bigquery.SchemaField.from_api_repr(resource)
    if not column.description:
        return bigquery.SchemaField(column.name, column.bigquery, column.mode)
    return bigquery.SchemaField(
        column.name, column.bigquery, column.mode, description=column.description
    )


def staged_field(column: StagedColumn) -> bigquery.SchemaField:
    """A column of the staging table as the API wants it."""
    if column.shape is not None:
        resource = column.shape.resource(column.name, "", staged=True)
        return bigquery.SchemaField.from_api_repr(resource)
    return bigquery.SchemaField(column.name, column.bigquery, column.mode)


def make_staging_table(
    client: bigquery.Client, table: TableRef, fields: Sequence[bigquery.SchemaField]
) -> None:
    """Make a table that BigQuery itself removes after a day."""
    resource = bigquery.Table(str(table), schema=list(fields))
    resource.expires = datetime.now(UTC) + STAGING_LIFE
    with as_target_errors(f"staging table {table}"):
        try:
            client.create_table(resource)
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

    Files in a bucket go in load jobs of up to 10,000, local ones in a job each, small ones side
    by side. A step that is repeated may get them in another order: each job's id stands for the
    same ones again.

    Raises:
        SyncError: of the first job that failed; those that wait then are not sent.
    """
    files = sorted(files, key=lambda file: file.uri)
    starts = _loads(client, plan, table, files)
    at_once = UPLOADS_AT_ONCE if all(file.bytes <= SMALL_FILE for file in files) else 1
    with ThreadPoolExecutor(at_once, thread_name_prefix="load") as pool:
        sent = [
            pool.submit(run_attempts, client, plan, f"{step}_{number}", start)
            for number, start in enumerate(starts)
        ]
        _, waiting = wait(sent, return_when=FIRST_EXCEPTION)
        for job in waiting:
            job.cancel()
    return sum(int(job.result().output_rows) for job in sent if not job.cancelled())


def _loads(
    client: bigquery.Client, plan: SyncPlan, table: TableRef, files: Sequence[StagedFile]
) -> list[Callable[[str, JobLabels], Any]]:
    """How each job that appends some of the files is started, in their order."""

    def config(labels: JobLabels) -> bigquery.LoadJobConfig:
        load = load_config(labels)
        load.create_disposition, load.write_disposition = "CREATE_NEVER", "WRITE_APPEND"
        return load

    def load_uris(uris: list[str], job_id: str, labels: JobLabels) -> Any:
        return client.load_table_from_uri(
            uris, str(table), job_id=job_id, job_config=config(labels)
        )

    def load_file(file: StagedFile, job_id: str, labels: JobLabels) -> Any:
        return upload(client, file, table, job_id, config(labels), retries=plan.run.max_retries)

    if not plan.run.staging.is_bucket:
        return [partial(load_file, file) for file in files]
    uris = [file.uri for file in files]
    firsts = range(0, len(uris), MAX_URIS)
    return [partial(load_uris, uris[first : first + MAX_URIS]) for first in firsts]


def upload(
    client: bigquery.Client,
    file: StagedFile,
    table: TableRef,
    job_id: str,
    config: bigquery.LoadJobConfig,
    *,
    retries: int,
) -> Any:
    """Send a local file as a load job."""
    with Path(file.uri).open("rb") as stream:
        return client.load_table_from_file(
            stream,
            str(table),
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
    uris = [file.uri for file in files]

    def start(job_id: str, labels: JobLabels) -> Any:
        config = _straight_config(plan, columns, labels)
        return client.load_table_from_uri(
            uris, str(plan.destination), job_id=job_id, job_config=config
        )

    return run_attempts(client, plan, PUBLISH, start, before)


def _straight_config(
    plan: SyncPlan, columns: Sequence[Any], labels: JobLabels
) -> bigquery.LoadJobConfig:
    """What becomes of the destination, when a job loads into it."""
    mode, config = plan.publishing.mode, load_config(labels)
    if columns:
        config.schema = list(columns)
    creates = plan.publishing.create_if_needed
    config.create_disposition = "CREATE_IF_NEEDED" if creates else "CREATE_NEVER"
    config.write_disposition = mode.load_disposition(plan)
    is_anew = config.write_disposition == "WRITE_TRUNCATE"
    if plan.changes.added and not is_anew:
        config.schema_update_options = ["ALLOW_FIELD_ADDITION"]
    if is_anew or mode.is_new:
        config.time_partitioning = time_partitioning(plan.schema)
        config.clustering_fields = list(plan.schema.clustering) or None
    if mode.is_new:
        properties: dict[str, Any] = {"labels": dict(plan.publishing.labels)}
        if plan.schema.description:
            properties["description"] = plan.schema.description
        config._properties["load"]["destinationTableProperties"] = properties
    return config


def time_partitioning(schema: TableSchema) -> bigquery.TimePartitioning | None:
    """As the API wants it; by ingestion time has no field."""
    if schema.partitioning is None:
        return None
    field_name = schema.partitioning.field
    return bigquery.TimePartitioning(
        type_=schema.partitioning.type,
        field=None if field_name == INGESTION_TIME else field_name,
    )


def copy_table(client: bigquery.Client, plan: SyncPlan, before: Callable[[], None]) -> Any:
    """Copy the source into the destination by one job: free, and all at once."""
    creates = plan.publishing.create_if_needed
    table = as_in_place(plan.reading.source).copied_table

    def look() -> None:
        _check_shape(client, plan, table)
        before()

    def start(job_id: str, labels: JobLabels) -> Any:
        config = bigquery.CopyJobConfig()
        config.create_disposition = "CREATE_IF_NEEDED" if creates else "CREATE_NEVER"
        config.write_disposition = plan.publishing.mode.copy_disposition
        config.labels = labels.as_dict()
        return client.copy_table(
            table,
            str(plan.destination),
            job_id=job_id,
            job_config=config,
        )

    return run_attempts(client, plan, PUBLISH, start, look)


def _check_shape(client: bigquery.Client, plan: SyncPlan, table: str) -> None:
    """A copy gives the destination the source's columns: they must still be the plan's.

    Raises:
        SourceChangedError: they aren't.
    """
    with as_target_errors(f"table {table}"):
        schema = client.get_table(table).schema
    described = [(f.name, display_of(f.to_api_repr())) for f in schema]
    planned = [(column.source_name, column.source_type) for column in plan.schema]
    if described != planned:
        changed = sorted({name for name, _ in set(described) ^ set(planned)}) or ["their order"]
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
    config: Callable[[JobLabels], bigquery.QueryJobConfig] | None = None,
) -> Any:
    """Run a statement or script as one job; `before` as `run_attempts` says.

    Args:
        client: of the job project.
        plan: the run's.
        sql: the statement.
        step: names the job.
        before: just before it is sent.
        config: what the job is told beside it; None: the keys that the statement names.
    """
    config = config or partial(query_config, parameters=keys_in(plan, sql))

    def start(job_id: str, labels: JobLabels) -> Any:
        return client.query(sql, config(labels), job_id=job_id, job_retry=None)

    return run_attempts(client, plan, step, start, before)


def keys_in(plan: SyncPlan, sql: str) -> list[bigquery.ArrayQueryParameter]:
    """The keys missing at the source that come with a statement, as its parameters."""
    missing = plan.publishing.missing
    sent = missing.sent_in(sql) if missing is not None else {}
    return [bigquery.ArrayQueryParameter(name, "STRING", keys) for name, keys in sent.items()]


def reading_source(plan: SyncPlan) -> Callable[[JobLabels], bigquery.QueryJobConfig]:
    """What a job is told that reads a source in BigQuery: its dataset, and max_bytes_billed."""
    source = as_in_place(plan.reading.source)
    return partial(
        reading_config,
        default_dataset=source.default_dataset,
        max_bytes_billed=source.max_bytes_billed,
    )


def asked_row(client: bigquery.Client, plan: SyncPlan, sql: str, step: str) -> Any:
    """The one row of a query, which is a job of its own.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    job: Any = run_statement(client, plan, sql, step)
    with as_target_errors(f"job {job.job_id}"):
        return next(iter(job.result()))
