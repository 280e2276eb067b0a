"""`make bench SOURCE=launch`: seconds from the launcher's start to the job, by splits.

main.py is run as Dataflow's launcher runs it, in a process of its own, and its phases are
timed in it; the job is written, never sent.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
from rich.console import Console
from rich.table import Table

from bench.syncs import AS_INSTALLED
from demo.servers import ROOT, PostgresqlServer, bigquery_server, bucket_server, postgresql_server
from demo.sides import PROJECT, make_client

SPLITS = (1, 1000, 5000)
FOLDER = ROOT / ".demo" / "bench"
CONSOLE = Console()
PHASES = {
    "rehearse": "first look",
    "settled": "history",
    "gather": "facts",
    "make_plan": "plan",
    "run": "graph",
}
"""Functions of pipeline.launch.sync, and what each does."""


def timed_launch(words: list[str]) -> dict[str, float]:
    """Run main() in this process; the seconds of its phases."""
    seconds: dict[str, float] = {}
    began = time.monotonic()
    from pipeline import cli
    from pipeline.launch import sync

    seconds["import"] = time.monotonic() - began

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            start = time.monotonic()
            try:
                return function(*values, **named)
            finally:
                seconds[name] = seconds.get(name, 0) + time.monotonic() - start

        return call

    for name in PHASES:
        setattr(sync, name, timed(name, getattr(sync, name)))
    if code := cli.main(words):
        raise SystemExit(code)
    return seconds | {"whole": time.monotonic() - began}


def launch(words: list[str], environ: dict[str, str]) -> dict[str, float]:
    """The same in a new process; with what Python's own start and end take."""
    began = time.monotonic()
    command = [sys.executable, "-m", "bench.launch", *words]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environ, **AS_INSTALLED},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the launch failed:\n{done.stderr[-2000:]}")
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds | {"process": time.monotonic() - began}


def parameters(server: PostgresqlServer, folder: Path, splits: int) -> list[str]:
    """A launch as Dataflow's launcher makes it."""
    flags = {
        "data_source": "postgresql",
        "postgresql_host": server.host,
        "postgresql_port": server.port,
        "postgresql_database": server.database,
        "postgresql_username": server.user,
        "postgresql_password": "not-needed-here",
        "source_table_for_schema": "orders",
        "num_splits": splits,
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": "bench",
        "destination_bigquery_table": f"orders_{splits}",
        "runner": "DataflowRunner",
        "project": "my-project",
        "region": "us-central1",
        "job_name": "orders",
        "dataflow_endpoint": "http://localhost:1",
        "temp_location": "gs://bkt/temp",
        "staging_location": folder,
        "template_location": folder / "job_object",
        "sdk_container_image": "image:1",
    }
    return ["--no_auth", *(f"--{name}={value}" for name, value in flags.items())]


def main() -> None:
    """Launch once for each number of splits, and show the phases."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    table = Table(title="Seconds of a launch, by splits of the plan")
    names = ["splits", "import", *PHASES.values(), "whole process", "graph, kB"]
    for name in names:
        table.add_column(name, justify="right")
    with (
        bigquery_server(FOLDER / "data") as target,
        bucket_server(FOLDER / "data", "bkt") as bucket,
        postgresql_server() as server,
        contextlib.closing(psycopg2.connect(server.dsn)) as connection,
    ):
        make_client(target).create_dataset(f"{PROJECT}.bench")
        connection.autocommit = True
        connection.cursor().execute(
            "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note"
            " FROM generate_series(1, 200000) AS g;"
            " ALTER TABLE orders ADD PRIMARY KEY (id);"
            " ALTER TABLE orders ALTER id SET STATISTICS 5000; ANALYZE orders"
        )
        environ = {**target.environ, "STORAGE_EMULATOR_HOST": bucket}
        for splits in SPLITS:
            folder = FOLDER / f"launch-{splits}"
            folder.mkdir()
            seconds = launch(parameters(server, folder, splits), environ)
            size = (folder / "pipeline.pb").stat().st_size // 1000
            cells = [seconds[name] for name in ("import", *PHASES, "process")]
            table.add_row(f"{splits:,}", *(f"{cell:.2f}" for cell in cells), f"{size:,}")
    CONSOLE.print(table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(timed_launch(sys.argv[1:])))
    else:
        main()
