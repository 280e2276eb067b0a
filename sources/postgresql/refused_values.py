"""I/O. Which value of a row the server refuses, and what can be read of that row all the same.

Each question stands in a savepoint: one that is refused costs neither transaction nor snapshot.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.errors
import pyarrow as pa

from auto_schema.dead_letters import MASKED, RAW_ROW, REFUSED_COLUMN, REFUSED_REASON, REFUSED_VALUE
from auto_schema.kernels import arrow
from auto_schema.row_sums import DIGEST
from auto_schema.schema import Column
from sources.postgresql.errors import without_values
from sources.postgresql.session import apart
from sources.postgresql.sql import quote
from sources.postgresql.statement import PostgresqlStatement, of_split
from sources.values import Split

Refusal = psycopg2.DataError
"""What psycopg2 makes of SQLSTATE class 22, a data exception."""
COLUMN_TIMEOUT_MS = 120_000
"""For each look at which column is refused, where its rows can't be told apart."""
_QUOTED = re.compile(r'^[^"]*: "(.*)"$', re.DOTALL)
"""A message that ends with the value itself."""
_TEXT = "CASE WHEN {c} IS NOT NULL THEN pg_catalog.convert_to(pg_catalog.concat({c}), 'UTF8') END"
_BYTES = (
    "pg_catalog.decode(pg_catalog.replace(pg_catalog.concat({c}), E'\\\\', E'\\\\\\\\'), 'escape')"
)
"""Of a text as it is stored, which no encoding is asked about."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A row that the server refuses: its first refused column, and what else it holds."""

    column: str
    reason: str
    value: str | None
    raw_row: str

    @property
    def digest(self) -> str:
        """Stands in the sums of both sides for a row whose own digest can't be had."""
        return hashlib.md5(self.raw_row.encode(), usedforsecurity=False).hexdigest()


class _Nowhere:
    """Takes what COPY writes."""

    def write(self, _: bytes) -> None:
        return


def refusal(cursor: Any, statement: str) -> Refusal | None:
    """What the server refuses among a statement's rows, read as they are; None: nothing."""
    try:
        with apart(cursor, Refusal, psycopg2.errors.QueryCanceled):
            cursor.copy_expert(f"COPY ({statement}\n) TO STDOUT (FORMAT binary)", _Nowhere())
    except Refusal as error:
        return error
    return None


def reason_of(error: Refusal, *, hides: bool = False) -> str:
    """What the server says of a value, without the value; nothing of one that is masked."""
    if hides:
        return f"the server refuses a value (SQLSTATE {error.pgcode})"
    return f"{without_values(error)} (SQLSTATE {error.pgcode})"


def _message(error: Refusal) -> str:
    return str(error.diag.message_primary or error)


def letter(cursor: Any, row: PostgresqlStatement, split: Split) -> Letter | None:
    """What there is to tell of a row; None: all its columns can be read, each by itself.

    Args:
        cursor: of a reading transaction.
        row: the source, narrowed to the row.
        split: what the row is of.
    """
    by_column = _texts(cursor, row, split, row.columns)
    refused = _first_refused(cursor, row, split, by_column)
    if refused is None:
        return None
    column, error = refused
    texts = {
        name: _raw(cursor, row, split, name)
        if isinstance(text, Refusal) or name == column.name
        else text
        for name, text in by_column.items()
    }
    if texts[column.name] is None and (quoted := _QUOTED.match(_message(error))):
        texts[column.name] = quoted[1]
    for masked in row.columns:
        if masked.is_hidden and (texts[masked.name] is not None or masked is column):
            texts[masked.name] = MASKED
    raw = json.dumps(texts, ensure_ascii=False, sort_keys=True)
    reason = reason_of(error, hides=column.is_hidden)
    return Letter(column.source_name, reason, texts[column.name], raw)


def _texts(
    cursor: Any, row: PostgresqlStatement, split: Split, columns: Sequence[Column]
) -> dict[str, str | Refusal | None]:
    """Each column's value as text, or why the server refuses it."""
    selected = ", ".join(_TEXT.format(c=_selected(column)) for column in columns)
    try:
        values = _values(cursor, row, split, selected) or (None,) * len(columns)
    except Refusal as error:
        if len(columns) == 1:
            return {columns[0].name: error}
        middle = len(columns) // 2
        halves = (columns[:middle], columns[middle:])
        return {k: v for half in halves for k, v in _texts(cursor, row, split, half).items()}
    return {
        column.name: None if value is None else bytes(value).decode("utf-8", "backslashreplace")
        for column, value in zip(columns, values, strict=True)
    }


def _first_refused(
    cursor: Any,
    row: PostgresqlStatement,
    split: Split,
    by_column: Mapping[str, str | Refusal | None],
) -> tuple[Column, Refusal] | None:
    """The first column that is refused as a text, else in the form in which rows are read."""
    for column in row.columns:
        error = by_column[column.name]
        if isinstance(error, Refusal):
            return column, error
    for column in row.columns:
        error = refusal(cursor, row.with_columns((column,)).statement(split))
        if error is not None:
            return column, error
    return None


def _raw(cursor: Any, row: PostgresqlStatement, split: Split, name: str) -> str | None:
    """The bytes of a value in the database's own encoding; None: not even they can be had."""
    column = next(column for column in row.columns if column.name == name)
    try:
        values = _values(cursor, row, split, _BYTES.format(c=_selected(column)))
    except Refusal:
        return None
    if not values or values[0] is None:
        return None
    return bytes(values[0]).decode("ascii", "backslashreplace")


def _values(cursor: Any, row: PostgresqlStatement, split: Split, selected: str) -> Any:
    with apart(cursor, Refusal, psycopg2.errors.QueryCanceled):
        cursor.execute(of_split(row, selected, split))
        return cursor.fetchone()


def refused_column(cursor: Any, source: PostgresqlStatement, split: Split) -> str:
    """A column whose values the server refuses by themselves; empty: none was found in time."""
    cursor.execute(f"SET LOCAL statement_timeout = {COLUMN_TIMEOUT_MS}")
    columns = source.columns
    try:
        while columns:
            half = columns[: (len(columns) + 1) // 2]
            is_here = refusal(cursor, source.with_columns(half).statement(split)) is not None
            if is_here and len(half) == 1:
                return half[0].source_name
            columns = half if is_here else columns[len(half) :]
    except psycopg2.errors.QueryCanceled:
        return ""
    return ""


def _selected(column: Column) -> str:
    return column.select.format(c=f"q.{quote(column.source_name)}")


def letters_batch(letters: Sequence[Letter], source: PostgresqlStatement) -> pa.RecordBatch:
    """The letters as rows without values that say in hidden columns why they are refused."""
    columns = {c.source_name: arrow.nulls(len(letters), c.arrow) for c in source.columns}
    hidden = {
        REFUSED_COLUMN: [dead.column for dead in letters],
        REFUSED_REASON: [dead.reason for dead in letters],
        REFUSED_VALUE: [dead.value for dead in letters],
        RAW_ROW: [dead.raw_row for dead in letters],
    }
    if source.digests:
        hidden[DIGEST] = [dead.digest for dead in letters]
    columns |= {name: arrow.array(texts, pa.string()) for name, texts in hidden.items()}
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
