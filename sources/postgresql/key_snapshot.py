"""I/O. The keys of PostgreSQL's rows in one snapshot, as `KeySnapshot` asks for them.

All is asked in one read-only transaction. A question that isn't answered is an error: keys that
nobody has seen are not missing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from auto_schema.canonical import postgresql_row
from auto_schema.condition_sql import postgresql_condition
from auto_schema.errors import SourceRefusedError
from auto_schema.key_places import (
    Place,
    Places,
    Summed,
    integers_in,
    postgresql_key,
    postgresql_key_sums,
    postgresql_keys,
    postgresql_row_number,
    summed,
)
from sources.postgresql.catalog import session
from sources.postgresql.clock import is_behind_unseen
from sources.postgresql.read import open_reading
from sources.postgresql.session import rolled_back
from sources.postgresql.sql import literal, quote
from sources.postgresql.statement import PostgresqlStatement, window_predicates, wrapped
from sources.questions import KeysQuestion
from sources.values import LETTER_DEAD, LETTER_OTHER, LETTER_READ, Extract, Window

AS_MANY_WORKERS = "SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
"""Sums are made by as many processes as the role's own queries are: they are all that is waited
for, and rows don't come in an order that would matter."""


@dataclass(frozen=True, slots=True)
class PostgresqlKeys:
    """An open transaction, the rows without a window, and which keys of them are asked for."""

    cursor: Any
    source: PostgresqlStatement
    asked: KeysQuestion

    def ends(self) -> tuple[int, int] | None:
        """See `KeySnapshot.ends`."""
        number = postgresql_key(Places(self.asked.keys, width=1))
        self.cursor.execute(
            f"SELECT pg_catalog.min(k), pg_catalog.max(k) FROM (\n"
            f"{wrapped(self.source, f'{number} AS k')}\n) AS d"
        )
        low, high = self.cursor.fetchone()
        return None if low is None else (int(low), int(high))

    def sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `KeySnapshot.sums`."""
        alive = (f"NOT {self._dead()}",) if self.asked.dead else ()
        rows = self._rows(f"{postgresql_key(places)} AS k", (*self._scope(), *alive))
        return self._summed(postgresql_key_sums(places, rows, within))

    def row_sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `RowSnapshot.row_sums`: also of rows without a key, which no table has."""
        number = postgresql_row_number(self.asked.columns)
        extract = Extract(self.asked.cursor)
        if self.asked.up_to is not None:
            extract = replace(extract, window=Window(None, self.asked.up_to))
        asked = self.asked
        alive = (f"NOT {self._dead()}",) if asked.dead and not asked.compares_dead else ()
        selected = f"coalesce({postgresql_key(places)}, 0) AS k, {number} AS v"
        rows = wrapped(self.source, selected, (*alive, *window_predicates(extract)))
        return self._summed(postgresql_key_sums(places, rows, within, of_rows=True))

    def keys(self, places: Places, within: Sequence[Place]) -> Iterator[str]:
        """See `KeySnapshot.keys`."""
        rows = self._rows(
            f"{postgresql_key(places)} AS k, {postgresql_row(self.asked.keys)} AS key_text,"
            f" CASE WHEN {self._dead()} THEN '{LETTER_DEAD}'"
            f" WHEN {self._is_read()} THEN '{LETTER_READ}' ELSE '{LETTER_OTHER}' END AS told",
            self._named(places, within),
        )
        self.cursor.execute(postgresql_keys(places, rows, within))
        return (text for (text,) in self.cursor.fetchall())

    def _summed(self, sql: str) -> Summed:
        self.cursor.execute(sql)
        return summed(*self.cursor.fetchone())

    @staticmethod
    def _named(places: Places, within: Sequence[Place]) -> tuple[str, ...]:
        """That a key is one of those that can lie there, for its index; beyond both ends is none.

        The places were made from this snapshot's own ends.
        """
        integers = ",".join(map(str, integers_in(places, within)))
        return (f"{postgresql_key(places)} = ANY ('{{{integers}}}'::int8[])",) if integers else ()

    def _rows(self, selected: str, more: tuple[str, ...] = ()) -> str:
        """The rows that have a key."""
        names = (quote(key.source_name) for key in self.asked.keys)
        predicates = (*(f"q.{name} IS NOT NULL" for name in names), *more)
        return wrapped(self.source, selected, predicates)

    def _scope(self) -> tuple[str, ...]:
        scope = self.asked.scope
        return (postgresql_condition(scope, self.asked.tested),) if scope else ()

    def _dead(self) -> str:
        """Whether the source marks the row as deleted."""
        dead = self.asked.dead
        return postgresql_condition(dead, self.asked.tested) if dead else "false"

    def _is_read(self) -> str:
        """Whether an earlier run has read the row, as far as its cursor says."""
        cursor, up_to = self.asked.cursor, self.asked.read_up_to
        if cursor is None or up_to is None:
            return "false"
        return " AND ".join((f"q.{quote(cursor)} <= {literal(up_to)}", *self._scope()))


@contextmanager
def comparing(source: PostgresqlStatement, asked: KeysQuestion) -> Iterator[PostgresqlKeys]:
    """See `ComparingInspector.comparing`: a session of its own, which ends with its snapshot.

    Raises:
        SourceRefusedError: a standby that lacks rows of nobody knows which time.
        SourceUnreachableError: a table was written anew while the snapshot was taken.
        SourceChangedError: the query no longer has the plan's columns.
    """
    with session(source.connection) as opened:
        if is_behind_unseen(opened):
            raise _behind(source)
        with rolled_back(opened, ()) as cursor:
            open_reading(cursor, source, snapshot=True)
            cursor.execute(AS_MANY_WORKERS)
            yield PostgresqlKeys(cursor, source, asked)


def _behind(source: PostgresqlStatement) -> SourceRefusedError:
    why = (
        "the standby is behind and has replayed no commit since it started, so that rows which"
        " it will have again would look deleted"
    )
    fix = (
        "let it catch up and run again (one that is fed from an archive counts as behind until it"
        " has replayed a commit), or compare with the primary."
    )
    return SourceRefusedError("keys of a standby", source.connection.place, why, fix)
