"""ReportRun: one JSON log line, clearing up, history, webhook; then a failed run raises."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.destination.client import client_of
from pipeline.execution.report import raise_if_failed, report
from pipeline.parameters.webhook import Webhook
from pipeline.runs.outcome import Outcome
from smart_sync.plan import SyncPlan

LOGGER = logging.getLogger("smart_sync")


class _Report(beam.DoFn):
    def __init__(self, plan: SyncPlan, webhook: Webhook | None) -> None:
        self._plan, self._webhook = plan, webhook

    def setup(self) -> None:
        plan = self._plan
        self._client = client_of(plan)

    def process(self, outcome: Outcome) -> Iterator[Outcome]:
        yield report(self._plan, outcome, self._client, self._webhook)
        raise_if_failed(outcome)


@dataclass(eq=False)
class ReportRun(beam.PTransform):
    """Outcome → the same, reported."""

    plan: SyncPlan
    webhook: Webhook | None = None

    def expand(self, outcomes: Any) -> Any:
        reporting = beam.ParDo(_Report(self.plan, self.webhook))
        return outcomes | reporting.with_output_types(Outcome)


class _LogPlan(beam.DoFn):
    def __init__(self, text: str) -> None:
        self._text = text

    def process(self, outcome: Outcome) -> Iterator[Outcome]:
        LOGGER.info("%s\n%s", outcome.status, self._text)
        yield outcome


@dataclass(eq=False)
class LogPlan(beam.PTransform):
    """plan_only through the launcher: the job's only step logs the plan."""

    text: str

    def expand(self, outcomes: Any) -> Any:
        return outcomes | beam.ParDo(_LogPlan(self.text)).with_output_types(Outcome)
