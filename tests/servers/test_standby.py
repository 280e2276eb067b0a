"""The clock of a real standby: up to where it has caught up, and nobody seen who writes."""

import contextlib

import psycopg2
import pyarrow as pa
import pytest

from auto_schema.errors import SourceRefusedError
from auto_schema.schema import Column
from sources.postgresql import clock as clock_of
from sources.postgresql.catalog import reading, session
from sources.postgresql.clock import read_clock
from sources.postgresql.key_snapshot import comparing
from sources.postgresql.statement import PostgresqlStatement
from sources.postgresql.writers import writers
from sources.questions import KeysQuestion
from tests.servers.test_clock import connection_to
from tests.standby import BEHIND, CAUGHT_UP, primary_and_standby, replayed, until

INTEGER = Column("id", "id", "int8", "{c}", pa.int64(), "INT64")


@pytest.fixture
def pair():
    """A primary and its standby, each as a function that runs SQL on it."""
    with primary_and_standby() as both:
        yield both


def test_keys_are_not_compared_with_a_standby_that_lacks_rows_of_an_unknown_time(pair):
    """It has just started: rows that others have read of the primary may not be there yet."""
    on_primary, on_standby = pair
    until(on_standby, CAUGHT_UP)
    on_standby("SELECT pg_wal_replay_pause()")
    on_primary("CREATE TABLE orders (id int8)")
    until(on_standby, BEHIND)
    source = PostgresqlStatement(connection_to(on_standby), "SELECT * FROM orders", ("id",))
    asked = KeysQuestion((INTEGER,))
    with pytest.raises(SourceRefusedError, match="would look deleted"), comparing(source, asked):
        pass
    on_standby("SELECT pg_wal_replay_resume()")
    until(on_standby, "SELECT to_regclass('orders') IS NOT NULL")
    with comparing(source, asked) as keys:
        assert keys.ends() is None


def test_a_standby_tells_the_time_up_to_which_it_has_caught_up(pair):
    on_primary, on_standby = pair
    with session(connection_to(on_standby)) as opened:
        with reading(opened) as cursor:
            assert "the server is a standby" in writers(cursor, "SELECT 1").unseen[0]
        until(on_standby, CAUGHT_UP)
        assert on_standby("SELECT pg_last_xact_replay_timestamp() IS NULL")
        assert read_clock(opened, guard=True).stopped == ()
        on_standby("SELECT pg_wal_replay_pause()")
        on_primary("CREATE TABLE t (id int)")
        until(on_standby, BEHIND)
        assert "let it catch up" in read_clock(opened, guard=True).stopped[0]
        on_standby("SELECT pg_wal_replay_resume()")
        on_primary("CREATE TABLE u (id int)")
        until(on_standby, "SELECT to_regclass('u') IS NOT NULL")
        on_standby("SELECT pg_wal_replay_pause()")
        on_primary("INSERT INTO u VALUES (1)")
        until(on_standby, BEHIND)
        caught_up = on_standby("SELECT pg_last_xact_replay_timestamp()")
        for guard in (True, False):
            clock = read_clock(opened, guard=guard)
            assert (clock.now, clock.stopped) == (caught_up, ())


def test_a_standby_waits_for_those_who_have_written_on_its_primary(pair, monkeypatch):
    """Nothing tells when they began: their rows may have any stamp, and come later."""
    monkeypatch.setattr(clock_of, "WAIT_S", 0.5)
    on_primary, on_standby = pair
    on_primary("CREATE TABLE t (id int)")
    with (
        contextlib.closing(psycopg2.connect(on_primary.dsn)) as writer,
        session(connection_to(on_standby)) as opened,
    ):
        writer.cursor().execute("INSERT INTO t VALUES (1)")
        on_primary("INSERT INTO t VALUES (2)")
        replayed(on_primary, on_standby)
        (why,) = read_clock(opened, guard=True).stopped
        assert "of the primary has written" in why
        assert read_clock(opened, guard=False).stopped == ()
        writer.commit()
        replayed(on_primary, on_standby)
        assert read_clock(opened, guard=True).stopped == ()


def test_a_standby_that_nobody_feeds_any_more_is_behind(pair):
    """All that it has received it has replayed: what it lacks, it doesn't know."""
    on_primary, on_standby = pair
    until(on_standby, CAUGHT_UP)
    with session(connection_to(on_standby)) as opened:
        assert on_standby("SELECT pg_last_xact_replay_timestamp() IS NULL")
        assert read_clock(opened, guard=True).stopped == ()
        on_standby("ALTER SYSTEM SET primary_conninfo = ''")
        on_standby("SELECT pg_reload_conf()")
        until(on_standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
        on_primary("CREATE TABLE t (id int)")
        assert "let it catch up" in read_clock(opened, guard=True).stopped[0]
