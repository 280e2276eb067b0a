"""JSON texts that a test's run stages, held to a strict parser: the local BigQuery's forgives.

It takes numbers beyond doubles, NaN and commas too many, for which BigQuery would refuse the whole
statement; see docs/local-bigquery.md.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pyarrow as pa
import pytest

from auto_schema.conform import Conformed, conform
from auto_schema.schema import TableSchema


def json_faults(batch: pa.RecordBatch, schema: TableSchema) -> list[str]:
    """The staged texts that PARSE_JSON would refuse, by column."""
    return [
        f"{column.name}: {why}: {text!r}"
        for column in schema
        if column.is_json and column.shape is None and not column.is_repeated
        for text in batch.column(column.name).to_pylist()
        if text is not None and (why := fault(text))
    ]


def fault(text: str) -> str:
    """Why a text is no JSON for BigQuery; empty: it is. Half surrogate pairs are left to it."""
    try:
        json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_finite)
    except RecursionError:
        return ""  # nested deeper than Python goes
    except ValueError as error:
        return str(error)
    return ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is beyond doubles")
    return value


@contextmanager
def checked_json(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a run of this process that lets such a text through."""

    def checked(batch: Any, schema: TableSchema, *more: Any) -> Conformed:
        result = conform(batch, schema, *more)
        found = json_faults(result.batch, schema)
        assert not found, f"staged as JSON: {found}"
        return result

    patch.setattr("pipeline.execution.conform.conform", checked)
    yield
