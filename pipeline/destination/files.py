"""Parquet files of one attempt at one split; plain code, tested without Beam."""

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import IO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from auto_schema.dead_letters import DEAD_LETTER_SCHEMA
from auto_schema.kernels import pc
from auto_schema.row_sums import RowSums
from auto_schema.schema import StagedSchema
from pipeline.destination.elements import CursorText, SplitBatch, SplitDone, StagedFile, StagedSplit
from pipeline.destination.folder import STORAGE_ERRORS, Folder

MAX_FILE_BYTES = 1_000_000_000
"""A file is closed and the next part begun when it passes this."""
ROW_GROUP_ROWS = 131_072
"""At most: each batch is a row group, whose pages are in memory until it is whole."""
PAGE_BYTES = 256 * 1024
"""Of values before they are compressed: what the processor's cache holds."""
VALUES_AT_ONCE = 16_384
"""That are encoded before a page's size is looked at; a batch bounds their bytes."""
COMPRESSION: Literal["zstd"] = "zstd"
COMPRESSION_LEVEL = 1


class _Parts:
    """The files of one kind: rows or dead letters, in parts of at most 1 GB."""

    def __init__(
        self, folder: Folder, stem: str, schema: pa.Schema, *, with_digests: bool = False
    ) -> None:
        self._folder, self._stem, self._schema = folder, stem, schema
        self._with_digests = with_digests
        self._writer: pq.ParquetWriter | None = None
        self._stream: IO[bytes] | None = None
        self._names: list[str] = []
        self._rows: list[int] = []

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            self._begin()
        if self._writer is not None and batch.num_rows:
            self._writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
            self._rows[-1] += batch.num_rows
        if self._stream is not None and self._stream.tell() > MAX_FILE_BYTES:
            self._end()

    def _begin(self) -> None:
        name = f"{self._stem}-{len(self._names):03}.parquet"
        self._names.append(name)
        self._rows.append(0)
        self._stream = self._folder.open(name)
        self._writer = pq.ParquetWriter(
            self._stream,
            self._schema,
            compression=COMPRESSION,
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=False,
            write_statistics=False,
            data_page_size=PAGE_BYTES,
            write_batch_size=VALUES_AT_ONCE,
        )

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._stream is not None:
            self._stream.close()
        self._writer = self._stream = None

    def finish(self) -> tuple[StagedFile, ...]:
        self._end()
        return tuple(
            self._closed(name, rows) for name, rows in zip(self._names, self._rows, strict=True)
        )

    def _closed(self, name: str, rows: int) -> StagedFile:
        seen = self._folder.look(name, with_digest=self._with_digests)
        return StagedFile(self._folder.uri(name), rows, seen.bytes, seen.digest)

    def abandon(self) -> None:
        if self._writer is not None:
            self._writer.is_open = False  # else it writes its end into the closed stream, and fails
        with suppress(*STORAGE_ERRORS, ValueError):  # a broken upload ends in either
            if self._stream is not None:
                getattr(self._stream, "terminate", self._stream.close)()
            for name in self._names:
                self._folder.remove(name)
        self._writer = self._stream = None


class AttemptFiles:
    """Writes one attempt; `finish` gives its figures, `abandon` removes its files."""

    def __init__(
        self,
        folder: Folder,
        schema: StagedSchema,
        cursor: str | None,
        split: int,
        attempt: int,
        *,
        with_digests: bool = False,
    ) -> None:
        self.split, self.attempt = split, attempt
        stem = f"{split:05}-{attempt:02}-{time.time_ns():x}"
        parts = partial(_Parts, folder, with_digests=with_digests)
        self._rows = parts(f"rows-{stem}", schema.arrow)
        self._dead = parts(f"dead-{stem}", DEAD_LETTER_SCHEMA)
        self._cursor = cursor
        self._ends: list[CursorText] = []
        self._example: tuple[str, str] | None = None
        self._dead_sums = self._filtered = RowSums()
        self._began = time.monotonic()

    def write(self, element: SplitBatch) -> None:
        """Append a batch and its dead letters."""
        self._filtered = self._filtered + element.filtered
        if element.batch.num_rows:
            self._rows.write(element.batch)
            self._note_ends(element.batch)
        if element.dead is not None and element.dead.num_rows:
            self._dead.write(element.dead)
            self._example = self._example or _example(element.dead)
            digests = [text for text in element.dead.column("digest").to_pylist() if text]
            self._dead_sums = self._dead_sums + RowSums.of_digests(digests)

    def _note_ends(self, batch: pa.RecordBatch) -> None:
        if self._cursor is None:
            return
        ends = pc.min_max(batch.column(self._cursor))
        self._ends += [v for v in (ends["min"].as_py(), ends["max"].as_py()) if v is not None]

    def finish(self, done: SplitDone) -> StagedSplit:
        """Close the files; the split counts from here on."""
        return StagedSplit(
            self.split,
            self.attempt,
            done.rows,
            self._rows.finish(),
            self._dead.finish(),
            min(self._ends, default=None),  # type: ignore[type-var]
            max(self._ends, default=None),  # type: ignore[type-var]
            time.monotonic() - self._began,
            self._example,
            done.sums,
            self._dead_sums,
            self._filtered,
        )

    def abandon(self) -> None:
        """Drop the attempt: it was not read to its end."""
        self._rows.abandon()
        self._dead.abandon()


def _example(dead: pa.RecordBatch) -> tuple[str, str]:
    first = dead.slice(0, 1).to_pylist()[0]
    return f"column {first['column_name']!r}: {first['reason']}", str(first["value"])


def empty_file(folder: Folder, schema: StagedSchema) -> StagedFile:
    """A Parquet file without rows: a replacing load needs one to empty the table."""
    parts = _Parts(folder, "empty", schema.arrow)
    parts.write(pa.RecordBatch.from_pylist([], schema=schema.arrow))
    return parts.finish()[0]


def total(splits: Sequence[StagedSplit], name: str) -> int:
    """The sum of a figure over all splits."""
    return sum(int(getattr(split, name)) for split in splits)
