"""I/O. What a MongoDB shows before the window is known: server, collection, sampled fields."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pymongo
import pymongo.errors
from pymongo.read_preferences import ReadPreference

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.errors import ConfigError, SourceRefusedError, SourceUnreachableError, shown
from auto_schema.mongodb_types import EXTRA
from auto_schema.open_fields import MOST_FIELDS
from sources.mongodb import evidence as mongodb_evidence
from sources.mongodb.client import AfterTime, AtTime, Client, ask, describe, indexes
from sources.mongodb.column_rules import MongodbColumns
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.errors import TRANSIENT_CODES, UNAUTHORIZED_CODE, took_too_long
from sources.mongodb.extended_json import bind, parse
from sources.mongodb.rows import UUID_ORDERS
from sources.mongodb.sample import sample_of
from sources.mongodb.source import MongodbSource
from sources.mongodb.statement import KEY
from sources.values import Clock, SourceColumn, SourceProfile

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLE_TIMEOUT_MS = 120_000
NEWEST_SHARE = 10
"""One document in so many of the sample is of the newest by _id: these have the new fields."""
SNAPSHOT_WIRE_VERSION = 13
"""MongoDB 5.0, the first to read snapshots outside of transactions."""
MAJORITY_TIMEOUT_MS = 15_000
_MIXING = frozenset(
    ["$bucket", "$bucketAuto", "$densify", "$facet", "$fill", "$graphLookup", "$group"],
).union(
    ["$limit", "$lookup", "$sample", "$setWindowFields", "$skip", "$sortByCount", "$unionWith"],
)
"""Stages of a view by which a document depends on others."""


@dataclass(frozen=True, slots=True)
class Server:
    """What the server is: its version, whether a replica set or, behind mongos, several."""

    version: str
    is_set: bool
    is_sharded: bool
    keeps_snapshots: bool
    uuid_representation: str


def server_of(client: Client) -> Server:
    """What any member of the server says of it."""
    anyone = ReadPreference.NEAREST
    hello = client.admin.command("hello", read_preference=anyone)
    version = client.admin.command("buildInfo", read_preference=anyone)["version"]
    is_set = "setName" in hello
    names = {0: "", 3: "pythonLegacy", 5: "javaLegacy", 6: "csharpLegacy", 4: "standard"}
    representation = names.get(client.codec_options.uuid_representation, "")
    newer = hello["maxWireVersion"] >= SNAPSHOT_WIRE_VERSION
    is_sharded = hello.get("msg") == "isdbgrid"
    return Server(version, is_set, is_sharded, is_set and newer, representation)


def with_time(client: Client, source: MongodbSource, server: Server) -> MongodbSource:
    """The source, read by all as of now: a set's own time, and whether it keeps a snapshot.

    To be asked after the clock, so that all that a window may hold is in the snapshot.

    Raises:
        SourceUnreachableError: no majority of the set answers.
    """
    if not server.is_set and not server.is_sharded:
        return source
    hello = hello_of(client)[0]
    told = hello.get("operationTime") or hello.get("$clusterTime", {}).get("clusterTime")
    if told is None:
        return source
    at, connection = (told.time, told.inc), source.connection
    keeps = server.keeps_snapshots and source.has_snapshot
    collection = client[connection.database].get_collection(
        connection.collection, read_concern=AtTime(at) if keeps else AfterTime(at)
    )
    try:
        with _in_time(connection):
            collection.find_one({}, {KEY: 1}, max_time_ms=MAJORITY_TIMEOUT_MS)
    except pymongo.errors.OperationFailure:
        keeps = False  # a view, say, of which there are no snapshots
    return replace(source, at=at, has_snapshot=keeps)


@contextmanager
def _in_time(connection: MongodbConnection) -> Iterator[None]:
    """Of a question that any member answers at once, unless it lags behind.

    Raises:
        SourceUnreachableError: it took too long.
    """
    try:
        yield
    except pymongo.errors.OperationFailure as error:
        if not took_too_long(error):
            raise
        raise SourceUnreachableError(
            "source unreachable",
            connection.place,
            f"no majority of the replica set answered within {MAJORITY_TIMEOUT_MS // 1000} s",
            "see to the members that are down or lag behind, and run again.",
        ) from error


def hello_of(client: Client) -> tuple[dict[str, Any], bool]:
    """What the primary says of itself, or else any member; and whether it was the primary."""
    hello = ask(client.admin, {"hello": 1})
    return hello, bool(hello.get("isWritablePrimary"))


def profile_of(
    client: Client, source: MongodbSource, server: Server, described: dict[str, Any], cursor: str
) -> tuple[SourceProfile, str]:
    """What there is to know without the window, and the cursor when it is a nested field.

    The source is one of now, where the server tells times: a member that lags behind would know
    nothing of new fields.
    """
    connection, query = source.connection, source.query
    database = client[connection.database]
    kind = str(described.get("type", "collection"))
    asked = parse(bind(query, FIRST, LAST)) if "{" in query else {}
    concern = AfterTime(source.at) if source.at else None
    collection = database.get_collection(connection.collection, read_concern=concern)
    pieces, how = _raw_sample(collection, connection, asked, kind)
    indexed = _indexed(database, connection.collection) if kind == "collection" else ()
    notes = [how]
    if cursor and cursor not in indexed:
        notes.append(f"no index begins with {cursor}: each run reads the whole collection")
    notes.extend(_unseen_changes(database, described, cursor))
    sample = sample_of(
        pieces,
        cursor if "." in cursor else "",
        legacy_uuids=server.uuid_representation in UUID_ORDERS,
    )
    columns = [
        SourceColumn(name, BsonField(field, is_nested="." in name and name == sample.nested))
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
    if len(columns) > MOST_FIELDS:
        notes.append(
            f"{len(columns):,} fields were seen: {MOST_FIELDS:,} get columns: those that have one"
            f" or that a parameter names, then the most frequent; the others stay in {EXTRA}"
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
        rules=MongodbColumns(),
        server=f"MongoDB {server.version}",
        tables=(connection.collection,),
        identity=f"mongodb/{connection.database}",
        server_id=_server_id(client),
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


def _server_id(client: Client) -> str:
    """The own id of the replica set or cluster where the role may read it, else its address.

    https://www.mongodb.com/docs/manual/reference/replica-configuration/#mongodb-rsconf-rsconf.settings.replicaSetId
    https://www.mongodb.com/docs/manual/reference/config-database/#mongodb-data-config.version
    """
    hello, _ = hello_of(client)
    is_set, is_cluster = "setName" in hello, hello.get("msg") == "isdbgrid"
    try:
        if is_set:
            config = ask(client.admin, {"replSetGetConfig": 1})["config"]
            return f"id:{config['settings']['replicaSetId']}"
        if is_cluster:
            return f"id:{(client.config.version.find_one() or {})['clusterId']}"
    except (pymongo.errors.OperationFailure, KeyError):
        if is_set:
            return f"host:{hello['setName']}/{min(hello.get('hosts') or [''])}"
    return "host:" + min((f"{host}:{port}" for host, port in client.nodes), default="")


def _unseen_changes(database: Any, described: dict[str, Any], cursor: str) -> Iterator[str]:
    """What of a view or time series comes late, or changes without a new stamp."""
    options = described.get("options", {})
    if cursor and cursor == options.get("timeseries", {}).get("timeField"):
        yield (
            f"{cursor} is the time of who measured, and measurements come late: smart_sync_margin"
            " has to be longer than that"
        )
    stages = list[str]()
    while cursor and "viewOn" in options:
        stages.extend(next(iter(stage)) for stage in options.get("pipeline", ()))
        options = (describe(database, options["viewOn"]) or {}).get("options", {})
    if mixing := sorted(_MIXING & set(stages)):
        yield (
            f"the view has {', '.join(mixing)}: what changes in it without a newer {cursor} is not"
            f" seen. Let {cursor} be the newest stamp of all that goes into a document, or sync"
            " with WRITE_TRUNCATE"
        )


def _indexed(database: Any, collection: str) -> tuple[str, ...]:
    """The fields that begin an index over all documents."""
    whole = [
        index
        for index in indexes(database, collection)
        if not {"partialFilterExpression", "sparse"} & set(index)
    ]
    return tuple(dict.fromkeys(next(iter(index["key"])) for index in whole))


def described_by(database: Any, connection: MongodbConnection) -> dict[str, Any]:
    """The collection or view as the server describes it."""
    description = describe(database, connection.collection)
    if description is None:
        raise SourceRefusedError(
            "unknown collection",
            connection.place,
            f"the database {shown(connection.database)} has no collection"
            f" {shown(connection.collection)} that the user may see",
            "check mongodb_database and mongodb_collection; names are case-sensitive.",
        )
    return description


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
    count = None
    if kind == "collection":
        with _in_time(connection):
            count = collection.estimated_document_count(maxTimeMS=MAJORITY_TIMEOUT_MS)
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
            batches = collection.find_raw_batches(
                asked,
                parse(connection.projection) if connection.projection else None,
                limit=size,
                max_time_ms=SAMPLE_TIMEOUT_MS,
            )
            pieces = list(batches)
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
