"""PostgreSQL as a source: a statement, and how its rows leave the server."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import pyarrow as pa

from auto_schema.row_sums import RowSums
from sources.postgresql.read import read_split
from sources.postgresql.statement import PostgresqlStatement
from sources.values import Split


@dataclass(frozen=True, slots=True)
class PostgresqlSource(PostgresqlStatement):
    """One query on one database, read split by split over COPY BINARY."""

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """The splits as they are: each connection opens its own."""
        return splits

    def read(self, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows; see `Source.read`."""
        return read_split(self, split)

    def read_around(self, split: Split, most: int) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows around the refused ones; see `NarrowingSource.read_around`.

        What that takes is imported when rows are refused: the parser of SQL stands behind it.
        """
        rows: Iterator[pa.RecordBatch | RowSums] = import_module(
            "sources.postgresql.refused_rows"
        ).read_around(self, split, most)
        return rows
