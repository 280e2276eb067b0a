"""The parameters of BigQuery as a source: where it is, what to read, what contradicts itself."""

from collections.abc import Iterator

from auto_schema.errors import ConfigError, SyncError
from sources.bigquery import uri
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.sql import DIALECT
from sources.kind import Listing, SourceKind
from sources.parameters import Values, without_smart_sync
from sources.sql import placeholders, strip_end
from sources.tables import SourceTable
from warehouse.names import Endpoints


def faults(values: Values) -> Iterator[SyncError]:
    """See `SourceKind.faults`."""
    asked = values["source_bigquery_query"].strip()
    dataset, table = values["source_bigquery_dataset"], values["source_bigquery_table"]
    if asked and table:
        fix = "leave one of them out."
        why = "both say what to read"
        names = "source_bigquery_table, source_bigquery_query"
        yield ConfigError("source told twice", names, why, fix)
    elif not asked and not (dataset and table):
        name = "source_bigquery_table" if dataset else "source_bigquery_dataset"
        why = "nothing says what to read"
        fix = "give source_bigquery_dataset and source_bigquery_table, or source_bigquery_query."
        yield ConfigError("missing parameter", name, why, fix)
    if values["enable_smart_sync"] != "true" and placeholders(asked, DIALECT):
        yield without_smart_sync("source_bigquery_query")


def query(values: Values) -> str:
    """See `SourceKind.query`."""
    return strip_end(values["source_bigquery_query"], DIALECT)


def connection(values: Values, endpoints: Endpoints) -> BigqueryConnection:
    """See `SourceKind.connection`."""
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


def naming(table: SourceTable) -> dict[str, str]:
    """See `Listing.naming`."""
    return {"source_bigquery_dataset": table.schema, "source_bigquery_table": table.name}


LISTING = Listing(
    ("source_bigquery_dataset", "source_bigquery_table"), naming, "sources.bigquery.listing"
)
BIGQUERY = SourceKind(
    "bigquery",
    faults,
    query,
    connection,
    "sources.bigquery.inspector",
    LISTING,
    uri=uri.said_by,
    stand_ins=uri.STAND_INS,
)
