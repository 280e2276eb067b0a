"""BigQuery as a source: a statement, and how the rows of its result leave BigQuery."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.row_sums import RowSums
from sources.bigquery.read import opened, read
from sources.bigquery.statement import BigqueryStatement
from sources.values import Split


@dataclass(frozen=True, slots=True)
class BigquerySource(BigqueryStatement):
    """What is read; see `sources.protocol.Source`."""

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """Each split with the stream that it reads, if there is one for it."""
        return opened(self, splits, attempt)

    def read(self, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
        """See `sources.protocol.Source`; the split was opened."""
        return read(self, split)
