"""I/O. What a PostgreSQL server and our role there are like, for `smart-sync doctor`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sources.health import Told
from sources.postgresql.catalog import reading, session
from sources.postgresql.connection import PostgresqlConnection
from sources.protocol import of_kind

OLDEST = 140_000
LONGEST = timedelta(hours=1)
_ASKED = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
  pg_catalog.pg_is_in_recovery(),
  pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
  current_setting('max_connections')::int,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity),
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts
   WHERE database = pg_catalog.current_database()),
  (SELECT pg_catalog.clock_timestamp() - pg_catalog.min(xact_start)
   FROM pg_catalog.pg_stat_activity
   WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
     AND backend_type = 'client backend')
"""


def look(connection: object) -> tuple[Told, ...]:
    """All that one question tells.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what the server said.
    """
    connection = of_kind(connection, PostgresqlConnection)
    with session(connection) as opened, reading(opened) as cursor:
        cursor.execute(_ASKED)
        answer = cursor.fetchone()
    return tuple(_told(connection, *answer))


def _told(
    connection: PostgresqlConnection,
    number: int,
    version: str,
    is_standby: bool,
    sees_all: bool,
    most: int,
    used: int,
    prepared: int,
    *rest: Any,
) -> Iterator[Told]:
    old = "PostgreSQL 14 is the oldest that is read; upgrade the server."
    yield Told("version", number >= OLDEST, f"PostgreSQL {version}", old)
    standby = "windows end 10 minutes back there; read the primary, or say late_commit_guard."
    what = "a standby, which shows nobody who writes" if is_standby else "a primary"
    yield Told("replication", not is_standby, what, standby)
    grant = f"as a superuser: GRANT pg_read_all_stats TO {connection.user};"
    seen = "pg_read_all_stats: the plan can show who holds a window back"
    hidden = "no pg_read_all_stats: open transactions of others are waited for, up to 60 s"
    yield Told("statistics", sees_all, seen if sees_all else hidden, grant)
    free = most - used
    lower = "lower max_source_connections, or raise max_connections on the server."
    yield Told("connections", free > 8, f"{used} of {most} are used", lower)
    end = "COMMIT PREPARED or ROLLBACK PREPARED: see pg_prepared_xacts."
    held = f"{prepared} prepared transactions hold windows back" if prepared else "none prepared"
    yield Told("prepared", not prepared, held, end)
    (age,) = rest
    leaked = "pg_stat_activity shows it; end that session: windows end before it began."
    text = f"the oldest that is open began {age} ago" if age else "none is open"
    yield Told("transactions", age is None or age < LONGEST, text, leaked)
