"""Batches renamed, cast and checked by whole columns."""

import traceback

import pyarrow as pa

from auto_schema.conform import Checks, conform
from auto_schema.schema import TableSchema
from pipeline.destination.elements import SplitBatch, SplitElement
from pipeline.runs.outcome import Failure

CONFORM = "Conform"


def renamed(element: SplitElement, schema: TableSchema) -> SplitElement:
    """The batch under the destination's column names; hidden columns keep theirs."""
    if not isinstance(element, SplitBatch):
        return element
    names = {column.source_name: column.name for column in schema}
    fields = [names.get(name, name) for name in element.batch.schema.names]
    batch = pa.RecordBatch.from_arrays(element.batch.columns, names=fields)
    return SplitBatch(element.split, element.attempt, batch)


def conformed(element: SplitElement, schema: TableSchema, checks: Checks) -> SplitElement:
    """The batch in the planned types, with its dead letters apart."""
    if not isinstance(element, SplitBatch):
        return element
    result = conform(element.batch, schema, checks)
    return SplitBatch(element.split, element.attempt, result.batch, result.dead)


def conformed_or_failure(
    element: SplitElement, schema: TableSchema, checks: Checks
) -> SplitElement | Failure:
    """The same; what can't be conformed at all is a fault of this table alone."""
    try:
        return conformed(element, schema, checks)
    except Exception as error:
        split = element.split if isinstance(element, SplitBatch) else None
        return Failure.of(error, CONFORM, split, traceback.format_exc())
