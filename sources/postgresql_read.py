"""I/O. Rows over COPY BINARY into Arrow batches, one transaction per statement.

A thread reads ahead by a few batches: the driver decodes while the caller casts and
writes. Memory is bounded by the batches, not by the table.
"""

import queue
import threading
from collections.abc import Iterator

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow as pa

from auto_schema.errors import SourceError
from auto_schema.row_sums import RowSums
from sources.postgresql import LOCK_TIMEOUT_MS, PostgresqlConnection
from sources.postgresql_errors import source_error

Item = pa.RecordBatch | RowSums
BATCH_BYTES = 16 * 1024 * 1024
AHEAD = 2
"""Batches that wait for the caller at most."""

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
    ahead = _ReadAhead(connection, (sql, proof), application, encoding)
    try:
        for item in ahead:
            if isinstance(item, RowSums):
                yield item
            else:
                yield from _cut(item, batch_rows)
    finally:
        ahead.stop()


def _cut(batch: pa.RecordBatch, rows: int | None) -> Iterator[pa.RecordBatch]:
    if rows is None or batch.num_rows <= rows:
        yield batch
        return
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


class _ReadAhead:
    """Batches of a statement, read by a thread up to AHEAD before they are asked for."""

    def __init__(
        self,
        connection: PostgresqlConnection,
        statements: tuple[str, str],
        application: str,
        encoding: str,
    ) -> None:
        self._connection = connection
        self._sql, self._proof = statements
        self._application, self._encoding = application, encoding
        self._queue: queue.Queue[Item | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="read ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """End the thread and its session, whether or not all was read."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue
        self._thread.join()

    def _fill(self) -> None:
        try:
            self._read()
            self._put(None)
        except SourceError as error:
            self._put(error)
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            self._put(source_error(error, self._connection.place))
        except BaseException as error:
            self._put(error)

    def _put(self, item: Item | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def _read(self) -> None:
        uri = self._connection.uri(application=self._application, encoding=self._encoding)
        with adbc_driver_postgresql.dbapi.connect(uri) as session:
            with session.cursor() as cursor:
                cursor.execute(SNAPSHOT if self._proof else READ_ONLY)
                for setting in SESSION:
                    cursor.execute(setting)
                cursor.adbc_statement.set_options(
                    **{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
                )
                cursor.execute(self._sql)
                with cursor.fetch_record_batch() as reader:
                    for batch in reader:
                        if self._stopped.is_set():
                            break
                        if batch.num_rows:
                            self._put(batch)
                if self._proof and not self._stopped.is_set():
                    cursor.execute(self._proof)
                    self._put(RowSums.of(cursor.fetchone()))
            session.rollback()
