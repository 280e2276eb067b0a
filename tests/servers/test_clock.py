"""read_clock() and integer_cursor() on a real PostgreSQL: who may still write older stamps."""

import contextlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest

from auto_schema.errors import ConfigError
from sources import postgresql_clock
from sources.postgresql import APPLICATION_NAME, PostgresqlConnection
from sources.postgresql_clock import integer_cursor, read_clock
from sources.postgresql_inspect import profile, session
from sources.secrets import Secret


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
    monkeypatch.setattr(postgresql_clock.wait_until_gone, "__defaults__", (1.0,))


def test_the_clock_is_the_servers_and_aware(ours, sql):
    before = sql("SELECT clock_timestamp()")[0][0]
    clock = read_clock(ours, guard=True)
    assert before <= clock.now <= sql("SELECT clock_timestamp()")[0][0]
    assert clock.now.tzinfo is UTC
    assert (clock.open, clock.prepared, clock.blind_spot) == ((), None, "")


def test_the_time_zone_is_the_databases_own(database, sql):
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Asia/Tokyo'")
    with session(connection_to(database)) as opened:
        clock = read_clock(opened, guard=False)
    assert clock.time_zone == "Asia/Tokyo"
    assert clock.now.tzinfo is UTC


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


@pytest.mark.parametrize("name", [APPLICATION_NAME, f"{APPLICATION_NAME} 20250722t150000-3f9a0c1d"])
def test_our_own_readers_hold_nothing(ours, database, name):
    with other_session(database, application_name=name) as reader:
        ask(reader, "SELECT 1")
        assert read_clock(ours, guard=True).open == ()


def test_a_transaction_of_another_database_holds_nothing(ours, postgresql):
    with other_session(postgresql) as other:
        ask(other, "SELECT 1")
        assert read_clock(ours, guard=True).open == ()


def test_without_the_guard_nobody_is_looked_at(ours, database):
    with other_session(database) as other:
        ask(other, "SELECT 1")
        assert read_clock(ours, guard=False).open == ()


def test_the_oldest_prepared_transaction_is_seen_though_its_session_is_gone(ours, database, sql):
    sql("CREATE TABLE t (id int)")
    names = [f"pay_{os.getpid()}_{number}" for number in range(2)]
    for name in names:
        with other_session(database) as other:
            ask(other, "INSERT INTO t VALUES (1)")
            ask(other, f"PREPARE TRANSACTION '{name}'")
    try:
        clock = read_clock(ours, guard=True)
        assert clock.prepared is not None
        assert clock.prepared[0] == names[0]
        assert clock.prepared[1] <= clock.now
    finally:
        for name in names:
            sql(f"ROLLBACK PREPARED '{name}'")
    assert read_clock(ours, guard=True).prepared is None


def test_a_database_that_subscribes_is_a_blind_spot(ours, sql):
    name = f"s_{os.getpid()}"
    sql(
        f"CREATE SUBSCRIPTION {name} CONNECTION 'host=127.0.0.1 port=1 dbname=none'"
        " PUBLICATION p WITH (connect = false)"
    )
    try:
        assert read_clock(ours, guard=True).blind_spot == ""
        sql(f"ALTER SUBSCRIPTION {name} ENABLE")
        assert "subscribes to logical replication" in read_clock(ours, guard=True).blind_spot
    finally:
        sql(f"ALTER SUBSCRIPTION {name} DISABLE")
        sql(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        sql(f"DROP SUBSCRIPTION {name}")


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


def test_a_later_transaction_of_the_same_session_is_not_waited_for(weak, database):
    with other_session(database) as other:
        ask(other, "SELECT 1")

        def begin_the_next() -> None:
            other.commit()
            ask(other, "SELECT 1")

        next_one = threading.Timer(0.5, begin_the_next)
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
    described = profile(opened, connection_to(database), query, schema_table=None)
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


@pytest.mark.parametrize(
    "column",
    ["id bigserial", "id int8 GENERATED BY DEFAULT AS IDENTITY (CACHE 20)"],
    ids=["serial", "identity"],
)
def test_a_sequence_that_hands_out_blocks_is_refused(ours, database, sql, column):
    sql(f"CREATE TABLE t ({column})")
    query = "SELECT id FROM t"
    if "serial" in column:
        assert integer_cursor(ours, query, column_of(ours, database, query)) == (None, ())
        sql("ALTER SEQUENCE t_id_seq CACHE 20")
    with pytest.raises(ConfigError, match=r"t_id_seq.*takes 20 values at once") as caught:
        integer_cursor(ours, query, column_of(ours, database, query))
    assert "ALTER SEQUENCE t_id_seq CACHE 1" in caught.value.fix


def test_a_sequence_that_is_only_a_default_is_refused_too(ours, database, sql):
    sql("CREATE SEQUENCE numbers CACHE 50")
    sql("CREATE TABLE t (id int8 DEFAULT nextval('numbers'))")
    query = "SELECT id FROM t"
    with pytest.raises(ConfigError, match="takes 50 values at once"):
        integer_cursor(ours, query, column_of(ours, database, query))
