"""What a WRITE_HISTORY needs beside keys: columns that say when a version held. Pure.

A version is a row of the source as a run saw it, told apart from others of its key by the cursor.
It holds from its cursor's value on, which is included, up to the next version's, which is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.schema import Column, TableSchema
from smart_sync.cursor import Cursor
from smart_sync.facts import Facts, Target
from smart_sync.request import SyncRequest, WriteDisposition

VALID_FROM, VALID_TO, IS_CURRENT = "_sync_valid_from", "_sync_valid_to", "_sync_is_current"
NAMES = (VALID_FROM, VALID_TO, IS_CURRENT)
RECIPE = "docs/history-mode.md shows how a table that is there becomes one of versions"


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """How versions of rows are kept.

    Attributes:
        cursor: the column that tells versions of a key apart, under its destination name.
        columns: those beside the source's, which say when a version held.
        added: those of them that a table without rows gets.
    """

    cursor: str
    columns: tuple[Column, ...]
    added: tuple[str, ...] = ()


def plan_history(
    request: SyncRequest, facts: Facts, schema: TableSchema
) -> tuple[HistoryPlan | None, list[SyncError]]:
    """How a run with WRITE_HISTORY keeps versions, and every fault of its columns.

    Without a cursor there is none, which is told elsewhere.
    """
    target, cursor = facts.target, facts.cursor
    if request.publishing.write_disposition is not WriteDisposition.HISTORY:
        return None, _kept_by_others(request, target, schema)
    column = schema.find(cursor.name) if cursor else None
    if cursor is None or column is None:
        return None, []
    columns = (
        _ours(VALID_FROM, column.bigquery, column.arrow, "From when on this version holds."),
        _ours(VALID_TO, column.bigquery, column.arrow, "When the next one follows; NULL: open."),
        _ours(IS_CURRENT, "BOOL", pa.bool_(), "Whether this version is the open one."),
    )
    faults = [*_taken(request, schema), *_moving_key(request, cursor)]
    added = tuple[str, ...]()
    if not target.is_made_by(request):
        there = target.by_name()
        added = tuple(c.name for c in columns if c.name not in there)
        faults += _unfit(request, target, columns, added)
    return HistoryPlan(column.name, columns, added), faults


def keeps_versions(target: Target) -> bool:
    """Whether a table has the columns of one that keeps versions."""
    return set(NAMES) <= target.by_name().keys()


def coarse_warning(cursor: Cursor) -> str:
    """That of several versions within one unit of the cursor only the last is kept; or empty."""
    if cursor.type == "date":
        unit = "day"
    elif cursor.is_integer or cursor.type == "objectId" or cursor.digits:
        return ""
    else:
        unit = "second"
    return (
        f"{cursor.source_name} tells no two versions of one {unit} apart: of several only the last"
        f" that a run has seen is kept, as if it had held for the whole {unit}"
    )


def _ours(name: str, kind: str, arrow: pa.DataType, description: str) -> Column:
    return Column(name, "", "", "", arrow, kind, description=description)


def _taken(request: SyncRequest, schema: TableSchema) -> Iterable[SyncError]:
    """Columns of the source that have a name of ours."""
    taken = [column for name in NAMES if (column := schema.find(name)) is not None]
    if not taken:
        return
    renamed = ", ".join(f'"{c.source_name}": "source{c.name}"' for c in taken)
    names = ", ".join(c.name for c in taken)
    yield SchemaError(
        "columns that WRITE_HISTORY writes itself",
        f"table {request.destination}, {names}",
        "the source has columns of these names",
        f'rename them with transformation_config={{"field_mappings": {{{renamed}}}}}, or leave them'
        " out with exclude_fields.",
    )


def _moving_key(request: SyncRequest, cursor: Cursor) -> Iterable[SyncError]:
    """The cursor among the keys: then each version would be a row of its own."""
    names = {name.casefold() for name in request.publishing.merge_keys}
    if cursor.name.casefold() in names:
        yield ConfigError(
            "the cursor among the keys of a history",
            f"merge_keys, {shown(cursor.name)}",
            "it moves with each version, so that none would follow another",
            "leave it out of merge_keys.",
        )


def _unfit(
    request: SyncRequest, target: Target, columns: tuple[Column, ...], added: tuple[str, ...]
) -> Iterable[SyncError]:
    """Why versions can't be put into the table that is there."""
    there, where = target.by_name(), f"table {request.destination}"
    for column in columns:
        field = there.get(column.name)
        if field is not None and (field.bigquery, field.mode) != (column.bigquery, "NULLABLE"):
            kind = field.display if field.mode == "NULLABLE" else f"{field.mode} {field.display}"
            yield SchemaError(
                "a column of the history has another type",
                f"{where}, column {column.name!r}",
                f"it is {kind}, and the cursor column makes it {column.bigquery}",
                "sync by the cursor column that the history was begun with, or begin another in"
                " another destination_bigquery_table.",
            )
    if not added:
        return
    names = ", ".join(added)
    if target.rows != 0:
        rows = "perhaps rows" if target.rows is None else f"{target.rows:,} rows"
        yield SchemaError(
            "a table that keeps no versions",
            where,
            f"it holds {rows}, and lacks {names}",
            "choose another destination_bigquery_table, which begins a history with the rows of"
            f" now; or set delete_existing_table=true for one run; or {RECIPE}.",
        )
    elif request.schema.evolution == "freeze":
        fix = "set schema_evolution=add_columns for one run."
        why = f"{names} (schema_evolution=freeze)"
        yield SchemaError("destination lacks columns", where, why, fix)


def _kept_by_others(request: SyncRequest, target: Target, schema: TableSchema) -> list[SyncError]:
    """That a table keeps versions, and the run would write rows that are none."""
    brought = all(schema.find(name) for name in NAMES)
    if target.is_made_by(request) or brought or not keeps_versions(target):
        return []
    asked = request.publishing.write_disposition.value
    fix = "set write_disposition=WRITE_HISTORY, or choose another destination_bigquery_table."
    if request.backfills:
        asked = "backfill_columns"
        fix = (
            "read the rows again with WRITE_HISTORY and sync_start and sync_end: the versions that"
        )
        fix += " the source still has get the column's values."
    return [
        SchemaError(
            "a table that keeps versions",
            f"table {request.destination}",
            f"WRITE_HISTORY made it (it has {', '.join(NAMES)}), and {asked} would write rows that"
            " hold at no time",
            fix,
        )
    ]
