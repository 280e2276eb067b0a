"""I/O. Dead letters as a source: their rows as the source itself would deliver them today.

The table of letters says which rows, the plan of today what becomes of them. What a letter holds
and today's columns can't take is a row that is refused, and so a dead letter again: nothing is
left out in silence, and NULL stands only where a column is newer than the letter.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import pyarrow as pa

from auto_schema import physical
from auto_schema.dead_letters import RAW_ROW, REFUSED_COLUMN, REFUSED_REASON, REFUSED_VALUE
from auto_schema.errors import TargetError, shown
from auto_schema.kept_row import (
    AS_STAGED,
    KEPT_ROW,
    LETTER,
    LETTER_ROW,
    digest_of,
    noted,
    unpacked,
)
from auto_schema.kernels import Array
from auto_schema.mongodb_types import EXTRA
from auto_schema.names import OURS
from auto_schema.reshaping import Reshaping, made_of
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from auto_schema.staged_row import FORM as STAGED
from auto_schema.staged_row import unpacked_staged
from sources.protocol import RestoringSource, Source
from sources.values import Split
from warehouse.client import make_client
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config
from warehouse.names import Endpoints

READ_AGAIN = (
    "a later run may have read it again and published it, and without merge_keys nothing shows that"
)
BATCH_ROWS, BATCH_CHARACTERS = 5_000, 16_000_000
"""Of letters that are taken apart at once."""


@dataclass(frozen=True, slots=True)
class LettersTable:
    """Where letters are read, and by which jobs.

    Attributes:
        name: of the table, for messages.
        project, location, endpoints, max_retries: of the jobs.
        run_id: the run that reads.
    """

    name: str
    project: str
    location: str
    endpoints: Endpoints
    max_retries: int
    run_id: str


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A row of letters: its hash, how often it is there, and how they keep it."""

    row_hash: str
    rows: int
    typed_row: str
    raw_row: str


@dataclass(frozen=True, slots=True)
class LettersSource:
    """What a replay reads in place of its source; see `sources.protocol.Source`.

    Attributes:
        source: the source as it is today.
        table: of the letters.
        sql: gives them, each row once, by their hashes.
        digest: over these, as the plan was made.
        columns: that arrive today.
        left_out: fields that nothing may hold today.
        reshaping: what is made of these columns; None: nothing.
        cursor: the source's name of it; empty: there is none.
        read_up_to: a row of a later cursor may have been published since; empty: none may.
        repeats: whether a row is read as often as it was there: without keys, equal rows are many.
    """

    source: Source
    table: LettersTable
    sql: str
    digest: str
    columns: tuple[Column, ...] = ()
    left_out: tuple[str, ...] = ()
    reshaping: Reshaping | None = None
    repeats: bool = False
    cursor: str = ""
    read_up_to: str = ""

    @property
    def place(self) -> str:
        """The letters, and the source that their rows came from."""
        return f"{self.source.place}, dead letters in {self.table.name}"

    def statement(self, split: Split) -> str:
        """The query of the letters."""
        del split
        return self.sql

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """The one split as it is."""
        del attempt
        return splits

    def with_columns(
        self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()
    ) -> "LettersSource":
        """The same for these columns of today."""
        inner = self.source.with_columns(columns, left_out)
        return replace(self, source=inner, columns=columns, left_out=left_out)

    def read(self, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the rows, with what is against them in hidden columns.

        Raises:
            TargetError: BigQuery refused, or the letters aren't those of the plan.
        """
        del split
        marks = made_of(self.reshaping)
        hashes = list[str]()
        for letters in _batched(self._letters()):
            hashes += [letter.row_hash for letter in letters]
            yield from self.rows(letters, marks)
        if digest_of(hashes) != self.digest:
            why = "they are others than when the plan was made"
            fix = "run the replay again; nothing was published."
            raise TargetError("dead letters have changed", self.table.name, why, fix)

    def rows(
        self, letters: Sequence[KeptLetter], marks: Mapping[str, str]
    ) -> Iterator[pa.RecordBatch]:
        """The rows of letters, in batches of those that look alike.

        Args:
            letters: whose rows.
            marks: of today's masks, by the source's names.
        """
        parts = [(letter, *self._part(letter, marks)) for letter in letters]
        alike = groupby(parts, key=lambda part: (part[1].schema, part[2] == ""))
        for (schema, is_fit), group in alike:
            some = list(group)
            told = [one for one, _, _ in some]
            if not is_fit:
                yield _refused(told, [why for _, _, why in some], self.columns)
                continue
            rows = pa.Table.from_batches([row for _, row, _ in some], schema).combine_chunks()
            (batch,) = rows.to_batches()
            if batch.schema.names == [KEPT_ROW]:
                yield from self._restored(batch, told)
            else:
                yield _with_letters(batch, told)

    def _part(self, letter: KeptLetter, marks: Mapping[str, str]) -> tuple[pa.RecordBatch, str]:
        """A letter's row in the columns of today; or why it has no form in them."""
        try:
            is_staged = letter.typed_row.startswith(STAGED)
            row = (unpacked_staged if is_staged else unpacked)(letter.typed_row)
        except ValueError as error:
            return pa.record_batch({}), f"{error}"
        if row.schema.names == [KEPT_ROW]:
            return row, self._why_not_restored(row)
        if self.read_up_to and not is_up_to(row, self.cursor, self.read_up_to):
            return row, READ_AGAIN
        return fitted(row, self.columns, self.left_out, marks)

    def _why_not_restored(self, row: pa.RecordBatch) -> str:
        if self.read_up_to:
            return READ_AGAIN
        if not isinstance(self.source, RestoringSource):
            return "it was kept by a source of another kind"
        had_not, _ = noted(row)
        names = [c.source_name for c in self.columns if c.source_name.partition(".")[0] in had_not]
        return f"{shown(names[0])} was left out when the row was read" if names else ""

    def _restored(
        self, batch: pa.RecordBatch, letters: Sequence[KeptLetter]
    ) -> Iterator[pa.RecordBatch]:
        source, start = self.source, 0
        if not isinstance(source, RestoringSource):
            raise TypeError(f"{type(source).__name__} where a source of kept rows belongs")
        kept: list[Any] = batch.column(KEPT_ROW).to_pylist()
        for rows in source.restored(kept):
            yield _with_letters(rows, letters[start : start + rows.num_rows])
            start += rows.num_rows

    def _letters(self) -> Iterator[KeptLetter]:
        table = self.table
        client = make_client(table.project, table.location, table.endpoints, table.max_retries)
        with as_target_errors(f"dead letter table {table.name}"):
            config = query_config(JobLabels(table.run_id, "letters"))
            for row in client.query_and_wait(self.sql, job_config=config):
                times = int(row["row_count"]) if self.repeats else 1
                letter = KeptLetter(row["row_hash"], times, row["typed_row"], row["raw_row"])
                yield from [letter] * times


def _batched(letters: Iterator[KeptLetter]) -> Iterator[list[KeptLetter]]:
    some, size = list[KeptLetter](), 0
    for letter in letters:
        some.append(letter)
        size += len(letter.typed_row)
        if len(some) == BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield some
            some, size = [], 0
    if some:
        yield some


def fitted(
    row: pa.RecordBatch,
    columns: Sequence[Column],
    left_out: Sequence[str],
    marks: Mapping[str, str],
) -> tuple[pa.RecordBatch, str]:
    """A letter's row in the columns of today; or why it has no form in them.

    Args:
        row: as the letter keeps it.
        columns: that arrive today.
        left_out: fields that nothing may hold today.
        marks: of what is made of columns today, by the source's names.
    """
    there = {name: row.column(name) for name in row.schema.names}
    taken = dict[str, Array]()
    for column in columns:
        name = column.source_name
        if AS_STAGED + name in there:
            name = AS_STAGED + name
        if why := _why_unfit(column, row, there, marks):
            return row, f"{shown(column.source_name)} {why}"
        taken[name] = there.pop(name, pa.nulls(1))
    for name, array in there.items():
        if name.startswith(OURS):
            taken[name] = array
        elif name.removeprefix(AS_STAGED) not in left_out and not array.null_count:
            gone = shown(name.removeprefix(AS_STAGED))
            return row, f"{gone} is no column any more, and holds a value"
    return pa.RecordBatch.from_arrays(list(taken.values()), names=list(taken)), ""


def _why_unfit(
    column: Column,
    row: pa.RecordBatch,
    there: Mapping[str, Array],
    marks: Mapping[str, str],
) -> str:
    """Why a column of today can't be filled from a letter's row; empty: it can."""
    (had_not, masked), name = noted(row), column.source_name
    if AS_STAGED + name in there:
        same = masked.get(name) == marks.get(name)
        return "" if same else "was masked or cast in another way, and is kept only so"
    if name in there:
        fits = physical.fits(there[name].type, column.arrow)
        return "" if fits else f"was {there[name].type}, which {column.arrow} can't hold"
    if name in had_not:
        return "was left out when the row was read"
    if name in _unplanned(there):
        return "had no column of its own when the row was read"
    return ""  # a column that is newer than the letter


def is_up_to(row: pa.RecordBatch, cursor: str, end: str) -> bool:
    """Whether a row's cursor is no later than that, or NULL, which no window holds.

    Args:
        row: as its letter keeps it.
        cursor: the source's name of it.
        end: as the run history writes values.
    """
    name = next((n for n in (cursor, AS_STAGED + cursor) if n in row.schema.names), None)
    if name is None:
        return False
    try:
        value = row.column(name)[0].as_py()
    except (ValueError, OverflowError):  # beyond Python's calendar
        return False
    if value is None:
        return True
    if isinstance(value, int):
        return value <= int(end)
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None).isoformat(sep=" ")
    return str(value) <= end


def _unplanned(there: Mapping[str, Array]) -> Collection[str]:
    """The fields of a document that had no column, and stand in one together."""
    text = there[EXTRA][0].as_py() if EXTRA in there else None
    return json.loads(text) if text else ()


def _with_letters(batch: pa.RecordBatch, letters: Sequence[KeptLetter]) -> pa.RecordBatch:
    """The batch with what leads back to its letters."""
    told = {
        LETTER: [letter.row_hash for letter in letters],
        LETTER_ROW: [letter.typed_row for letter in letters],
    }
    arrays = [*batch.columns, *(pa.array(texts, pa.string()) for texts in told.values())]
    return pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, *told])


def _refused(
    letters: Sequence[KeptLetter], reasons: Sequence[str], columns: Sequence[Column]
) -> pa.RecordBatch:
    """Rows without values, which are dead letters again."""
    count = len(letters)
    texts: dict[str, list[str | None]] = {
        REFUSED_COLUMN: ["(row)"] * count,
        REFUSED_REASON: [f"can't be replayed: {why}" for why in reasons],
        REFUSED_VALUE: [None] * count,
        RAW_ROW: [letter.raw_row or json.dumps(None) for letter in letters],
    }
    arrays: list[Any] = [pa.nulls(count) for _ in columns]
    arrays += [pa.array(values, pa.string()) for values in texts.values()]
    names = [*(column.source_name for column in columns), *texts]
    return _with_letters(pa.RecordBatch.from_arrays(arrays, names=names), letters)
