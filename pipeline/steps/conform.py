"""TransformBatches and ConformBatches: renamed, cast, checked and reshaped by whole columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics

from auto_schema.conform import Checks
from auto_schema.reshaping import Reshaping
from auto_schema.schema import TableSchema
from pipeline.destination.elements import SplitBatch, SplitElement
from pipeline.execution.conform import ReshaperAtNeed, conformed_or_failure, renamed
from pipeline.runs.outcome import Failure
from pipeline.steps import coders  # noqa: F401 - registers the coder of batches
from pipeline.steps.read import FAILURES


class _Transform(beam.DoFn):
    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema

    def process(self, element: SplitElement) -> Iterator[SplitElement]:
        yield renamed(element, self._schema)


class _Conform(beam.DoFn):
    def __init__(
        self, schema: TableSchema, checks: Checks, reshaping: Reshaping | None = None
    ) -> None:
        self._schema, self._checks, self._reshaping = schema, checks, reshaping
        self._dead = Metrics.counter("sync", "rows_dead")

    def setup(self) -> None:
        self._reshaper = ReshaperAtNeed(self._reshaping, self._schema)

    def process(self, element: SplitElement) -> Iterator[Any]:
        result = conformed_or_failure(element, self._schema, self._checks, self._reshaper)
        if isinstance(result, Failure):
            yield beam.pvalue.TaggedOutput(FAILURES, result)
            return
        if isinstance(result, SplitBatch) and result.dead is not None:
            self._dead.inc(result.dead.num_rows)
        yield result


@dataclass(eq=False)
class TransformBatches(beam.PTransform):
    """Source names → destination names."""

    schema: TableSchema

    def expand(self, elements: Any) -> Any:
        return elements | beam.ParDo(_Transform(self.schema)).with_output_types(SplitElement)


@dataclass(eq=False)
class ConformBatches(beam.PTransform):
    """Source types → (planned types, failures); a row that doesn't fit becomes a dead letter."""

    schema: TableSchema
    checks: Checks
    reshaping: Reshaping | None = None

    def expand(self, elements: Any) -> Any:
        conforming = beam.ParDo(_Conform(self.schema, self.checks, self.reshaping))
        return elements | conforming.with_output_types(SplitElement, failures=Failure).with_outputs(
            FAILURES, main="elements"
        )
