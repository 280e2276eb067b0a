"""The parameters of PostgreSQL: how to connect, what to read, and what contradicts itself."""

from collections.abc import Iterator

from auto_schema.errors import ConfigError, SyncError, shown
from sources.kind import Listing, SourceKind
from sources.parameters import Values, duration, whole_string_faults, without_smart_sync
from sources.postgresql import uri
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.options import FURTHER, PASSED_ON, of_text, refusal
from sources.postgresql.sql import DIALECT, quote
from sources.secrets import Secret
from sources.sql import END, START, placeholders, strip_end
from sources.tables import SourceTable
from warehouse.names import Endpoints


def faults(values: Values) -> list[SyncError]:
    """See `SourceKind.faults`."""
    faults = whole_string_faults(values, "postgresql")
    return [*faults, *_connection_faults(values), *_query_faults(values)]


def query(values: Values) -> str:
    """See `SourceKind.query`."""
    smart = values["enable_smart_sync"] == "true"
    parameter = "postgresql_query"
    if smart and values["postgresql_base_query"].strip():
        parameter = "postgresql_base_query"
    return strip_end(values[parameter], DIALECT)


def connection(values: Values, endpoints: Endpoints) -> PostgresqlConnection:
    """See `SourceKind.connection`."""
    return PostgresqlConnection(
        values["postgresql_host"],
        int(values["postgresql_port"]),
        values["postgresql_database"],
        values["postgresql_username"],
        Secret.of(values["postgresql_password"], endpoints.secret_manager),
        values["postgresql_sslmode"],
        values["postgresql_sslrootcert"],
        values["postgresql_sslcert"],
        values["postgresql_sslkey"],
        of_text(values[FURTHER]),
        read_timeout_s=duration(values["postgresql_read_timeout"]).total_seconds(),
    )


def _connection_faults(values: Values) -> Iterator[SyncError]:
    for name in sorted({name for name, _ in of_text(values[FURTHER])} - PASSED_ON):
        why, fix = refusal(name)
        yield ConfigError("option refused", f"{FURTHER}, {shown(name)}", why, fix)
    given = [name for name in ("sslcert", "sslkey") if values[f"postgresql_{name}"]]
    if len(given) == 1:
        names = "postgresql_sslcert, postgresql_sslkey"
        why = "a login by certificate needs both"
        yield ConfigError("half a login", names, why, "give both, or neither.")


def _query_faults(values: Values) -> list[SyncError]:
    smart = values["enable_smart_sync"] == "true"
    base, plain, table = (
        values[name].strip()
        for name in ("postgresql_base_query", "postgresql_query", "source_table_for_schema")
    )
    if smart and base:
        missing = sorted({START, END} - placeholders(base, DIALECT))
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
    if not smart and placeholders(plain, DIALECT):
        return [without_smart_sync("postgresql_query")]
    return []


def naming(table: SourceTable) -> dict[str, str]:
    """See `Listing.naming`."""
    return {"source_table_for_schema": f"{quote(table.schema)}.{quote(table.name)}"}


LISTING = Listing(("source_table_for_schema",), naming, "sources.postgresql.listing")
LANES = 2
"""Two cores are busy then, and memory stays below that of a connection with larger batches
(docs/decisions/0027-a-run-here-reads-in-two-lanes.md)."""
POSTGRESQL = SourceKind(
    "postgresql",
    faults,
    query,
    connection,
    "sources.postgresql.inspector",
    LISTING,
    LANES,
    uri.said_by,
    uri.STAND_INS,
    "sources.postgresql.home",
    "sources.postgresql.health",
)
