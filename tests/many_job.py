"""Many tables as one job, which is run here to its end by the local runner."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import pipeline.launch.many_job
from pipeline.cli import new_run_id
from pipeline.launch.many import of_batch, of_launch, read_launch
from pipeline.launch.many_job import ManyJob
from pipeline.launch.many_runs import ManyRuns
from pipeline.runs.lock import Lock
from pipeline.runs.many_report import TableResult
from tests.sync import PROJECT, Sync
from warehouse.names import TableRef

Ended = tuple[dict[str, TableResult], list[str]]


TABLE = """
CREATE TABLE {0} (id int8 PRIMARY KEY, note text, amount numeric,
  updated_at timestamptz DEFAULT now() - interval '1 hour');
INSERT INTO {0} SELECT g, 'n' || g, g FROM generate_series(1, {1}) AS g; ANALYZE {0}
"""
ROWS = {"orders": 5, "lines": 40, "users": 3, "parts": 60, "carts": 2}
EVERY = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables:
  public.*:
  public.lines: {num_splits: 3}
  public.parts: {num_splits: 4}
"""
APPENDED = EVERY.replace("WRITE_MERGE, merge_keys: auto", "WRITE_APPEND")
"""The same, each row added: what is done twice shows."""


def with_tables(sync: Sync, sql: Callable[[str], object], tables: Mapping[str, int] = ROWS) -> Sync:
    """Tables of so many rows, two of which have several splits, and the words of their launch."""
    for name, rows in tables.items():
        sql(TABLE.format(name, rows))
    sync.defaults |= {"destination_bigquery_table": None, "tables": EVERY}
    return sync


def counts(sync: Sync) -> dict[str, int]:
    """Rows of each destination."""
    names = sync.tables() & ROWS.keys()
    return {name: len(sync.rows("id", name)) for name in names}


def ended(sync: Sync) -> dict[str, tuple[str, int, int]]:
    """How the newest run of each table ended: status, exit code, rows published."""
    prefix = f"{PROJECT}.{sync.dataset}."
    return {
        run["destination"].removeprefix(prefix): (
            run["status"],
            run["exit_code"],
            run["rows_published"],
        )
        for run in sync.history()
    }


def assert_free(sync: Sync) -> None:
    """No staging table or file, and each lock given back."""
    assert not [name for name in sync.tables() if "_staging_" in name]
    locks = [sync.table(name) for name in sync.tables() if name.startswith("_sync_lock_")]
    assert {lock.labels["state"] for lock in locks} == {"released"}
    assert list(sync.temp.rglob("*")) == []


def failed_in(error: str) -> tuple[str, ...] | None:
    """How many tables a job's end says failed, and which."""
    match = re.search(r"(\d+ of \d+) tables failed \(launch \S+\): (.*?)\. To mend", error)
    return match and match.groups()


def locked(sync: Sync, table: str, run_id: str) -> Lock:
    """The lock of a table, as a run sees it."""
    return Lock(sync.client, TableRef(PROJECT, sync.dataset, table), run_id, timedelta(hours=1))


class WorkerDiedError(BaseException):
    """Of a worker: nothing of it is told."""


def nothing() -> None:
    """What happens while the tables wait, unless a test says more."""


def run_job(
    sync: Sync,
    patch: pytest.MonkeyPatch,
    waits: Callable[[], object] = nothing,
    times: int = 1,
    **more: Any,
) -> Ended:
    """Launch all tables and run their job to its end.

    Args:
        sync: the parameters.
        patch: undone here.
        waits: is called when the job is submitted, before it begins.
        times: the same job is run, each element anew.
        **more: parameters.

    Returns:
        How each table stood when the job was submitted, and what each run of it raised.
    """
    errors, run = list[str](), pipeline.launch.many_job.run

    def to_its_end(options: Any, build: Any) -> None:
        waits()
        for _ in range(times):
            try:
                run(options, build)
            except Exception as error:
                errors.append(str(error))

    read, now = read_launch(sync.argv(**more)), datetime.now(UTC)
    batch_id = new_run_id(now)
    tables = [of_batch(table, batch_id) for table in read.tables]
    job = ManyJob(of_launch(read.common, batch_id), batch_id, read.at_once)
    with patch.context() as patched:
        patched.setattr(pipeline.launch.many_job, "run", to_its_end)
        results, has_job = job.launch(tables, ManyRuns(new_run_id, now))
    assert has_job
    return {result.name: result for result in results}, errors
