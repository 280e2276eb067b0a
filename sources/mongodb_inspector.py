"""I/O. MongoDB behind the Inspector protocol: one client for all facts of a plan."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pymongo
import pymongo.errors

from auto_schema.errors import (
    ConfigError,
)
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources import mongodb_evidence
from sources.base import (
    Clock,
    DigestRow,
    Evidence,
    Inspector,
    OpenTransaction,
    Source,
    SourceColumn,
    SourceProfile,
    Window,
)
from sources.mongodb import (
    MongodbConnection,
    MongodbSource,
    bind,
    both,
    identity,
    kind_of,
    parse,
    placeholders,
    value_at,
    written,
)
from sources.mongodb_client import FACTS, Client, connected
from sources.mongodb_profile import (
    FIRST,
    LAST,
    Server,
    described_by,
    hello_of,
    profile_of,
    server_of,
    with_time,
)

TRANSACTION_S = 60
"""https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds"""
LONGEST_WAIT_S = 60.0


@contextmanager
def inspecting(connection: object, query: str, table: str, cursor: str) -> Iterator[Inspector]:
    """Open an inspector.

    Args:
        connection: a MongodbConnection.
        query: the operator's filter as Extended JSON, placeholders and all; empty: none.
        table: not used: a collection has no schema.
        cursor: the cursor field's path, which may lead into documents; empty: none.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what the server said.
    """
    if not isinstance(connection, MongodbConnection):
        raise TypeError(f"not a MongoDB connection: {type(connection).__name__}")
    with connected(connection) as client:
        server = server_of(client)
        described = described_by(client[connection.database], connection)
        is_capped = bool(described.get("options", {}).get("capped"))
        bare = MongodbSource(
            connection,
            query or "{}",
            uuid_representation=server.uuid_representation,
            collection_id=identity(described),
            has_snapshot=not is_capped,
        )
        now = with_time(client, bare, server)
        profile, nested = profile_of(client, now, server, described, cursor)
        yield _Inspector(client, replace(bare, nested=nested), server, profile)


class _Inspector:
    """See `sources.base.Inspector`."""

    def __init__(
        self, client: Client, bare: MongodbSource, server: Server, profile: SourceProfile
    ) -> None:
        self._client, self._bare, self._server = client, bare, server
        self._connection, self._query = bare.connection, bare.query
        self.profile = profile

    @property
    def _collection(self) -> Any:
        database = self._client[self._connection.database]
        return database.get_collection(self._connection.collection, codec_options=FACTS)

    def clock(self, *, guard: bool) -> Clock:
        hello, is_primary = hello_of(self._client)
        now = hello["localTime"].astimezone(UTC)
        if not guard or not self._server.is_set:
            return Clock(now=now)
        if not is_primary:
            why = "only secondaries can be reached, which may lag behind"
            return Clock(now=now, blind_spot=why)
        lifetime = self._transaction_seconds()
        why = (
            "a replica set has transactions, which no role of a reader shows and which live up"
            f" to {lifetime} s (and half as long again until they are ended)"
        )
        return Clock(now=now, blind_spot=why, blind_for=timedelta(seconds=1.5 * lifetime))

    def _transaction_seconds(self) -> int:
        name = "transactionLifetimeLimitSeconds"
        try:
            return int(self._client.admin.command({"getParameter": 1, name: 1})[name])
        except pymongo.errors.OperationFailure:
            return TRANSACTION_S

    def integer_cursor(
        self, name: str, *, wait: bool, margin: timedelta
    ) -> tuple[int | None, tuple[OpenTransaction, ...]]:
        asked = parse(bind(self._query, None, 2**63 - 1))
        whole = both(asked, {name: {"$type": ["int", "long"]}})
        found = self._collection.find_one(whole, {name: 1}, sort=[(name, pymongo.DESCENDING)])
        if found is None:
            return None, ()
        if wait:
            time.sleep(min(margin.total_seconds(), LONGEST_WAIT_S))
        return int(value_at(found, name)), ()

    def source(
        self, *, cursor: str | None, window: Window | None, batch_rows: int | None, run_id: str
    ) -> Source:
        query = self._query
        if window is not None:
            query = bind(query, window.low, window.high)
        elif placeholders(query):
            query = bind(query, FIRST, LAST)
        made = replace(
            self._bare,
            query=written(parse(query)),
            cursor=cursor,
            cursor_type=kind_of(window.high) if window else "",
            window=window,
            batch_rows=batch_rows,
            run_id=run_id,
        )
        return with_time(self._client, made, self._server)

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        raise ConfigError(*_NO_PROOF)

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        raise ConfigError(*_NO_PROOF)

    def has_rows(self, source: Source) -> bool:
        return mongodb_evidence.has_rows(self._collection, _ours(source))

    def evidence(
        self,
        source: Source,
        *,
        look_at: tuple[SourceColumn, ...],
        split_column: str | None,
        split_over_bytes: int,
        count_outside: bool,
        partition: tuple[SourceColumn, str] | None,
    ) -> Evidence:
        return mongodb_evidence.evidence(
            self._collection,
            _ours(source),
            indexed=_ours(source).cursor in self.profile.indexed,
            may_split=split_column is not None,
            split_over_bytes=split_over_bytes,
            count_outside=count_outside,
            partition=partition[0].name if partition else "",
        )


_NO_PROOF = (
    "verify with MongoDB",
    "verify",
    "MongoDB has no function that hashes its documents",
    "set verify=false.",
)


def _ours(source: Source) -> MongodbSource:
    if not isinstance(source, MongodbSource):
        raise TypeError(f"not a MongoDB source: {type(source).__name__}")
    return source
