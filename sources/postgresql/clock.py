"""I/O. The source's clock and the transactions that may still commit older stamps.

The clock is read first, then the open transactions, each in a statement of its own:
inside one transaction pg_stat_activity would be frozen. Whoever begins later stamps his
rows later than the clock that was read.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2.errors

from auto_schema.errors import ConfigError, shown
from sources.postgresql.asking import Asking
from sources.postgresql.catalog import reading
from sources.postgresql.connection import READER_LOCK
from sources.postgresql.sql import quote
from sources.postgresql.zones import other_zones
from sources.values import Clock, OpenTransaction, SourceColumn

WAIT_S = 60.0
"""How long transactions whose start can't be seen are waited for."""
POLL_S = 0.25

_OPEN = f"""
WITH held AS MATERIALIZED (
  SELECT pid, locktype, virtualtransaction, mode, database, classid, objid, objsubid
  FROM pg_catalog.pg_locks WHERE granted AND locktype IN ('virtualxid', 'advisory'))
SELECT a.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''),
       least(a.xact_start, a.query_start) AS started,
       coalesce(l.virtualtransaction, '')
FROM pg_catalog.pg_stat_activity a
LEFT JOIN (SELECT DISTINCT pid, virtualtransaction FROM held
           WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock') l ON l.pid = a.pid
WHERE a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND a.pid <> pg_backend_pid()
  AND (l.pid IS NOT NULL OR a.backend_type = 'client backend' AND a.state = 'active')
  AND NOT EXISTS (SELECT FROM held r WHERE r.pid = l.pid AND r.locktype = 'advisory'
    AND r.database = a.datid
    AND (r.classid, r.objid, r.objsubid) = ({READER_LOCK[0]}, {READER_LOCK[1]}, 1))
  AND coalesce(a.backend_type, '') NOT IN ('autovacuum worker', 'walsender')
  AND (a.backend_type IS NOT NULL OR a.usesysid IS NOT NULL)
ORDER BY started NULLS FIRST
"""
"""Readers of ours, also of other launches, are known by a lock that they hold and take only
once they are READ ONLY; a name says nothing. A procedure that commits inside stamps by
statement_timestamp() when it was called, which is before its present transaction; between
two it is active without one. Autovacuum has no user, also where its type is hidden."""
_PREPARED = """
SELECT gid, owner::text, prepared FROM pg_catalog.pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""
_NOW = """
SELECT clock_timestamp(), (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')
"""
"""The role's own zone in this database, whatever a pooled session was set to before."""
_REPLAYED = "SELECT pg_last_xact_replay_timestamp()"
_IS_BEHIND = """
SELECT pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
    OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver)
"""
"""Asked of standbys alone, and each by itself: Aurora has neither the one nor the other. What
nobody brings any more isn't known to be missing."""
_WRITING = """
SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s) FROM txid_current_snapshot() AS s
"""
"""Of a standby: the oldest transaction of its primary that has written and not ended, as far as is
replayed, and the first that hasn't written. Who began isn't shown, and when neither."""


_STILL_WRITES = (
    "transaction {} of the primary has written and had not ended after 60 s, as far as the standby"
    " shows, which doesn't tell when it began: its rows may have any stamp. Wait for its end, or"
    " read the primary"
)
_BEHIND = (
    "the standby has replayed no commit since it started and is behind, by how much isn't"
    " shown: let it catch up (one that is fed from an archive counts as behind until it has"
    " replayed a commit: any on its primary, once its WAL is archived)"
)


def read_clock(opened: Asking, *, guard: bool) -> Clock:
    """Read the clock and, for the guard, everyone who may still write older stamps.

    Args:
        opened: an autocommit session.
        guard: whether the late-commit guard looks at open transactions.

    Returns:
        The clock; of a standby, the time up to which it has caught up. Transactions whose
        start the role may not see, or which nothing shows, were waited for up to 60 s:
        sessions that remain have `started` None.
    """
    with opened.alone() as cursor:
        now, zone = _row(cursor, _NOW)
        (in_recovery,) = _row(cursor, "SELECT pg_is_in_recovery()")
        replayed = _of_standby(cursor, _REPLAYED) if in_recovery else None
        if replayed:
            now = min(now, replayed)
        is_behind = _is_behind(cursor) if in_recovery and not replayed else False
        clock = Clock(
            now=now.astimezone(UTC),
            time_zone=zone,
            other_zones=other_zones(cursor, zone),
            is_behind=bool(is_behind),
            is_copy=in_recovery,
        )
        if not guard:
            return clock
        if in_recovery:
            return replace(clock, stopped=_still_to_come(cursor, is_behind))
        clock = replace(clock, open=_wait_for_hidden(cursor))
        return replace(clock, prepared=wait_until_gone(cursor, prepared_transactions(cursor)))


def is_behind_unseen(opened: Asking) -> bool:
    """Whether it is a standby that is behind, and doesn't tell up to when it has caught up.

    Args:
        opened: an autocommit session.
    """
    with opened.alone() as cursor:
        if not _row(cursor, "SELECT pg_is_in_recovery()")[0]:
            return False
        return _of_standby(cursor, _REPLAYED) is None and bool(_is_behind(cursor))


def _is_behind(cursor: Any) -> bool | None:
    """Whether a standby that has replayed no commit lacks anything; None: it can't be asked."""
    return _of_standby(cursor, _IS_BEHIND)  # type: ignore[no-any-return]


def _row(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()


def _of_standby(cursor: Any, sql: str) -> Any:
    """What a standby says; None where it isn't one of PostgreSQL's own making."""
    try:
        return _row(cursor, sql)[0]
    except psycopg2.errors.FeatureNotSupported:
        return None


def open_transactions(cursor: Any) -> tuple[OpenTransaction, ...]:
    """Open transactions of this database that aren't ours, oldest first, hidden ones before."""
    cursor.execute(_OPEN)
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
    """The open transactions; sessions that hide theirs are waited for.

    A procedure that commits inside looks like a session that begins one transaction after
    the other. So such a session must be seen without any, in two looks at once: between
    two transactions of a procedure there is hardly a moment.
    """
    first = open_transactions(cursor)
    known = tuple(t for t in first if t.started is not None)
    hidden = tuple(t for t in first if t.started is None)
    deadline = time.monotonic() + WAIT_S
    while hidden and time.monotonic() < deadline:
        time.sleep(POLL_S)
        busy = {t.pid for t in open_transactions(cursor)}
        if any(t.pid not in busy for t in hidden):
            busy |= {t.pid for t in open_transactions(cursor)}
        hidden = tuple(t for t in hidden if t.pid in busy)
    return known + hidden


def _still_to_come(cursor: Any, is_behind: bool | None) -> tuple[str, ...]:
    """Why a standby may yet get rows of any age; empty: as far as it shows, it doesn't.

    Transactions that have written are waited for. One that writes only later isn't seen: for that
    the window ends a fixed time back.
    """
    if is_behind is None:
        return ()
    if is_behind:
        return (_BEHIND,)
    oldest, first = _row(cursor, _WRITING)
    deadline = time.monotonic() + WAIT_S
    while oldest < first and time.monotonic() < deadline:
        time.sleep(POLL_S)
        oldest = _row(cursor, _WRITING)[0]
    return (_STILL_WRITES.format(oldest),) if oldest < first else ()


def wait_until_gone(
    cursor: Any, waited: tuple[OpenTransaction, ...]
) -> tuple[OpenTransaction, ...]:
    """Wait until these very transactions have ended; return those that haven't."""
    deadline = time.monotonic() + WAIT_S
    remaining = waited
    while remaining and time.monotonic() < deadline:
        time.sleep(POLL_S)
        now = open_transactions(cursor) + prepared_transactions(cursor)
        still = {(t.pid, t.virtual_id) for t in now}
        remaining = tuple(t for t in remaining if (t.pid, t.virtual_id) in still)
    return remaining


def wall_clock(opened: Asking, zone: str, instants: Sequence[datetime]) -> list[datetime]:
    """These instants as `localtimestamp` says them in a session of that zone.

    AT TIME ZONE would take CET or EST for an abbreviation, which knows no summer.

    Raises:
        ConfigError: the server doesn't know the zone.
    """
    with reading(opened) as cursor:
        try:
            cursor.execute("SELECT pg_catalog.set_config('TimeZone', %s, true)", (zone,))
        except psycopg2.errors.InvalidParameterValue:
            raise ConfigError(
                "the source's server doesn't know the time zone",
                f"source_timezone {shown(zone)}",
                "its zone files have no such name",
                "write an older name of the zone, or one that SELECT name FROM"
                " pg_timezone_names gives.",
            ) from None
        cursor.execute(
            "SELECT u.i::timestamp FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS u(i, n)"
            " ORDER BY u.n",
            (list(instants),),
        )
        return [row[0] for row in cursor.fetchall()]


def integer_cursor(
    opened: Asking,
    query: str,
    column: SourceColumn,
    repeated_for: timedelta = timedelta(),
    *,
    wait: bool = True,
) -> tuple[int | None, tuple[OpenTransaction, ...]]:
    """MAX of an integer cursor, and the transactions that may still commit lower values.

    Rows may come with MAX itself for a while where numbers aren't unique, such as seconds; for so
    long, and for the transactions seen after it, up to 60 s each are waited.
    """
    with reading(opened) as cursor:
        cursor.execute(f"SELECT max(q.{quote(column.name)}) FROM (\n{query}\n) AS q")
        highest = cursor.fetchone()[0]
    if wait and highest is not None:
        time.sleep(min(repeated_for.total_seconds(), WAIT_S))
    with opened.alone() as cursor:
        remaining = wait_until_gone(cursor, open_transactions(cursor)) if wait else ()
        # also those that a transaction just waited for has become
        prepared = wait_until_gone(cursor, prepared_transactions(cursor)) if wait else ()
    return highest, remaining + prepared
