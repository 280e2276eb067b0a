"""ReadSplits: splits over a bounded number of lanes, each read in order by one worker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics

from pipeline import coders  # noqa: F401 - registers the coder of batches
from pipeline.bigquery import client_of
from pipeline.elements import Failure, SplitBatch, SplitElement
from pipeline.lease import LeaseKeeper
from pipeline.lock import lock_of
from pipeline.reading import read_split
from pipeline.staging import Folder
from smart_sync.plan import SyncPlan
from smart_sync.splits import lanes
from sources.base import Split

FAILURES = "failures"


class _ReadLane(beam.DoFn):
    """One lane is one connection: its splits are read one after the other."""

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self._rows = Metrics.counter("sync", "rows_read")

    def setup(self) -> None:
        self._folder = Folder(self._plan.staging, self._plan.endpoints)
        self._keeper = LeaseKeeper(lock_of(self._plan, client_of(self._plan))).start()

    def teardown(self) -> None:
        self._keeper.stop()

    def process(self, lane: tuple[int, Iterable[Split]]) -> Iterator[Any]:
        for split in sorted(lane[1], key=lambda split: split.index):
            for element in read_split(self._plan, split, self._folder, self._keeper.check):
                if isinstance(element, Failure):
                    yield beam.pvalue.TaggedOutput(FAILURES, element)
                    continue
                if isinstance(element, SplitBatch):
                    self._rows.inc(element.batch.num_rows)
                yield element


@dataclass(eq=False)
class ReadSplits(beam.PTransform):
    """Splits → (batches and their ends, failures)."""

    plan: SyncPlan

    def expand(self, root: Any) -> Any:
        dealt = lanes(self.plan.splits, self.plan.connections)
        return (
            root
            | "List splits" >> beam.Create(dealt, reshuffle=False)
            | "Deal to lanes" >> beam.GroupByKey()
            | "Read lane"
            >> beam.ParDo(_ReadLane(self.plan.header()))
            .with_output_types(SplitElement, failures=Failure)
            .with_outputs(FAILURES, main="elements")
        )
