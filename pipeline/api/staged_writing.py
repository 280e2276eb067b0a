"""I/O. Rows that somebody's own pipeline brings, staged in files and published by one job.

A bundle that is run again writes other files: only what Beam has taken of a bundle that ended well
is published, under a job id that the write has once.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import ConfigError, SchemaError, TargetError, VerificationError
from pipeline.api.arrow_fields import against, resources_of
from pipeline.api.arrow_values import check_values
from pipeline.cli import new_run_id
from pipeline.destination.attempts import PUBLISH, run_attempts
from pipeline.destination.elements import StagedFile
from pipeline.destination.files import COMPRESSION, COMPRESSION_LEVEL
from pipeline.destination.folder import STORAGE_ERRORS, Folder, staging_error
from pipeline.destination.jobs import MAX_URIS, load_config, upload
from pipeline.destination.names import refuse_other_case
from pipeline.destination.target import read_dataset
from smart_sync.plan import RunPlan
from smart_sync.staging import Staging
from warehouse.client import make_client
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config
from warehouse.names import Endpoints, TableRef

APPEND, TRUNCATE, EMPTY = "WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY"
ROWS_ONLY = "WRITE_TRUNCATE_DATA"
"""Replaces the rows of a table that is there, and nothing else of it."""
DISPOSITIONS = (APPEND, TRUNCATE, EMPTY)
CREATES = ("CREATE_IF_NEEDED", "CREATE_NEVER")
NO_LEASE = timedelta(0)
"""A write takes no lock."""


@dataclass(frozen=True, slots=True)
class Write:
    """What is to be written where.

    Attributes:
        destination: the table.
        temp_location: a folder in a bucket, or a local one.
        disposition: one of DISPOSITIONS.
        creates: whether a missing table is made.
        job_project: where jobs run and are billed.
        endpoints: of BigQuery and Cloud Storage.
        max_retries: of a transient fault.
    """

    destination: TableRef
    temp_location: str
    disposition: str
    creates: bool
    job_project: str
    endpoints: Endpoints
    max_retries: int


@dataclass(frozen=True, slots=True)
class BegunWrite:
    """A write that has begun; it has one name, whatever is run again.

    `run` is what jobs are named and tried by, `destination` the table.
    """

    run: RunPlan
    destination: TableRef

    @property
    def folder(self) -> Folder:
        """Where its files lie."""
        return Folder(self.run.staging.folder, self.run.endpoints)


@dataclass(frozen=True, slots=True)
class StagedPart:
    """The rows of one bundle: its file, and the schema in it as Arrow's bytes."""

    file: StagedFile
    schema: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What became visible, by one job.

    Attributes:
        destination: `project.dataset.table`.
        run_id: of the write.
        job_id: of the job that published; empty: there was nothing to publish.
        rows: that it added.
    """

    destination: str
    run_id: str
    job_id: str
    rows: int


def write_of(
    table: str, temp_location: str, write_disposition: str, create_disposition: str, **more: Any
) -> Write:
    """A write, its settings checked; nothing is asked.

    Raises:
        ConfigError: what is wrong with them.
    """
    parts = table.replace(":", ".").split(".")
    if len(parts) != 3 or not all(parts):
        raise ConfigError("malformed table", table, "", "write project.dataset.table.")
    for name, value, choices in (
        ("write_disposition", write_disposition, DISPOSITIONS),
        ("create_disposition", create_disposition, CREATES),
    ):
        if value not in choices:
            raise ConfigError("no such value", f"{name} {value!r}", "", f"one of {choices}.")
    if not temp_location:
        fix = "give temp_location=gs://bucket/folder, or Beam's --temp_location."
        raise ConfigError("missing parameter", "temp_location", "files are staged there", fix)
    creates = create_disposition == CREATES[0]
    project = more.pop("job_project") or parts[0]
    return Write(TableRef(*parts), temp_location, write_disposition, creates, project, **more)


def begin(write: Write) -> BegunWrite:
    """Look at the destination, and give the write its name.

    Raises:
        TargetError: the dataset is missing, or the table as it mustn't be.
    """
    destination, now = write.destination, datetime.now(UTC)
    client = make_client(write.job_project, None, write.endpoints, write.max_retries)
    dataset = read_dataset(client, destination)
    refuse_other_case(destination, dataset)
    table, run_id = _table(client, destination), new_run_id(now)
    if table is None and not write.creates:
        fix = "make it, or give create_disposition=CREATE_IF_NEEDED."
        raise TargetError("destination table is missing", str(destination), "", fix)
    if table is not None and write.disposition == EMPTY and table.num_rows:
        fix = "give another write_disposition, or another table."
        raise TargetError("destination table is not empty", str(destination), "", fix)
    folder = f"{write.temp_location.rstrip('/')}/smart_sync_writes/{run_id}"
    staging = Staging(folder, destination, destination)
    run = RunPlan(
        run_id,
        now,
        dataset.location,
        write.job_project,
        staging,
        destination,
        NO_LEASE,
        write.max_retries,
        write.endpoints,
    )
    return BegunWrite(run, destination)


def _table(client: bigquery.Client, ref: TableRef) -> bigquery.Table | None:
    with as_target_errors(f"table {ref}"):
        try:
            return client.get_table(str(ref))
        except NotFound:
            return None


class BundleFile:
    """The file of one bundle, which is written from its first batch on.

    Args:
        begun: the write.
    """

    def __init__(self, begun: BegunWrite) -> None:
        self._folder, self._rows = begun.folder, 0
        self._name = f"rows-{uuid.uuid4().hex}.parquet"
        self._schema: pa.Schema | None = None
        self._stream: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch.

        Raises:
            SchemaError: it has other columns than the one before, or a type or value that
                BigQuery hasn't.
            TargetError: the folder can't be written.
        """
        if self._schema is None:
            resources_of(batch.schema)
            self._schema = batch.schema.remove_metadata()
        if not batch.schema.equals(self._schema):
            raise unequal(self._schema, batch.schema)
        check_values(batch)
        try:
            if self._writer is None:
                self._stream = self._folder.open(self._name)
                self._writer = pq.ParquetWriter(
                    self._stream,
                    self._schema,
                    compression=COMPRESSION,
                    compression_level=COMPRESSION_LEVEL,
                )
            self._writer.write_batch(batch)
        except STORAGE_ERRORS as error:
            raise staging_error(error, self._folder.path) from error
        self._rows += batch.num_rows

    def finish(self) -> StagedPart | None:
        """The file, whole; None: no batch came.

        Raises:
            TargetError: it can't be closed.
        """
        if self._writer is None or self._stream is None or self._schema is None:
            return None
        try:
            self._writer.close()
            self._stream.close()
            size = self._folder.look(self._name, with_digest=False).bytes
        except STORAGE_ERRORS as error:
            raise staging_error(error, self._folder.path) from error
        file = StagedFile(self._folder.uri(self._name), self._rows, size)
        return StagedPart(file, self._schema.serialize().to_pybytes())

    def abandon(self) -> None:
        """Drop it: its bundle has failed."""
        with suppress(*STORAGE_ERRORS, ValueError):
            if self._stream is not None:
                getattr(self._stream, "terminate", self._stream.close)()
                self._folder.remove(self._name)


def unequal(one: pa.Schema, other: pa.Schema) -> SchemaError:
    """Two batches that can't be rows of one table."""
    names = sorted({f.name for f in set(one) ^ set(other)}) or ["their order"]
    fix = "select and cast the same columns in the same order in every batch."
    return SchemaError("batches have different columns", ", ".join(names), "", fix)


def publish(write: Write, begun: BegunWrite, parts: Sequence[StagedPart]) -> Written:
    """Make all rows visible by one job; done twice, it is one job.

    Raises:
        SchemaError: the batches don't fit together, or into the table.
        TargetError: BigQuery refused or can't be reached; nothing is visible.
        VerificationError: the job tells of other rows than were staged.
    """
    run, destination = begun.run, begun.destination
    client = make_client(run.job_project, run.location, run.endpoints, run.max_retries)
    files = sorted((part.file for part in parts), key=lambda file: file.uri)
    if not files:
        return _published_none(client, write, begun)
    if len(files) > MAX_URIS:
        why = f"{len(files):,} files, and one load job takes {MAX_URIS:,}"
        fix = "put beam.Reshuffle before the write, or larger batches: a bundle is a file."
        raise TargetError("too many files for one atomic job", str(destination), why, fix)
    schema, table = _schema_of(parts), _table(client, destination)
    if table is not None:
        against(schema, [field.to_api_repr() for field in table.schema], str(destination))
    load = _Load(client, write, begun, files, None if table else schema)
    job = run_attempts(client, begun, PUBLISH, load.start)
    rows = sum(file.rows for file in files)
    if int(job.output_rows) != rows:
        why = f"{rows:,} rows were staged, job {job.job_id} tells of {int(job.output_rows):,}"
        fix = "look at the job before anything else is written."
        raise VerificationError("rows differ", str(destination), why, fix)
    return Written(str(destination), run.run_id, job.job_id, rows)


def _schema_of(parts: Sequence[StagedPart]) -> pa.Schema:
    schemas = [pa.ipc.read_schema(pa.py_buffer(data)) for data in {part.schema for part in parts}]
    for other in schemas[1:]:
        if not other.equals(schemas[0]):
            raise unequal(schemas[0], other)
    return schemas[0]


def _published_none(client: bigquery.Client, write: Write, begun: BegunWrite) -> Written:
    """Of no rows: a table that is replaced is emptied; nothing else is done."""
    name, job_id = str(begun.destination), ""
    if write.disposition == TRUNCATE and _table(client, begun.destination) is not None:

        def start(job_id: str, labels: JobLabels) -> Any:
            sql = f"TRUNCATE TABLE {begun.destination.sql}"
            return client.query(sql, query_config(labels), job_id=job_id, job_retry=None)

        job_id = run_attempts(client, begun, PUBLISH, start).job_id
    return Written(name, begun.run.run_id, job_id, 0)


class _Load:
    """The one job that loads all files; `schema` is of a table that is to be made."""

    def __init__(
        self,
        client: bigquery.Client,
        write: Write,
        begun: BegunWrite,
        files: Sequence[StagedFile],
        schema: pa.Schema | None,
    ) -> None:
        self._client, self._write, self._begun = client, write, begun
        self._files, self._schema = files, schema

    def start(self, job_id: str, labels: JobLabels) -> Any:
        """Send it under an id."""
        config, name = self._config(labels), str(self._begun.destination)
        if self._begun.run.staging.is_bucket:
            uris = [file.uri for file in self._files]
            return self._client.load_table_from_uri(uris, name, job_id=job_id, job_config=config)
        whole = joined(Path(self._begun.run.staging.folder), self._files)
        retries = self._begun.run.max_retries
        client, table = self._client, self._begun.destination
        return upload(client, whole, table, job_id, config, retries=retries)

    def _config(self, labels: JobLabels) -> bigquery.LoadJobConfig:
        """What becomes of the table; one that is there keeps its columns, layout and policies."""
        config = load_config(labels)
        config.write_disposition = self._write.disposition
        config.create_disposition = CREATES[0] if self._write.creates else CREATES[1]
        if self._schema is not None:
            fields = resources_of(self._schema)
            config.schema = [bigquery.SchemaField.from_api_repr(field) for field in fields]
        elif self._write.disposition == TRUNCATE:
            config.write_disposition = ROWS_ONLY
        return config


def joined(folder: Path, files: Sequence[StagedFile]) -> StagedFile:
    """Local files as one, since one upload is one job; the same whenever it is done again."""
    path = folder / "all.parquet"
    schema = pq.read_schema(files[0].uri)
    with pq.ParquetWriter(path, schema, compression=COMPRESSION) as writer:
        for batch in _batches(files):
            writer.write_batch(batch)
    return StagedFile(str(path), sum(file.rows for file in files), path.stat().st_size)


def _batches(files: Sequence[StagedFile]) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file.uri) as read:
            yield from read.iter_batches()
