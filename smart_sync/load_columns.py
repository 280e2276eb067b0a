"""load_columns: when each row was published, and by which run, in columns of ours. Pure.

They are constants of the publishing statement: no row brings them, and none is compared by them.
A row has them of the run that last brought its content. Without load_columns the rows that a run
updates get NULL there, since the run that is named would be another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from auto_schema.names import quoted, string_literal
from auto_schema.schema import Column, TableSchema
from auto_schema.warehouse_types import REPEATED
from smart_sync.facts import Target
from smart_sync.request import SyncRequest

PARAMETER = "load_columns"
LOADED_AT, RUN_ID = "sync_loaded_at", "sync_run_id"
NAMES = (LOADED_AT, RUN_ID)
ORIGIN = "load columns"
"""Stands as such a column's type in the source, which has none."""
RUN = "{run_id}"
"""Stands in SQL for the run's id, until that is known."""


@dataclass(frozen=True, slots=True)
class _Kind:
    bigquery: str
    arrow: pa.DataType
    formula: str
    description: str


KINDS = {
    LOADED_AT: _Kind(
        "TIMESTAMP",
        pa.timestamp("us", "UTC"),
        "CURRENT_TIMESTAMP()",
        "When Smart Sync published this row.",
    ),
    RUN_ID: _Kind("STRING", pa.string(), RUN, "The run that published it, as in sync_runs."),
}


def is_of_load(column: Column) -> bool:
    """Whether a published column is one of these."""
    return column.source_type == ORIGIN


def compared_names(schema: TableSchema) -> list[str]:
    """The published columns that say whether two rows are equal."""
    return [column.name for column in schema if not is_of_load(column)]


def with_load_columns(
    request: SyncRequest, target: Target, schema: TableSchema
) -> tuple[TableSchema, list[SyncError]]:
    """The columns that are published, with these where they are asked for.

    And where rows that may be updated have them of an earlier run.
    """
    is_asked = request.publishing.load_columns
    there = {} if target.is_made_by(request) else target.by_name()
    names = NAMES if is_asked else _emptied(request, there, schema)
    if not names:
        return schema, []
    faults = [*_taken(schema), *_keys(request), *_others(request, there)] if is_asked else []
    if faults:
        return schema, faults
    columns = [_column(name, there.get(name), is_asked=is_asked) for name in names]
    return replace(schema, columns=(*schema.columns, *columns)), []


def _emptied(
    request: SyncRequest, there: dict[str, CurrentField], schema: TableSchema
) -> tuple[str, ...]:
    """Those that an earlier run gave a table of which a run without them updates rows."""
    if not request.publishing.write_disposition.is_by_key:
        return ()
    return tuple(
        name
        for name, kind in KINDS.items()
        if name in there
        and (there[name].bigquery, there[name].description) == (kind.bigquery, kind.description)
        and not schema.find(name)
    )


def _column(name: str, there: CurrentField | None, *, is_asked: bool) -> Column:
    kind = KINDS[name]
    formula = kind.formula if is_asked else f"CAST(NULL AS {kind.bigquery})"
    return Column(
        there.name if there else name,
        "",
        ORIGIN,
        "",
        kind.arrow,
        kind.bigquery,
        description=kind.description,
        formula=formula,
    )


def _taken(schema: TableSchema) -> Iterator[SyncError]:
    for own in filter(None, map(schema.find, NAMES)):
        name = own.source_name or own.name
        yield SchemaError(
            "a column of the source has a name of ours",
            shown(own.name),
            "load_columns=true writes there which run published a row, and when",
            'rename it with transformation_config={"field_mappings":'
            f' {{"{name}": "source_{own.name}"}}}}, or with AS in the query.',
        )


def _keys(request: SyncRequest) -> Iterator[SyncError]:
    for key in request.publishing.merge_keys:
        if key.casefold() in NAMES:
            why = "load_columns=true writes it, and each run another value"
            yield ConfigError(
                "a merge key of ours", f"merge_keys, {shown(key)}", why, "choose another key."
            )


def _others(request: SyncRequest, there: dict[str, CurrentField]) -> Iterator[SyncError]:
    """Columns of the destination that can't be told from others'.

    Without load_columns only what is ours may be emptied, and it is known by its description.
    """
    what, table = "a column of the destination has a name of ours", request.destination
    for name, kind in KINDS.items():
        field = there.get(name)
        if field is None:
            continue
        where, column = f"table {table}, column {shown(field.name)}", quoted(field.name)
        mend = f"rename it: ALTER TABLE {table.sql} RENAME COLUMN {column} TO …"
        if field.bigquery != kind.bigquery or field.mode == REPEATED:
            why = f"it is {field.display}, and load_columns=true writes a {kind.bigquery} there"
            yield SchemaError(what, where, why, mend)
        elif field.description != kind.description:
            why = "its description isn't that by which runs know what load_columns=true has written"
            mend += (
                f"; or give it to Smart Sync: ALTER TABLE {table.sql} ALTER COLUMN {column}"
                f" SET OPTIONS (description = {string_literal(kind.description)})"
            )
            yield SchemaError(what, where, why, mend)


def for_run(schema: TableSchema, run_id: str) -> TableSchema:
    """The columns of the run of that id."""
    literal = string_literal(run_id)
    columns = tuple(
        replace(c, formula=c.formula.replace(RUN, literal)) if is_of_load(c) else c for c in schema
    )
    return schema if columns == schema.columns else replace(schema, columns=columns)


def load_lines(schema: TableSchema) -> Iterator[str]:
    """What a plan tells of them, line by line."""
    columns = [column for column in schema if is_of_load(column)]
    if not columns:
        return
    names = ", ".join(column.name for column in columns)
    is_asked = any(column.formula == "CURRENT_TIMESTAMP()" for column in columns)
    does = "when and by which run a row was published"
    yield f"{names}: {does if is_asked else 'NULL in rows that are updated (load_columns=false)'}"


def load_dict(schema: TableSchema) -> dict[str, object]:
    """The same as JSON-ready values; of a plan without them nothing."""
    formulas = {column.name: column.formula for column in schema if is_of_load(column)}
    return {"load_columns": formulas} if formulas else {}
