"""`make peers`: every scenario by every tool, judged by what the destination holds at its end.

    ONLY=late_commit,killed   some scenarios
    TOOLS=ours,dlt            some tools

Writes bench/results/peers.json and docs/peers.md. A run of some renews their outcomes there, where
the versions are still those of the rest.
"""

import json
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from bench.losses import page
from bench.losses.lab import Lab, Tool, lab_of
from bench.losses.scenarios import SCENARIOS, Outcome
from bench.losses.tools import DATASET, TOOLS, versions
from demo.cache import cache_folder
from demo.servers import ROOT, BigQueryServer, PostgresqlServer, bigquery_server, postgresql_server
from demo.sides import PROJECT, make_client

FOLDER = ROOT / ".demo" / "peers"
SERVER = ROOT / "tests" / "local_bigquery"
KEPT = {"SMART_SYNC_TEST_TRANSLATIONS": str(cache_folder() / "translations")}
AT_ONCE = 5
NAMED = ("dlt", "sqlalchemy", "psycopg2-binary", "polars", "connectorx", "sling-linux-amd64")
Outcomes = dict[str, dict[str, Outcome]]
"""{tool: {scenario: outcome}}"""
CONSOLE = Console()
PRINTING = threading.Lock()


def _wanted(variable: str, there: Sequence[str]) -> list[str]:
    names = [name for name in os.environ.get(variable, "").split(",") if name]
    if strangers := set(names) - set(there):
        raise SystemExit(f"{variable}={','.join(sorted(strangers))}: there is {', '.join(there)}")
    return [name for name in there if not names or name in names]


def of_scenario(lab: Lab, name: str) -> Outcome:
    """One scenario by one tool."""
    lab.begin()
    began = time.monotonic()
    outcome = SCENARIOS[name](lab, name)
    with PRINTING:
        told = f"{lab.tool.name:13} {name:13} {time.monotonic() - began:4.0f} s"
        CONSOLE.print(f"{told} {page.cell(outcome)}", markup=False, highlight=False, soft_wrap=True)
    return outcome


def of_tool(
    tool: Tool,
    names: Sequence[str],
    server: PostgresqlServer,
    target: BigQueryServer,
    found: Outcomes,
) -> None:
    """All scenarios of a tool but those that it says are not its own."""
    with lab_of(tool, server, target, FOLDER) as lab:
        for name in names:
            if (tool.name, name) not in page.UNCLAIMED:
                found[tool.name][name] = of_scenario(lab, name)


def measure(names: Sequence[str], tools: Sequence[Tool], found: Outcomes) -> None:
    """Fill in outcomes; some tools side by side, each with databases of its own."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    pool = ThreadPoolExecutor(AT_ONCE)
    with (
        postgresql_server(settings={"max_connections": "100"}) as server,
        bigquery_server(FOLDER / "bigquery", SERVER, KEPT) as target,
    ):
        make_client(target).create_dataset(f"{PROJECT}.{DATASET}")
        began = [pool.submit(of_tool, tool, names, server, target, found) for tool in tools]
        try:
            wait(began)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    for one in began:
        one.result()


def main() -> int:
    """Run, show, and write what came of it."""
    names = _wanted("ONLY", list(SCENARIOS))
    wanted = _wanted("TOOLS", [tool.name for tool in TOOLS])
    tools = [tool for tool in TOOLS if tool.name in wanted]
    used = {
        "python": platform.python_version(),
        "versions": {name: versions()[name] for name in NAMED if name in versions()},
    }
    is_whole = len(names) == len(SCENARIOS) and len(tools) == len(TOOLS)
    before = {} if is_whole else page.read()
    if not is_whole and any(before[name] != value for name, value in used.items()):
        raise SystemExit("the record is of other versions: a whole run renews it")
    outcomes: Outcomes = {tool.name: {} for tool in TOOLS}
    try:
        measure(names, tools, outcomes)
    finally:
        _write(outcomes, before, used)
    return 0


def _write(outcomes: Outcomes, before: Mapping[str, Any], used: Mapping[str, Any]) -> None:
    """The record, and the page of it."""
    for name, there in before.get("outcomes", {}).items():
        kept = {one: it for one, it in there.items() if (name, one) not in page.UNCLAIMED}
        outcomes[name] = kept | outcomes[name]
    record = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", **used, "outcomes": outcomes}
    page.RESULTS.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    page.RESULTS.write_text(text, encoding="utf-8")
    page.rewrite()


if __name__ == "__main__":
    sys.exit(main())
