"""Runs of main.py as the benchmark makes them, and what their own history says of them."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from google.cloud import bigquery

from bench.measure import Sample, Words, measured
from demo.cache import cache_folder
from demo.mongodb_servers import MongodbServer
from demo.servers import ROOT, BigQueryServer, PostgresqlServer, bigquery_server
from demo.sides import PROJECT, make_client

DATASET = "bench"
FOLDER = ROOT / ".demo" / "bench"
PROGRAM: Sequence[str | Path] = (sys.executable, ROOT / "main.py")
AS_INSTALLED = {"PYTHONPATH": str(ROOT / "tests" / "as_installed")}
"""Without pandas, which peers bring here, and BigQuery's library imports wherever it is."""
KEPT = {"SMART_SYNC_TEST_TRANSLATIONS": str(cache_folder() / "translations")}


@contextmanager
def quick_bigquery(name: str) -> Iterator[tuple[BigQueryServer, bigquery.Client]]:
    """The tests' own local BigQuery, which keeps nothing, and a client of it; with our dataset.

    For rows of many runs: the local one of the others takes seconds of CPU for each that
    publishes, which would be all that is measured. For the same reason it keeps what it has
    translated for DuckDB, as in tests: BigQuery itself reads its own language.
    """
    script = ROOT / "tests" / "local_bigquery"
    with bigquery_server(FOLDER / name, script, KEPT) as target:
        client = make_client(target)
        client.create_dataset(f"{PROJECT}.{DATASET}")
        yield target, client


def new_name(stem: str) -> str:
    """A destination that no run has had before."""
    return f"{stem}_{datetime.now(UTC):%H%M%S%f}"


def ran(words: Words, environ: Mapping[str, str], program: Words = PROGRAM) -> Sample:
    """A program of ours, run to its end as it is where users have installed it.

    Raises:
        SystemExit: it failed.
    """
    return measured([*program, *words], {**environ, **AS_INSTALLED})


def flags(source: dict[str, str], table: str) -> list[str]:
    """main.py's command line."""
    words = source | {
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": DATASET,
        "destination_bigquery_table": table,
        "temp_location": str(FOLDER / "temp"),
    }
    return [f"--{name}={value}" for name, value in words.items()]


def of_postgresql(server: PostgresqlServer, table: str) -> dict[str, str]:
    """A smart sync of a table, which partitions what it makes by month."""
    return {
        "data_source": "postgresql",
        "postgresql_host": server.host,
        "postgresql_port": str(server.port),
        "postgresql_database": server.database,
        "postgresql_username": server.user,
        "postgresql_password": "not-needed-here",
        "enable_smart_sync": "true",
        "enable_auto_schema": "true",
        "source_table_for_schema": f"public.{table}",
        "partition_type": "MONTH",
    }


def of_mongodb(server: MongodbServer, collection: str) -> dict[str, str]:
    """A collection taken whole."""
    return {
        "data_source": "mongodb",
        "mongodb_connection_string": server.url,
        "mongodb_database": DATASET,
        "mongodb_collection": collection,
        "enable_auto_schema": "true",
        "partition_field": "",
    }


def into_new_table(
    source: dict[str, str],
    target: BigQueryServer,
    client: bigquery.Client,
    *,
    checks: Callable[[str], str] | None = None,
) -> dict[str, float]:
    """One run into a table that it makes: the process, and the seconds that its history says.

    Args:
        source: the parameters of what is read.
        target: the local BigQuery.
        client: of it.
        checks: of the table of that name; None: none.
    """
    table = new_name("orders")
    source = source | ({"checks": checks(table)} if checks else {})
    process = ran(flags(source, table), target.environ)
    seconds = of_history(client, table)
    client.delete_table(f"{PROJECT}.{DATASET}.{table}")
    return process.figures() | seconds


def in_parts(
    source: dict[str, str], target: BigQueryServer, client: bigquery.Client
) -> dict[str, float]:
    """The same, and the CPU of each of its parts (see `bench.cpu_parts`)."""
    table = new_name("orders")
    program = [sys.executable, "-m", "bench.cpu_parts"]
    process = ran(flags(source, table), target.environ, program)
    parts: dict[str, float] = json.loads(process.told.splitlines()[-1])
    client.delete_table(f"{PROJECT}.{DATASET}.{table}")
    ended = process.cpu - parts.pop("so_far")
    return process.figures() | parts | {"exit": ended}


def of_history(client: bigquery.Client, table: str, which: str = "TRUE") -> dict[str, float]:
    """What a destination's last run said: seconds, rows, bytes of the files.

    Args:
        client: of the local BigQuery.
        table: the destination.
        which: of its runs, as a condition.
    """
    sql = (
        f"SELECT seconds, rows_published, bytes_staged FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
        f" WHERE destination = '{PROJECT}.{DATASET}.{table}' AND {which}"
        " ORDER BY event_time DESC LIMIT 1"
    )
    (run,) = client.query_and_wait(sql)
    told: dict[str, float] = json.loads(run.seconds)
    return {name: told[name] for name in ("until_staged", "publish") if name in told} | {
        "rows": run.rows_published,
        "staged_bytes": run.bytes_staged,
    }
