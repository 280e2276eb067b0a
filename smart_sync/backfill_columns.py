"""backfill_columns: columns of rows that are there already, filled by key. Pure.

A column that is new in the source is NULL in all rows of the destination that are older. Such a
run reads keys and those columns of all rows, and updates nothing else: it adds no row, and moves
neither the cursor column nor the watermark. The cursor is read too, since of several versions of
a row the newest counts, and never one that is older than the destination's.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.mongodb_types import EXTRA
from auto_schema.row_filter import RowFilter
from auto_schema.schema import Column, TableSchema
from smart_sync.cursor import Cursor
from smart_sync.facts import WrittenColumn
from smart_sync.hand_window import HIGHEST_INT64
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import UNKNOWN
from smart_sync.window import WindowPlan
from sources.values import CursorValue, Window

HIGHEST: Mapping[str, CursorValue] = MappingProxyType(
    {
        "timestamptz": datetime.max.replace(tzinfo=UTC),
        "timestamp": datetime.max,  # noqa: DTZ901 - of a cursor without a zone
        "date": date.max,
        "objectId": "f" * 24,
    }
)
"""The last value of a cursor by its type; of all others they are integers."""


def whole_window(cursor: Cursor, plan: WindowPlan) -> WindowPlan:
    """All rows that a window can hold: who still writes doesn't matter where no row is added."""
    return replace(
        plan,
        window=Window(None, HIGHEST.get(cursor.type, HIGHEST_INT64)),
        start_reason="backfill_columns: all rows",
        end_reason="backfill_columns: all rows",
        held_back=None,
        overdue=None,
    )


def filled_columns(
    request: SyncRequest, columns: tuple[Column, ...]
) -> tuple[tuple[Column, ...], list[SyncError]]:
    """Of the planned columns those that such a run reads, and what stands against it.

    Args:
        request: with the columns to fill.
        columns: all that a sync would bring.
    """
    cursor = request.window.cursor if request.window.smart_sync else None
    keys = {name.casefold() for name in request.publishing.merge_keys}
    by_name = {column.name.casefold(): column for column in columns}
    faults = list[SyncError]()
    for name in request.publishing.backfill_columns:
        if why := _why_not(name, by_name.get(name.casefold()), keys, cursor):
            fit = ", ".join(c.name for c in columns if not _why_not(c.name, c, keys, cursor))
            where = f"backfill_columns, {shown(name)}"
            fix = f"choose among: {fit}."
            faults.append(ConfigError("a column that can't be filled", where, why, fix))
    wanted = keys | {name.casefold() for name in request.publishing.backfill_columns}
    kept = (c for c in columns if c.name.casefold() in wanted or c.source_name == cursor)
    return tuple(kept), faults


def staged_columns(
    wanted: tuple[Column, ...], columns: tuple[Column, ...], keeps: RowFilter | None
) -> tuple[tuple[Column, ...], list[SyncError]]:
    """What such a run stages: what it publishes, and what its filter tests beside.

    Args:
        wanted: the published ones.
        columns: all that a sync would bring.
        keeps: the filter; None: all rows are kept.
    """
    names = {column.name for column in wanted} | (keeps.columns if keeps else frozenset())
    staged = tuple(column for column in columns if column.name in names)
    faults = list[SyncError]()
    if any(column.source_name == EXTRA for column in staged):
        why = "it holds what has no column, and of other columns this run reads few"
        fix = "leave that condition out of this run, or leave backfill_columns out."
        where = f"backfill_columns, filter on {shown(EXTRA)}"
        faults.append(ConfigError("a filter that can't be asked", where, why, fix))
    return staged, faults


def tested_note(reading: TableSchema, published: TableSchema) -> str:
    """Which columns are read for the filter alone; or empty."""
    names = [c.name for c in reading if published.find(c.name) is None]
    return f"read for the filter, and not published: {', '.join(names)}" if names else ""


def _why_not(name: str, column: Column | None, keys: set[str], cursor: str | None) -> str:
    if column is None:
        return UNKNOWN
    if name.casefold() in keys:
        return "it is one of merge_keys, by which rows are found"
    if column.source_name == cursor:
        return "it is the cursor column, by which syncs know how far they came"
    if column.source_name == EXTRA:
        return "it holds fields that have no column of their own"
    return ""


def with_filled(
    earlier: tuple[WrittenColumn, ...] | None, brought: tuple[WrittenColumn, ...]
) -> tuple[WrittenColumn, ...]:
    """What earlier runs wrote, and this one beside them: syncs go on from there."""
    known = {column.name.casefold() for column in earlier or ()}
    return (*(earlier or ()), *(c for c in brought if c.name.casefold() not in known))
