"""A primary and its streaming standby, made by pg_basebackup."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2

from demo import servers
from demo.servers import PostgresqlServer

LONGEST_S = 60.0
CAUGHT_UP = "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
BEHIND = "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()"


class Asked(PostgresqlServer):
    """A server with a session of ours: called with SQL it gives the first value."""

    session: Any = None

    def __call__(self, text: str) -> Any:
        with self.session.cursor() as cursor:
            cursor.execute(text)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]


@contextlib.contextmanager
def asked(server: PostgresqlServer) -> Iterator[Asked]:
    """The same server, with a session."""
    one = Asked(server.host, server.port, server.user, server.database)
    with contextlib.closing(psycopg2.connect(server.dsn)) as session:
        session.autocommit = True
        object.__setattr__(one, "session", session)
        yield one


@contextlib.contextmanager
def primary_and_standby(made: str = "", **settings: str) -> Iterator[tuple[Asked, Asked]]:
    """Both; the standby has these settings beside the usual ones.

    What is `made` by SQL is in the standby's own backup: it needs to replay nothing for it.
    """
    folder = Path(tempfile.mkdtemp(prefix="smart-sync-pg-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        primary = stack.enter_context(servers.postgresql_server())
        if made:
            with asked(primary) as ask:
                ask(made)
        user = servers._hand_over(folder)
        programs = servers._reachable_bin(18, folder, user)
        place = ["-h", primary.host, "-p", str(primary.port), "-U", primary.user]
        words = [programs / "pg_basebackup", "-D", folder / "data", "-R", "-c", "fast", *place]
        subprocess.run(words, check=True, capture_output=True, cwd=folder, user=user)
        standby = stack.enter_context(
            servers._running(programs / "postgres", folder, user, servers.SETTINGS | settings)
        )
        yield stack.enter_context(asked(primary)), stack.enter_context(asked(standby))


def until(ask: Any, text: str) -> None:
    """Wait until a server says so."""
    deadline = time.monotonic() + LONGEST_S
    while not ask(text):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)


def replayed(primary: Any, standby: Any) -> None:
    """Wait until the standby has all that the primary has written."""
    until(
        standby,
        f"SELECT pg_last_wal_replay_lsn() >= '{primary('SELECT pg_current_wal_insert_lsn()')}'",
    )
