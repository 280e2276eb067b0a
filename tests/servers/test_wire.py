"""Rows over a session's own libpq: as another driver hands them over, and how a read ends."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import adbc_driver_postgresql.dbapi
import psycopg2
import psycopg2.extensions
import pyarrow as pa
import pytest

from auto_schema.postgresql_types import PostgresType, postgresql_column
from auto_schema.schema import Column
from sources.postgresql.connection import APPLICATION_NAME as NAME
from sources.postgresql.session import opening as session_opening
from sources.postgresql.session import rolled_back
from sources.postgresql.source import PostgresqlSource
from sources.postgresql.watch import Watch
from sources.postgresql.wire import decoder, in_python
from sources.postgresql.wire.fields import fields_of
from sources.postgresql.wire.libpq import LibpqError, copied, described
from sources.read_ahead import AHEAD
from sources.values import Extract, Split
from tests.processes import until
from tests.servers.test_clock import connection_to

SIZE = 1 << 20
TYPES = """
SELECT n, n % 2 = 0 AS bools, n::int2 AS int2s, -n AS int4s, n::int8 << 40 AS int8s,
  (n / 7.0)::float4 AS float4s, n / 7.0::float8 AS float8s, 'text ' || n AS texts,
  n::text::varchar(9) AS varchars, n::text::char(6) AS chars, decode(md5(n::text), 'hex') AS bytes,
  date '0001-01-01' + n AS days, time '00:00' + n * interval '1.000001 second' AS times,
  timestamp '0001-01-01' + n * interval '1.000001 hour' AS stamps,
  timestamptz '9999-12-31' - n * interval '1.000001 hour' AS instants,
  (n * 12345.678)::numeric(20, 4) AS numbers, ARRAY[n, NULL, -n] AS lists,
  ARRAY['a' || n, ''] AS text_lists, ARRAY[ARRAY[n, 1], ARRAY[2, n]] AS flat,
  CASE WHEN n % 3 > 0 THEN ARRAY[]::timestamptz[] END AS empty,
  md5(n::text)::uuid::text AS uuids, jsonb_build_object('n', n, 't', ARRAY['é'])::text AS documents,
  CASE WHEN n % 5 > 0 THEN (n * 1000)::text END AS gaps, NULL::int8 AS nothing
FROM generate_series(1, 3000) AS n
"""
NUMBERS = Column("numbers", "numbers", "numeric", "{c}", pa.decimal128(20, 4), "NUMERIC")


@pytest.fixture
def opened(postgresql) -> Iterator[psycopg2.extensions.connection]:
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as connection:
        connection.autocommit = True
        yield connection


def rows_of(opened: Any, sql: str, *columns: Column, rows: int = 1 << 30) -> list[pa.RecordBatch]:
    return list(copied(opened, sql, fields_of(described(opened, sql), columns), rows, SIZE))


def storage(column: Any) -> Any:
    array = column.combine_chunks()
    return array.storage if isinstance(array.type, pa.BaseExtensionType) else array


@pytest.mark.parametrize("made", [None, in_python.Decoder])
def test_every_type_arrives_as_by_another_driver(postgresql, opened, monkeypatch, made):
    if made is not None:
        monkeypatch.setattr(decoder, "_Decoder", made)
    own = TYPES.replace("::uuid::text", "::uuid").replace("])::text AS doc", "]) AS doc")
    ours = pa.Table.from_batches(rows_of(opened, own, NUMBERS))
    with adbc_driver_postgresql.dbapi.connect(postgresql.dsn) as other, other.cursor() as cursor:
        cursor.execute(TYPES)
        theirs = cursor.fetch_arrow_table()
    assert ours.schema.names == theirs.schema.names
    for name in ours.schema.names:
        array = ours[name].combine_chunks()
        array.validate(full=True)
        assert array.equals(storage(theirs[name]).cast(array.type)), name


def test_a_batch_ends_by_its_rows_and_by_its_bytes(opened):
    sizes = [batch.num_rows for batch in rows_of(opened, TYPES, NUMBERS, rows=1000)]
    assert sizes == [1000, 1000, 1000]
    wide = "SELECT repeat('x', 300000) FROM generate_series(1, 10)"
    assert [batch.num_rows for batch in rows_of(opened, wide)] == [4, 4, 2]
    assert rows_of(opened, "SELECT 1 WHERE false") == []


@pytest.mark.parametrize("made", [None, in_python.Decoder])
def test_a_batch_ends_by_the_texts_of_numbers_that_are_short_on_the_wire(opened, monkeypatch, made):
    if made is not None:
        monkeypatch.setattr(decoder, "_Decoder", made)
    huge = "SELECT 10::numeric ^ 100000 AS numbers FROM generate_series(1, 100)"
    batches = rows_of(opened, huge, NUMBERS)
    assert sum(batch.num_rows for batch in batches) == 100
    assert max(batch.num_rows for batch in batches) == SIZE // 100_001 + 1
    lists = huge.replace("10::numeric ^ 100000", "ARRAY[10::numeric ^ 100000]")
    of_lists = rows_of(opened, lists, replace(NUMBERS, arrow=pa.list_(NUMBERS.arrow)))
    assert [batch.num_rows for batch in of_lists] == [batch.num_rows for batch in batches]


WITHOUT_MEMORY = """
import contextlib, pathlib, psycopg2, resource, sys
from sources.postgresql.wire.fields import fields_of
from sources.postgresql.wire.libpq import LibpqError, copied, described
QUERY = "SELECT repeat('x', 60000000)"
with contextlib.closing(psycopg2.connect(sys.argv[1])) as opened:
    fields = fields_of(described(opened, QUERY), [])
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + 100 * 2**20  # for libpq's buffer, and not for the row
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        list(copied(opened, QUERY, fields, 1, 1))
    except LibpqError as error:
        print("refused:", error)
"""


def test_a_row_for_which_there_is_no_memory_ends_the_read(postgresql):
    command = [sys.executable, "-c", WITHOUT_MEMORY, postgresql.dsn]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "refused: out of memory" in ended.stdout, ended.stderr


def test_notices_of_a_query_are_not_sent_to_a_session_that_reads(opened):
    with rolled_back(opened, session_opening()) as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'one of millions'; END $$")
    assert opened.notices == []


def test_an_error_amid_the_rows_has_its_sqlstate_and_the_session_goes_on(opened):
    query = "SELECT 1000 / (g - 150000) FROM generate_series(1, 200000) AS g"
    with pytest.raises(LibpqError, match="division by zero") as amid:
        rows_of(opened, query)
    assert amid.value.sqlstate == "22012"
    with pytest.raises(LibpqError, match="does not exist") as at_once:
        described(opened, "SELECT missing")
    assert at_once.value.sqlstate == "42703"
    assert rows_of(opened, "SELECT 1 AS one")[0].to_pydict() == {"one": [1]}


def test_a_session_that_is_ended_amid_the_rows_is_told_apart(postgresql, opened):
    query = "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"
    batches = copied(opened, query, fields_of(described(opened, query), []), 1 << 30, SIZE)
    next(batches)
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (opened.info.backend_pid,))
    with pytest.raises(LibpqError) as ended:
        list(batches)
    assert ended.value.sqlstate in ("57P01", "")


@pytest.mark.parametrize("before", [3, 8], ids=["read ahead to it", "read ahead is full"])
def test_a_reading_that_is_stopped_amid_a_slow_row_ends_and_so_does_its_query(
    database, sql, monkeypatch, before
):
    cancel = Watch.cancel

    def slowly(watch):
        if before > AHEAD + 2:  # the reading has been closed by then
            time.sleep(2)
        cancel(watch)

    monkeypatch.setattr(Watch, "cancel", slowly)
    column = postgresql_column("t", PostgresType("text", "text"))
    source = PostgresqlSource(
        connection_to(database),
        f"SELECT repeat('x', 20000) AS t, pg_sleep(g / {before + 1} * 50) IS NULL AS slow"
        f" FROM generate_series(1, {before + 1}) AS g",
        ("t", "slow"),
        (column,),
        extract=Extract(batch_rows=1),
    )
    rows = source.read(Split(0))
    assert next(rows).num_rows == 1
    sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    until(lambda: sql(sleeps) == [(1,)])
    began = time.monotonic()
    rows.close()
    assert time.monotonic() - began < 25  # neither the row is waited for, nor LONGEST_STOP_S
    at_work = f"SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '{NAME}%'"
    while sql(at_work) != [(0,)]:
        assert time.monotonic() - began < 25
        time.sleep(0.1)
