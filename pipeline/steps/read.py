"""ReadSplits: splits over a bounded number of lanes, each read in order by one worker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics.metric import Metrics

from pipeline.destination.client import client_of
from pipeline.destination.elements import SplitBatch, SplitElement
from pipeline.destination.folder import folder_of
from pipeline.execution.split_reading import open_splits, read_split
from pipeline.runs.lease import LeaseKeeper
from pipeline.runs.lock import lock_of
from pipeline.runs.outcome import Failure
from pipeline.steps import coders  # noqa: F401 - registers the coder of batches
from pipeline.steps.create import CreateValues
from smart_sync.plan import SyncPlan
from smart_sync.splits import lanes
from sources.values import Split

FAILURES = "failures"


class Read(NamedTuple):
    """What reading gives: batches with the ends of their splits, and failures."""

    elements: Any
    failures: Any


class _ReadLane(beam.DoFn):
    """One lane is one connection: its splits are read one after the other."""

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self._rows = Metrics.counter("sync", "rows_read")

    def setup(self) -> None:
        self._folder = folder_of(self._plan)
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


class _Open(beam.DoFn):
    """Once for all lanes: what is read is dealt to the splits before the first is read."""

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan

    def setup(self) -> None:
        self._keeper = LeaseKeeper(lock_of(self._plan, client_of(self._plan))).start()

    def teardown(self) -> None:
        self._keeper.stop()

    def process(self, splits: tuple[Split, ...]) -> Iterator[Any]:
        opened = open_splits(self._plan, splits, folder_of(self._plan))
        if isinstance(opened, Failure):
            yield beam.pvalue.TaggedOutput(FAILURES, opened)
        else:
            yield from lanes(opened, self._plan.reading.connections)


@dataclass(eq=False)
class ReadSplits(beam.PTransform):
    """Splits → (batches and their ends, failures)."""

    plan: SyncPlan

    def expand(self, root: Any) -> Any:
        header = self.plan.header()
        if self.plan.reading.bigquery is None:
            dealt = lanes(self.plan.reading.splits, self.plan.reading.connections)
            listed = root | "List splits" >> CreateValues(dealt, tuple[int, Split])
            return self._read(listed, header)
        opened = (
            root
            | "List splits" >> CreateValues([self.plan.reading.splits], tuple[Split, ...])
            | "Open streams"
            >> beam.ParDo(_Open(header))
            .with_output_types(tuple[int, Split], failures=Failure)
            .with_outputs(FAILURES, main="lanes")
        )
        read = self._read(opened.lanes, header)
        failures = (opened[FAILURES], read.failures) | "Failures of both" >> beam.Flatten()
        return Read(read.elements, failures)

    def _read(self, listed: Any, header: SyncPlan) -> Read:
        outputs = (
            listed
            | "Deal to lanes" >> beam.GroupByKey()
            | "Read lane"
            >> beam.ParDo(_ReadLane(header))
            .with_output_types(SplitElement, failures=Failure)
            .with_outputs(FAILURES, main="elements")
        )
        return Read(outputs.elements, outputs[FAILURES])
