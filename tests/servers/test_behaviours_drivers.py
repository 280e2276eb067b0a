"""What PostgreSQL's drivers hand over, run by themselves: see docs/behaviours.md."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import psycopg2
import pyarrow as pa
import pytest

from demo.servers import PostgresqlServer

Fetch = Callable[[str], pa.ChunkedArray]
ERRORS = (adbc_driver_manager.Error, pa.ArrowException, OSError)


def first(session: Any, query: str) -> pa.ChunkedArray:
    """The first column of a query; the session stays in its transaction."""
    with session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table().column(0)


@pytest.fixture(scope="module")
def session(postgresql: PostgresqlServer) -> Iterator[Any]:
    """One session of the driver that reads rows: it looks at all types when it connects."""
    with adbc_driver_postgresql.dbapi.connect(postgresql.dsn) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def fetch(session: Any) -> Iterator[Fetch]:
    yield lambda query: first(session, query)
    session.rollback()


@pytest.fixture
def ask(postgresql: PostgresqlServer) -> Iterator[Callable[..., Any]]:
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as connection:
        connection.autocommit = True

        def run(text: str) -> Any:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else None

        yield run


def test_the_highest_oid_arrives_as_minus_one(fetch):
    assert fetch("SELECT 4294967295::oid").to_pylist() == [-1]


def test_arrays_of_two_dimensions_arrive_flat(fetch):
    assert fetch("SELECT '{{1,2},{3,4}}'::int[]").to_pylist() == [[1, 2, 3, 4]]


def test_an_array_that_begins_at_0_loses_its_bounds_and_another_ends_the_read(fetch):
    assert fetch("SELECT '[0:2]={7,8,9}'::int[]").to_pylist() == [[7, 8, 9]]
    with pytest.raises(ERRORS):
        fetch("SELECT '[5:6]={7,8}'::int[]")


def test_infinite_stamps_wrap_around(fetch):
    moments = fetch("SELECT unnest(ARRAY['infinity', '-infinity']::timestamp[])")
    numbers = moments.combine_chunks().view(pa.int64()).to_pylist()
    assert numbers[0] + 1 == numbers[1] < -9_000_000_000_000_000_000
    days = fetch("SELECT 'infinity'::date").combine_chunks().view(pa.int32()).to_pylist()
    assert days[0] < -2_000_000_000


def test_money_arrives_as_its_cents(fetch):
    ((cents,),) = (fetch("SELECT 12.34::numeric::money").to_pylist(),)
    assert cents == 1234


def test_24_00_arrives_as_a_number_that_python_shows_as_midnight(fetch):
    time = fetch("SELECT time '24:00'").combine_chunks()
    assert time.view(pa.int64()).to_pylist() == [86_400_000_000]
    assert [str(value) for value in time.to_pylist()] == ["00:00:00"]


@pytest.mark.parametrize(
    "value", ["inet '10.0.0.1'", "int8range(1, 5)", "point(1, 2)", "'a'::tsvector", "bit '0101'"]
)
def test_types_that_the_driver_does_not_know_arrive_as_raw_bytes(fetch, value):
    column = fetch(f"SELECT {value}")
    assert isinstance(column.type, pa.OpaqueType)
    assert column.type.storage_type == pa.binary()


def test_a_type_made_after_connecting_has_no_name(session, fetch, ask):
    fetch("SELECT 1")
    session.rollback()
    ask("CREATE TYPE young AS ENUM ('sad', 'glad')")
    try:
        kind = fetch("SELECT 'sad'::young").type
        session.rollback()
    finally:
        ask("DROP TYPE young")
    assert isinstance(kind, pa.OpaqueType)
    assert "young" not in kind.type_name


def test_where_identifiers_are_quoted_no_type_is_known(postgresql):
    options = "options='-c quote_all_identifiers=on'"
    with adbc_driver_postgresql.dbapi.connect(f"{postgresql.dsn} {options}") as opened:
        kind = first(opened, "SELECT 1").type
        opened.rollback()
    assert isinstance(kind, pa.OpaqueType)


def test_a_long_interval_ends_the_read(fetch):
    with pytest.raises(ERRORS):
        fetch("SELECT interval '3000000 hours'")


def test_a_numeric_arrives_as_a_text_and_so_do_nan_and_infinity(fetch):
    column = fetch("SELECT unnest(ARRAY[1.50, 'NaN', 'Infinity']::numeric[])").combine_chunks()
    assert isinstance(column.type, pa.OpaqueType)
    assert column.storage.to_pylist() == ["1.50", "nan", "inf"]


def test_an_error_amid_the_rows_has_no_sqlstate(fetch):
    with pytest.raises(adbc_driver_manager.Error) as at_once:
        fetch("SELECT 1 / 0")
    assert at_once.value.sqlstate == "22012"
    with pytest.raises(ERRORS) as amid:
        fetch("SELECT 1000 / (g - 150000) FROM generate_series(1, 200000) AS g")
    assert not getattr(amid.value, "sqlstate", None)


def test_a_session_that_has_read_stays_in_its_transaction(session, fetch, ask):
    ((pid,),) = (fetch("SELECT pg_backend_pid()").to_pylist(),)
    assert ask(f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == [
        ("idle in transaction",)
    ]
    session.rollback()
    assert ask(f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == [("idle",)]


def test_psycopg2_has_no_date_before_christ_or_after_9999(ask):
    for text in ("0044-03-15 BC", "10000-01-01"):
        with pytest.raises(ValueError, match="year"):
            ask(f"SELECT date '{text}'")


def test_variables_of_the_environment_change_what_a_session_stamps(postgresql, monkeypatch):
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW TimeZone")
        assert cursor.fetchone() == ("Asia/Tokyo",)
