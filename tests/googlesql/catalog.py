"""The tables that a statement meets, as the analyzer and the reference implementation want them."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from google.cloud.bigquery import SchemaField
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import TableContent
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public.simple_table_pb2 import SimpleTableProto
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql.syntax import Path
from tests.googlesql.types import Column, columns_of, simple
from tests.googlesql.values import sent

Row = Sequence[Any]
ROW_NUMBER = "_row_number"
"""A pseudo column and key by which UPDATE, DELETE and MERGE say which rows they mean."""
NUMBERS = itertools.count(1)
"""Of tables; a request may not use one twice."""
INGESTION_TIME = (
    Column("_PARTITIONTIME", simple("TIMESTAMP"), is_pseudo=True),
    Column("_PARTITIONDATE", simple("DATE"), is_pseudo=True),
)
"""Pseudo columns of a table that is partitioned by the time of ingestion, which DDL names too."""
VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "TABLES": "table_catalog STRING, table_schema STRING, table_name STRING,"
        " table_type STRING, is_insertable_into STRING, creation_time TIMESTAMP, ddl STRING",
        "COLUMNS": "table_catalog STRING, table_schema STRING, table_name STRING,"
        " column_name STRING, ordinal_position INT64, is_nullable STRING, data_type STRING,"
        " is_partitioning_column STRING, clustering_ordinal_position INT64",
        "COLUMN_FIELD_PATHS": "table_catalog STRING, table_schema STRING, table_name STRING,"
        " column_name STRING, field_path STRING, data_type STRING, description STRING",
        "PARTITIONS": "table_catalog STRING, table_schema STRING, table_name STRING,"
        " partition_id STRING, total_rows INT64, total_logical_bytes INT64,"
        " last_modified_time TIMESTAMP, storage_tier STRING",
    }
)
"""Views of INFORMATION_SCHEMA; https://cloud.google.com/bigquery/docs/information-schema-intro."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; pseudo columns come last, in rows too.

    Attributes:
        required: Names of the columns that hold no NULL.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    required: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        schema: Iterable[SchemaField | Mapping[str, object]],
        rows: Iterable[Row | Mapping[str, Any]] = (),
        *,
        is_ingestion_time: bool = False,
    ) -> "Table":
        """A table of a schema; rows are sequences in the schema's order, or mappings.

        A table partitioned by the time of ingestion has two pseudo columns more, which are
        NULL where a row doesn't give them.
        """
        fields = [
            one if isinstance(one, SchemaField) else SchemaField.from_api_repr(dict(one))
            for one in schema
        ]
        columns = columns_of(fields)
        if is_ingestion_time:
            columns += INGESTION_TIME
        required = frozenset(one.name for one in fields if one.mode == "REQUIRED")
        return cls(columns, tuple(_whole(row, columns) for row in rows), required)

    @classmethod
    def of_arrow(cls, schema: Iterable[SchemaField], rows: pa.Table | pa.RecordBatch) -> "Table":
        """A table whose rows are a batch; JSON and wide decimals as the batch has them."""
        return cls.of(schema, rows.to_pylist())

    def with_rows(self, rows: Iterable[Row]) -> "Table":
        """The same columns, other rows."""
        return replace(self, rows=tuple(rows))


Tables = Mapping[str, Table]
"""By `project.dataset.table`, as BigQuery has them: letter for letter. Temporary ones by name."""


def _whole(row: Row | Mapping[str, Any], columns: tuple[Column, ...]) -> Row:
    if isinstance(row, Mapping):
        strange = set(row) - {column.name for column in columns}
        if strange:
            raise ValueError(f"no such column: {sorted(strange)}")
        return tuple(row.get(column.name) for column in columns)
    return (*row, *[None] * (len(columns) - len(row)))


def resolved(path: Path, tables: Tables) -> Table | None:
    """The table of a path: itself, one of INFORMATION_SCHEMA's views, or all that a `*` means."""
    name = ".".join(path)
    if name in tables:
        return tables[name]
    if name.endswith("*"):
        return _wildcard(name, tables)
    dataset, _, view = name.rpartition(".INFORMATION_SCHEMA.")
    return _view(dataset, view, tables) if dataset and view in VIEWS else None


def _wildcard(name: str, tables: Tables) -> Table | None:
    """Columns of the last of them in the alphabet; missing ones are NULL in the others' rows."""
    matching = sorted(key for key in tables if fnmatchcase(key, name))
    if not matching:
        return None
    columns = (
        *tables[matching[-1]].columns,
        Column("_TABLE_SUFFIX", simple("STRING"), is_pseudo=True),
    )
    rows = []
    for key in matching:
        own = [column.name for column in tables[key].columns]
        for row in tables[key].rows:
            values = dict(zip(own, row, strict=True)) | {"_TABLE_SUFFIX": key[len(name) - 1 :]}
            rows.append(tuple(values.get(column.name) for column in columns))
    return Table(columns, tuple(rows))


def _view(dataset: str, view: str, tables: Tables) -> Table:
    """TABLES and COLUMNS tell of the tables at hand; PARTITIONS has to be given to have rows."""
    columns = tuple(
        Column(name, simple(of)) for name, of in (part.split() for part in VIEWS[view].split(","))
    )
    rows: list[Row] = []
    for key, table in tables.items():
        project, _, schema = dataset.rpartition(".")
        if key.rpartition(".")[0] != dataset:
            continue
        start = {
            "table_catalog": project,
            "table_schema": schema,
            "table_name": key.rpartition(".")[2],
        }
        if view == "TABLES":
            rows.append(_whole(start | {"table_type": "BASE TABLE"}, columns))
        if view == "COLUMNS":
            rows += [
                _whole(
                    start
                    | {
                        "column_name": column.name,
                        "ordinal_position": number,
                        "is_nullable": "NO" if column.name in table.required else "YES",
                        "data_type": column.sql,
                    },
                    columns,
                )
                for number, column in enumerate(table.columns, 1)
                if not column.is_pseudo
            ]
    return Table(columns, tuple(rows))


def add_table(root: SimpleCatalogProto, name: str, table: Table) -> None:
    """Put a table under one identifier."""
    proto = root.table.add(name=name, name_in_catalog=name, serialization_id=next(NUMBERS))
    _add_columns(proto, table.columns)


def add_numbered_table(root: SimpleCatalogProto, name: str, table: Table) -> None:
    """Put a table under one identifier, with its rows' numbers as key."""
    add_table(root, name, table)
    root.table[-1].primary_key_column_index.append(len(table.columns))
    number = Column(ROW_NUMBER, simple("INT64"), is_pseudo=True)
    _add_columns(root.table[-1], [number])


def contents(table: Table, *, is_numbered: bool = False) -> TableContent:
    """A table's rows; with their numbers at the end for `add_numbered_table`."""
    made = TableContent()
    made.table_data.SetInParent()
    types: list[TypeProto] = [column.type for column in table.columns]
    number = simple("INT64")
    for place, row in enumerate(table.rows):
        cells = [sent(value, of) for value, of in zip(row, types, strict=True)]
        made.table_data.row.add(cell=[*cells, sent(place, number)] if is_numbered else cells)
    return made


def _add_columns(proto: SimpleTableProto, columns: Iterable[Column]) -> None:
    for column in columns:
        made = proto.column.add(
            name=column.name, is_pseudo_column=column.is_pseudo, is_writable_column=True
        )
        made.type.CopyFrom(column.type)
