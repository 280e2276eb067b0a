"""ReportTable and EndLaunch: each table's end is a value; the launch ends once all have ended."""

import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from google.cloud import bigquery

from pipeline.destination.client import client_of
from pipeline.execution.report import report
from pipeline.parameters.webhook import Webhook
from pipeline.runs.outcome import Failure, Outcome, TableEnd
from pipeline.steps.report import RunFailedError
from smart_sync.plan import SyncPlan


def table_end(
    plan: SyncPlan, outcome: Outcome, client: bigquery.Client, webhook: Webhook | None
) -> TableEnd:
    """Report a run; never raises, since other tables may still be on their way."""
    try:
        reported = report(plan, outcome, client, webhook)
    except Exception as error:
        fault = Failure.of(error, "Report", traceback=traceback.format_exc())
        reported = replace(
            outcome,
            exit_code=outcome.exit_code or fault.exit_code,
            message="; ".join(filter(None, (outcome.message, fault.message))),
            traceback=fault.traceback,
        )
    return TableEnd(str(plan.destination), plan.run.run_id, reported)


def raise_if_any_failed(ends: Sequence[TableEnd]) -> None:
    """End the job as failed when a table's run did; all of them are named.

    Raises:
        RunFailedError: one did, or some.
    """
    failed = sorted((end.destination, end.outcome) for end in ends if end.outcome.exit_code)
    if failed:
        told = "; ".join(f"{destination}: {outcome.message}" for destination, outcome in failed)
        raise RunFailedError(f"{len(failed)} of {len(ends)} tables failed: {told}")


class _ReportTable(beam.DoFn):
    def __init__(self, plan: SyncPlan, webhook: Webhook | None) -> None:
        self._plan, self._webhook = plan, webhook

    def setup(self) -> None:
        self._client = client_of(self._plan)

    def process(self, outcome: Outcome) -> Iterator[TableEnd]:
        yield table_end(self._plan, outcome, self._client, self._webhook)


@dataclass(eq=False)
class ReportTable(beam.PTransform):
    """Outcome → the table's end, reported."""

    plan: SyncPlan
    webhook: Webhook | None = None

    def expand(self, outcomes: Any) -> Any:
        reporting = beam.ParDo(_ReportTable(self.plan, self.webhook))
        return outcomes | reporting.with_output_types(TableEnd)


class _EndLaunch(beam.DoFn):
    def process(self, _: bytes, ends: Iterable[TableEnd]) -> Iterator[TableEnd]:
        known = list(ends)
        yield from known
        raise_if_any_failed(known)


@dataclass(eq=False)
class EndLaunch(beam.PTransform):
    """The ends of all tables → the same; then a failed one ends the job."""

    def expand(self, ends: Any) -> Any:
        ending = beam.ParDo(_EndLaunch(), beam.pvalue.AsList(ends))
        return ends.pipeline | "Once" >> beam.Impulse() | ending.with_output_types(TableEnd)
