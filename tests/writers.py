"""Other sessions of the source, which write while runs come and go, and what got lost."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2

from demo.servers import PostgresqlServer
from tests.sync import Sync

SMART = {"enable_smart_sync": "true", "postgresql_query": "SELECT * FROM orders"}
EXACT = SMART | {"smart_sync_margin": "0s"}
"""No margin: the guard alone decides where a window ends."""

Begin = Callable[..., Any]
"""Opens a session, whose transaction begins at once, and returns its cursor."""


@contextlib.contextmanager
def writers(database: PostgresqlServer) -> Iterator[Begin]:
    """Sessions of others; what they leave open or prepared at the end is rolled back."""
    with contextlib.ExitStack() as stack:

        def connect(application: str) -> Any:
            opened = psycopg2.connect(database.dsn, application_name=application)
            return stack.enter_context(contextlib.closing(opened))

        stack.callback(_roll_back_prepared, database)

        def begin(application: str = "billing") -> Any:
            cursor = connect(application).cursor()
            cursor.execute("SELECT now()")
            return cursor

        yield begin


def _roll_back_prepared(database: PostgresqlServer) -> None:
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
        for (name,) in cursor.fetchall():
            cursor.execute("ROLLBACK PREPARED %s", (name,))


def stamp(cursor: Any, *numbers: int) -> None:
    """Write rows, stamped with the start of the cursor's transaction."""
    for number in numbers:
        cursor.execute("INSERT INTO orders VALUES (%s, now())", (number,))


def lost(sync: Sync, sql: Callable[..., Any]) -> list[int]:
    """Ids of the source that never arrived; one that came twice, or from nowhere, fails."""
    arrived = [number for (number,) in sync.rows("id")]
    source = [number for (number,) in sql("SELECT id FROM orders ORDER BY id")]
    assert len(arrived) == len(set(arrived))
    assert set(arrived) <= set(source)
    return [number for number in source if number not in arrived]
