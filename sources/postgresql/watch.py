"""I/O. Whether a session that brings nothing still moves; another session of ours asks.

A server or a network that stops answering is told by nobody: keepalives see only a peer
that is gone. So the bytes that the server has sent are looked at, and a session without a
new one is given up, so that its split is read again. A statement that answers once, with
sums of all rows, sends nothing before: there the server says whether it works at it.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions

from auto_schema.errors import SourceUnreachableError
from sources.postgresql.asking import Asking
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.login import logged_in
from sources.postgresql.session import ALONE

LOOK_S = 60.0
"""Between two looks at most."""
ANSWER_S = 20.0
_SENT = """
SELECT tuples_processed + bytes_processed FROM pg_catalog.pg_stat_progress_copy WHERE pid = %s
"""
_AT_WORK = """
SELECT (wait_event_type IS DISTINCT FROM 'Client')::int FROM pg_catalog.pg_stat_activity
WHERE pid = %s AND usename = session_user
"""
"""Said also of a role without track_activities. A session that waits for its client has
answered, or has more to send than arrives."""
_END = """
SELECT pg_catalog.pg_terminate_backend(pid)::int FROM pg_catalog.pg_stat_activity
WHERE pid = %s AND application_name = %s
"""
SILENT = ("the source stopped answering", "check the server and the network between.")
SLOW = (
    "the source was at work on the query for too long without a row",
    "a query that needs longer for a row needs a longer postgresql_read_timeout.",
)
"""What is wrong, and what mends it."""


class Watch:
    """Raises when no byte has come from a session for as long as the connection allows.

    `session` is set as soon as there is one, `pid` when it knows its own, and `answers_once`
    before a statement that sends nothing until it has seen all rows, or statements that may be
    such.
    """

    def __init__(self, connection: PostgresqlConnection, application: str) -> None:
        self._connection, self._application = connection, application
        self._timeout_s = connection.read_timeout_s
        self.every_s = min(LOOK_S, self._timeout_s / 4)
        self.session: psycopg2.extensions.connection | None = None
        self.pid: int | None = None
        self.answers_once = False
        self.begin()

    def begin(self) -> None:
        """From now on nothing has come."""
        self._since = time.monotonic()
        self._sent: int | None = None

    def look(self) -> None:
        """See whether the session has moved since the last look.

        Raises:
            SourceUnreachableError: it hasn't for too long; the server was told to end it.
        """
        if self._has_sent() or (self.answers_once and self._is_at_work()):
            self._since = time.monotonic()
        if time.monotonic() - self._since < self._timeout_s:
            return
        what, fix = SLOW if self._is_at_work() else SILENT
        self._ask(_END, self.pid, self._application)
        why = f"no byte came for {self._timeout_s:g} s"
        raise SourceUnreachableError(what, self._connection.place, why, fix)

    def cancel(self) -> None:
        """Have the server end what the session is at; one that has ended is left alone."""
        if self.session is not None:
            with contextlib.suppress(psycopg2.Error):
                self.session.cancel()

    def _has_sent(self) -> bool:
        sent, before = self._ask(_SENT, self.pid), self._sent
        self._sent = before if sent is None else sent
        return sent is not None and before is not None and sent != before

    def _is_at_work(self) -> bool:
        return bool(self._ask(_AT_WORK, self.pid))

    def _ask(self, sql: str, *values: object) -> int | None:
        """One number, or None when even another session gets no answer."""
        if self.pid is None:
            return None
        try:
            opened = logged_in(self._connection.parameters())
        except psycopg2.Error:
            return None
        with contextlib.closing(opened), contextlib.suppress(psycopg2.Error):
            opened.autocommit = True
            with cut_off_after(ANSWER_S, opened), opened.cursor() as cursor:
                cursor.execute(ALONE + sql, values)
                row = cursor.fetchone()
                return int(row[0]) if row else None
        return None


@contextlib.contextmanager
def cut_off_after(
    seconds: float, opened: Asking | psycopg2.extensions.connection
) -> Iterator[None]:
    """Cut a connection whose server hasn't answered by then: what waits for it is told so.

    One that is opened in its place has as long again.
    """
    answered = threading.Event()
    threading.Thread(
        target=_cut_each, args=(seconds, opened, answered), name="cut off", daemon=True
    ).start()
    try:
        yield
    finally:
        answered.set()


def _cut_each(
    seconds: float, opened: Asking | psycopg2.extensions.connection, answered: threading.Event
) -> None:
    while not answered.wait(seconds):
        with (
            contextlib.suppress(OSError, psycopg2.Error),
            socket.socket(fileno=os.dup(opened.fileno())) as same,
        ):
            same.shutdown(socket.SHUT_RDWR)
