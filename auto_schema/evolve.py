"""diff(current, wanted): what the destination table lacks, and what can't be mended.

BigQuery adds nullable columns in place; every other difference is a Conflict here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auto_schema.bigquery_types import BigqueryType
from auto_schema.errors import SchemaError, SyncError
from auto_schema.schema import Column, Partitioning, TableSchema


@dataclass(frozen=True, slots=True)
class CurrentField:
    """A column of the destination as it is: type (`bigquery_types.type_text`) and mode."""

    name: str
    bigquery: str
    mode: str = "NULLABLE"
    description: str = ""
    shape: BigqueryType | None = None
    """The type whole, where it is one of those that a source may bring."""
    collation: str = ""
    """How texts are compared there, such as `und:ci`; empty: character by character."""

    @property
    def display(self) -> str:
        """The type with its parameters, and as an array where it is REPEATED."""
        return self.bigquery if self.shape is None else self.shape.display


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A column that the destination lacks; it is added NULLABLE or REPEATED."""

    column: Column


@dataclass(frozen=True, slots=True)
class Conflict:
    """A difference that needs the operator."""

    name: str
    why: str


Change = AddColumn | Conflict


def diff(
    current: Mapping[str, CurrentField], wanted: TableSchema, *, adds_rows: bool = True
) -> tuple[Change, ...]:
    """Compare a table with the plan.

    Args:
        current: its fields by case-folded name.
        wanted: the schema that the run will publish.
        adds_rows: whether it adds rows, which need all columns that are REQUIRED.

    Returns:
        AddColumn for each missing one, Conflict for each other difference. Columns that
        only the destination has are no difference, unless they are REQUIRED.
    """
    changes: list[Change] = []
    names = {column.name.casefold() for column in wanted}
    for column in wanted:
        field = current.get(column.name.casefold())
        if field is None:
            changes.append(AddColumn(column))
        elif why := _difference(field, column):
            changes.append(Conflict(column.name, why))
    changes.extend(
        Conflict(
            field.name,
            "is REQUIRED in the destination, which takes no NULL there, and the source doesn't"
            " deliver it (ALTER COLUMN … DROP NOT NULL would let it)",
        )
        for folded, field in current.items()
        if adds_rows and folded not in names and field.mode == "REQUIRED"
    )
    return tuple(changes)


def _difference(field: CurrentField, column: Column) -> str:
    """Why values of a column can't go into that field as they are; empty: they can."""
    if field.bigquery != column.bigquery:
        return (
            f"is {field.bigquery} in the destination, and the source's"
            f" {column.source_type} becomes {column.bigquery}"
        )
    if (field.mode == "REPEATED") != column.is_repeated:
        return f"is {field.mode} in the destination, {column.mode} in the plan"
    if column.shape and field.shape and _is_rounded(column.shape, field.shape):
        return (
            f"is {field.display} in the destination, which rounds the source's {column.source_type}"
        )
    return ""


def _is_rounded(wanted: BigqueryType, there: BigqueryType) -> bool:
    """Whether values would be rounded without a word; undeclared ones are looked at singly."""
    is_declared = bool(wanted.parameters) or bool(wanted.fields)
    return is_declared and wanted.is_rounded_by(there)


def conflict_error(table: str, changes: tuple[Change, ...]) -> SyncError | None:
    """One SchemaError that lists all conflicts, or None."""
    conflicts = [change for change in changes if isinstance(change, Conflict)]
    if not conflicts:
        return None
    return SchemaError(
        "destination doesn't fit the source",
        f"table {table}",
        "; ".join(f"column {c.name!r} {c.why}" for c in conflicts),
        "cast or rename the columns in the query, leave them out with"
        ' transformation_config={"exclude_fields": […]}, write to another'
        " destination_bigquery_table, or rebuild the table with delete_existing_table=true.",
    )


def layout_conflict(
    table: str,
    current: tuple[Partitioning | None, tuple[str, ...]],
    wanted: tuple[Partitioning | None, tuple[str, ...]],
) -> str:
    """A note when an existing table is laid out otherwise than asked; empty when not."""
    if current == wanted:
        return ""
    return (
        f"{table} is {layout_text(*current)}; asked for was {layout_text(*wanted)}."
        " An existing table keeps its layout; delete_existing_table=true rebuilds it."
    )


def layout_text(partitioning: Partitioning | None, clustering: tuple[str, ...]) -> str:
    """The layout in words.

    >>> layout_text(Partitioning("day"), ("id",))
    'partitioned by DAY of day, clustered by id'
    """
    text = f"partitioned by {partitioning.type} of {partitioning.field}" if partitioning else ""
    text = text or "not partitioned"
    return text + (f", clustered by {', '.join(clustering)}" if clustering else ", not clustered")
