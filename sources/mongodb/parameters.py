"""The parameters of MongoDB: how to connect, what to read, and what contradicts itself."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import bson
from bson.errors import BSONError
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from auto_schema.errors import ConfigError, SyncError, shown
from sources.kind import Listing, SourceKind
from sources.mongodb import extended_json, uri
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.connection_string import ConnectionString
from sources.mongodb.errors import string_error
from sources.parameters import WHOLE_STRING, Values, whole_string_faults, without_smart_sync
from sources.secrets import Secret
from sources.tables import SourceTable
from warehouse.names import Endpoints

SAMPLE_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def faults(values: Values) -> Iterator[SyncError]:
    """See `SourceKind.faults`."""
    yield from _address_faults(values)
    if values["enable_smart_sync"] != "true" and extended_json.placeholders(
        values["mongodb_query"]
    ):
        yield without_smart_sync("mongodb_query")
    yield from _name_faults(values)
    for name in ("mongodb_query", "mongodb_projection"):
        yield from _extended_json_faults(name, values[name])
    if values["verify"] == "true" or values["verify_only"] == "true":
        why = "MongoDB has no function that hashes its documents"
        fix = "leave it out; row counts are compared in each run anyway."
        yield ConfigError("verify with data_source=mongodb", "verify, verify_only", why, fix)


def query(values: Values) -> str:
    """See `SourceKind.query`."""
    return values["mongodb_query"].strip()


def connection(values: Values, endpoints: Endpoints) -> MongodbConnection:
    """See `SourceKind.connection`."""
    return MongodbConnection(
        values["mongodb_database"],
        values["mongodb_collection"],
        Secret.of(values["mongodb_connection_string"], endpoints.secret_manager),
        values["mongodb_host"],
        int(values["mongodb_port"]),
        values["mongodb_username"],
        Secret.of(values["mongodb_password"], endpoints.secret_manager),
        values["mongodb_projection"].strip(),
        int(values["mongodb_sample_size"]),
        values["deleted_column"].strip(),
    )


def _address_faults(values: Values) -> Iterator[SyncError]:
    given = [
        name
        for name in ("mongodb_host", "mongodb_username", "mongodb_password")
        if values[name].strip()
    ]
    string = ConnectionString.of(values["mongodb_connection_string"])
    if string.lacks_password and given == ["mongodb_password"]:
        yield from _string_faults(values["mongodb_connection_string"])
    elif values["mongodb_connection_string"]:
        if given:
            why = "the connection string says them already"
            fix = f"leave out {', '.join(given)}, or the connection string."
            yield ConfigError("connection told twice", "mongodb_connection_string", why, fix)
        yield from _string_faults(values["mongodb_connection_string"])
    elif "mongodb_host" not in given:
        fix = "give --mongodb_host=mongodb.example.com or --mongodb_connection_string=…"
        yield ConfigError("missing parameter", "mongodb_host", "nothing says where to read", fix)
    yield from whole_string_faults(values, "mongodb")
    if string.lacks_password and "mongodb_password" not in given:
        fix = "give mongodb_password, or write the password into the connection string."
        yield ConfigError("half a login", "mongodb_password", "the string names a user", fix)
    elif ("mongodb_username" in given) != ("mongodb_password" in given) and not string.login:
        fix = "give both, or neither for a server without logins."
        yield ConfigError("half a login", "mongodb_username, mongodb_password", "", fix)


def _string_faults(text: str) -> Iterator[SyncError]:
    if Secret.of(text).name:
        return
    name = "mongodb_connection_string"
    fix = "write mongodb://user:password@host:27017/?authSource=admin, user and password"
    fix += " percent-encoded, or name a Secret Manager version."
    parts = ConnectionString.of(text)
    if parts.fault:
        why = f"{parts.fault}, nor a Secret Manager version" if not parts.scheme else parts.fault
        yield ConfigError("malformed parameter", name, why, fix)
    elif text.startswith("mongodb://"):
        try:
            parse_uri(text, validate=True, warn=False)
        except (PyMongoError, ValueError, TypeError, OSError) as error:
            yield ConfigError("malformed parameter", name, string_error(error, "", text).why, fix)


def _name_faults(values: Values) -> Iterator[SyncError]:
    """Names that no server takes: https://www.mongodb.com/docs/manual/reference/limits/."""
    database, collection = values["mongodb_database"], values["mongodb_collection"]
    is_malformed = re.search(r'[/\\. "$*<>:|?\0]', database) or len(database.encode()) > 63
    if is_malformed and not WHOLE_STRING.search(database):  # that is told without showing it
        fix = "write the database's name alone; the collection has a parameter of its own."
        yield ConfigError("malformed parameter", "mongodb_database", shown(database), fix)
    if re.search(r"^\.|\.\.|\.$|[$\0]", collection):
        fix = "write the collection's name as listCollections shows it, without the database."
        yield ConfigError("malformed parameter", "mongodb_collection", shown(collection), fix)


def _extended_json_faults(name: str, text: str) -> Iterator[SyncError]:
    if not text.strip():
        return
    example = '{"at": {"$gte": {"$date": "2025-01-01T00:00:00Z"}}}'
    fix = f"send one object of Extended JSON, such as {example}."
    try:
        bound = extended_json.bind(text, SAMPLE_DATE, SAMPLE_DATE)
        parsed, twice = extended_json.parse(bound), extended_json.named_twice(bound)
        if isinstance(parsed, dict):
            bson.encode(parsed)
    except (ValueError, TypeError, ArithmeticError, RecursionError, BSONError) as error:
        why = f"not Extended JSON: {type(error).__name__}: {error}"
        yield ConfigError("malformed parameter", name, why, fix)
        return
    if not isinstance(parsed, dict):
        yield ConfigError("malformed parameter", name, f"{shown(text)} is no object", fix)
    elif twice:
        why = f"{shown(twice)} stands twice in one object, and only the last would count"
        fix = 'say both in one: {"a": {"$gt": 1, "$lt": 9}}, or {"$and": [{…}, {…}]}.'
        yield ConfigError("malformed parameter", name, why, fix)


def naming(table: SourceTable) -> dict[str, str]:
    """See `Listing.naming`."""
    return {"mongodb_collection": table.name}


LISTING = Listing(("mongodb_collection",), naming, "sources.mongodb.listing", has_schemas=False)
MONGODB = SourceKind(
    "mongodb",
    faults,
    query,
    connection,
    "sources.mongodb.inspector",
    LISTING,
    uri=uri.said_by,
    stand_ins=uri.STAND_INS,
)
