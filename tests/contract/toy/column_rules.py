"""How columns of the toy become columns of BigQuery."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from auto_schema.errors import SchemaError
from auto_schema.schema import Column
from sources.fixed_columns import FixedColumns
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn

STAMP = pa.timestamp("us", tz="UTC")
BIGQUERY: Mapping[pa.DataType, str] = MappingProxyType(
    {
        pa.int64(): "INT64",
        pa.float64(): "FLOAT64",
        pa.bool_(): "BOOL",
        pa.string(): "STRING",
        STAMP: "TIMESTAMP",
    }
)


@dataclass(frozen=True, slots=True)
class ToyType:
    """A type of Arrow."""

    arrow: pa.DataType

    @property
    def display(self) -> str:
        return str(self.arrow)

    @property
    def cursor_type(self) -> str:
        return {STAMP: "timestamptz", pa.int64(): "int8"}.get(self.arrow, "")

    @property
    def precision(self) -> int | None:
        return 6 if self.arrow == STAMP else None


def _typed(source: SourceColumn, wish: ColumnWish) -> Column:
    arrow = of_kind(source.type, ToyType).arrow
    if arrow not in BIGQUERY:
        raise SchemaError("type without a mapping", source.name, str(arrow), "")
    return Column(source.name, source.name, str(arrow), "{c}", arrow, BIGQUERY[arrow])


TOY_COLUMNS = FixedColumns(_typed)
