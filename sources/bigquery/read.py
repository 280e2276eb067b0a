"""I/O. Rows out of BigQuery as Arrow: one result, dealt out in streams by Storage Read.

See https://cloud.google.com/bigquery/docs/reference/storage
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pyarrow as pa
from google.api_core.exceptions import DeadlineExceeded, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from google.cloud.bigquery_storage_v1.types import (
    ArrowSerializationOptions,
    DataFormat,
    ReadSession,
)

from auto_schema.canonical import bigquery_row_text, bigquery_sums
from auto_schema.names import quoted
from auto_schema.row_sums import RowSums
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.errors import as_source_errors
from sources.bigquery.jobs import ask, client_of
from sources.bigquery.statement import STREAM, BigqueryStatement
from sources.read_ahead import ReadAhead, cut
from sources.values import Split
from warehouse.client import REQUEST_TIMEOUT_S, RETRY_S
from warehouse.jobs import JobLabels, reading_config, run_job

ANY_SIZE = -1
"""Bytes of one answer of a stand-in; BigQuery's own are 128 MB at most."""
LONGEST_CALL_S = 300.0
"""Seconds of a call that reads a stream; the next one goes on where it ended."""
_LZ4 = ArrowSerializationOptions.CompressionCodec.LZ4_FRAME


@contextmanager
def storage_client(connection: BigqueryConnection) -> Iterator[BigQueryReadClient]:
    """A client of Storage Read, closed at the end."""
    if connection.storage_endpoint:
        options = [("grpc.max_receive_message_length", ANY_SIZE)]
        channel = grpc.insecure_channel(connection.storage_endpoint, options)
        client = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
    else:
        client = BigQueryReadClient()
    try:
        yield client
    finally:
        client.transport.close()


def opened(source: BigqueryStatement, splits: tuple[Split, ...], attempt: int) -> tuple[Split, ...]:
    """Run the query if there is one, and deal its rows to the splits.

    BigQuery may make fewer streams than it is asked for; the splits beyond are empty.

    Args:
        source: as planned.
        splits: one for each stream that is asked for.
        attempt: names the query's job; the same attempt finds its own job again.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what BigQuery said.
    """
    with as_source_errors(source.place), storage_client(source.connection) as storage:
        table = source.connection.table_id
        if not source.reads_table:
            table = _result(source, attempt)
        session = storage.create_read_session(
            parent=f"projects/{source.connection.job_project}",
            read_session=_session(source, _path_of(table)),
            max_stream_count=len(splits),
            retry=_retry(source.connection),
            timeout=REQUEST_TIMEOUT_S,
        )
    names = [stream.name for stream in session.streams]
    return tuple(
        replace(split, column=STREAM, lower=name, upper=table)
        for split, name in zip(splits, [*names, *[None] * (len(splits) - len(names))], strict=True)
    )


def _path_of(table: str) -> str:
    project, dataset, name = table.rsplit(".", 2)
    return f"projects/{project}/datasets/{dataset}/tables/{name}"


def _session(source: BigqueryStatement, table: str) -> ReadSession:
    options = ReadSession.TableReadOptions(
        arrow_serialization_options=ArrowSerializationOptions(buffer_compression=_LZ4)
    )
    if source.reads_table:
        options.selected_fields = [column.source_name for column in source.columns]
        options.row_restriction = source.predicate()
    return ReadSession(table=table, data_format=DataFormat.ARROW, read_options=options)


def _result(source: BigqueryStatement, attempt: int) -> str:
    """The table of the query's result, which BigQuery keeps for about a day."""
    client = client_of(source.connection, source.location)
    labels = JobLabels(source.extract.run_id, "read")
    config = reading_config(labels, source.default_dataset, source.max_bytes_billed)
    sql = source.statement(Split(0))
    job = run_job(
        client,
        lambda number: job_id_of(source, attempt + number),
        labels,
        lambda job_id: client.query(sql, config, job_id=job_id, job_retry=None),
    )
    result = job.destination
    return f"{result.project}.{result.dataset_id}.{result.table_id}"


def job_id_of(source: BigqueryStatement, number: int) -> str:
    """The id of the query's job; the first number is 1."""
    return f"sync_{source.extract.run_id}_read_{number}"


def read(source: BigqueryStatement, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
    """Yield the rows of a stream, while the next ones are on their way."""
    if split.column != STREAM:
        raise ValueError(f"split {split.index} was not opened")
    if split.lower is not None:
        ahead = ReadAhead(lambda: _batches(source, str(split.lower)))
        try:
            for batch in ahead:
                yield from cut(batch, source.extract.batch_rows)
        finally:
            ahead.stop()
    if source.is_proven and split.index == 0:
        yield _sums(source, str(split.upper))


def _sums(source: BigqueryStatement, table: str) -> RowSums:
    """The sums over the whole result that the streams are parts of."""
    rows = [replace(column, name=column.source_name) for column in source.columns]
    sql = bigquery_sums(f"SELECT {bigquery_row_text(rows)}\nFROM {quoted(table)} AS s")
    client = client_of(source.connection, source.location)
    with as_source_errors(source.place):
        (row,) = ask(client, source, sql, "sums")
    return RowSums.of(tuple(row.values()))


def _batches(source: BigqueryStatement, stream: str) -> Generator[pa.RecordBatch, None, None]:
    with as_source_errors(source.place), storage_client(source.connection) as storage:
        schema = None
        for answer in _answers(storage, stream, _retry(source.connection)):
            if schema is None:  # only the first answer holds it
                schema = pa.ipc.read_schema(pa.py_buffer(answer.arrow_schema.serialized_schema))
            if answer.row_count:
                rows = answer.arrow_record_batch.serialized_record_batch
                yield pa.ipc.read_record_batch(pa.py_buffer(rows), schema)


def _answers(storage: BigQueryReadClient, stream: str, retry: Retry) -> Generator[Any, None, None]:
    """The library goes on at its offset when a connection is lost; here when one is silent.

    Raises:
        DeadlineExceeded: a whole call brought nothing.
    """
    offset = 0
    while True:
        began = offset
        reader: Any = storage.read_rows(stream, offset, retry=retry, timeout=LONGEST_CALL_S)
        try:
            for answer in reader:
                offset += answer.row_count
                yield answer
            return
        except DeadlineExceeded:
            if offset == began:
                raise
        finally:
            reader.cancel()


def _retry(connection: BigqueryConnection) -> Retry:
    """The library's own would hide an outage for a day."""
    return Retry(
        predicate=if_exception_type(ServiceUnavailable),
        timeout=max(1.0, RETRY_S * connection.max_retries),
    )
