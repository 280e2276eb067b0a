"""Batches renamed, cast, checked and reshaped by whole columns."""

import traceback
from collections.abc import Callable

import pyarrow as pa

from auto_schema.conform import Checks, conform
from auto_schema.reshaping import Reshaper, Reshaping
from auto_schema.schema import TableSchema
from pipeline.destination.elements import SplitBatch, SplitElement
from pipeline.runs.outcome import Failure

CONFORM = "Conform"


class ReshaperAtNeed:
    """A plan's reshaper, whose secrets are asked for when the first batch comes, and once."""

    def __init__(self, reshaping: Reshaping | None, published: TableSchema) -> None:
        self._reshaping, self._published = reshaping, published
        self._made: Reshaper | None = None

    def __call__(self) -> Reshaper | None:
        """The reshaper; None where rows are published as they arrive.

        Raises:
            SyncError: a secret can't be had.
        """
        if self._made is None and self._reshaping is not None:
            self._made = Reshaper.of(self._reshaping, self._published)
        return self._made


def as_they_are() -> None:
    """No reshaper."""


def renamed(element: SplitElement, arriving: TableSchema) -> SplitElement:
    """The batch under the destination's column names; hidden columns keep theirs."""
    if not isinstance(element, SplitBatch):
        return element
    names = {column.source_name: column.name for column in arriving}
    fields = [names.get(name, name) for name in element.batch.schema.names]
    batch = pa.RecordBatch.from_arrays(element.batch.columns, names=fields)
    return SplitBatch(element.split, element.attempt, batch)


def conformed(
    element: SplitElement,
    schema: TableSchema,
    checks: Checks,
    reshaper: Callable[[], Reshaper | None] = as_they_are,
) -> SplitElement:
    """The batch in the planned types, with its dead letters apart."""
    if not isinstance(element, SplitBatch):
        return element
    result = conform(element.batch, schema, checks, reshaper())
    return SplitBatch(element.split, element.attempt, result.batch, result.dead, result.filtered)


def conformed_or_failure(
    element: SplitElement,
    schema: TableSchema,
    checks: Checks,
    reshaper: Callable[[], Reshaper | None] = as_they_are,
) -> SplitElement | Failure:
    """The same; what can't be conformed at all is a fault of this table alone."""
    try:
        return conformed(element, schema, checks, reshaper)
    except Exception as error:
        split = element.split if isinstance(element, SplitBatch) else None
        return Failure.of(error, CONFORM, split, traceback.format_exc())
