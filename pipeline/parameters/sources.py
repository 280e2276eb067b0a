"""The parameters of each source: how to connect, what to read, and what contradicts itself."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import bson
from bson.errors import BSONError
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.parameters.checks import duration
from sources.bigquery.connection import BigqueryConnection
from sources.mongodb import extended_json
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.connection_string import ConnectionString
from sources.mongodb.errors import string_error
from sources.postgresql.connection import PostgresqlConnection
from sources.secrets import Secret
from sources.sql import BIGQUERY, END, START, placeholders, strip_end
from warehouse.names import Endpoints

SAMPLE_DATE = datetime(2000, 1, 1, tzinfo=UTC)
PLAIN = (
    "{name} is plain text: the launch request and the staged graph"
    " (pipeline.pb) hold it. Name a Secret Manager version instead"
    " (projects/P/secrets/S/versions/V)."
)
WHOLE_STRING = re.compile(r"://|\bpassword\s*=", re.IGNORECASE)


def source_faults(values: Mapping[str, str]) -> list[SyncError]:
    """Everything that is wrong with what is to be read."""
    if values["data_source"] == "postgresql":
        return _postgresql_faults(values)
    if values["data_source"] == "mongodb":
        return [*_mongodb_faults(values)]
    if values["data_source"] == "bigquery":
        return [*_bigquery_faults(values)]
    return []


def query_of(values: Mapping[str, str]) -> tuple[str, str]:
    """What to read, and the parameter that says it."""
    if values["data_source"] == "mongodb":
        return values["mongodb_query"].strip(), "mongodb_query"
    if values["data_source"] == "bigquery":
        return strip_end(values["source_bigquery_query"], BIGQUERY), "source_bigquery_query"
    smart = values["enable_smart_sync"] == "true"
    parameter = "postgresql_query"
    if smart and values["postgresql_base_query"].strip():
        parameter = "postgresql_base_query"
    return strip_end(values[parameter]), parameter


def connection_of(values: Mapping[str, str], endpoints: Endpoints) -> object:
    """Where the source is; its secrets unread."""
    secret = endpoints.secret_manager
    if values["data_source"] == "mongodb":
        return MongodbConnection(
            values["mongodb_database"],
            values["mongodb_collection"],
            Secret.of(values["mongodb_connection_string"], secret),
            values["mongodb_host"],
            int(values["mongodb_port"]),
            values["mongodb_username"],
            Secret.of(values["mongodb_password"], secret),
            values["mongodb_projection"].strip(),
            int(values["mongodb_sample_size"]),
        )
    if values["data_source"] == "bigquery":
        return BigqueryConnection(
            values["source_bigquery_project"],
            values["source_bigquery_dataset"],
            values["source_bigquery_table"],
            values["bigquery_job_project"] or values["destination_bigquery_project"],
            endpoints.bigquery,
            endpoints.bigquery_storage,
            int(values["max_bytes_billed"]) if values["max_bytes_billed"] else None,
            int(values["max_retries"]),
        )
    return PostgresqlConnection(
        values["postgresql_host"],
        int(values["postgresql_port"]),
        values["postgresql_database"],
        values["postgresql_username"],
        Secret.of(values["postgresql_password"], secret),
        values["postgresql_sslmode"],
        values["postgresql_sslrootcert"],
        read_timeout_s=duration(values["postgresql_read_timeout"]).total_seconds(),
    )


def secret_warnings(connection: object) -> tuple[str, ...]:
    """What the operator should know of secrets given as plain text."""
    secrets: tuple[tuple[str, Secret], ...] = ()
    if isinstance(connection, PostgresqlConnection):
        secrets = (("postgresql_password", connection.password),)
    elif isinstance(connection, MongodbConnection):
        secrets = (
            ("mongodb_password", connection.password),
            ("mongodb_connection_string", connection.string),
        )
    return tuple(PLAIN.format(name=name) for name, secret in secrets if secret.is_plain)


def _whole_string_faults(values: Mapping[str, str], source: str) -> list[SyncError]:
    """A connection string where one word belongs: drivers would tell its pieces as a host."""
    names = [f"{source}_{name}" for name in ("host", "database", "username")]
    found = [name for name in names if WHOLE_STRING.search(values[name])]
    if re.search(r"[@\s]", values[names[0]]) and names[0] not in found:
        found.append(names[0])
    fix = "host, port, database, user and password have parameters of their own."
    why = "it holds more than one word of a connection"
    return [ConfigError("malformed parameter", name, why, fix) for name in found]


def _postgresql_faults(values: Mapping[str, str]) -> list[SyncError]:
    return _whole_string_faults(values, "postgresql") + _query_faults(values)


def _query_faults(values: Mapping[str, str]) -> list[SyncError]:
    smart = values["enable_smart_sync"] == "true"
    base, plain, table = (
        values[name].strip()
        for name in ("postgresql_base_query", "postgresql_query", "source_table_for_schema")
    )
    if smart and base:
        missing = sorted({START, END} - placeholders(base))
        if missing:
            return [
                ConfigError(
                    "base query without placeholders",
                    "postgresql_base_query",
                    f"{' and '.join(missing)} missing, so every run would read the same rows",
                    "add WHERE updated_at > '{start_timestamp}' AND updated_at <="
                    " '{end_timestamp}', or give the query as postgresql_query: then the"
                    " window is put around it.",
                )
            ]
        return []
    if not plain and not table:
        names = "postgresql_base_query, postgresql_query" if smart else "postgresql_query"
        why = f"with enable_smart_sync={'true' if smart else 'false'} nothing says what to read"
        fix = f"give {names} or source_table_for_schema."
        return [ConfigError("missing parameter", names, why, fix)]
    if not smart and placeholders(plain):
        return [_without_smart_sync("postgresql_query")]
    return []


def _without_smart_sync(parameter: str) -> ConfigError:
    why = "only smart sync fills placeholders"
    fix = "set enable_smart_sync=true, or take the placeholders out."
    return ConfigError("placeholders without smart sync", parameter, why, fix)


def _bigquery_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    query = values["source_bigquery_query"].strip()
    dataset, table = values["source_bigquery_dataset"], values["source_bigquery_table"]
    if query and table:
        fix = "leave one of them out."
        why = "both say what to read"
        names = "source_bigquery_table, source_bigquery_query"
        yield ConfigError("source told twice", names, why, fix)
    elif not query and not (dataset and table):
        name = "source_bigquery_table" if dataset else "source_bigquery_dataset"
        why = "nothing says what to read"
        fix = "give source_bigquery_dataset and source_bigquery_table, or source_bigquery_query."
        yield ConfigError("missing parameter", name, why, fix)
    if values["enable_smart_sync"] != "true" and placeholders(query, BIGQUERY):
        yield _without_smart_sync("source_bigquery_query")


def _mongodb_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    yield from _address_faults(values)
    if values["enable_smart_sync"] != "true" and extended_json.placeholders(
        values["mongodb_query"]
    ):
        yield _without_smart_sync("mongodb_query")
    yield from _name_faults(values)
    for name in ("mongodb_query", "mongodb_projection"):
        yield from _extended_json_faults(name, values[name])
    if values["verify"] == "true" or values["verify_only"] == "true":
        why = "MongoDB has no function that hashes its documents"
        fix = "leave it out; row counts are compared in each run anyway."
        yield ConfigError("verify with data_source=mongodb", "verify, verify_only", why, fix)


def _address_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    given = [
        name
        for name in ("mongodb_host", "mongodb_username", "mongodb_password")
        if values[name].strip()
    ]
    if values["mongodb_connection_string"]:
        if given:
            why = "the connection string says them already"
            fix = f"leave out {', '.join(given)}, or the connection string."
            yield ConfigError("connection told twice", "mongodb_connection_string", why, fix)
        yield from _string_faults(values["mongodb_connection_string"])
    elif "mongodb_host" not in given:
        fix = "give --mongodb_host=mongodb.example.com or --mongodb_connection_string=…"
        yield ConfigError("missing parameter", "mongodb_host", "nothing says where to read", fix)
    yield from _whole_string_faults(values, "mongodb")
    if ("mongodb_username" in given) != ("mongodb_password" in given):
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


def _name_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
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
        parsed = extended_json.parse(extended_json.bind(text, SAMPLE_DATE, SAMPLE_DATE))
        if isinstance(parsed, dict):
            bson.encode(parsed)
    except (ValueError, TypeError, ArithmeticError, RecursionError, BSONError) as error:
        why = f"not Extended JSON: {type(error).__name__}: {error}"
        yield ConfigError("malformed parameter", name, why, fix)
        return
    if not isinstance(parsed, dict):
        yield ConfigError("malformed parameter", name, f"{shown(text)} is no object", fix)
