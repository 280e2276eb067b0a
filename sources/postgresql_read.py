"""I/O. Rows over COPY BINARY into Arrow batches, one transaction per statement.

A thread reads ahead by a few batches: the driver decodes while the caller casts and
writes. Memory is bounded by the batches, not by the table.
"""

from collections.abc import Generator, Iterator
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow as pa

from auto_schema.row_sums import RowSums
from sources.postgresql import AS_READER, LOCK_TIMEOUT_MS, PostgresqlConnection
from sources.postgresql_errors import source_error
from sources.read_ahead import ReadAhead, cut

Item = pa.RecordBatch | RowSums
BATCH_BYTES = 16 * 1024 * 1024

READ_ONLY = "SET TRANSACTION READ ONLY"
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
SESSION = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL row_security = off",
    "SET LOCAL statement_timeout = 0",
    f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    AS_READER,
)
"""SET LOCAL, so that a pooler in transaction mode hands on a clean session."""


def read_statement(
    connection: PostgresqlConnection,
    sql: str,
    *,
    application: str,
    batch_rows: int | None,
    encoding: str = "UTF8",
    proof: str = "",
) -> Iterator[pa.RecordBatch | RowSums]:
    """Yield the rows of one statement; the session ends with the iterator.

    With `proof`, a statement of five integers, its answer comes last as RowSums: both are
    one snapshot.

    Raises:
        SourceUnreachableError, SourceRefusedError: as `Source.read` says.
    """
    uri = connection.uri(application=application, encoding=encoding)
    ahead = ReadAhead(lambda: _items(connection.place, uri, sql, proof))
    try:
        for item in ahead:
            if isinstance(item, RowSums):
                yield item
            else:
                yield from cut(item, batch_rows)
    finally:
        ahead.stop()


def _items(place: str, uri: str, sql: str, proof: str) -> Generator[Item, None, None]:
    try:
        with adbc_driver_postgresql.dbapi.connect(uri) as session:
            with session.cursor() as cursor:
                yield from _answers(cursor, sql, proof)
            session.rollback()
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        raise source_error(error, place) from error


def _answers(cursor: Any, sql: str, proof: str) -> Iterator[Item]:
    cursor.execute(SNAPSHOT if proof else READ_ONLY)
    for setting in SESSION:
        cursor.execute(setting)
    cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
    cursor.execute(sql)
    with cursor.fetch_record_batch() as reader:
        for batch in reader:
            if batch.num_rows:
                yield batch
    if proof:
        cursor.execute(proof)
        yield RowSums.of(cursor.fetchone())
