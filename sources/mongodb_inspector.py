"""I/O. MongoDB behind the Inspector protocol: one client for all facts of a plan."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pymongo.errors
from pymongo.read_preferences import ReadPreference

from auto_schema.bson_types import EXTRA, BsonField, FieldSample
from auto_schema.errors import (
    ConfigError,
    SourceRefusedError,
    SourceUnreachableError,
    shown,
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
    KEY,
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
from sources.mongodb_client import FACTS, AtTime, Client, connected
from sources.mongodb_errors import TRANSIENT_CODES, UNAUTHORIZED_CODE, took_too_long
from sources.mongodb_rows import UUID_ORDERS
from sources.mongodb_sample import sample_of

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLE_TIMEOUT_MS = 120_000
NEWEST_SHARE = 10
"""One document in so many of the sample is of the newest by _id: these have the new fields."""
TRANSACTION_S = 60
"""https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds"""
SNAPSHOT_WIRE_VERSION = 13
"""MongoDB 5.0, the first to read snapshots outside of transactions."""
LONGEST_WAIT_S = 60.0
MAJORITY_TIMEOUT_MS = 15_000


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
        server = _server(client)
        described = _described(client[connection.database], connection)
        is_capped = bool(described.get("options", {}).get("capped"))
        bare = MongodbSource(
            connection,
            query or "{}",
            is_set=server.is_set,
            uuid_representation=server.uuid_representation,
            collection_id=identity(described),
            at=None if is_capped else _cluster_time(client, connection, server),
        )
        profile, nested = _profile(client, bare, server, described, cursor)
        yield _Inspector(client, replace(bare, nested=nested), server, profile)


@dataclass(frozen=True, slots=True)
class Server:
    """What the server is: its version, whether a replica set, and its clock."""

    version: str
    is_set: bool
    keeps_snapshots: bool
    uuid_representation: str


def _server(client: Client) -> Server:
    anyone = ReadPreference.NEAREST
    hello = client.admin.command("hello", read_preference=anyone)
    version = client.admin.command("buildInfo", read_preference=anyone)["version"]
    is_set = "setName" in hello
    names = {0: "", 3: "pythonLegacy", 5: "javaLegacy", 6: "csharpLegacy", 4: "standard"}
    representation = names.get(client.codec_options.uuid_representation, "")
    newer = hello["maxWireVersion"] >= SNAPSHOT_WIRE_VERSION
    return Server(version, is_set, is_set and newer, representation)


def _cluster_time(
    client: Client, connection: MongodbConnection, server: Server
) -> tuple[int, int] | None:
    """The set's own time, at which all splits read one snapshot.

    Raises:
        SourceUnreachableError: no majority of the set answers.
    """
    if not server.keeps_snapshots:
        return None
    told = _hello(client)[0].get("operationTime")
    if told is None:
        return None
    at = (told.time, told.inc)
    collection = client[connection.database].get_collection(
        connection.collection, read_concern=AtTime(at)
    )
    try:
        collection.find_one({}, {KEY: 1}, max_time_ms=MAJORITY_TIMEOUT_MS)
    except pymongo.errors.OperationFailure as error:
        if took_too_long(error):
            raise SourceUnreachableError(
                "source unreachable",
                connection.place,
                f"no majority of the replica set answered within {MAJORITY_TIMEOUT_MS // 1000} s",
                "see to the members that are down or lag behind, and run again.",
            ) from error
        return None  # a view, say, of which there are no snapshots
    return at


def _hello(client: Client) -> tuple[dict[str, Any], bool]:
    """What the primary says of itself, or else any member; and whether it was the primary."""
    try:
        hello = client.admin.command("hello", read_preference=ReadPreference.PRIMARY)
    except pymongo.errors.ServerSelectionTimeoutError:
        hello = client.admin.command("hello", read_preference=ReadPreference.NEAREST)
    return hello, bool(hello.get("isWritablePrimary"))


def _profile(
    client: Client, source: MongodbSource, server: Server, described: dict[str, Any], cursor: str
) -> tuple[SourceProfile, str]:
    """What there is to know without the window, and the cursor when it is a nested field."""
    connection, query = source.connection, source.query
    database = client[connection.database]
    kind = str(described.get("type", "collection"))
    asked = parse(bind(query, FIRST, LAST)) if "{" in query else {}
    pieces, how = _raw_sample(database[connection.collection], connection, asked, kind)
    indexed = _indexed(database[connection.collection]) if kind == "collection" else ()
    notes = [how]
    if cursor and cursor not in indexed:
        notes.append(f"no index begins with {cursor}: each run reads the whole collection")
    sample = sample_of(
        pieces,
        cursor if "." in cursor else "",
        legacy_uuids=server.uuid_representation in UUID_ORDERS,
    )
    columns = [
        SourceColumn(name, BsonField(field, is_nested=name == sample.nested))
        for name, field in sample.fields.items()
        if field.types and name != EXTRA
    ]
    computed = (
        parse(connection.projection).get(cursor.partition(".")[0], 1)
        if (cursor and connection.projection)
        else 1
    )
    if computed not in (0, 1):
        raise ConfigError(
            "computed cursor",
            f"smart_sync_timestamp_column {shown(cursor)}",
            "mongodb_projection computes it, and a window can't be asked of it",
            "name a stored field.",
        )
    if "." in cursor and not sample.nested:
        raise ConfigError(
            "cursor field with a dot in its name",
            f"smart_sync_timestamp_column {shown(cursor)}",
            "MongoDB's queries take the dot for the way into a document",
            "choose another cursor, or rename the field in MongoDB.",
        )
    if not sample.documents:
        notes.append(f"no document was found, so all fields go into {EXTRA}")
        if cursor:
            columns.append(SourceColumn(cursor, BsonField(known_as="TIMESTAMP")))
    columns.append(SourceColumn(EXTRA, BsonField(FieldSample({"object": 1}))))
    has_key = kind == "collection" and not mongodb_evidence.needs_an_index(asked)
    profile = SourceProfile(
        columns=tuple(columns),
        clock=Clock(now=EPOCH),
        server=f"MongoDB {server.version}",
        tables=(connection.collection,),
        identity=f"mongodb/{connection.database}",
        split_reason="" if has_key else f"a {kind} or a query that can't be cut by _id",
        unique_key=KEY if has_key else None,
        indexed=indexed,
        notes=tuple(notes),
        checks_text=False,
        is_open=True,
        cuts_by_key=True,
        json_is_exact=True,
    )
    return profile, sample.nested


def _indexed(collection: Any) -> tuple[str, ...]:
    """The fields that begin an index over all documents."""
    whole = [
        index
        for index in collection.list_indexes()
        if not {"partialFilterExpression", "sparse"} & set(index)
    ]
    return tuple(dict.fromkeys(next(iter(index["key"])) for index in whole))


def _described(database: Any, connection: MongodbConnection) -> dict[str, Any]:
    """The collection or view as listCollections describes it."""
    found = list(database.list_collections(filter={"name": connection.collection}))
    if not found:
        raise SourceRefusedError(
            "unknown collection",
            connection.place,
            f"the database {shown(connection.database)} has no collection"
            f" {shown(connection.collection)} that the user may see",
            "check mongodb_database and mongodb_collection; names are case-sensitive.",
        )
    described: dict[str, Any] = found[0]
    return described


def _raw_sample(
    collection: Any, connection: MongodbConnection, asked: dict[str, Any], kind: str
) -> tuple[list[bytes], str]:
    """Raw documents for the schema, and how they were chosen."""
    size = connection.sample_size
    project = [{"$project": parse(connection.projection)}] if connection.projection else []
    match = [{"$match": asked}] if asked else []
    started = time.monotonic()
    words: dict[str, Any] = {"maxTimeMS": SAMPLE_TIMEOUT_MS, "allowDiskUse": True}
    newest = max(size // NEWEST_SHARE, 1)
    count = collection.estimated_document_count() if kind == "collection" else None
    if count is not None and count <= size:
        pipelines = [[*match, *project]]
        how = f"all {count:,} documents"
    else:
        sample: list[dict[str, Any]] = [{"$sample": {"size": size}}]
        pipelines = [[*sample, *match, *project]]
        how = f"{size:,} documents by $sample"
        if kind == "collection":
            pipelines.append([{"$sort": {KEY: -1}}, *match, {"$limit": newest}, *project])
            how += f" and the {newest:,} newest by _id"
    try:
        if mongodb_evidence.needs_an_index(asked):
            how = f"the first {size:,} documents of the query"
            found = collection.find_raw_batches(
                asked, parse(connection.projection) if connection.projection else None, limit=size
            )
            pieces = list(found)
        else:
            pieces = [
                raw
                for pipeline in pipelines
                for raw in collection.aggregate_raw_batches(pipeline, **words)
            ]
    except pymongo.errors.OperationFailure as error:
        if error.code in TRANSIENT_CODES or error.code == UNAUTHORIZED_CODE:
            raise
        raise SourceRefusedError(
            "sample refused",
            connection.place,
            str(error.details.get("errmsg") if error.details else error),
            "correct mongodb_query and mongodb_projection; they have to run as in mongosh.",
        ) from error
    bytes_ = sum(map(len, pieces))
    took = f"{bytes_ / 1e6:,.1f} MB in {time.monotonic() - started:.1f} s"
    return [raw for raw in pieces if raw], f"the schema is what {how} show ({took})"


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
        hello, is_primary = _hello(self._client)
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
        return replace(
            self._bare,
            query=written(parse(query)),
            cursor=cursor,
            cursor_type=kind_of(window.high) if window else "",
            window=window,
            batch_rows=batch_rows,
            run_id=run_id,
        )

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
