"""SyncTables: all tables of a launch by as many steps as one; plans travel as elements.

Tables that go whole end in their lane, and wait for no other. Of the others each split is read
in a lane; then they are published. No step raises: other tables may still be on their way.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from google.cloud import bigquery

from pipeline.destination.client import client_of
from pipeline.destination.elements import StagedSplit
from pipeline.execution.failed_table import failed_table
from pipeline.execution.launched_table import (
    opened_splits,
    publish_table,
    stage_split,
    sync_table,
)
from pipeline.execution.packing import LaunchOnItsWay, Packed, TableOnItsWay
from pipeline.runs.many_report import TableResult
from pipeline.runs.outcome import Failure
from pipeline.steps.create import CreateValues
from smart_sync.plan import SyncPlan
from sources.values import Split

ENDS, PARTS = "ends", "parts"


@dataclass(frozen=True, slots=True)
class Work:
    """What a lane does in one go: a whole table, or one split of it."""

    table: TableOnItsWay
    split: Split | None = None

    @property
    def order(self) -> tuple[int, int]:
        """A lane's work in its order: tables that go whole first."""
        return self.table.seat.number, self.split.index if self.split else 0


@dataclass(frozen=True, slots=True)
class TablePart:
    """Of a table that doesn't go whole: itself, once, and what became of its splits."""

    run_id: str
    value: TableOnItsWay | StagedSplit | Failure


def dealt(table: TableOnItsWay, splits: Iterable[Split]) -> Iterator[tuple[int, Work]]:
    """The splits of a table that doesn't go whole, each by its lane; none carries the others."""
    alone = table.alone()
    for split in splits:
        yield table.seat.lane(split.index), Work(alone, split)


class _OfLaunch(beam.DoFn):
    """A step that comes from table to table; it keeps the last one's plan, and its clients."""

    def __init__(self, launch: LaunchOnItsWay) -> None:
        self._launch = launch

    def setup(self) -> None:
        self._plans: dict[str, SyncPlan] = {}
        self._clients: dict[tuple[str, str], bigquery.Client] = {}

    def _plan(self, table: TableOnItsWay) -> SyncPlan:
        if table.run_id not in self._plans:
            self._plans = {table.run_id: self._launch.plan(table)}
        return self._plans[table.run_id]

    def _client(self, plan: SyncPlan) -> bigquery.Client:
        key = (plan.run.job_project, plan.run.location)
        if key not in self._clients:
            self._clients[key] = client_of(plan)
        return self._clients[key]


class _Deal(_OfLaunch):
    """A table → its work, each by its lane; and its name, of one that doesn't go whole."""

    def process(self, table: TableOnItsWay) -> Iterator[Any]:
        seat = table.seat
        if table.goes_whole:
            yield seat.lane(0), Work(table)
            return
        try:
            plan, splits = self._plan(table), self._launch.splits(table)
            opened = opened_splits(plan, splits, self._client(plan))
        except Exception as error:
            yield beam.pvalue.TaggedOutput(ENDS, failed_table(self._launch, table, error))
            return
        parts = [TablePart(table.run_id, table.alone())]
        if isinstance(opened, Failure):
            parts.append(TablePart(table.run_id, opened))
        else:
            yield from dealt(table, opened)
        for part in parts:
            yield beam.pvalue.TaggedOutput(PARTS, (seat.publisher, part))


class _WorkLane(_OfLaunch):
    """One lane is one connection, and works at one table at a time."""

    def __init__(self, launch: LaunchOnItsWay) -> None:
        super().__init__(launch)
        self._rows = Metrics.counter("sync", "rows_read")

    def process(self, lane: tuple[int, Iterable[Work]]) -> Iterator[Any]:
        for work in sorted(lane[1], key=lambda work: work.order):
            if work.split is None:
                yield beam.pvalue.TaggedOutput(ENDS, self._whole(work.table))
                continue
            for value in self._staged(work.table, work.split):
                if isinstance(value, StagedSplit):
                    self._rows.inc(value.rows_read)
                yield work.table.seat.publisher, TablePart(work.table.run_id, value)

    def _whole(self, table: TableOnItsWay) -> TableResult:
        try:
            plan, splits = self._plan(table), self._launch.splits(table)
            return sync_table(table.name, plan, splits, self._client(plan))
        except Exception as error:
            return failed_table(self._launch, table, error)

    def _staged(self, table: TableOnItsWay, split: Split) -> Iterator[StagedSplit | Failure]:
        try:
            plan = self._plan(table)
            yield from stage_split(plan, split, self._client(plan))
        except Exception as error:
            yield Failure.of(error, "Read", split.index)


class _PublishTables(_OfLaunch):
    """The parts of tables → the end of each, one table after the other."""

    def process(self, of_lane: tuple[int, Iterable[TablePart]]) -> Iterator[TableResult]:
        tables = dict[str, TableOnItsWay]()
        staged, failures = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
        for part in of_lane[1]:
            if isinstance(part.value, TableOnItsWay):
                tables[part.run_id] = part.value
            elif isinstance(part.value, Failure):
                failures[part.run_id].append(part.value)
            else:
                staged[part.run_id].append(part.value)
        for table in sorted(tables.values(), key=lambda table: table.seat.number):
            yield self._published(table, staged[table.run_id], failures[table.run_id])

    def _published(
        self, table: TableOnItsWay, staged: list[StagedSplit], failures: list[Failure]
    ) -> TableResult:
        try:
            plan = self._plan(table)
            return publish_table(table.name, plan, self._client(plan), staged, failures)
        except Exception as error:
            return failed_table(self._launch, table, error)


@dataclass(eq=False)
class SyncTables(beam.PTransform):
    """Nothing → how each table ended."""

    packed: Packed

    def expand(self, root: Any) -> Any:
        launch = self.packed.launch
        dealt = (
            root
            | "List tables" >> CreateValues(self.packed.tables, TableOnItsWay)
            | "Deal to lanes"
            >> beam.ParDo(_Deal(launch))
            .with_output_types(tuple[int, Work], parts=tuple[int, TablePart], ends=TableResult)
            .with_outputs(PARTS, ENDS, main="work")
        )
        worked = (
            dealt.work
            | "Lanes" >> beam.GroupByKey()
            | "Work in lane"
            >> beam.ParDo(_WorkLane(launch))
            .with_output_types(tuple[int, TablePart], ends=TableResult)
            .with_outputs(ENDS, main="parts")
        )
        published = (
            (dealt[PARTS], worked.parts)
            | "Gather parts" >> beam.Flatten()
            | "By who publishes" >> beam.GroupByKey()
            | "Publish tables" >> beam.ParDo(_PublishTables(launch)).with_output_types(TableResult)
        )
        return (dealt[ENDS], worked[ENDS], published) | "Gather ends" >> beam.Flatten()
