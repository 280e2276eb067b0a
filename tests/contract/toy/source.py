"""The toy as a source: a frozen value that cuts a table, and reads it in batches."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from auto_schema.errors import SourceUnreachableError
from auto_schema.schema import Column
from sources.values import Extract, Split
from tests.contract.toy import memory


@dataclass(frozen=True, slots=True)
class ToyConnection:
    """A table of this process, its unique column, and the line to it."""

    table: str
    key: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class ToySource:
    """See `sources.protocol.Source`."""

    connection: ToyConnection
    columns: tuple[Column, ...] = ()
    extract: Extract = field(default_factory=Extract)

    @property
    def place(self) -> str:
        return f"toy://{self.connection.line}/{self.connection.table}"

    def statement(self, split: Split) -> str:
        return f"{self.place}: {self.extract.window}, {split}"

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        return splits

    def with_columns(
        self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()
    ) -> "ToySource":
        return replace(self, columns=columns)

    def rows(self, split: Split) -> pa.Table:
        """The rows of a split, the cursor's NULLs left out."""
        table = memory.TABLES[self.connection.table]
        if window := self.extract.window:
            ends = ((pc.greater, window.low), (pc.less_equal, window.high))
            table = _kept(table, str(self.extract.cursor), *ends)
        if split.column is not None:
            ends = ((pc.greater_equal, split.lower), (pc.less, split.upper))
            table = _kept(table, split.column, *ends)
        names = [column.source_name for column in self.columns]
        return table.select(names) if names else table

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        rows, size = self.rows(split).combine_chunks(), self.extract.batch_rows or 1000
        with memory.reading(self.connection.line) as goes_on:
            for batch in rows.to_batches(max_chunksize=size):
                if not goes_on():
                    raise SourceUnreachableError("cut off", self.place, "", "run it again.")
                yield batch


def _kept(table, name, *ends):
    for compare, end in ends:
        if end is not None:
            column = table[name]
            table = table.filter(compare(column, pa.scalar(end, column.type)))
    return table
