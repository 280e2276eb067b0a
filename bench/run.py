"""`make bench`: 2,000,000 rows × 13 mixed columns, PostgreSQL → published in BigQuery.

The floor is `COPY … (FORMAT binary)` to nowhere, measured before and after in the same
run: quote the ratio, machines differ. ROWS=… sets another number of rows.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2
from google.cloud import bigquery
from rich.console import Console
from rich.table import Table

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
DATASET = "bench"
FOLDER = ROOT / ".demo" / "bench"
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


def floor(server: PostgresqlServer) -> float:
    """Seconds of a binary COPY of the whole table to nowhere."""
    copy = "\\copy (SELECT * FROM orders) TO '/dev/null' WITH (FORMAT binary)"
    began = time.monotonic()
    subprocess.run(
        [postgresql_bin() / "psql", "-q", "-c", copy, server.dsn], check=True, capture_output=True
    )
    return time.monotonic() - began


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


def measured(command: list[str], environ: Mapping[str, str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of a process; it must end well."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[1]} ended with exit code {process.returncode}")
    return time.monotonic() - began, usage.ru_maxrss * 1024


def sync(
    server: PostgresqlServer,
    target: BigQueryServer,
    client: bigquery.Client,
    table: str,
    **more: str,
) -> dict[str, Any]:
    """One run of main.py and its own figures."""
    command = [sys.executable, str(ROOT / "main.py"), *parameters(server, table, **more)]
    seconds, memory = measured(command, target.environ)
    sql = (
        f"SELECT seconds, rows_published, bytes_staged FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
        f" WHERE destination = '{PROJECT}.{DATASET}.{table}'"
    )
    row = next(iter(client.query(sql).result()))
    return {
        "process": seconds,
        "memory": memory,
        "rows": row.rows_published,
        "staged_bytes": row.bytes_staged,
        **json.loads(row.seconds),
    }


def show(floors: list[float], runs: dict[str, dict[str, Any]]) -> None:
    """The figures as a table; ratios are to the median floor."""
    base = statistics.median(floors)
    table = Table(title=f"{ROWS:,} rows × 13 columns")
    for heading in ("what", "seconds", "rows/s", "× floor", "peak memory"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    text = f"COPY … (FORMAT binary) to /dev/null, {len(floors)} times"
    table.add_row(text, f"{base:.1f}", f"{ROWS / base:,.0f}", "1.0", "")
    for name, run in runs.items():
        steps: tuple[tuple[str, Callable[[dict[str, Any]], float]], ...] = (
            ("launch → all staged", lambda r: float(r["until_staged"])),
            ("publish (the local BigQuery's own time)", lambda r: float(r["publish"])),
            ("whole process", lambda r: float(r["process"])),
        )
        for step, of in steps:
            seconds = of(run)
            memory = f"{run['memory'] / 1e6:,.0f} MB" if step == "whole process" else ""
            rate = f"{ROWS / seconds:,.0f}"
            table.add_row(
                f"{name}: {step}", f"{seconds:.1f}", rate, f"{seconds / base:.2f}", memory
            )
    CONSOLE.print(table)


def main() -> int:
    """Make the table, measure, show."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    Path(FOLDER).mkdir(parents=True)
    with postgresql_server() as server, bigquery_server(FOLDER / "bigquery") as target:
        client = make_client(target)
        client.create_dataset(f"{PROJECT}.{DATASET}")
        CONSOLE.print(f"making {ROWS:,} rows …")
        with psycopg2.connect(server.dsn) as connection, connection.cursor() as cursor:
            cursor.execute(CREATE, (ROWS,))
        connection.close()
        floors = [floor(server), floor(server)]
        runs = {"default": sync(server, target, client, "automatic")}
        floors.append(floor(server))
        runs["one split"] = sync(server, target, client, "one_split", num_splits="1")
        floors.append(floor(server))
    show(floors, runs)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
