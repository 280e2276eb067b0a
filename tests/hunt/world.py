"""The source of one case: its database, the sessions that write, and the observer that looks.

What the observer reads is text as psql shows it, over COPY: nothing of the program's.
"""

import atexit
import contextlib
import functools
import io
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from demo.servers import PostgresqlServer, postgresql_server
from tests.hunt.bench import Bench
from tests.hunt.schemas import Schema, quoted
from tests.hunt.steps import Call, Interrupt, Later, Step

PLAIN = "SET TimeZone='UTC'; SET DateStyle=ISO; SET IntervalStyle=postgres; SET bytea_output=hex;"
SAFE = (
    "SET quote_all_identifiers=off; SET extra_float_digits=1; SET search_path=public;"
    " SET default_transaction_read_only=off; SET standard_conforming_strings=on;"
    " SET default_transaction_isolation='read committed'; SET array_nulls=on;"
    " SET transform_null_equals=off; SET xmloption=content; SET lock_timeout='700ms';"
)


PREPARED = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
LOOK = "observer"
"""The session that only looks; its zone is UTC."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the query showed at a moment: names, types by pg_type, and rows of texts."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: frozenset[tuple[str | None, ...]]


@dataclass
class World:
    """A database with the case's schema."""

    schema: Schema
    database: PostgresqlServer
    reader: str
    errors: list[str] = field(default_factory=list)
    _sessions: dict[str, Any] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _kinds: dict[int, str] = field(default_factory=dict)

    def session(self, name: str) -> Any:
        """A session of that name, in the zone that the server's clients have by its settings."""
        if name not in self._sessions:
            opened = psycopg2.connect(self.database.dsn, application_name=name or "psql")
            opened.autocommit = True
            cursor = opened.cursor()
            cursor.execute(PLAIN + SAFE)
            if name != LOOK:
                zone = next((v for _, n, v in self.schema.settings if n == "TimeZone"), "UTC")
                cursor.execute("SET TimeZone = %s", (zone,))
            self._sessions[name] = opened
        return self._sessions[name]

    def do(self, step: Step) -> None:
        """Do a step; what PostgreSQL refuses is noted, and the history goes on."""
        if isinstance(step, Interrupt):
            os.kill(os.getpid(), signal.SIGINT)
            return
        session = getattr(step, "session", "")
        for text in step.sql(self.schema):
            if isinstance(step, Later):
                self._aside(lambda: self._commit_after(step))
            elif isinstance(step, Call):
                self._aside(lambda text=text: self.execute(text, session))  # type: ignore[misc]
                time.sleep(0.05)
            else:
                self.execute(text, session)

    def _aside(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _commit_after(self, step: Later) -> None:
        time.sleep(step.seconds)
        self.execute("COMMIT", step.session)

    def execute(self, text: str, session: str = "") -> None:
        try:
            with self.session(session).cursor() as cursor:
                cursor.execute(text)
        except psycopg2.Error as error:
            self.errors.append(f"{text[:200]}: {str(error).splitlines()[0]}")

    def settle(self) -> None:
        """All transactions end, all calls come back: nothing is hidden any more."""
        for thread in self._threads:
            thread.join(30)
        for name in self._sessions:
            self.execute("COMMIT", name)
        for (gid,) in self.ask(PREPARED):
            self.execute(f"COMMIT PREPARED '{gid}'")
        if self.schema.query == "matview":
            self.execute("REFRESH MATERIALIZED VIEW shown")

    def ask(self, text: str) -> list[tuple[Any, ...]]:
        with self.session(LOOK).cursor() as cursor:
            cursor.execute(text)
            return list(cursor.fetchall())

    def snapshot(self) -> Snapshot:
        """What the query shows now; nothing where it can't be asked now."""
        try:
            with self.session(LOOK).cursor() as cursor:
                query = f"SELECT * FROM (\n{without_end(self.schema.sql)}\n) AS looked"
                cursor.execute(f"{query} LIMIT 0")
                columns = cursor.description
                out = io.StringIO()
                cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
        except psycopg2.Error as error:
            self.errors.append(f"look: {error}")
            return Snapshot((), (), frozenset())
        rows = [tuple(map(_value, line.split("\t"))) for line in out.getvalue().split("\n")[:-1]]
        names = tuple(column.name for column in columns)
        return Snapshot(names, tuple(self._kind(c.type_code) for c in columns), frozenset(rows))

    def _kind(self, oid: int) -> str:
        """The type's name; a domain's is its base type's, an enum's is `text`."""
        if oid not in self._kinds:
            (found,) = self.ask(
                "SELECT CASE typtype WHEN 'e' THEN 'text' ELSE typname END, typbasetype"
                f" FROM pg_type WHERE oid = {oid}"
            )
            self._kinds[oid] = self._kind(found[1]) if found[1] else str(found[0])
        return self._kinds[oid]

    def promised(self, end: str) -> set[str]:
        """Rows, by `rid`, whose cursor lies behind 1900 and not after a window's end."""
        kind = "int8" if self.schema.cursor == self.schema.rid else self.schema.cursor_kind
        low = "" if kind == "int8" else " AND {c} > '1900-01-01'"
        return self._where(f"{{c}} <= '{end}'::{kind}{low}")

    def sentinels(self) -> set[str]:
        """Rows, by `rid`, that lie before any window, though they have a cursor."""
        if not self.schema.cursor_kind.startswith(("date", "time")):
            return set()
        return self._where("{c} <= '1900-01-01'")

    def _where(self, condition: str) -> set[str]:
        schema = self.schema
        rid, cursor = (f"looked.{quoted(name)}" for name in (schema.rid, schema.cursor))
        query = f"(\n{without_end(schema.sql)}\n) AS looked"
        rows = self.ask(f"SELECT {rid}::text FROM {query} WHERE {condition.format(c=cursor)}")
        return {rid for (rid,) in rows}

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()


def without_end(query: str) -> str:
    """A query as it can stand within another."""
    return query.replace(";", "")


_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _value(text: str) -> str | None:
    """One value as COPY writes it."""
    if text == "\\N":
        return None
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)


@functools.cache
def other_server() -> PostgresqlServer:
    """Another server of the hunt's, while the process lives."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(postgresql_server())


@contextlib.contextmanager
def a_world(
    bench: Bench, schema: Schema, place: tuple[PostgresqlServer, str] | None = None
) -> Iterator[World]:
    """A database with the schema in it, and the role that reads; both are dropped again.

    `place`: the server and the database's name; else the bench's own, and a new one.
    """
    server, name = place or (bench.postgresql, bench.name("hunt"))
    reader = f"reader_{name}"
    admin = psycopg2.connect(server.dsn)
    admin.autocommit = True
    cursor = admin.cursor()
    cursor.execute(f"CREATE DATABASE {name}")
    rights = "" if schema.reader else " SUPERUSER"
    cursor.execute(f"CREATE ROLE {reader} LOGIN{rights}")
    database = PostgresqlServer(server.host, server.port, server.user, name)
    world = World(schema, database, reader)
    try:
        for scope, setting, value in schema.settings:
            at = reader if scope == "ROLE" else name
            spoken = value if setting == "search_path" else f"'{value}'"
            with contextlib.suppress(psycopg2.errors.InvalidParameterValue):  # a missing locale
                cursor.execute(f"ALTER {scope} {at} SET {setting} = {spoken}")
        world.execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}")
        for text in schema.ddl():
            world.execute(text)
        yield world
    finally:
        world.close()
        with contextlib.suppress(psycopg2.Error):
            for (gid,) in _prepared(cursor, name):
                _roll_back(database, gid)
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        cursor.execute(f"DROP ROLE {reader}")
        admin.close()


def _prepared(cursor: Any, database: str) -> list[tuple[str]]:
    cursor.execute("SELECT gid FROM pg_prepared_xacts WHERE database = %s", (database,))
    return list(cursor.fetchall())


def _roll_back(database: PostgresqlServer, gid: str) -> None:
    with contextlib.closing(psycopg2.connect(database.dsn)) as opened:
        opened.autocommit = True
        opened.cursor().execute("ROLLBACK PREPARED %s", (gid,))
