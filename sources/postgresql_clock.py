"""I/O. The source's clock and the transactions that may still commit older stamps.

The clock is read first, then the open transactions, each in a statement of its own:
inside one transaction pg_stat_activity would be frozen. Whoever begins later stamps his
rows later than the clock that was read.
"""

import time
from dataclasses import replace
from datetime import UTC
from typing import Any

import psycopg2.extensions

from auto_schema.errors import ConfigError
from sources.base import Clock, OpenTransaction, SourceColumn
from sources.postgresql import APPLICATION_NAME
from sources.postgresql_inspect import reading
from sources.sql import quote

WAIT_S = 60.0
"""How long transactions whose start can't be seen are waited for."""
POLL_S = 0.25

_OPEN = """
SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''),
       CASE WHEN a.backend_type = 'client backend' THEN least(a.xact_start, a.query_start)
            ELSE a.xact_start END AS started,
       l.virtualtransaction
FROM (SELECT DISTINCT pid, virtualtransaction FROM pg_catalog.pg_locks
      WHERE locktype = 'virtualxid' AND granted AND mode = 'ExclusiveLock') l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.pid <> pg_backend_pid()
  AND left(coalesce(a.application_name, ''), %s) <> %s
  AND coalesce(a.backend_type, '') NOT IN ('autovacuum worker', 'walsender')
  AND (a.backend_type IS NOT NULL OR a.usesysid IS NOT NULL)
ORDER BY started NULLS FIRST
"""
"""A procedure that commits inside stamps by statement_timestamp() when it was called, which
is before its present transaction. Autovacuum has no user, also where its type is hidden."""
_PREPARED = """
SELECT gid, owner::text, prepared FROM pg_catalog.pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""
_STANDBY = "SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp()"
_SUBSCRIBER = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_subscription s
  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
  WHERE d.datname = current_database() AND s.subenabled)
"""


def read_clock(opened: "psycopg2.extensions.connection", *, guard: bool) -> Clock:
    """Read the clock and, for the guard, everyone who may still write older stamps.

    Args:
        opened: an autocommit session.
        guard: whether the late-commit guard looks at open transactions.

    Returns:
        The clock; transactions whose start the role may not see were waited for up to
        60 s, and those that remain have `started` None.
    """
    with opened.cursor() as cursor:
        now, zone = _row(cursor, "SELECT clock_timestamp(), current_setting('TimeZone')")
        clock = Clock(now=now.astimezone(UTC), time_zone=zone)
        if not guard:
            return clock
        in_recovery, replayed = _row(cursor, _STANDBY)
        if in_recovery:
            seen = min(clock.now, replayed.astimezone(UTC)) if replayed else clock.now
            return replace(
                clock, now=seen, blind_spot="the server is a standby: it doesn't show who writes"
            )
        if _row(cursor, _SUBSCRIBER)[0]:
            clock = replace(
                clock,
                blind_spot="the database subscribes to logical replication: its rows carry"
                " stamps of another server",
            )
        clock = replace(clock, open=_wait_for_hidden(cursor))
        prepared = prepared_transactions(cursor)
        if prepared and prepared[0].started:
            clock = replace(clock, prepared=(prepared[0].virtual_id, prepared[0].started))
    return clock


def _row(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()


def open_transactions(cursor: Any) -> tuple[OpenTransaction, ...]:
    """Open transactions of this database that aren't ours, oldest first, hidden ones before."""
    cursor.execute(_OPEN, (len(APPLICATION_NAME), APPLICATION_NAME))
    return tuple(
        OpenTransaction(pid, application, user, started and started.astimezone(UTC), virtual)
        for pid, application, user, started, virtual in cursor.fetchall()
    )


def prepared_transactions(cursor: Any) -> tuple[OpenTransaction, ...]:
    """Prepared transactions of this database, oldest first; `virtual_id` is their name."""
    cursor.execute(_PREPARED)
    return tuple(
        OpenTransaction(0, f"PREPARE TRANSACTION {name!r}", owner, prepared.astimezone(UTC), name)
        for name, owner, prepared in cursor.fetchall()
    )


def _wait_for_hidden(cursor: Any) -> tuple[OpenTransaction, ...]:
    """The open transactions; the hidden ones among the first seen are waited for."""
    first = open_transactions(cursor)
    known = tuple(t for t in first if t.started is not None)
    return known + wait_until_gone(cursor, tuple(t for t in first if t.started is None))


def wait_until_gone(
    cursor: Any, waited: tuple[OpenTransaction, ...], timeout_s: float | None = None
) -> tuple[OpenTransaction, ...]:
    """Wait until these very transactions have ended; return those that haven't."""
    deadline = time.monotonic() + (WAIT_S if timeout_s is None else timeout_s)
    remaining = waited
    while remaining and time.monotonic() < deadline:
        time.sleep(POLL_S)
        now = open_transactions(cursor) + prepared_transactions(cursor)
        still = {(t.pid, t.virtual_id) for t in now}
        remaining = tuple(t for t in remaining if (t.pid, t.virtual_id) in still)
    return remaining


def integer_cursor(
    opened: "psycopg2.extensions.connection", query: str, column: SourceColumn, *, wait: bool = True
) -> tuple[int | None, tuple[OpenTransaction, ...]]:
    """MAX of an integer cursor, and the transactions that may still commit lower values.

    The transactions seen after MAX was read are waited for up to 60 s.

    Raises:
        ConfigError: the column's sequence hands out values in blocks.
    """
    _refuse_cached_sequence(opened, column)
    with reading(opened) as cursor:
        cursor.execute(f"SELECT max(q.{quote(column.name)}) FROM (\n{query}\n) AS q")
        highest = cursor.fetchone()[0]
    with opened.cursor() as cursor:
        remaining = wait_until_gone(cursor, open_transactions(cursor)) if wait else ()
        # also those that a transaction just waited for has become
        prepared = wait_until_gone(cursor, prepared_transactions(cursor)) if wait else ()
    return highest, remaining + prepared


_SEQUENCE = """
SELECT s.seqcache, s.seqrelid::regclass::text
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_class'::regclass
  AND d.refobjid = %s AND d.refobjsubid = %s AND d.deptype IN ('a', 'i') AND s.seqcache > 1
UNION
SELECT s.seqcache, s.seqrelid::regclass::text
FROM pg_catalog.pg_attrdef a
JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = a.oid
JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.refobjid
WHERE a.adrelid = %s AND a.adnum = %s AND s.seqcache > 1
"""


def _refuse_cached_sequence(opened: "psycopg2.extensions.connection", column: SourceColumn) -> None:
    if column.origin is None:
        return
    with opened.cursor() as cursor:
        cursor.execute(_SEQUENCE, column.origin * 2)
        row = cursor.fetchone()
    if row:
        raise ConfigError(
            "integer cursor from a sequence with CACHE",
            f"smart_sync_timestamp_column, sequence {row[1]}",
            f"each session takes {row[0]} values at once, so lower values may be used later"
            " than higher ones and would be skipped",
            f"ALTER SEQUENCE {row[1]} CACHE 1, or use a timestamp column.",
        )
