"""PostgreSQL → BigQuery, whole tables: beside a bare COPY, and other tools into zstd Parquet.

The floor is `COPY … (FORMAT binary)` of all rows to /dev/null. Whoever wants rows out of
PostgreSQL waits for that.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import psycopg2
from google.cloud import bigquery

from bench.measure import measured
from bench.record import Sample
from bench.syncs import FOLDER, into_new_table, of_postgresql
from bench.tables import TABLES
from demo.servers import ROOT, BigQueryServer, PostgresqlServer, postgresql_bin

FLOOR, OURS = "floor", "ours"
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PEERS = {
    "duckdb": "DuckDB's reader of PostgreSQL → zstd Parquet",
    "adbc": "bare ADBC, batch by batch → zstd Parquet",
    "polars": "polars over ADBC → zstd Parquet",
    "connectorx": "connectorx, two partitions → zstd Parquet",
    "dlt": "dlt over connectorx → Parquet",
}
"""See bench/peers.py."""
BESIDE: Mapping[str, tuple[str, ...]] = {
    "rows-500k": (),
    "rows-2m": tuple(PEERS),
    "rows-8m": tuple(PEERS),
    "columns-200": ("duckdb",),
    "texts-4kb": ("duckdb",),
}
"""Which peers take each table; those that don't know uuid and jsonb have their own query."""
ONCE = {("rows-8m", peer) for peer in PEERS if peer != "duckdb"}
"""What no target speaks of, and takes long: measured once."""
WITH_FLOOR = ("rows-2m", "rows-8m", "columns-200", "texts-4kb")
Way = Callable[[], Sample]


def floor(server: PostgresqlServer, table: str) -> Sample:
    """A binary COPY of the whole table to nowhere; also what the table takes in the server."""
    copy = f"\\copy (SELECT * FROM {table}) TO '/dev/null' WITH (FORMAT binary)"
    took = measured([postgresql_bin() / "psql", "-q", "-c", copy, server.dsn]).figures()
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_table_size(%s)", (table,))
        (size,) = cursor.fetchone() or (0,)
    return took | {"table_bytes": int(size)}


def peer(server: PostgresqlServer, table: str, tool: str) -> Sample:
    """The same table by another tool, into a local file."""
    folder = FOLDER / tool
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    host = "127.0.0.1" if server.host.startswith("/") else server.host
    uri = f"postgresql://{server.user}@{host}:{server.port}/{server.database}"
    taken = measured([PEERS_PYTHON, "-P", ROOT / "bench" / "peers.py", tool, uri, table, folder])
    shutil.rmtree(folder, ignore_errors=True)
    return taken.figures()


@contextmanager
def filled(server: PostgresqlServer, row: str, rows: int) -> Iterator[str]:
    """The row's table while it is measured; its name."""
    table = TABLES[row]
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in table.statements(rows).split(";\n"):
            cursor.execute(statement)
        try:
            yield table.name
        finally:
            cursor.execute(f"DROP TABLE {table.name}")


def ways(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, row: str
) -> dict[str, Way]:
    """What is measured in turns on a row's table."""
    table = TABLES[row].name
    ours: dict[str, Way] = {
        OURS: partial(into_new_table, of_postgresql(server, table), target, client)
    }
    first: dict[str, Way] = {}
    if row in WITH_FLOOR:
        first[FLOOR] = partial(floor, server, table)
    return first | ours | {tool: partial(peer, server, table, tool) for tool in BESIDE[row]}
