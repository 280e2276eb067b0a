"""StageInPlace: rows of a BigQuery source gathered beside the destination; none leaves BigQuery."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.destination.client import client_of
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import folder_of
from pipeline.execution.in_place import staged_or_failure
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import lock_of
from pipeline.runs.outcome import Failure
from pipeline.steps.read import FAILURES
from smart_sync.plan import SyncPlan


class _StageInPlace(beam.DoFn):
    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan

    def setup(self) -> None:
        self._client = client_of(self._plan)
        self._keeper = LeaseKeeper(lock_of(self._plan, self._client)).start()

    def teardown(self) -> None:
        self._keeper.stop()

    def process(self, _: bytes) -> Iterator[Any]:
        folder = folder_of(self._plan)
        staged = staged_or_failure(self._plan, self._client, folder, self._keeper)
        if isinstance(staged, Failure):
            yield beam.pvalue.TaggedOutput(FAILURES, staged)
        else:
            yield staged


@dataclass(eq=False)
class StageInPlace(beam.PTransform):
    """One impulse → (the staged rows, failures)."""

    plan: SyncPlan

    def expand(self, root: Any) -> Any:
        return (
            root
            | "Start" >> beam.Impulse()
            | "Read into staging"
            >> beam.ParDo(_StageInPlace(self.plan))
            .with_output_types(StagedSplit, failures=Failure)
            .with_outputs(FAILURES, main="staged")
        )
