"""ReadFromPostgreSQL and ReadFromMongoDB: a source's rows as batches of Arrow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics.metric import Metrics

from pipeline.api.beam import batches  # noqa: F401 - registers the coder of batches
from pipeline.api.config import Parameters
from pipeline.api.source_reading import (
    batches_of,
    dealt,
    opened_splits,
    plan_of_source,
    request_of_source,
)
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from sources.values import Split

PLAN = "plan"


class _Plan(beam.DoFn):
    """Once: the source is looked at, and cut into splits; what it gives is kept by the runner."""

    def __init__(self, request: SyncRequest) -> None:
        self._request = request

    def process(self, _: bytes) -> Iterator[Any]:
        plan = plan_of_source(self._request)
        yield beam.pvalue.TaggedOutput(PLAN, plan.header())
        yield from dealt(opened_splits(plan), plan.reading.connections)


class _ReadLane(beam.DoFn):
    """One lane is one connection: its splits are read one after the other."""

    def __init__(self) -> None:
        self._rows = Metrics.counter("sync", "rows_read")

    def process(
        self, lane: tuple[int, Iterable[Split]], plan: SyncPlan
    ) -> Iterator[pa.RecordBatch]:
        for split in sorted(lane[1], key=lambda split: split.index):
            for batch in batches_of(plan, split):
                self._rows.inc(batch.num_rows)
                yield batch


@dataclass(eq=False)
class _Read(beam.PTransform):
    """The rows of a source, as batches of about 16 MiB.

    Columns have the names and types that a sync would give them (docs/type-mapping.md), JSON is
    text. Each row comes once: a bundle that Beam runs again gives its rows in place of those of
    the bundle that failed. Splits are read side by side, over at most `max_source_connections`
    connections, each in a snapshot of its own.

    Attributes:
        config: the source's parameters by name, those of reading (`num_splits`, `batch_size` …),
            `transformation_config` and `source_table_for_schema`, as of `smart_sync.run`.

    Raises:
        ConfigError, ManyErrors: what is wrong with the parameters, when it is made. All else is
            raised when the pipeline runs: SourceUnreachableError, SourceRefusedError,
            SchemaError, and DeadLetterLimitError for a value that BigQuery couldn't hold.
    """

    config: Parameters
    data_source: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._request = request_of_source(self.data_source, self.config)
        self.config = {}  # what is in it may be secret, and Beam shows fields

    def expand(self, root: Any) -> Any:
        planned = (
            root
            | "Once" >> beam.Impulse()
            | "Look at the source"
            >> beam.ParDo(_Plan(self._request))
            .with_output_types(tuple[int, Split], plan=SyncPlan)
            .with_outputs(PLAN, main="splits")
        )
        return (
            planned.splits
            | "Deal to lanes" >> beam.GroupByKey()
            | "Read lane"
            >> beam.ParDo(_ReadLane(), beam.pvalue.AsSingleton(planned[PLAN])).with_output_types(
                pa.RecordBatch
            )
        )


@dataclass(eq=False)
class ReadFromPostgreSQL(_Read):
    """The rows of a table (`source_table_for_schema`) or query (`postgresql_query`)."""

    __doc__ = f"{__doc__}\n{_Read.__doc__}"
    data_source: str = field(init=False, default="postgresql")


@dataclass(eq=False)
class ReadFromMongoDB(_Read):
    """The documents of a collection (`mongodb_collection`), or those of `mongodb_query`."""

    __doc__ = f"{__doc__}\n{_Read.__doc__}"
    data_source: str = field(init=False, default="mongodb")
