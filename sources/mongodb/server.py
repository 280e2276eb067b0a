"""I/O. What a MongoDB server says of itself: what it is, which one, and what time it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pymongo
import pymongo.errors
from pymongo.read_preferences import ReadPreference

from auto_schema.errors import SourceUnreachableError
from sources.mongodb.client import AfterTime, AtTime, Client, ask
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.errors import UNAUTHORIZED_CODE, took_too_long
from sources.mongodb.source import MongodbSource
from sources.mongodb.statement import KEY

SNAPSHOT_WIRE_VERSION = 13
"""MongoDB 5.0, the first to read snapshots outside of transactions."""
MAJORITY_TIMEOUT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Server:
    """What the server is: whether a replica set or, behind mongos, several."""

    is_set: bool
    is_sharded: bool
    keeps_snapshots: bool
    uuid_representation: str


def server_of(client: Client) -> Server:
    """What any member of the server says of it."""
    hello = client.admin.command("hello", read_preference=ReadPreference.NEAREST)
    is_set = "setName" in hello
    names = {0: "", 3: "pythonLegacy", 5: "javaLegacy", 6: "csharpLegacy", 4: "standard"}
    representation = names.get(client.codec_options.uuid_representation, "")
    newer = hello["maxWireVersion"] >= SNAPSHOT_WIRE_VERSION
    is_sharded = hello.get("msg") == "isdbgrid"
    return Server(is_set, is_sharded, is_set and newer, representation)


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


def estimated_count(collection: Any, connection: MongodbConnection) -> int:
    """Documents of a collection as its figures say.

    Raises:
        SourceUnreachableError: no majority of the set answers.
    """
    with _in_time(connection):
        return int(collection.estimated_document_count(maxTimeMS=MAJORITY_TIMEOUT_MS))


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


def server_id(client: Client) -> str:
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


def shard_key(database: Any, collection: str, server: Server) -> tuple[str, ...] | None:
    """The fields by which a collection is dealt to shards; _id where it isn't; None: not shown.

    https://www.mongodb.com/docs/manual/reference/config-database/#mongodb-data-config.collections
    """
    if not server.is_sharded:
        return (KEY,)
    told = database.client.config.collections
    try:
        dealt = told.find_one({"_id": f"{database.name}.{collection}", "dropped": {"$ne": True}})
    except pymongo.errors.OperationFailure as error:
        if error.code != UNAUTHORIZED_CODE:
            raise
        return None
    return (KEY,) if dealt is None else tuple(dealt["key"])
