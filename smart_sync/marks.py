"""deleted_column: how the source marks a deleted row, and what a merge makes of it. Pure.

hard   a staged row that is marked removes the table's, unless that is newer, and is never added
soft   it is written as any other, and DELETED_AT says since when; a row without a mark clears that
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from auto_schema.names import quoted, stamp_literal
from auto_schema.schema import Column, TableSchema
from auto_schema.warehouse_types import NULLABLE
from smart_sync.deletes import DELETED_AT, HARD, SOFT
from smart_sync.facts import Target
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.schema_plan import UNKNOWN
from sources.values import Marking

PARAMETER = "deleted_column"
TIMES = ("DATE", "DATETIME", "TIMESTAMP")
LAUNCHED = "{launched_at}"
"""Stands in SQL for the moment of the run, until that is known."""
DESCRIPTION = "When this row was deleted in the source; NULL: it was not."


@dataclass(frozen=True, slots=True)
class Mark:
    """How a deleted row is told, and what becomes of it.

    Attributes:
        column: the published one that marks it.
        is_flag: whether TRUE does; else any value does.
        removes: whether such a row is removed.
        timed: the published column that says when it was deleted; empty: the run that sees it does.
    """

    column: str
    is_flag: bool
    removes: bool
    timed: str = ""

    def holds(self, alias: str = "") -> str:
        """Whether a row is marked, as SQL; never NULL.

        >>> Mark("gone", True, True).holds("s"), Mark("gone_at", False, True).holds()
        ('s.`gone` IS TRUE', '`gone_at` IS NOT NULL')
        """
        column = f"{alias}.{quoted(self.column)}" if alias else quoted(self.column)
        return f"{column} IS {'TRUE' if self.is_flag else 'NOT NULL'}"

    def lacks(self, alias: str = "") -> str:
        """Whether a row is not marked, as SQL; never NULL."""
        column = f"{alias}.{quoted(self.column)}" if alias else quoted(self.column)
        return f"{column} IS {'NOT TRUE' if self.is_flag else 'NULL'}"


def plan_mark(request: SyncRequest, schema: TableSchema) -> tuple[Mark | None, list[SyncError]]:
    """The mark of a run whose rows are published in these columns; None: there is none."""
    name = request.deletes.deleted_column
    if not name or request.backfills:
        return None, []
    where = f"{PARAMETER}, {shown(name)}"
    column = _marking(request, schema)
    faults = list(_filter_faults(request, where))
    if column is None:
        fit = ", ".join(c.source_name or c.name for c in schema if c.is_single(("BOOL", *TIMES)))
        fix = f"choose among: {fit}." if fit else "name a column that the source delivers."
        return None, [*faults, ConfigError("unknown column of marks", where, UNKNOWN, fix)]
    if not column.is_single(("BOOL", *TIMES)):
        return None, [*faults, _unfit(column, where)]
    timed = _timed(request, schema, column)
    return Mark(column.name, column.bigquery == "BOOL", request.deletes.removes, timed), faults


def _marking(request: SyncRequest, schema: TableSchema) -> Column | None:
    """The column that is made of the source's, or has its name once transform_sql is through."""
    name = request.deletes.deleted_column
    arrives = next((c for c in schema if c.source_name == name), None)
    return arrives or schema.find(request.schema.transformation.destination_name(name))


def _timed(request: SyncRequest, schema: TableSchema, marking: Column) -> str:
    """The mark's own time, else the cursor's, since writing the mark has moved it."""
    if marking.bigquery != "BOOL":
        return marking.name
    cursor = request.window.cursor if request.window.smart_sync else None
    times = (c.name for c in schema if c.source_name == cursor and c.is_single(TIMES))
    return next(times, "")


def _unfit(column: Column, where: str) -> SyncError:
    why = f"it is {column.kind}"
    fix = "name a BOOL column, or one of DATE, DATETIME or TIMESTAMP that is NULL until then"
    if column.is_single(("INT64",)):
        why += ", of which nothing tells the numbers that mark a row"
        fix += f"; make a BOOL of it in the query, such as {column.source_name} <> 0 AS is_deleted"
    return SchemaError("a column that can't mark rows", where, why, f"{fix}.")


def _filter_faults(request: SyncRequest, where: str) -> Iterator[SyncError]:
    tested = {test.field for part in request.schema.transformation.row_filter for test in part}
    if request.deletes.deleted_column in tested:
        why = "the filter of transformation_config tests it: a mark that it drops is never seen"
        fix = "take that condition out of the filter: what is marked is removed, or says when."
        yield ConfigError("a filter on the column of marks", where, why, fix)


def left_out(request: SyncRequest, schema: TableSchema) -> Marking | None:
    """What marks the rows that the source still has and the destination rightly lacks."""
    mark, _ = plan_mark(request, schema)
    if mark is None or not mark.removes:
        return None
    return Marking(request.deletes.deleted_column, mark.is_flag)


def with_deleted_at(
    request: SyncRequest, target: Target, schema: TableSchema
) -> tuple[TableSchema, list[SyncError]]:
    """The columns that are published, with `DELETED_AT` where the table is to have it, or has it.

    A merge that marks nothing clears it in the rows that it writes: they are there again.
    """
    asks = request.deletes.keeps or request.missing.marks
    merges = request.publishing.write_disposition is WriteDisposition.MERGE
    there = None if request.publishing.delete_existing_table else _there(target)
    if not merges or request.backfills or not (asks or there):
        return schema, []
    if own := schema.find(DELETED_AT):
        return schema, [_taken(own)] if asks else []
    if there is not None and (there.bigquery, there.mode) != ("TIMESTAMP", NULLABLE):
        return schema, [_other_type(request, there)] if asks else []
    formula = _stamp(request, schema) if asks else "CAST(NULL AS TIMESTAMP)"
    column = Column(
        there.name if there else DELETED_AT,
        "",
        "deleted rows",
        "",
        pa.timestamp("us", "UTC"),
        "TIMESTAMP",
        description=DESCRIPTION,
        formula=formula,
    )
    return replace(schema, columns=(*schema.columns, column)), []


def _there(target: Target) -> CurrentField | None:
    return target.by_name().get(DELETED_AT)


def _stamp(request: SyncRequest, schema: TableSchema) -> str:
    """When a marked row was deleted, as SQL over the row; NULL of one without a mark."""
    mark, _ = plan_mark(request, schema)
    if mark is None:
        return "CAST(NULL AS TIMESTAMP)"
    timed = schema.find(mark.timed)
    zone = request.window.source_timezone or "UTC"
    stamp = LAUNCHED if timed is None else _as_timestamp(timed, zone)
    return f"IF({mark.holds()}, {stamp}, NULL)" if mark.is_flag else stamp


def _as_timestamp(column: Column, zone: str) -> str:
    name = quoted(column.name)
    return name if column.bigquery == "TIMESTAMP" else f"TIMESTAMP({name}, '{zone}')"


def at_launch(schema: TableSchema, now: datetime) -> TableSchema:
    """The columns of a run that is launched then, aware UTC."""
    literal = stamp_literal("TIMESTAMP", now)
    columns = tuple(
        replace(c, formula=c.formula.replace(LAUNCHED, literal)) if LAUNCHED in c.formula else c
        for c in schema
    )
    return schema if columns == schema.columns else replace(schema, columns=columns)


def _taken(own: Column) -> SyncError:
    why = "Smart Sync keeps there when a row was deleted"
    fix = (
        'rename the source\'s with transformation_config={"field_mappings":'
        f' {{"{own.source_name or own.name}": "source_deleted_at"}}}}, or with AS in the query.'
    )
    return SchemaError("a column of the source has a name of ours", shown(own.name), why, fix)


def _other_type(request: SyncRequest, there: CurrentField) -> SyncError:
    where = f"table {request.destination}, column {shown(there.name)}"
    fix = (
        f"rename it: ALTER TABLE {request.destination.sql} RENAME COLUMN {quoted(there.name)} TO …"
    )
    why = f"it is {there.display}, and deleted rows have a TIMESTAMP there"
    return SchemaError("a column of the destination has a name of ours", where, why, fix)


def mark_dict(mark: Mark | None) -> dict[str, object]:
    """The same as JSON-ready values; of a plan without a mark nothing."""
    if mark is None:
        return {}
    return {"deleted": {"column": mark.column, "rows": HARD if mark.removes else SOFT}}


def mark_lines(mark: Mark | None) -> Iterator[str]:
    """What a plan tells of it, line by line."""
    if mark is None:
        return
    how = "is TRUE" if mark.is_flag else "is not NULL"
    done = "removed, and never added" if mark.removes else f"kept, with the time in {DELETED_AT}"
    yield f"rows whose {mark.column} {how} are {done}"


def mark_warnings(
    request: SyncRequest, target: Target, mark: Mark | None, *, is_new: bool, had_other: bool
) -> Iterator[str]:
    """What becomes of rows that were marked while another, or no, deleted_column was given.

    Args:
        request: of a run that brings only what is new.
        target: the destination, which has rows.
        mark: of this run.
        is_new: whether marks of this column remove rows, and didn't in the runs so far.
        had_other: whether marks removed rows so far which this run doesn't remove.
    """
    table, way = request.destination, "one run with enable_smart_sync=false, or with repair=true"
    has_stamp = _there(target) is not None
    if had_other:
        yield (
            f"the runs so far have removed rows that a {PARAMETER} marked, as the label sync_rows"
            f" of {table} says, and this one lets them be: those that are gone lie below the"
            f" window's start, and no window reads them. To bring them: {way}"
        )
    if mark is not None and is_new:
        yield (
            f"{PARAMETER}: rows that were marked before stay in {table}, since no window reads them"
            f" again. To remove them: {way}, or DELETE FROM {table.sql} WHERE {mark.holds()}"
        )
    if mark is not None and not mark.removes and not has_stamp:
        yield (
            f"{PARAMETER}: rows of {table} that were marked before have NULL in {DELETED_AT}, since"
            " no window reads them again. To mark them: one run with enable_smart_sync=false"
        )
    if mark is None and has_stamp and not request.missing.marks:
        yield (
            f"{table} has {DELETED_AT}, and neither {PARAMETER} nor delete_missing=soft is given:"
            " rows that this run writes have NULL there, whatever the source says. To mark them"
            f" again later: one run with {PARAMETER} and enable_smart_sync=false"
        )
