"""I/O. Rows over COPY BINARY into Arrow batches, one transaction per split.

A thread reads ahead by a few batches: it decodes while the caller casts and writes. Memory
is bounded by the batches, not by the table.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg2
import psycopg2.extensions
import pyarrow as pa

from auto_schema.errors import (
    RowRefusedError,
    SourceError,
    SourceRefusedError,
    SourceUnreachableError,
)
from auto_schema.row_sums import RowSums
from sources.postgresql.columns import changed, check_columns, check_tables
from sources.postgresql.connection import APPLICATION_NAME
from sources.postgresql.errors import clean, is_amid_rows, is_of_rows, source_error, state_of
from sources.postgresql.files import check_files
from sources.postgresql.login import logged_in
from sources.postgresql.session import opening
from sources.postgresql.statement import PostgresqlStatement
from sources.postgresql.watch import Watch
from sources.postgresql.wire.decoder import warn_if_slow
from sources.postgresql.wire.fields import fields_of
from sources.postgresql.wire.libpq import LibpqError, copied, described
from sources.read_ahead import ReadAhead, cut
from sources.values import Split

psycopg2.extensions.encodings.update(dict.fromkeys(("SQL_ASCII", "SQLASCII"), "utf_8"))
"""What is said and told in a session that checks no text: names, and these are UTF-8."""

Item = pa.RecordBatch | RowSums
BATCH_BYTES, MOST_BATCH_BYTES = 8 * 1024 * 1024, 16 * 1024 * 1024
COLUMN_BYTES = 64 * 1024
"""Of a batch, on average: what is done for each column of each batch costs more with less."""
MOST_ROWS = 1 << 40
CHANGED_STATES = frozenset({"42703", "42702", "42P01", "42883", "42704", "42804", "3F000"})
"""What a query that was described before is refused with when its tables have changed."""
REWRITTEN = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
  AND pg_catalog.pg_relation_filenode(l.relation) <> coalesce(nullif(c.relfilenode, 0),
    CASE WHEN c.oid IS NULL AND pg_catalog.pg_get_indexdef(l.relation) IS NULL THEN 0 END)
"""
"""Tables of ours that were written anew, or made, since the snapshot was taken: to it they are
empty. One that was made may have taken the name of another, or its place as a partition.

https://www.postgresql.org/docs/current/mvcc-caveats.html
"""


def read_split(source: PostgresqlStatement, split: Split) -> Iterator[Item]:
    """Yield the rows of a split; the session ends with the iterator.

    Of a source that proves, its own sums over the split come last: both are one snapshot.

    Raises:
        SourceChangedError: the query no longer has the plan's columns.
        SourceUnreachableError, SourceRefusedError: as `Source.read` says.
    """
    yield from read_ahead(source, lambda watch: items(source, split, watch))


def read_ahead(
    source: PostgresqlStatement, read: Callable[[Watch], Generator[Item, None, None]]
) -> Iterator[Item]:
    """What `read` yields in a thread of its own, whose session is watched."""
    watch = Watch(source.connection, application(source))
    bounded = watch if source.connection.read_timeout_s else None
    ahead = ReadAhead(lambda: read(watch), bounded, watch.cancel)
    try:
        for item in ahead:
            if isinstance(item, RowSums):
                yield item
            else:
                yield from cut(item, source.extract.batch_rows)
    finally:
        ahead.stop()


def application(source: PostgresqlStatement) -> str:
    """What the sessions of a run are called."""
    return f"{APPLICATION_NAME} {source.extract.run_id}".strip()


def items(
    source: PostgresqlStatement, split: Split, watch: Watch, snapshot: bool | str = False
) -> Generator[Item, None, None]:
    """Read a split in a session of its own.

    Raises:
        RowRefusedError: the server refuses something amid the rows.
    """
    try:
        with session(source, watch) as opened:
            cursor: Any = opened.cursor()
            watch.pid = open_reading(cursor, source, snapshot or source.proves)
            yield from _rows(opened, source, split)
            if source.proves:
                watch.answers_once = True
                cursor.execute(source.proof(split))
                yield RowSums.of(cursor.fetchone())
    except (psycopg2.Error, LibpqError, OSError) as error:
        told = source_error(error, source.place)
        if source.hides and is_of_rows(error):
            why = f"SQLSTATE {state_of(error)}; what the server says may hold a masked value"
            told = type(told)(told.what, told.where, why, told.fix)
        if is_amid_rows(error) and type(told) is SourceRefusedError:
            told = RowRefusedError(*told.args)
        raise told from error


@contextmanager
def session(source: PostgresqlStatement, watch: Watch) -> Iterator[psycopg2.extensions.connection]:
    """A session in a transaction of its own, which leaves nothing behind."""
    words = source.connection.parameters(application=application(source), encoding=source.encoding)
    with closing(logged_in(words)) as opened:
        opened.autocommit, watch.session = True, opened
        with opened.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield opened
            except GeneratorExit:  # a server amid a slow row doesn't notice that we are gone
                with suppress(psycopg2.Error):
                    opened.cancel()
                raise
            cursor.execute("ROLLBACK")


def open_reading(cursor: Any, source: PostgresqlStatement, snapshot: bool | str) -> int:
    """Begin a reading transaction, and see that the query is still what was planned.

    Returns the process id of the session at the server.

    The locks of the query are ours from here on, before the statement that reads takes its
    snapshot: COPY takes it first, and would find a table empty that was written anew while
    it waited.
    """
    for statement in opening(settings=source.settings, snapshot=snapshot):
        cursor.execute(statement)
    try:
        cursor.execute(source.check())
        names, types, pid = cursor.fetchone()
    except (psycopg2.Error, OSError) as error:
        raise _refused_check(error, source.place) from error
    check_columns(source.place, source.result_names, source.result_types, (names, types))
    if snapshot:
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
    if state_of(error) in CHANGED_STATES:
        return changed(place, clean(str(error)))
    return source_error(error, place)


def _rows(
    opened: psycopg2.extensions.connection, source: PostgresqlStatement, split: Split
) -> Iterator[pa.RecordBatch]:
    statement = source.statement(split)
    warn_if_slow()
    try:
        told = described(opened, source.undivided)
        if split.column:
            check_tables(source.place, source.result_names, source.result_tables, told)
            with opened.cursor() as cursor:
                check_files(cursor, source.place, source.files)
        fields = fields_of(told, source.columns)
        rows = source.extract.batch_rows or MOST_ROWS
        yield from copied(opened, statement, fields, rows, batch_bytes(len(fields)))
    except ValueError as error:
        raise SourceRefusedError(
            "rows that can't be decoded",
            source.place,
            str(error),
            "run it again; if that doesn't help, cast the column in the query to text.",
        ) from error


def batch_bytes(columns: int) -> int:
    """Bytes on the wire after which a batch of so many columns ends.

    >>> batch_bytes(13) >> 20, batch_bytes(200) >> 10, batch_bytes(1664) >> 20
    (8, 12800, 16)
    """
    return min(max(BATCH_BYTES, columns * COLUMN_BYTES), MOST_BATCH_BYTES)
