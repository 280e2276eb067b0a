"""EndLaunch: when all tables have ended, one report, one message, and a failed one ends the job."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from auto_schema.errors import SyncError
from pipeline.destination.folder import STORAGE_ERRORS
from pipeline.errors.lookup import with_address
from pipeline.execution.packing import LaunchOnItsWay, Packed
from pipeline.execution.report import RunFailedError
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.webhook import Webhook
from pipeline.runs.batches import recovered
from pipeline.runs.many_report import TableResult, failure, message, report
from pipeline.runs.notify import tell_once
from warehouse.client import make_client

LOGGER = logging.getLogger("smart_sync")
LINES_AT_ONCE = 400
"""Of the report: an entry of Cloud Logging may have 256 kB.
https://cloud.google.com/logging/quotas"""


@dataclass(frozen=True, slots=True)
class LaunchEnd:
    """What the end of a launch is told by.

    Attributes:
        launch: of all tables.
        names: of those that began.
        ends: of those that never began.
        webhook: who is told.
    """

    launch: LaunchOnItsWay
    names: tuple[str, ...]
    ends: tuple[TableResult, ...]
    webhook: Webhook | None


def end_launch(end: LaunchEnd, ends: Iterable[TableResult]) -> list[TableResult]:
    """Log the report of all tables, tell the webhook, once, and clear the launch's file."""
    launch = end.launch
    by_name = {result.name: result for result in ends}
    began = [by_name.get(name) or _without_end(name) for name in end.names]
    results = sorted([*began, *end.ends], key=lambda result: result.name)
    lines = report(results).splitlines()
    for begin in range(0, len(lines), LINES_AT_ONCE):
        LOGGER.info("launch %s\n%s", launch.batch_id, "\n".join(lines[begin:][:LINES_AT_ONCE]))
    if end.webhook:
        _tell(launch, results, end.webhook)
    try:
        launch.clear()
    except STORAGE_ERRORS as error:
        LOGGER.warning("%s could not be cleared: %s", launch.folder, error)
    return results


def _tell(launch: LaunchOnItsWay, results: Sequence[TableResult], webhook: Webhook) -> None:
    """Tell of a launch in which a table failed, of the first good one after it, or of all."""
    client = make_client(launch.job_project, launch.location, launch.endpoints, launch.max_retries)
    failed = any(result.exit_code for result in results)
    before = list[Mapping[str, Any]]()
    try:
        if not failed and not webhook.every_run:
            for history in launch.histories:
                before += recovered(client, history, launch.batch_id)
    except SyncError as error:
        LOGGER.warning("whether the launch is a recovery could not be asked: %s", error)
    if failed or webhook.every_run or before:
        tell_once(webhook, client, launch.batch_id, message(launch.batch_id, results, before))


def _without_end(name: str) -> TableResult:
    """A table of which no step has told an end: a lost element is seen."""
    told = internal_error("no step has told how the table ended")
    return TableResult(name, told.exit_code, "failed", told.text)


def raise_if_any_failed(batch_id: str, results: Sequence[TableResult]) -> None:
    """End the job as failed when a table did; they are named.

    Raises:
        RunFailedError: one did, or some.
    """
    failed = failure(batch_id, results)
    if failed:
        raise RunFailedError(with_address(failed.line))


class _EndLaunch(beam.DoFn):
    def __init__(self, end: LaunchEnd) -> None:
        self._end = end

    def process(self, _: bytes, ends: Iterable[TableResult]) -> Iterator[TableResult]:
        results = end_launch(self._end, ends)
        yield from results
        raise_if_any_failed(self._end.launch.batch_id, results)


@dataclass(eq=False)
class EndLaunch(beam.PTransform):
    """The ends of all tables → the same, with those that never began; then a failed one raises."""

    packed: Packed
    webhook: Webhook | None = None

    def expand(self, ends: Any) -> Any:
        names = tuple(table.name for table in self.packed.tables)
        end = LaunchEnd(self.packed.launch, names, self.packed.ends, self.webhook)
        ending = beam.ParDo(_EndLaunch(end), beam.pvalue.AsList(ends))
        return ends.pipeline | "Once" >> beam.Impulse() | ending.with_output_types(TableResult)
