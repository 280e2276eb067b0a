"""PublishTable: one element that waits for all staged splits and failures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.destination.client import client_of
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import folder_of
from pipeline.execution.certain_end import certain_end
from pipeline.publish.publisher import Publisher
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import lock_of
from pipeline.runs.outcome import Failure, Outcome
from smart_sync.plan import SyncPlan


class _Publish(beam.DoFn):
    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan

    def setup(self) -> None:
        plan = self._plan
        client = client_of(plan)
        lock = lock_of(plan, client)
        self._keeper = LeaseKeeper(lock).start()
        self._publisher = Publisher(plan, client, folder_of(plan), lock)

    def teardown(self) -> None:
        self._keeper.stop()

    def process(
        self, _: bytes, staged: Iterable[StagedSplit], failures: Iterable[Failure]
    ) -> Iterator[Outcome]:
        splits, faults = list(staged), list(failures)
        outcome = self._publisher.publish(splits, faults)
        yield certain_end(self._publisher, outcome, lambda: None if faults else splits)


@dataclass(eq=False)
class PublishTable(beam.PTransform):
    """(staged splits, failures) → one Outcome."""

    plan: SyncPlan

    def expand(self, inputs: Any) -> Any:
        staged, failures = inputs
        return (
            staged.pipeline
            | "Once" >> beam.Impulse()
            | "Check and publish"
            >> beam.ParDo(
                _Publish(self.plan), beam.pvalue.AsList(staged), beam.pvalue.AsList(failures)
            ).with_output_types(Outcome)
        )
