"""StageBatches: one set of Parquet files per (split, attempt), named only when whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics

from pipeline.destination.elements import SplitElement, StagedSplit
from pipeline.destination.folder import folder_of
from pipeline.execution.stage import Stager
from pipeline.runs.outcome import Failure
from pipeline.steps import coders  # noqa: F401 - registers the coder of batches
from pipeline.steps.read import FAILURES
from smart_sync.plan import SyncPlan


class _Stage(beam.DoFn):
    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self._rows = Metrics.counter("sync", "rows_staged")

    def setup(self) -> None:
        self._stager = Stager(self._plan, folder_of(self._plan))

    def process(self, element: SplitElement) -> Iterator[Any]:
        for result in self._stager.take(element):
            if isinstance(result, Failure):
                yield beam.pvalue.TaggedOutput(FAILURES, result)
            else:
                self._rows.inc(result.rows)
                yield result

    def finish_bundle(self) -> None:
        self._stager.close()


@dataclass(eq=False)
class StageBatches(beam.PTransform):
    """Conformed batches → (staged splits, failures)."""

    plan: SyncPlan

    def expand(self, elements: Any) -> Any:
        return elements | beam.ParDo(_Stage(self.plan)).with_output_types(
            StagedSplit, failures=Failure
        ).with_outputs(FAILURES, main="staged")
