"""The settings of a session that reads PostgreSQL, said before anything is asked.

A role, a database or whoever used a pooled session before may have set anything. What
decides how values are written is pinned to one value. What decides what the user's query
means is the role's own, as it was when the plan was made. All of it is SET LOCAL, so that
a pooler in transaction mode hands on a clean session.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sources.postgresql.connection import AS_READER

LOCK_TIMEOUT_MS = 60_000
"""How long a lock of others is waited for before the read is tried again."""

PINNED: Mapping[str, str] = MappingProxyType(
    {
        "TimeZone": "UTC",
        "IntervalStyle": "postgres",
        "client_min_messages": "error",  # nobody reads notices, and libpq's owner keeps them
        "extra_float_digits": "3",
        "bytea_output": "hex",
        "quote_all_identifiers": "off",
        "standard_conforming_strings": "on",
        "row_security": "off",  # else rows that a policy hides are missing in silence
        "gin_fuzzy_search_limit": "0",  # else a search by such an index drops rows
        "zero_damaged_pages": "off",  # else damaged pages count as empty
        "ignore_checksum_failure": "off",
        "exit_on_error": "off",
        "idle_in_transaction_session_timeout": "0",
        "transaction_timeout": "0",
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
    }
)
"""What doesn't depend on the query; a setting that a server doesn't know is passed over.

https://www.postgresql.org/docs/current/runtime-config-client.html
"""

MEANING = (
    "search_path",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "array_nulls",
    "transform_null_equals",
    "xmlbinary",
    "xmloption",
    "default_text_search_config",
    "timezone_abbreviations",
)
"""What decides what a query means: the plan keeps the role's own values for all splits."""

ALONE = """
SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE;
SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 30000;
"""
"""Stands before a statement that is a transaction of its own, in one message with it.

By a role's own defaults it might be cut short, wait for the writers of serializable transactions,
or be refused by a standby, which has none such.
"""
SERIAL = "SET LOCAL max_parallel_workers_per_gather = 0"
"""Said before pg_settings is asked: what it calls reset_val is to a parallel worker the
server's own value, and not the role's."""

Settings = tuple[tuple[str, str], ...]


def opening(
    *,
    settings: Settings = (),
    statement_timeout_ms: int = 0,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
    snapshot: bool | str = False,
) -> tuple[str, str]:
    """What begins a reading transaction, after BEGIN: two messages, each of some statements.

    Args:
        settings: of MEANING, as the plan keeps them; empty: the role's own of now.
        statement_timeout_ms: 0: none.
        lock_timeout_ms: how long each lock is waited for.
        snapshot: whether all its statements see one snapshot; a text names it, which another
            session has exported and still holds.
    """
    level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
    timeouts = {
        "statement_timeout": str(int(statement_timeout_ms)),
        "lock_timeout": str(int(lock_timeout_ms)),
    }
    exported = (f"SET TRANSACTION SNAPSHOT {_text(snapshot)}",) if isinstance(snapshot, str) else ()
    return (
        f"SET TRANSACTION ISOLATION LEVEL {level}, READ ONLY, NOT DEFERRABLE;"
        " SET LOCAL statement_timeout = 0",  # the role's own might end what follows
        ";\n".join(
            (
                *exported,
                "SET LOCAL role TO DEFAULT",
                SERIAL,
                _set_all({**PINNED, **timeouts, **dict(settings)}),
                AS_READER,
            )
        ),
    )


@contextmanager
def rolled_back(opened: Any, statements: Sequence[str]) -> Iterator[Any]:
    """A cursor in a transaction that these statements begin, and that leaves nothing behind.

    Args:
        opened: an autocommit session of psycopg2.
        statements: what `opening` says, or none.
    """
    with opened.cursor() as cursor:
        try:
            cursor.execute(";\n".join(("BEGIN READ ONLY", *statements[:1])))
            for statement in statements[1:]:
                cursor.execute(statement)
            yield cursor
        finally:
            if not opened.closed:
                cursor.execute("ROLLBACK")


@contextmanager
def apart(cursor: Any, *refusals: type[Exception]) -> Iterator[None]:
    """A savepoint around a question: when it is refused, transaction and snapshot stay.

    Args:
        cursor: of a transaction.
        refusals: the errors after which it goes on; they are raised all the same.
    """
    cursor.execute("SAVEPOINT question")
    try:
        yield
    except refusals:
        cursor.execute("ROLLBACK TO SAVEPOINT question")
        cursor.execute("RELEASE SAVEPOINT question")
        raise
    cursor.execute("RELEASE SAVEPOINT question")


def _set_all(wanted: Mapping[str, str]) -> str:
    """One statement: each of these settings, and back to the role's own what a session left.

    DateStyle gets its output form and keeps the order in which the role reads dates.
    """
    rows = ", ".join(f"({_text(name)}, {_text(value)})" for name, value in wanted.items())
    return f"""SELECT pg_catalog.count(pg_catalog.set_config(s.name, CASE
  WHEN s.name = 'DateStyle' THEN 'ISO, ' || pg_catalog.split_part(s.reset_val, ', ', 2)
  ELSE coalesce(w.value, s.reset_val) END, true))
FROM pg_catalog.pg_settings AS s LEFT JOIN (VALUES {rows}) AS w(name, value) ON w.name = s.name
WHERE s.name = 'DateStyle' OR s.setting <> w.value
  OR w.name IS NULL AND s.source = 'session' AND s.context = 'user'
  AND s.name NOT IN ('application_name', 'client_encoding')
  AND pg_catalog.left(s.name, 12) <> 'transaction_'"""


def _text(value: str) -> str:
    """A literal that is the same whatever standard_conforming_strings says."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'" if "\\" in value else f"'{escaped}'"
