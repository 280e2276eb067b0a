"""read_clock() and integer_cursor() on a real PostgreSQL: who may still write older stamps."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

from auto_schema.postgresql_types import PostgresType, postgresql_column
from sources.postgresql import clock as postgresql_clock
from sources.postgresql.catalog import profile, reading, session
from sources.postgresql.clock import integer_cursor, read_clock
from sources.postgresql.connection import APPLICATION_NAME, PostgresqlConnection
from sources.postgresql.source import PostgresqlSource
from sources.secrets import Secret
from sources.values import Extract, Split

INT4 = PostgresType("int4", "int4")


@contextlib.contextmanager
def other_session(database, **parameters: str) -> Iterator[Any]:
    """Another client's session; its transaction begins with its first statement."""
    words = {"application_name": "billing"} | parameters
    with contextlib.closing(psycopg2.connect(database.dsn, **words)) as connection:
        yield connection


def ask(connection, text: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone() if cursor.description else None


def connection_to(database, user: str = "") -> PostgresqlConnection:
    return PostgresqlConnection(
        database.host, database.port, database.database, user or database.user, Secret()
    )


@pytest.fixture
def ours(database):
    """A session as planning opens it."""
    with session(connection_to(database)) as opened:
        yield opened


@pytest.fixture
def weak(database, sql):
    """A planning session of a role that may see nobody else's transactions."""
    role = f"weak_{os.getpid()}"
    sql(f"CREATE ROLE {role} LOGIN")
    sql(f"GRANT ALL ON SCHEMA public TO {role}")
    with session(connection_to(database, role)) as opened:
        yield opened
    sql(f"DROP OWNED BY {role}")
    sql(f"DROP ROLE {role}")


@pytest.fixture
def short_wait(monkeypatch):
    """Wait for one second where planning waits for a minute."""
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 1.0)


def test_the_clock_is_the_servers_and_aware(ours, sql):
    before = sql("SELECT clock_timestamp()")[0][0]
    clock = read_clock(ours, guard=True)
    assert before <= clock.now <= sql("SELECT clock_timestamp()")[0][0]
    assert clock.now.tzinfo is UTC
    assert (clock.open, clock.prepared, clock.blind_spot) == ((), (), "")


def test_the_time_zone_is_the_databases_own(database, sql):
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Asia/Tokyo'")
    with session(connection_to(database)) as opened:
        clock = read_clock(opened, guard=False)
    assert clock.time_zone == "Asia/Tokyo"
    assert clock.now.tzinfo is UTC


DEFERRABLE = {
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "500",
}
"""By these a SELECT waits until no serializable transaction that writes is open."""


def test_a_roles_own_defaults_of_transactions_neither_hold_the_clock_back_nor_cut_it_short(
    database, sql
):
    sql("CREATE TABLE t (id int)")
    for name, value in DEFERRABLE.items():
        sql(f"ALTER DATABASE {database.database} SET {name} = '{value}'")
    writing = "-c default_transaction_read_only=off -c default_transaction_deferrable=off"
    with other_session(database, options=writing) as other:
        ask(other, "INSERT INTO t VALUES (1)")
        with session(connection_to(database)) as opened:
            (seen,) = read_clock(opened, guard=True).open
    assert seen.application == "billing"


@pytest.mark.parametrize("statement", ["CREATE TABLE t (id int)", "SELECT 1"])
def test_another_sessions_open_transaction_is_seen_also_when_it_only_read(
    ours, database, statement
):
    with other_session(database) as other:
        began = ask(other, "SELECT now()")[0]
        ask(other, statement)
        (seen,) = read_clock(ours, guard=True).open
        assert (seen.started, seen.application) == (began, "billing")
        assert seen.started.tzinfo is UTC
        assert seen.user == database.user
        assert seen.pid == other.info.backend_pid
        other.commit()
        assert read_clock(ours, guard=True).open == ()


def test_a_transaction_that_failed_can_commit_nothing_and_holds_nothing(ours, database):
    with other_session(database) as other:
        with pytest.raises(psycopg2.Error):
            ask(other, "SELECT 1/0")
        assert other.status == psycopg2.extensions.STATUS_BEGIN
        assert read_clock(ours, guard=True).open == ()


def test_a_transaction_that_went_back_to_a_savepoint_is_still_seen(ours, database):
    with other_session(database) as other:
        began = ask(other, "SELECT now()")[0]
        ask(other, "SAVEPOINT before")
        with pytest.raises(psycopg2.Error):
            ask(other, "SELECT 1/0")
        ask(other, "ROLLBACK TO before")
        assert [t.started for t in read_clock(ours, guard=True).open] == [began]


def test_the_oldest_of_several_comes_first(ours, database):
    with other_session(database) as first, other_session(database, user="postgres") as second:
        began = [ask(each, "SELECT now()")[0] for each in (first, second)]
        assert [t.started for t in read_clock(ours, guard=True).open] == began


def test_a_session_without_a_transaction_holds_nothing(ours, database):
    with other_session(database) as idle:
        ask(idle, "SELECT 1")
        idle.rollback()
        assert read_clock(ours, guard=True).open == ()


def test_readers_of_ours_hold_nothing_also_those_of_another_launch(ours, database):
    with session(connection_to(database)) as other, reading(other) as cursor:
        cursor.execute("SELECT 1")
        assert read_clock(ours, guard=True).open == ()


def test_a_stream_of_ours_holds_nothing(ours, database, sql):
    sql("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 3000000) g")
    batches = PostgresqlSource(
        connection_to(database),
        "SELECT * FROM t",
        ("id",),
        (postgresql_column("id", INT4),),
        extract=Extract(batch_rows=10),
    ).read(Split(0))
    next(batches)
    busy = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'bigquery%' AND xact_start"
    assert sql(f"{busy} IS NOT NULL AND datname = current_database()")
    assert read_clock(ours, guard=True).open == ()
    batches.close()


@pytest.mark.parametrize("name", [APPLICATION_NAME, f"{APPLICATION_NAME} 20250722t150000-3f9a0c1d"])
def test_a_session_that_is_only_called_like_ours_is_seen(ours, database, name):
    with other_session(database, application_name=name) as writer:
        ask(writer, "SELECT 1")
        (seen,) = read_clock(ours, guard=True).open
        assert (seen.application, seen.pid) == (name, writer.info.backend_pid)


def test_a_transaction_of_another_database_holds_nothing(ours, postgresql):
    with other_session(postgresql) as other:
        ask(other, "SELECT 1")
        assert read_clock(ours, guard=True).open == ()


def test_without_the_guard_nobody_is_looked_at(ours, database):
    with other_session(database) as other:
        ask(other, "SELECT 1")
        assert read_clock(ours, guard=False).open == ()


def test_prepared_transactions_are_waited_for_though_their_sessions_are_gone(
    ours, database, sql, short_wait
):
    sql("CREATE TABLE t (id int)")
    names = [f"pay_{os.getpid()}_{number}" for number in range(2)]
    for name in names:
        with other_session(database) as other:
            ask(other, "INSERT INTO t VALUES (1)")
            ask(other, f"PREPARE TRANSACTION '{name}'")
    try:
        clock = read_clock(ours, guard=True)
        assert [each.virtual_id for each in clock.prepared] == names
        assert all(each.started < clock.now for each in clock.prepared)
    finally:
        for name in names:
            sql(f"ROLLBACK PREPARED '{name}'")
    assert read_clock(ours, guard=True).prepared == ()


def test_a_start_that_the_role_may_not_see_is_none_after_the_wait(weak, database, short_wait):
    with other_session(database) as other:
        ask(other, "SELECT 1")
        (seen,) = read_clock(weak, guard=True).open
        assert seen.started is None
        assert seen.pid == other.info.backend_pid


def test_a_hidden_transaction_that_ends_while_waiting_holds_nothing(weak, database):
    with other_session(database) as other:
        ask(other, "SELECT 1")
        ending = threading.Timer(0.5, other.commit)
        ending.start()
        assert read_clock(weak, guard=True).open == ()
        ending.join()


def call(connection) -> None:
    with contextlib.suppress(psycopg2.errors.QueryCanceled):
        ask(connection, "CALL steps()")


def test_a_hidden_session_that_is_never_idle_may_be_a_procedure_and_is_waited_for(
    weak, database, sql, short_wait
):
    sql(
        "CREATE PROCEDURE steps() LANGUAGE plpgsql AS $$BEGIN"
        " FOR i IN 1..60 LOOP PERFORM pg_sleep(0.05); COMMIT; END LOOP; END$$"
    )
    with other_session(database) as other:
        other.autocommit = True
        calling = threading.Thread(target=call, args=(other,))
        calling.start()
        running = f"SELECT 1 FROM pg_locks WHERE pid = {other.info.backend_pid}"
        while not sql(running):
            pass
        (seen,) = read_clock(weak, guard=True).open
        assert seen.pid == other.info.backend_pid
        other.cancel()
        calling.join()


def test_a_hidden_session_seen_idle_is_not_waited_for_any_more(weak, database):
    with other_session(database) as other:
        ask(other, "SELECT 1")

        def begin_the_next() -> None:
            other.commit()
            time.sleep(1)
            ask(other, "SELECT 1")

        next_one = threading.Thread(target=begin_the_next)
        next_one.start()
        assert read_clock(weak, guard=True).open == ()
        next_one.join()


def test_pg_read_all_stats_shows_the_start(weak, database, sql):
    sql(f"GRANT pg_read_all_stats TO weak_{os.getpid()}")
    with other_session(database) as other:
        began = ask(other, "SELECT now()")[0]
        assert [t.started for t in read_clock(weak, guard=True).open] == [began]


# Integer cursors


def column_of(opened, database, query: str, name: str = "id"):
    described, _ = profile(opened, connection_to(database), query, schema_table=None)
    return described.column(name)


def test_an_integer_cursor_waits_for_a_lower_value_that_commits_later(ours, database, sql):
    sql("CREATE TABLE t (id int8 GENERATED ALWAYS AS IDENTITY, name text)")
    with other_session(database) as slow:
        ask(slow, "INSERT INTO t (name) VALUES ('low, commits late')")
        sql("INSERT INTO t (name) VALUES ('high')")
        ending = threading.Timer(0.5, slow.commit)
        ending.start()
        query = "SELECT * FROM t"
        found = integer_cursor(ours, query, column_of(ours, database, query))
        assert found == (2, ())
        assert sql("SELECT count(*) FROM t WHERE id <= 2") == [(2,)]
        ending.join()


def test_an_integer_cursor_tells_who_did_not_end_in_time(ours, database, sql, short_wait):
    sql("CREATE TABLE t (id int8)")
    sql("INSERT INTO t VALUES (7)")
    with other_session(database) as slow:
        ask(slow, "SELECT 1")
        query = "SELECT * FROM t"
        highest, (remaining,) = integer_cursor(ours, query, column_of(ours, database, query))
        assert (highest, remaining.pid) == (7, slow.info.backend_pid)


def test_an_empty_table_has_no_highest_integer(ours, database, sql):
    sql("CREATE TABLE t (id int4)")
    query = "SELECT * FROM t"
    assert integer_cursor(ours, query, column_of(ours, database, query)) == (None, ())


def test_a_server_that_is_no_standby_is_asked_nothing_that_only_standbys_answer(weak, sql):
    functions = (
        "pg_last_wal_receive_lsn",
        "pg_last_wal_replay_lsn",
        "pg_last_xact_replay_timestamp",
    )
    for function in functions:  # as on a server that lacks them
        sql(f"REVOKE EXECUTE ON FUNCTION {function}() FROM PUBLIC")
    assert read_clock(weak, guard=False).now
    assert not read_clock(weak, guard=True).stopped
