"""What is read and staged: the values that travel through the graph, until they are published."""

from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from auto_schema.row_sums import RowSums

CursorText = datetime | date | int | str | None


class SplitElement:
    """SplitBatch or SplitDone: what the reader says of one attempt at one split."""


@dataclass(frozen=True, slots=True, eq=False)
class SplitBatch(SplitElement):
    """Rows of one attempt at one split.

    `dead` are the dead letters found among them, and `filtered` are the sums of those that a
    filter has left out: of their digests where they brought some, else just their number.
    """

    split: int
    attempt: int
    batch: pa.RecordBatch
    dead: pa.RecordBatch | None = None
    filtered: RowSums = field(default_factory=RowSums)


@dataclass(frozen=True, slots=True)
class SplitDone(SplitElement):
    """The last of an attempt: the whole split was read. Attempts without it don't count.

    `sums` are the source's own over the split, in the same snapshot.
    """

    split: int
    attempt: int
    rows: int
    sums: RowSums | None = None


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file of a finished attempt, with what is in it.

    `digest` is as its folder tells it (see `Listed`); empty: nobody asked.
    """

    uri: str
    rows: int
    bytes: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class StagedSplit:
    """A split that was read and staged whole, with its figures.

    `dead_example` is (column and reason, value) of its first dead letter.
    """

    split: int
    attempt: int
    rows_read: int
    files: tuple[StagedFile, ...] = ()
    dead_files: tuple[StagedFile, ...] = ()
    lowest: CursorText = None
    highest: CursorText = None
    seconds: float = 0.0
    dead_example: tuple[str, str] | None = None
    sums: RowSums | None = None
    dead_sums: RowSums = field(default_factory=RowSums)
    filtered: RowSums = field(default_factory=RowSums)

    @property
    def rows(self) -> int:
        """Rows staged for the destination."""
        return sum(file.rows for file in self.files)

    @property
    def dead(self) -> int:
        """Rows staged as dead letters."""
        return sum(file.rows for file in self.dead_files)

    @property
    def bytes(self) -> int:
        """Bytes of the files for the destination."""
        return sum(file.bytes for file in self.files)
