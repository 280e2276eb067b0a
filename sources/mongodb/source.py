"""MongoDB as a source: a statement, and how its documents leave the server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sources.mongodb.read import read_split
from sources.mongodb.rows import batches
from sources.mongodb.statement import MongodbStatement
from sources.values import Split


@dataclass(frozen=True, slots=True)
class MongodbSource(MongodbStatement):
    """One query on one collection, read range by range of _id."""

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """The splits as they are: each connection opens its own."""
        return splits

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yield the split's rows; see `Source.read`."""
        return read_split(self, split)

    def restored(self, rows: Sequence[bytes]) -> Iterator[pa.RecordBatch]:
        """Documents that dead letters have kept; see `RestoringSource.restored`."""
        yield from batches(b"".join(rows), self.layout)
