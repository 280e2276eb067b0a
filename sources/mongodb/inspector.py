"""I/O. MongoDB behind the Inspector protocol: one client for all facts of a plan."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sources.mongodb import evidence as mongodb_evidence
from sources.mongodb.behind import behind, identity, refuse_gone
from sources.mongodb.client import FACTS, Client, connected
from sources.mongodb.clock import Highest, clock_of
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.extended_json import bind, parse, placeholders, written
from sources.mongodb.key_snapshot import comparing
from sources.mongodb.profile import FIRST, LAST, described_by, profile_of
from sources.mongodb.server import Server, server_of, with_time
from sources.mongodb.source import MongodbSource
from sources.mongodb.statement import kind_of
from sources.profile import SourceProfile
from sources.protocol import Inspector, KeySnapshot, Source, of_kind
from sources.questions import KeysQuestion, RangesQuestion, RowsQuestion
from sources.values import (
    Clock,
    Evidence,
    Extract,
    KeyValue,
)


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
    connection = of_kind(connection, MongodbConnection)
    with connected(connection) as client:
        server = server_of(client)
        described = described_by(client[connection.database], connection)
        reads = behind(client[connection.database], described)
        refuse_gone(reads, connection.place)
        is_capped = bool(described.get("options", {}).get("capped"))
        bare = MongodbSource(
            connection,
            query or "{}",
            uuid_representation=server.uuid_representation,
            collection_id=identity(reads),
            has_snapshot=not is_capped,
        )
        now = with_time(client, bare, server)
        profile, nested = profile_of(client, now, server, described, cursor)
        yield _Inspector(client, replace(bare, nested=nested), server, profile, cursor)


class _Inspector:
    """See `sources.protocol.Inspector`."""

    def __init__(
        self,
        client: Client,
        bare: MongodbSource,
        server: Server,
        profile: SourceProfile,
        cursor: str,
    ) -> None:
        self._client, self._bare, self._server = client, bare, server
        self._connection, self._query = bare.connection, bare.query
        self._cursor = cursor
        self.profile = profile

    @property
    def _collection(self) -> Any:
        database = self._client[self._connection.database]
        return database.get_collection(self._connection.collection, codec_options=FACTS)

    def clock(self, *, guard: bool) -> Clock:
        field = self.profile.column(self._cursor)
        kind = field.type.cursor_type if field is not None else ""
        by_object_id = kind == "objectId"
        return clock_of(self._client, self._server, guard=guard, by_object_id=by_object_id)

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        clock = self.clock(guard=wait and auto)
        late = clock.unseen_for(margin)
        question = Highest(
            self._collection,
            parse(bind(self._query, None, 2**63 - 1)),
            name,
            self._connection.place,
            snapshots=self._server.keeps_snapshots and self._bare.has_snapshot,
        )
        highest = question.before(self._client, late) if wait else question.now()
        return highest, replace(clock, blind_for=late)

    def source(self, extract: Extract) -> Source:
        query, window = self._query, extract.window
        if window is not None:
            is_open = window.low is None and isinstance(window.high, datetime)
            query = bind(query, FIRST if is_open else window.low, window.high)
        elif placeholders(query):
            query = bind(query, FIRST, LAST)
        source = replace(
            self._bare,
            query=written(parse(query)),
            extract=extract,
            cursor_type=kind_of(window.high) if window else "",
            keeps_places=self.profile.cuts.key is not None,
        )
        return with_time(self._client, source, self._server)

    def comparing(self, source: Source, asked: KeysQuestion) -> AbstractContextManager[KeySnapshot]:
        return nullcontext(comparing(self._client, of_kind(source, MongodbSource), asked))

    def has_rows(self, source: Source) -> bool:
        return mongodb_evidence.has_rows(self._collection, of_kind(source, MongodbSource))

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        ours = of_kind(source, MongodbSource)
        return mongodb_evidence.evidence(
            self._collection, ours, asked, indexed=ours.extract.cursor in self.profile.cuts.indexed
        )

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        return mongodb_evidence.bounds(self._collection)  # of _id: no other key cuts
