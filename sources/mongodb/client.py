"""I/O. Clients of MongoDB: made where they are used, closed by whoever made them."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pymongo
import pymongo.errors
from bson import Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference

from auto_schema.errors import SourceRefusedError
from sources.mongodb.connection import APPLICATION_NAME, MongodbConnection
from sources.mongodb.connection_string import ConnectionString
from sources.mongodb.errors import source_error, string_error
from sources.mongodb.extended_json import Document


def cluster_time(at: tuple[int, int]) -> Timestamp:
    """A cluster time as BSON."""
    return Timestamp(*at)


CONNECT_TIMEOUT_MS = 15_000
FACTS: CodecOptions[Document] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
Client = pymongo.MongoClient[Document]


class _Client(Client):
    """Remembers that a primary was waited for in vain."""

    lacks_primary = False


class AtTime(ReadConcern):
    """readConcern snapshot at one cluster time, the same for every reader."""

    key = "atClusterTime"

    def __init__(self, at: tuple[int, int], level: str = "snapshot") -> None:
        super().__init__(level)
        self._at = at

    @property
    def document(self) -> dict[str, Any]:
        """As the server wants it."""
        return super().document | {self.key: cluster_time(self._at)}


class AfterTime(AtTime):
    """readConcern majority, of a member that has caught up with a cluster time."""

    key = "afterClusterTime"

    def __init__(self, at: tuple[int, int]) -> None:
        super().__init__(at, "majority")


@contextmanager
def connected(connection: MongodbConnection, run_id: str = "") -> Iterator[Client]:
    """A client; whatever the server says against what is done with it becomes our error.

    Raises:
        SourceUnreachableError, SourceRefusedError: with what the server said.
    """
    words = _words(connection, run_id)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an option that pymongo doesn't know is only warned of
            client = _Client(**words)
    except (pymongo.errors.PyMongoError, ValueError, TypeError, OSError, UserWarning) as error:
        raise string_error(error, connection.place, str(words["host"])) from None
    try:
        with client:
            yield client
    except pymongo.errors.PyMongoError as error:
        raise source_error(error, connection.place) from error


def describe(database: Any, collection: str) -> Document | None:
    """A collection or view as listCollections tells it; None: none."""
    command = {"listCollections": 1, "filter": {"name": collection}}
    return next(iter(ask(database, command)["cursor"]["firstBatch"]), None)


def indexes(database: Any, collection: str) -> list[Document]:
    """The indexes of a collection."""
    listed: list[Document] = ask(database, {"listIndexes": collection})["cursor"]["firstBatch"]
    return listed


def ask(database: Any, command: Document) -> Document:
    """What the primary answers, because others may lag behind; while there is none, any member.

    Only the first question to a client of ours waits for a primary.
    """
    answer: Document
    client = database.client
    anyone = client.lacks_primary and client.primary is None
    preference = ReadPreference.NEAREST if anyone else ReadPreference.PRIMARY
    try:
        answer = database.command(command, read_preference=preference)
    except pymongo.errors.ServerSelectionTimeoutError:
        client.lacks_primary = True
        answer = database.command(command, read_preference=ReadPreference.NEAREST)
    return answer


def _words(connection: MongodbConnection, run_id: str) -> Mapping[str, Any]:
    words: dict[str, Any] = {
        "appname": f"{APPLICATION_NAME} {run_id}".strip(),
        "serverSelectionTimeoutMS": CONNECT_TIMEOUT_MS,
        "connectTimeoutMS": CONNECT_TIMEOUT_MS,
        "maxPoolSize": 1,
        "tz_aware": True,
        "datetime_conversion": "DATETIME_AUTO",
    }
    if connection.has_string:
        string = connection.string.resolve().strip()
        fault = ConnectionString.of(string).fault
        if fault:
            fix = "correct the secret that mongodb_connection_string names."
            raise SourceRefusedError("connection string refused", connection.place, fault, fix)
        given = {name.lower() for name in re.findall(r"[?&]([A-Za-z]+)=", string)}
        kept = {name: value for name, value in words.items() if name.lower() not in given}
        parts = ConnectionString.of(string)
        if parts.lacks_password and connection.has_password:
            kept |= {"username": parts.user, "password": connection.password.resolve()}
        return kept | {"host": string}
    words |= {"host": connection.host, "port": connection.port}
    if connection.username:
        words |= {"username": connection.username, "password": connection.password.resolve()}
    return words
