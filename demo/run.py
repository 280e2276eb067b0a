"""`make demo`: the product's main job on real servers, checked by two checksums.

1. the plan, 2. the first sync (everything), 3. smart sync of the rest of the year. The demo of
PostgreSQL goes on with checks that keep bad rows out.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery
from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from demo.checked import demo_checks
from demo.many import demo_tables
from demo.servers import ROOT, BigQueryServer, bigquery_server
from demo.sides import PROJECT, SIDES, Side, make_client

DATASET, TABLE = "air", "flights"
TABLES = "tables"
"""The source of the demo of many tables."""
CHECKS = "checks"
"""The source of the demo of checks."""
QUICK, ONE_IN = "quick", 100
"""PostgreSQL with one flight of so many, and nothing behind it."""
FOLDER = ROOT / ".demo"
CONSOLE = Console()
Program = Callable[[Mapping[str, str]], list[str]]
"""The words that start main.py with these environment variables."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of main.py did."""

    name: str
    seconds: float
    row: Mapping[str, Any]


def main_here(environ: Mapping[str, str]) -> list[str]:
    """main.py in this checkout, under this Python."""
    pairs = [f"{name}={value}" for name, value in environ.items()]
    return ["env", *pairs, sys.executable, str(ROOT / "main.py")]


def parameters(side: Side, temp_location: str) -> list[str]:
    """The parameters of all three runs."""
    return [
        *side.parameters,
        "--enable_smart_sync=true",
        "--smart_sync_timestamp_column=time_hour",
        "--enable_auto_schema=true",
        *side.layout,
        f"--destination_bigquery_project={PROJECT}",
        f"--destination_bigquery_dataset={DATASET}",
        f"--destination_bigquery_table={TABLE}",
        f"--temp_location={temp_location}",
    ]


def run_main(title: str, command: list[str], code: int = 0) -> float:
    """Run the real entry point as a user does; its output is the user's.

    Raises:
        SystemExit: it ended with another exit code.
    """
    CONSOLE.print(Rule(title, align="left"))
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode != code:
        raise SystemExit(f"main.py ended with exit code {done.returncode}")
    return time.monotonic() - began


def last_run(client: bigquery.Client) -> Mapping[str, Any]:
    """The newest run in the history, in one row."""
    sql = f"SELECT * FROM `{PROJECT}.{DATASET}.sync_runs_latest` ORDER BY event_time DESC LIMIT 1"
    return dict(next(iter(client.query(sql).result())))


def show_runs(runs: list[Run]) -> None:
    """Window, rows, seconds and rate of each run."""
    table = Table(title="Runs, as the run history tells them")
    for heading in ("run", "window of time_hour (start, end]", "rows", "seconds", "rows/s"):
        table.add_column(
            heading, justify="left" if "w" in heading[:1] or heading == "run" else "right"
        )
    for run in runs:
        window = f"({run.row['window_start']}, {run.row['window_end']}]"
        rows = run.row["rows_published"]
        table.add_row(
            run.name, window, f"{rows:,}", f"{run.seconds:.1f}", f"{rows / run.seconds:,.0f}"
        )
    CONSOLE.print(table)


def show_proof(name: str, source: tuple[int, int], destination: tuple[int, int]) -> bool:
    """Rows and checksum of both sides; whether they agree."""
    agree = source == destination
    table = Table(title="Proof: computed by each side on its own")
    for heading in ("side", "rows", "sum of MD5 over rows"):
        table.add_column(heading, justify="left" if heading == "side" else "right")
    table.add_row(name, f"{source[0]:,}", str(source[1]))
    table.add_row("BigQuery", f"{destination[0]:,}", str(destination[1]))
    CONSOLE.print(table)
    CONSOLE.print("[green]They agree.[/]" if agree else "[red]They differ.[/]")
    return agree


def demo(
    side: Side,
    target: BigQueryServer,
    program: Program = main_here,
    temp_location: str = str(FOLDER / "temp"),
) -> bool:
    """All three runs; whether source and destination agree at the end."""
    client = make_client(target)
    client.create_dataset(f"{PROJECT}.{DATASET}")
    command = [*program(target.environ), *parameters(side, temp_location)]
    rows = side.insert(before=True)
    CONSOLE.print(f"{rows:,} {side.rows} before 1 October 2013 are in {side.name}.")
    run_main("1 · the plan", [*command, "--plan_only=true"])
    seconds = run_main("2 · first sync: everything", command)
    runs = [Run("first sync", seconds, last_run(client))]
    rows = side.insert(before=False)
    CONSOLE.print(f"{rows:,} {side.rows} more: the rest of the year.")
    seconds = run_main("3 · smart sync: only what is new", command)
    runs.append(Run("smart sync", seconds, last_run(client)))
    source = side.checksum()
    table = f"`{PROJECT}.{DATASET}.{TABLE}`"
    checksum = next(iter(client.query(side.bigquery_checksum(table)).result()))
    CONSOLE.print(Rule("Result", align="left"))
    show_runs(runs)
    return show_proof(side.name, source, (int(checksum[0]), int(checksum[1])))


def main() -> int:
    """Start both servers, run the demo, stop them; 0 when the checksums agree."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--source", choices=[*SIDES, QUICK, TABLES, CHECKS], default="postgresql")
    source = parser.parse_args().source
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    began = time.monotonic()
    with bigquery_server(FOLDER / "bigquery") as target:
        command = main_here(target.environ)
        if source == TABLES:
            agree = demo_tables(target, command, run_main, CONSOLE.print, FOLDER)
        elif source == CHECKS:
            agree = demo_checks(target, command, run_main, CONSOLE.print, FOLDER)
        elif source == QUICK:
            with SIDES["postgresql"](target, ONE_IN) as side:
                agree = demo(side, target)
        else:
            with SIDES[source](target) as side:
                agree = demo(side, target)
        if source == "postgresql":
            CONSOLE.print(Rule("Checks, on a table of its own", align="left"))
            held = demo_checks(target, command, run_main, CONSOLE.print, FOLDER, "checked")
            agree = agree and held
    CONSOLE.print(f"{time.monotonic() - began:.1f} s in all; `make clean` removes {FOLDER.name}/.")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
