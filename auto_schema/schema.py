"""TableSchema and StagedSchema: a table as it is published, and as it is staged; frozen values."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.bigquery_types import BigqueryType
from auto_schema.names import quoted
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
        wide_numbers: what PARSE_JSON does with numbers that it would print otherwise: `round`
            or, to refuse them, `exact`.
        max_length: of STRING(n) and BYTES(n) in an existing table, in characters or bytes;
            0: none.
        declared: what the source declares of it: characters or bytes, or digits and how many of
            them stand after the point; empty: nothing.
        is_flat: its arrays are made of values that have one dimension by their type.
        is_planar: of a GEOGRAPHY that is staged as WKB in hex: its edges are straight in
            longitude and latitude.
        is_own_text: its type has no agreed form, and what the source writes of it stands for it.
        changed: what a transformation makes of its values, such as `masked`; empty: nothing.
        is_hidden: whether nothing may show its values as they arrive.
        formula: SQL of the published value over a staged row, of a column of ours that no row
            brings; empty: rows bring it.
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
    wide_numbers: str = "round"
    max_length: int = 0
    declared: tuple[int, ...] = ()
    is_flat: bool = False
    is_own_text: bool = False
    changed: str = ""
    is_hidden: bool = False
    is_planar: bool = False
    formula: str = ""

    @property
    def is_json(self) -> bool:
        """Whether its values are JSON, which is staged as text."""
        return self.bigquery == "JSON"

    @property
    def is_parsed(self) -> bool:
        """Whether its values are staged as texts that BigQuery parses."""
        return self.shape is None and self.bigquery in ("JSON", "GEOGRAPHY")

    def parsed(self, text: str) -> str:
        """The SQL that makes a value of the text in which it is staged."""
        if self.is_json:
            return parsed_json(text, self.wide_numbers)
        return parsed_shape(text, is_planar=self.is_planar)

    @property
    def staged(self) -> "StagedColumn":
        """The same column in the form in which it is staged."""
        return StagedColumn(self.name, self.arrow, *_staged_form(self))

    @property
    def is_repeated(self) -> bool:
        """Whether the column holds an array."""
        return self.mode == REPEATED

    def is_single(self, kinds: Collection[str]) -> bool:
        """Whether it holds single values, no arrays, of one of these BigQuery types."""
        return self.bigquery in kinds and not self.is_repeated

    @property
    def kind(self) -> str:
        """The type in words."""
        return f"an array of {self.bigquery}" if self.is_repeated else self.bigquery

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
class StagedColumn:
    """One column as files and the staging table hold it, until it is published.

    Attributes:
        name: in both forms the same.
        arrow: its type in batches and Parquet files.
        bigquery: its type in the staging table; of what comes from BigQuery, see `shape`.
        mode: `NULLABLE` or `REPEATED`.
        restored: SQL of the published value, over a row of the staging table.
        shape: the whole published type, of a column that comes from BigQuery itself.
    """

    name: str
    arrow: pa.DataType
    bigquery: str
    mode: str
    restored: str
    shape: BigqueryType | None = None

    @property
    def needs_sql(self) -> bool:
        """Whether it is staged in another form than it is published in."""
        return self.restored != quoted(self.name)


def parsed_json(text: str, wide_numbers: str) -> str:
    """The SQL that makes a JSON of a text."""
    return f"PARSE_JSON({text}, wide_number_mode=>'{wide_numbers}')"


def parsed_shape(text: str, *, is_planar: bool) -> str:
    """The SQL that makes a GEOGRAPHY of WKB in hex."""
    planar = ", planar => TRUE" if is_planar else ""
    return f"ST_GEOGFROMWKB(FROM_HEX({text}){planar})"


def _staged_form(column: Column) -> tuple[str, str, str, BigqueryType | None]:
    """Type and mode in the staging table, the published value, and the whole type.

    Numbers in JSON that the plan doesn't take were refused before staging.
    """
    name, shape = quoted(column.name), column.shape
    if column.formula:
        return column.bigquery, column.mode, column.formula, None
    if shape is not None:
        restored = name if shape.is_plain else shape.restored(name)
        return column.bigquery, column.mode, restored, shape
    if column.is_parsed:
        return "STRING", column.mode, column.parsed(name), None
    return column.bigquery, column.mode, name, None


@dataclass(frozen=True, slots=True)
class StagedSchema:
    """The columns of one table as they are staged: no layout, no descriptions."""

    columns: tuple[StagedColumn, ...]

    def __iter__(self) -> Iterator[StagedColumn]:
        return iter(self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of conformed batches and Parquet files."""
        return arrow_schema(self.columns)


def arrow_schema(columns: Iterable[Column | StagedColumn]) -> pa.Schema:
    """The schema of batches that hold these columns as they are staged."""
    return pa.schema([pa.field(column.name, column.arrow) for column in columns])


@dataclass(frozen=True, slots=True)
class Partitioning:
    """Time partitioning on `field` by HOUR, DAY, MONTH or YEAR."""

    field: str
    type: str = "DAY"


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one table as they are published, and how BigQuery lays it out."""

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
    def staged(self) -> StagedSchema:
        """The same columns in the forms in which they are staged."""
        return StagedSchema(tuple(column.staged for column in self.columns))

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any name, type or mode."""
        text = "\n".join(
            f"{c.name}\t{c.source_name}\t{c.source_type}\t{c.bigquery}\t{c.mode}"
            for c in self.columns
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]
