"""8,000,000 rows, of which a run that was killed had staged four fifths, beside a fresh load."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import (
    AS_INSTALLED,
    DATASET,
    FOLDER,
    PROGRAM,
    flags,
    into_new_table,
    new_name,
    of_history,
    of_postgresql,
    ran,
)
from demo.servers import ROOT, BigQueryServer, PostgresqlServer
from demo.sides import PROJECT

ROW, FRESH = "resumed", "fresh"
TOLD = {OURS: "resumed, killed at 80 %", FRESH: "the same load from its beginning"}
SHARE = 0.8
SPLITS = 20
"""So that four fifths are whole splits, over two connections."""
PAUSE_S = 0.02


def ways(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, table: str
) -> dict[str, Callable[[], Sample]]:
    """What is measured in turns."""
    source = of_postgresql(server, table) | {"num_splits": str(SPLITS)}
    return {
        FRESH: partial(into_new_table, source, target, client),
        OURS: partial(after_a_killed_run, source, target, client),
    }


def after_a_killed_run(
    source: dict[str, str], target: BigQueryServer, client: bigquery.Client
) -> Sample:
    """The run that takes over; `until_staged` is what its own history says of it."""
    table = new_name("orders")
    words = flags(source, table)
    _kill_at_share([*map(str, PROGRAM), *words], target.environ | AS_INSTALLED)
    _end_lease(client, table)
    process = ran(words, target.environ)
    seconds = of_history(client, table, "resumed_run IS NOT NULL")
    client.delete_table(f"{PROJECT}.{DATASET}.{table}")
    return process.figures() | seconds


def _kill_at_share(words: list[str], environ: dict[str, str]) -> None:
    """Run until so many splits are staged whole, and no further.

    Raises:
        SystemExit: it ended by itself.
    """
    wanted = int(SPLITS * SHARE)
    with subprocess.Popen(
        words,
        env={**os.environ, **environ},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while len(list((FOLDER / "temp").rglob("split-*.json"))) < wanted:
            if process.poll() is not None:
                raise SystemExit(f"the run that was to be killed ended with {process.returncode}")
            time.sleep(PAUSE_S)
        process.kill()


def _end_lease(client: bigquery.Client, table: str) -> None:
    """The dead run's lock is over, as it is some time later."""
    with suppress(NotFound):
        lock = client.get_table(f"{PROJECT}.{DATASET}._sync_lock_{table}")
        lock.expires = datetime.now(UTC)
        client.update_table(lock, ["expires"])
