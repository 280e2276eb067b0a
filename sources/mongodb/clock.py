"""I/O. MongoDB's clock, and how far behind it a writer may be whom nobody can see.

No role of a reader shows the transactions of others, so the guard is a fixed time that holds
for all of them, and the plan names it with its reason.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pymongo.errors

from auto_schema.errors import ConfigError, shown
from sources.mongodb.client import AtTime, Client
from sources.mongodb.errors import GONE_SNAPSHOT_CODES, TRANSIENT_CODES, UNAUTHORIZED_CODE
from sources.mongodb.extended_json import Document
from sources.mongodb.server import Server, hello_of
from sources.mongodb.statement import both, value_at
from sources.values import Clock

LIFETIME_S = 60
"""https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds"""
UNTIL_ENDED = 1.5
"""The server looks for transactions that lived too long once every half of that time."""
CLOCKS = timedelta(seconds=30)
"""For the clocks of several machines: those of shards, which mongos doesn't show."""
MAKERS = timedelta(seconds=60)
"""For the clocks of the applications, which make ObjectIds before they write."""
LONGEST_WAIT = timedelta(minutes=5)


def clock_of(client: Client, server: Server, *, guard: bool, by_object_id: bool) -> Clock:
    """The server's clock, and with `guard` how long unseen writers may take.

    A secondary's is the time up to which it has everything: its window ends there.

    Args:
        client: of the server.
        server: what it is.
        guard: whether late commits are looked for.
        by_object_id: whether the cursor is an ObjectId.
    """
    hello, is_primary = hello_of(client)
    now = clock = hello["localTime"].astimezone(UTC)
    reasons = list[str]()
    is_copy = server.is_set and not is_primary
    if is_copy:
        now = min(now, _written_until(hello, now))
        reasons.append(
            "only secondaries can be reached, and the one that was asked shows what was written"
            f" until {now:%Y-%m-%d %H:%M:%S} UTC ({(clock - now).total_seconds():,.0f} s ago)"
        )
    if not guard:
        return Clock(now=now, is_copy=is_copy)
    blind_for = timedelta(0)
    for longest, reason in _unseen(client, server, by_object_id=by_object_id):
        blind_for += longest
        reasons.append(reason)
    why = "; ".join(reasons)
    return Clock(now=now, blind_spot=why, blind_for=blind_for, is_copy=is_copy)


def _unseen(
    client: Client, server: Server, *, by_object_id: bool
) -> Iterator[tuple[timedelta, str]]:
    """How long each kind of writer may go on whom nobody can see, and why."""
    if server.is_set:
        lifetime = _transaction_seconds(client)
        yield (
            timedelta(seconds=UNTIL_ENDED * lifetime),
            "a replica set has transactions, which no role of a reader shows and which live up"
            f" to {lifetime} s (and half as long again until they are ended)",
        )
    elif server.is_sharded:
        yield (
            timedelta(seconds=UNTIL_ENDED * LIFETIME_S) + CLOCKS,
            "mongos shows neither transactions nor clocks of the shards: taken are"
            f" {UNTIL_ENDED * LIFETIME_S:g} s for the one and {CLOCKS.total_seconds():g} s for the"
            " other; where transactionLifetimeLimitSeconds is longer, or commits over several"
            " shards hang, give late_commit_guard a duration",
        )
    if by_object_id:
        yield (
            MAKERS,
            "ObjectIds hold the clocks of the applications that make them, before they write:"
            f" {MAKERS.total_seconds():g} s are for those; where they take longer, give"
            " late_commit_guard a duration",
        )


def _written_until(hello: Document, now: datetime) -> datetime:
    """The stamp of the newest write that a member shows which may lag behind."""
    last = hello.get("lastWrite", {})
    told = [last[name] for name in ("lastWriteDate", "majorityWriteDate") if name in last]
    return min((when.astimezone(UTC) for when in told), default=now)


def _transaction_seconds(client: Client) -> int:
    name = "transactionLifetimeLimitSeconds"
    try:
        return int(client.admin.command({"getParameter": 1, name: 1})[name])
    except pymongo.errors.OperationFailure:
        return LIFETIME_S


@dataclass(frozen=True, slots=True)
class Highest:
    """The question for MAX of an integer cursor.

    Attributes:
        collection: a handle on it.
        asked: the operator's filter.
        cursor: the field's path.
        place: for errors.
        snapshots: whether the server may still show the collection as it was.
    """

    collection: Any
    asked: Document
    cursor: str
    place: str
    snapshots: bool

    def now(self) -> int | None:
        """MAX as of now."""
        return self._highest(self.collection)

    def before(self, client: Client, late: timedelta) -> int | None:
        """MAX that was there `late` before this returns; every lower one is then written, too.

        The server shows it in a snapshot of then; where it keeps none, the wait is now.

        Raises:
            ConfigError: that would take too long.
        """
        if self.snapshots and late:
            told = hello_of(client)[0].get("operationTime")
            at = told.time - math.ceil(late.total_seconds()) if told is not None else 0
            try:
                if at > 0:
                    return self._highest(self.collection.with_options(read_concern=AtTime((at, 0))))
            except pymongo.errors.OperationFailure as error:
                kept = TRANSIENT_CODES - GONE_SNAPSHOT_CODES | {UNAUTHORIZED_CODE}
                if error.code in kept:
                    raise
        if late > LONGEST_WAIT:
            raise ConfigError(*self._too_long(late))
        highest = self.now()
        time.sleep(late.total_seconds())
        return highest

    def _highest(self, collection: Any) -> int | None:
        # no array, nor a path through one: they hold many values, and a sort takes the highest
        parts = self.cursor.split(".")
        single = [
            {".".join(parts[:depth]): {"$not": {"$type": "array"}}}
            for depth in range(1, len(parts) + 1)
        ]
        query = both(self.asked, {"$and": [{self.cursor: {"$type": ["int", "long"]}}, *single]})
        way = [(self.cursor, pymongo.DESCENDING)]
        document = collection.find_one(query, {self.cursor: 1}, sort=way)
        return None if document is None else int(value_at(document, self.cursor))

    def _too_long(self, late: timedelta) -> tuple[str, str, str, str]:
        return (
            "integer cursor of writers that nobody can see",
            f"smart_sync_timestamp_column {shown(self.cursor)}, {self.place}",
            f"a lower number may be written {late.total_seconds():,g} s after a higher one, the"
            " server keeps no snapshot that old, and a run doesn't wait that long",
            "set late_commit_guard to the longest time that your writers take (off: they use no"
            " transactions), raise minSnapshotHistoryWindowInSeconds, or use a cursor of dates.",
        )
