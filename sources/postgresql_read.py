"""I/O. Rows over COPY BINARY into Arrow batches, one transaction per split.

A thread reads ahead by a few batches: the driver decodes while the caller casts and
writes. Memory is bounded by the batches, not by the table.
"""

from collections.abc import Generator, Iterator
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow as pa

from auto_schema.errors import SourceError, SourceUnreachableError
from auto_schema.row_sums import RowSums
from sources.base import Split
from sources.postgresql import APPLICATION_NAME, AS_READER, PostgresqlSource
from sources.postgresql_columns import changed, check_columns
from sources.postgresql_errors import clean, source_error
from sources.postgresql_session import opening
from sources.postgresql_watch import Watch
from sources.read_ahead import ReadAhead, cut

Item = pa.RecordBatch | RowSums
BATCH_BYTES = 16 * 1024 * 1024
CHANGED_STATES = frozenset({"42703", "42702", "42P01", "42883", "42704", "42804", "3F000"})
"""What a query that was described before is refused with when its tables have changed."""
REWRITTEN = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND c.relfilenode <> 0
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
  AND pg_catalog.pg_relation_filenode(c.oid) <> c.relfilenode
"""
"""Tables of ours that were written anew since the snapshot was taken: to it they are empty.

https://www.postgresql.org/docs/current/mvcc-caveats.html
"""


def read_split(source: PostgresqlSource, split: Split) -> Iterator[Item]:
    """Yield the rows of a split; the session ends with the iterator.

    Of a source that proves, its own sums over the split come last: both are one snapshot.

    Raises:
        SourceChangedError: the query no longer has the plan's columns.
        SourceUnreachableError, SourceRefusedError: as `Source.read` says.
    """
    watch = Watch(source.connection, _application(source))
    bounded = watch if source.connection.read_timeout_s else None
    ahead = ReadAhead(lambda: _items(source, split, watch), bounded)
    try:
        for item in ahead:
            if isinstance(item, RowSums):
                yield item
            else:
                yield from cut(item, source.batch_rows)
    finally:
        ahead.stop()


def _application(source: PostgresqlSource) -> str:
    return f"{APPLICATION_NAME} {source.run_id}".strip()


def _items(source: PostgresqlSource, split: Split, watch: Watch) -> Generator[Item, None, None]:
    uri = source.connection.uri(application=_application(source), encoding=source.encoding)
    try:
        with adbc_driver_postgresql.dbapi.connect(uri) as session:
            with session.cursor() as cursor:
                watch.pid = _open(cursor, source)
                yield from _rows(cursor, source, split)
                if source.proves:
                    watch.answers_once = True
                    cursor.execute(source.proof(split))
                    yield RowSums.of(cursor.fetchone())
            session.rollback()
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        raise source_error(error, source.place) from error


def _open(cursor: Any, source: PostgresqlSource) -> int:
    """Begin a reading transaction, and see that the query is still what was planned.

    Returns the process id of the session at the server.

    The locks of the query are ours from here on, before the statement that reads takes its
    snapshot: COPY takes it first, and would find a table empty that was written anew while
    it waited.
    """
    for statement in opening(settings=source.settings, snapshot=source.proves):
        cursor.execute(statement)
    cursor.execute(AS_READER)
    try:
        cursor.execute(source.check())
        names, types, pid = cursor.fetchone()
    except (adbc_driver_manager.Error, OSError) as error:
        raise _refused_check(error, source.place) from error
    check_columns(source.place, source.result_names, source.result_types, (names, types))
    if source.proves:
        cursor.execute(REWRITTEN)
        if cursor.fetchone()[0]:
            raise SourceUnreachableError(
                "a table was written anew while its snapshot was taken",
                source.place,
                "to that snapshot it is empty",
                "run it again when ALTER TABLE or TRUNCATE have ended.",
            )
    return int(pid)


def _refused_check(error: Exception, place: str) -> SourceError | Exception:
    if getattr(error, "sqlstate", None) in CHANGED_STATES:
        return changed(place, clean(str(error)))
    return source_error(error, place)


def _rows(cursor: Any, source: PostgresqlSource, split: Split) -> Iterator[pa.RecordBatch]:
    cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
    cursor.execute(source.statement(split))
    with cursor.fetch_record_batch() as reader:
        for batch in reader:
            if batch.num_rows:
                yield batch
