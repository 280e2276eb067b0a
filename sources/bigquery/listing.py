"""I/O. The tables of BigQuery's datasets."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from google.cloud import bigquery

from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.errors import as_source_errors
from sources.bigquery.jobs import client_of
from sources.protocol import of_kind
from sources.tables import SourceTable

OURS = "_sync_"
"""Locks and staging tables of runs that fill a table of that dataset."""


def tables(connection: object, schemas: Sequence[str]) -> tuple[SourceTable, ...]:
    """See `Listing.tables`; datasets that no glob means are not asked for their tables."""
    connection = of_kind(connection, BigqueryConnection)
    with as_source_errors(connection.project):
        client = client_of(connection, "")
        return tuple(sorted(_tables(client, connection.project, schemas)))


def _tables(client: bigquery.Client, project: str, schemas: Sequence[str]) -> Iterator[SourceTable]:
    for dataset in client.list_datasets(project):
        if any(fnmatchcase(dataset.dataset_id, schema) for schema in schemas):
            for item in client.list_tables(dataset.reference):
                is_plain = item.table_type == "TABLE" and not item.table_id.startswith(OURS)
                yield SourceTable(item.table_id, item.dataset_id, is_plain)
