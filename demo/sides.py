"""The sources that the demo can show: each fills itself in two parts and sums itself up."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg2
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from demo import flight_documents, flight_tables, flights
from demo.mongodb_servers import MongodbServer, mongodb_server
from demo.servers import BigQueryServer, PostgresqlServer, postgresql_server

PROJECT = "demo-project"
BY_MONTH: Sequence[str] = ("--partition_field=time_hour", "--partition_type=MONTH")


def make_client(server: BigQueryServer) -> bigquery.Client:
    """A client of the local BigQuery."""
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": server.url},
    )


def postgresql_parameters(server: PostgresqlServer) -> list[str]:
    """What leads main.py to a PostgreSQL of ours."""
    return [
        "--data_source=postgresql",
        "--postgresql_host=127.0.0.1",
        f"--postgresql_port={server.port}",
        f"--postgresql_database={server.database}",
        f"--postgresql_username={server.user}",
        "--postgresql_password=not-needed-here",
    ]


class Side(Protocol):
    """One source of the demo, running."""

    name: str
    rows: str
    """What the source calls a row, in the plural."""
    layout: Sequence[str]
    """The parameters that partition the destination."""

    @property
    def parameters(self) -> list[str]:
        """What leads main.py to it, and how its table is laid out."""

    def insert(self, *, before: bool) -> int:
        """The flights before 1 October, or the rest; how many."""

    def checksum(self) -> tuple[int, int]:
        """Rows, and a sum over all of them, computed in the source."""

    def bigquery_checksum(self, table: str) -> str:
        """The SQL that computes the same in BigQuery."""


class _PostgresqlSide:
    """Flights in a PostgreSQL table."""

    name, rows, layout = "PostgreSQL", "flights", BY_MONTH

    def __init__(self, server: PostgresqlServer, cursor: Any, one_in: int) -> None:
        self._server, self._cursor = server, cursor
        flights.create(cursor, one_in)

    @property
    def parameters(self) -> list[str]:
        return [
            *postgresql_parameters(self._server),
            "--postgresql_base_query=SELECT * FROM air.flights WHERE time_hour >"
            " '{start_timestamp}' AND time_hour <= '{end_timestamp}' ORDER BY time_hour ASC",
            "--source_table_for_schema=air.flights",
            "--clustering_fields=origin,dest,carrier",
        ]

    def insert(self, *, before: bool) -> int:
        if before:
            return flights.insert_until_october(self._cursor)
        return flights.insert_the_rest(self._cursor)

    def checksum(self) -> tuple[int, int]:
        self._cursor.execute(flights.postgresql_checksum())
        rows, total = self._cursor.fetchone()
        return int(rows), int(total)

    def bigquery_checksum(self, table: str) -> str:
        return flights.bigquery_checksum(table)


class _MongodbSide:
    """Flights as documents of a MongoDB collection."""

    name, rows, layout = "MongoDB", "documents", BY_MONTH

    def __init__(self, server: MongodbServer, collection: Any, one_in: int) -> None:
        self._server, self._collection, self._one_in = server, collection, one_in
        collection.create_index("time_hour")

    @property
    def parameters(self) -> list[str]:
        return [
            "--data_source=mongodb",
            f"--mongodb_connection_string={self._server.url}",
            f"--mongodb_database={self._collection.database.name}",
            f"--mongodb_collection={self._collection.name}",
            "--clustering_fields=carrier",
        ]

    def insert(self, *, before: bool) -> int:
        return flight_documents.insert(self._collection, before=before, one_in=self._one_in)

    def checksum(self) -> tuple[int, int]:
        return flight_documents.mongodb_checksum(self._collection)

    def bigquery_checksum(self, table: str) -> str:
        return flight_documents.bigquery_checksum(table)


class _BigquerySide:
    """Flights in a table of the local BigQuery itself."""

    name, rows = "the source table", "flights"
    layout: Sequence[str] = ()  # the source's own

    def __init__(self, client: Any, one_in: int) -> None:
        self._client = client
        flight_tables.create(client, one_in)

    @property
    def parameters(self) -> list[str]:
        return [
            "--data_source=bigquery",
            f"--source_bigquery_project={self._client.project}",
            f"--source_bigquery_dataset={flight_tables.DATASET}",
            "--source_bigquery_table=flights",
        ]

    def insert(self, *, before: bool) -> int:
        return flight_tables.insert(self._client, before=before)

    def checksum(self) -> tuple[int, int]:
        sql = flights.bigquery_checksum(f"{flight_tables.DATASET}.flights")
        rows, total = next(iter(self._client.query(sql).result()))
        return int(rows), int(total)

    def bigquery_checksum(self, table: str) -> str:
        return flights.bigquery_checksum(table)


@contextmanager
def _postgresql(_: BigQueryServer, one_in: int = 1) -> Iterator[Side]:
    with postgresql_server() as server, contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        opened.autocommit = True
        yield _PostgresqlSide(server, opened.cursor(), one_in)


@contextmanager
def _mongodb(_: BigQueryServer, one_in: int = 1) -> Iterator[Side]:
    with mongodb_server() as server, server.client() as client:
        yield _MongodbSide(server, client["air"]["flights"], one_in)


@contextmanager
def _bigquery(target: BigQueryServer, one_in: int = 1) -> Iterator[Side]:
    yield _BigquerySide(make_client(target), one_in)


SIDES = {"postgresql": _postgresql, "mongodb": _mongodb, "bigquery": _bigquery}
"""Sources by their data_source; each runs as long as its context, with one flight of so many."""
