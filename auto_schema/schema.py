"""Column and TableSchema: the destination as frozen values."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.bigquery_types import BigqueryType
from auto_schema.warehouse_types import NULLABLE, REPEATED

INGESTION_TIME = "_PARTITIONTIME"
"""Stands for the field of a table that is partitioned by ingestion time."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column on its way from the source to BigQuery.

    Attributes:
        name: its name in BigQuery.
        source_name: its name in the source's result.
        source_type: the type as the source calls it.
        select: SQL reading it from the source, with `{c}` for the quoted column.
        arrow: the type in which it is staged.
        bigquery: the BigQuery type, such as `NUMERIC`.
        mode: `NULLABLE` or `REPEATED`.
        description: the column's description in BigQuery.
        loss: what the type can't carry over, in words; empty when nothing.
        evidence: what the type was chosen by, where the data decided.
        shape: the whole type, of a column that comes from BigQuery itself.
    """

    name: str
    source_name: str
    source_type: str
    select: str
    arrow: pa.DataType
    bigquery: str
    mode: str = NULLABLE
    description: str = ""
    loss: str = ""
    evidence: str = ""
    shape: BigqueryType | None = None

    @property
    def is_json(self) -> bool:
        """Whether SQL has to turn the staged text into JSON."""
        return self.bigquery == "JSON"

    @property
    def needs_sql(self) -> bool:
        """Whether it is staged in another form, which SQL has to turn back."""
        return self.is_json if self.shape is None else not self.shape.is_plain

    @property
    def is_repeated(self) -> bool:
        """Whether the column holds an array."""
        return self.mode == REPEATED

    def describe(self) -> dict[str, str]:
        """The column as JSON for plans and fingerprints."""
        return {
            "name": self.name,
            "source_name": self.source_name,
            "source_type": self.source_type,
            "bigquery_type": self.bigquery,
            "mode": self.mode,
            "description": self.description,
            "loss": self.loss,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Partitioning:
    """Time partitioning on `field` by HOUR, DAY, MONTH or YEAR."""

    field: str
    type: str = "DAY"


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one table and how BigQuery lays it out."""

    columns: tuple[Column, ...]
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    description: str = ""

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def find(self, name: str) -> Column | None:
        """The column of that BigQuery name, whatever its case, or None."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == folded), None)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of staged batches and Parquet files."""
        return pa.schema([pa.field(c.name, c.arrow) for c in self.columns])

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any name, type or mode."""
        text = "\n".join(
            f"{c.name}\t{c.source_name}\t{c.source_type}\t{c.bigquery}\t{c.mode}"
            for c in self.columns
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]
