"""The same table into zstd Parquet by other tools, each as its own documentation says.

Runs in an environment of its own (requirements-bench.txt), a process for each tool:

    python bench/peers.py TOOL DSN TABLE FOLDER
"""

import sys
from collections.abc import Callable
from pathlib import Path

TEXTS = (
    "SELECT id, quantity, customer, amount, weight, is_paid, note, details::text, tags,"
    " token::text, created_at, updated_at, due FROM {}"
)
"""For what doesn't know jsonb and uuid; the table of 13 columns only."""


def duckdb(dsn: str, table: str, folder: Path) -> None:
    """https://duckdb.org/docs/stable/core_extensions/postgres."""
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("postgres_scanner")
    connection = duckdb.connect()
    connection.execute("LOAD postgres_scanner")
    connection.execute(f"ATTACH '{dsn}' AS source (TYPE postgres, READ_ONLY)")
    target = folder / "rows.parquet"
    connection.execute(
        f"COPY (SELECT * FROM source.{table}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def polars(dsn: str, table: str, folder: Path) -> None:
    """https://docs.pola.rs/user-guide/io/database/, over ADBC."""
    import polars

    frame = polars.read_database_uri(TEXTS.format(table), dsn, engine="adbc")
    frame.write_parquet(folder / "rows.parquet", compression="zstd")


def adbc(dsn: str, table: str, folder: Path) -> None:
    """https://arrow.apache.org/adbc/current/driver/postgresql.html, batch by batch."""
    import adbc_driver_postgresql.dbapi
    import pyarrow.parquet

    with adbc_driver_postgresql.dbapi.connect(dsn) as session, session.cursor() as cursor:
        cursor.execute(TEXTS.format(table))
        with cursor.fetch_record_batch() as batches:
            path = folder / "rows.parquet"
            with pyarrow.parquet.ParquetWriter(path, batches.schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)


def connectorx(dsn: str, table: str, folder: Path) -> None:
    """https://sfu-db.github.io/connector-x/, two partitions by the key."""
    import connectorx
    import pyarrow.parquet

    query = TEXTS.format(table)
    rows = connectorx.read_sql(dsn, query, return_type="arrow", partition_on="id", partition_num=2)
    pyarrow.parquet.write_table(rows, folder / "rows.parquet", compression="zstd")


def dlt(dsn: str, table: str, folder: Path) -> None:
    """https://dlthub.com/docs/dlt-ecosystem/verified-sources/sql_database, over connectorx."""
    import os

    import dlt
    from dlt.sources.sql_database import sql_table

    os.environ["DESTINATION__FILESYSTEM__BUCKET_URL"] = (folder / "rows").as_uri()
    os.environ["DLT_DATA_DIR"] = os.environ["DLT_PROJECT_DIR"] = str(folder)
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    pipeline = dlt.pipeline("bench", destination="filesystem", dataset_name="bench")
    rows = sql_table(
        credentials=dsn.replace("postgresql://", "postgresql+psycopg2://"),
        table=table,
        backend="connectorx",
        reflection_level="full",
        backend_kwargs={"return_type": "arrow"},
    )
    pipeline.run(rows, loader_file_format="parquet")


TOOLS: dict[str, Callable[[str, str, Path], None]] = {
    tool.__name__: tool for tool in (duckdb, adbc, polars, connectorx, dlt)
}


if __name__ == "__main__":
    tool, dsn, table, folder = sys.argv[1:]
    TOOLS[tool](dsn, table, Path(folder))
