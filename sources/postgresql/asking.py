"""I/O. A session for questions, which is opened anew when it was ended in its silence.

A launch is silent at its source while it waits: for a lock, for BigQuery, for other slices.
Servers end sessions that are silent (idle_session_timeout), as poolers, proxies and firewalls do,
and no setting of ours prevents it: SET would stay in a pooled session, and poolers take no
startup options. So what is said outside of a transaction is said once more in a new session. A
transaction that is lost stays lost: what it saw can't be seen again.
"""

from typing import Any

import psycopg2
import psycopg2.extensions

from auto_schema.errors import SourceUnreachableError
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.login import logged_in
from sources.postgresql.session import ALONE

MOST_OPENED = 3
"""Sessions for one statement, where each is ended before it is said."""
_SERVER = "SELECT pg_catalog.pg_postmaster_start_time()"
"""Another after a restart or a failover, and of another server behind the same address."""


class Asking:
    """A session of ours in autocommit; where it is ended between two transactions, the next.

    It stays with the server that it was opened at: who has an open transaction, and what MAX is,
    are asked one after the other, and mean nothing of two servers.
    """

    def __init__(self, connection: PostgresqlConnection) -> None:
        self._connection = connection
        self.current = self._connected()
        self._server: object = self._asked_server()

    @property
    def closed(self) -> int:
        """Not 0: nothing can be said any more in the transaction, as it is lost."""
        return int(self.current.closed)

    @property
    def is_between(self) -> bool:
        """Whether no transaction is open, so that what is said next needs none of before."""
        idle = psycopg2.extensions.TRANSACTION_STATUS_IDLE
        return bool(self.closed) or self.current.info.transaction_status == idle

    def fileno(self) -> int:
        """Of the connection as it is now.

        Raises:
            psycopg2.InterfaceError: it is lost.
        """
        return self.current.fileno()

    def cursor(self) -> "AskingCursor":
        """For a transaction that its first statement begins."""
        return AskingCursor(self)

    def alone(self) -> "AskingCursor":
        """For statements that are a transaction each, whatever the role's defaults are."""
        return AskingCursor(self, ALONE)

    def close(self) -> None:
        """End it."""
        self.current.close()

    def open_anew(self) -> None:
        """Another session in place of the one that is lost.

        Raises:
            psycopg2.Error: there is none to be had.
            SourceUnreachableError: it leads to another server, or to one that was restarted.
        """
        self.current.close()
        self.current = self._connected()
        server = self._asked_server()
        self._server = self._server or server
        if server is not None and server != self._server:
            raise SourceUnreachableError(
                "source unreachable",
                self._connection.place,
                "the session was ended while it was silent, and a new one leads to another server,"
                f" or to one that was restarted: started at {server}, before at {self._server}",
                "run it again: all is asked anew then.",
            )

    def _connected(self) -> psycopg2.extensions.connection:
        opened = logged_in(self._connection.parameters())
        opened.autocommit = True
        return opened

    def _asked_server(self) -> object:
        """When the server was started; None: it doesn't say so, or the session is lost."""
        try:
            with self.current.cursor() as cursor:
                cursor.execute(ALONE + _SERVER)
                return (cursor.fetchone() or (None,))[0]
        except psycopg2.Error:
            return None


class AskingCursor:
    """What is used of psycopg2's cursor, of whichever session is the present one."""

    def __init__(self, asking: Asking, before: str = "") -> None:
        self._asking, self._before, self._is_lost = asking, before, False
        self._cursor: Any = None

    def __enter__(self) -> "AskingCursor":
        return self

    def __exit__(self, *_: object) -> None:
        if self._cursor is not None:
            self._cursor.close()

    @property
    def description(self) -> Any:
        """Of the columns of the last answer."""
        return self._cursor.description

    def execute(self, sql: str, values: Any = None) -> None:
        """Say a statement; outside of a transaction once more, when the session was ended.

        Raises:
            psycopg2.Error: the server's refusal; or a transaction is lost.
            SourceUnreachableError: as `Asking.open_anew` says.
        """
        if self._is_lost:
            raise psycopg2.InterfaceError("the connection was closed amid a transaction")
        begins, opened = self._asking.is_between, 1
        while True:
            try:
                self._say(sql, values)
            except psycopg2.Error:
                self._is_lost = bool(self._asking.closed) and not begins
                if not self._asking.closed or not begins or opened == MOST_OPENED:
                    raise
            else:
                return
            opened += 1
            self._asking.open_anew()

    def _say(self, sql: str, values: Any) -> None:
        if self._cursor is None or self._cursor.connection is not self._asking.current:
            self._cursor = self._asking.current.cursor()
        self._cursor.execute(self._before + sql, values)

    def fetchone(self) -> Any:
        """A row of the last answer; None: there is no other."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """All rows of the last answer."""
        rows: list[Any] = self._cursor.fetchall()
        return rows
