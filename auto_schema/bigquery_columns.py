"""Columns that come from BigQuery itself: the same types, in the forms in which they are staged."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from auto_schema.bigquery_types import RULES, SCALES, BigqueryType
from auto_schema.names import quoted
from auto_schema.schema import Column
from auto_schema.warehouse_types import NULLABLE, REPEATED


def bigquery_column(
    name: str,
    kind: BigqueryType,
    *,
    current: tuple[str, str] | None = None,
    json_as_text: bool = False,
    description: str = "",
) -> Column:
    """The destination column for a column of BigQuery: the same type.

    Args:
        name: its name in the source's result.
        kind: its type.
        current: (type, mode) of that column in the destination, when it exists.
        json_as_text: write a JSON column as STRING (`json_numbers=text`).
        description: the column's description.
    """
    as_text = json_as_text or current == ("STRING", NULLABLE)
    if kind == replace(kind, name="JSON", is_array=False) and as_text:
        text, select = BigqueryType("STRING"), RULES["JSON"].staged
        return Column(
            name, name, "JSON", select, pa.string(), "STRING", description=description, shape=text
        )
    return Column(
        name,
        name,
        kind.display,
        kind.staged("{c}"),
        kind.arrow,
        kind.one.sql(parameters=False),
        REPEATED if kind.is_array else NULLABLE,
        description,
        shape=kind,
        declared=kind.parameters,
    )


def staged_rows(columns: Sequence[Column], rows: str) -> str:
    """A SELECT of rows in their staged forms, over one of rows as they are."""
    items = []
    for column in columns:
        name = f"n.{quoted(column.name)}"
        value = name if column.shape is None else column.shape.staged(name)
        items.append(f"{value} AS {quoted(column.name)}")
    return f"SELECT {', '.join(items)}\nFROM (\n{rows}\n) AS n"


def narrowed(column: Column, there: BigqueryType | None) -> Column:
    """The column with no more digits, characters or bytes than the destination's declares.

    So a value that would be rounded there is refused when it is conformed, and one that would
    end the publishing of all others, too.
    """
    if there is None or not there.parameters or column.bigquery != there.name:
        return column
    if there.name not in SCALES:
        return replace(column, max_length=there.parameters[0])
    decimal = pa.decimal128 if there.name == "NUMERIC" else pa.decimal256
    arrow: pa.DataType = decimal(there.parameters[0], there.scale)
    return replace(column, arrow=pa.list_(arrow) if column.is_repeated else arrow)
