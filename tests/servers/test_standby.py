"""The clock of a real standby: up to where it has caught up, and nobody seen who writes."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import pyarrow as pa
import pytest

from auto_schema.errors import SourceRefusedError
from auto_schema.schema import Column
from demo import servers
from sources.postgresql.catalog import reading, session
from sources.postgresql.clock import read_clock
from sources.postgresql.key_snapshot import comparing
from sources.postgresql.statement import PostgresqlStatement
from sources.postgresql.writers import writers
from sources.questions import KeysQuestion
from tests.servers.test_clock import connection_to

LONGEST_S = 60.0
BEHIND = "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()"
INTEGER = Column("id", "id", "int8", "{c}", pa.int64(), "INT64")


@pytest.fixture
def pair():
    """A primary and its standby, each as a function that runs SQL on it; and the standby."""
    folder = Path(tempfile.mkdtemp(prefix="smart-sync-pg-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        primary = stack.enter_context(servers.postgresql_server())
        user = servers._hand_over(folder)
        programs = servers._reachable_bin(18, folder, user)
        place = ["-h", primary.host, "-p", str(primary.port), "-U", primary.user]
        words = [programs / "pg_basebackup", "-D", folder / "data", "-R", "-c", "fast", *place]
        subprocess.run(words, check=True, capture_output=True, cwd=folder, user=user)
        standby = stack.enter_context(
            servers._running(programs / "postgres", folder, user, servers.SETTINGS)
        )

        def asking(server):
            opened = stack.enter_context(contextlib.closing(psycopg2.connect(server.dsn)))
            opened.autocommit = True
            cursor = opened.cursor()

            def ask(text):
                cursor.execute(text)
                return cursor.fetchone()[0] if cursor.description else None

            return ask

        yield asking(primary), asking(standby), standby


def until(ask, text):
    deadline = time.monotonic() + LONGEST_S
    while not ask(text):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_keys_are_not_compared_with_a_standby_that_lacks_rows_of_an_unknown_time(pair):
    """It has just started: rows that others have read of the primary may not be there yet."""
    on_primary, on_standby, standby = pair
    until(on_standby, "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()")
    on_standby("SELECT pg_wal_replay_pause()")
    on_primary("CREATE TABLE orders (id int8)")
    until(on_standby, BEHIND)
    source = PostgresqlStatement(connection_to(standby), "SELECT * FROM orders", ("id",))
    asked = KeysQuestion((INTEGER,))
    with pytest.raises(SourceRefusedError, match="would look deleted"), comparing(source, asked):
        pass
    on_standby("SELECT pg_wal_replay_resume()")
    until(on_standby, "SELECT to_regclass('orders') IS NOT NULL")
    with comparing(source, asked) as keys:
        assert keys.ends() is None


def test_a_standby_tells_the_time_up_to_which_it_has_caught_up(pair):
    on_primary, on_standby, standby = pair
    with session(connection_to(standby)) as opened:
        with reading(opened) as cursor:
            assert "the server is a standby" in writers(cursor, "SELECT 1").unseen[0]
        until(on_standby, "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()")
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
