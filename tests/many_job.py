"""Many tables as one job, which is run here to its end by the local runner."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import pipeline.launch.many_job
from pipeline.cli import new_run_id
from pipeline.launch.many import of_batch, of_launch, read_launch
from pipeline.launch.many_job import ManyJob
from pipeline.launch.many_runs import ManyRuns
from pipeline.runs.many_report import TableResult
from tests.sync import Sync

Ended = tuple[dict[str, TableResult], list[str]]


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
