"""Columns that earlier runs of this sync wrote, and that the plan no longer brings, or masks.

A merge gives them NULL in the rows that it updates: an old value beside a new row is wrong.
What the run doesn't touch is the operator's to say (`stale_columns`). The history keeps who
wrote what, so that a column that others added is never touched.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from auto_schema.errors import SchemaError, SyncError
from auto_schema.evolve import CurrentField
from auto_schema.names import TABLE, in_any_partition, of_table, quoted
from auto_schema.schema import TableSchema
from auto_schema.warehouse_types import REPEATED
from smart_sync.backfill_columns import with_filled
from smart_sync.facts import Facts, WrittenColumn, stored_column
from smart_sync.request import SyncRequest
from warehouse.names import TableRef

EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class StaleColumns:
    """What becomes of them.

    Attributes:
        fields: NULL in every row that a merge updates.
        unmasked: brought under a mask, and written without one before.
        clears: whether all other rows get NULL in both, too.
        warnings: for the head of the plan.
        written: what the history is told of this run.
    """

    fields: tuple[CurrentField, ...] = ()
    unmasked: tuple[CurrentField, ...] = ()
    clears: bool = False
    warnings: tuple[str, ...] = ()
    written: tuple[WrittenColumn, ...] = ()

    @property
    def record(self) -> str:
        """The columns for the history; see `read_record`."""
        return json.dumps({c.name: _recorded(c) for c in self.written})


def _recorded(column: WrittenColumn) -> list[str | bool]:
    """All but its name, as far as it says something."""
    told: list[str | bool] = [column.source_name, column.is_kept]
    if column.stored:
        return [*told, column.is_masked, column.stored]
    return [*told, *[True] * column.is_masked]


def read_record(text: str) -> tuple[WrittenColumn, ...]:
    """What an earlier run told the history.

    >>> read_record(StaleColumns(written=(WrittenColumn("a", "A", True),)).record)
    (WrittenColumn(name='a', source_name='A', is_kept=True, is_masked=False, stored=''),)
    """
    return tuple(WrittenColumn(name, *rest) for name, rest in json.loads(text).items())


def plan_stale_columns(
    request: SyncRequest,
    facts: Facts,
    schema: TableSchema,
    hidden: Collection[str] = (),
    *,
    leaves_none: bool,
    updates: bool,
) -> tuple[StaleColumns, list[SyncError]]:
    """The stale columns of the destination, and a fault where the operator has to decide.

    Args:
        request: what the operator asked for.
        facts: the columns of both sides, and those that earlier runs wrote.
        schema: what the run brings.
        hidden: which of it under a mask.
        leaves_none: whether no row of an earlier run is left after it.
        updates: whether it updates rows of earlier runs.
    """
    brought = tuple(
        WrittenColumn(
            c.name,
            c.source_name,
            is_masked=c.name in hidden,
            stored=stored_column(facts.profile, c.source_name),
        )
        for c in schema
        if not c.formula
    )
    if leaves_none:
        return StaleColumns(written=brought), []
    if request.backfills:
        return StaleColumns(written=with_filled(facts.written, brought)), []
    there, faults = facts.target.by_name(), list[SyncError]()
    stale, warnings, kept = list[CurrentField](), list[str](), list[WrittenColumn]()
    decided = request.schema.stale_columns
    clears = decided == "null" and updates
    for column in facts.written or ():
        field = there.get(column.name.casefold())
        if field is None or schema.find(column.name) is not None:
            continue
        why, hides = _why(request, facts, schema, column)
        asks = hides and not (decided or column.is_kept)
        if updates and (asks or decided == "error"):
            faults.append(_fault(request, field, why))
        stale.append(field)
        warnings.append(_warning(request, field, why, updates=updates))
        if not clears:
            kept.append(replace(column, is_kept=column.is_kept or bool(decided)))
    covered = tuple(_covered(request, facts, schema, hidden))
    told, more = _unmasked(request, facts, covered, updates=updates)
    if not decided:  # nobody has said yet what becomes of old values
        old = {column.name.casefold(): column for column, _ in covered}
        brought = tuple(
            replace(c, source_name=old[name].source_name, is_masked=False) if name in old else c
            for c in brought
            for name in [c.name.casefold()]
        )
    unmasked = tuple(there[column.name.casefold()] for column, _ in covered)
    return StaleColumns(
        tuple(stale),
        unmasked,
        clears and bool(stale or unmasked),
        (*warnings, *told),
        (*brought, *kept),
    ), [*faults, *more]


def _covered(
    request: SyncRequest, facts: Facts, schema: TableSchema, hidden: Collection[str]
) -> Iterator[tuple[WrittenColumn, str]]:
    """Columns that the plan brings, of which old rows hold what it hides in new ones; and why."""
    there, transformation = facts.target.by_name(), request.schema.transformation
    written = facts.written or ()
    for column in written:
        new, source = schema.find(column.name), column.source_name
        if new is None or column.is_masked or column.name.casefold() not in there:
            continue
        if new.name in hidden:
            yield column, "it is masked now"
        elif source and source != new.source_name and not transformation.shows(source):
            what = "masked" if transformation.keeps(source) else EXCLUDED
            yield column, f"it is made of something else now, since {source!r} is {what}"


def _unmasked(
    request: SyncRequest,
    facts: Facts,
    covered: Iterable[tuple[WrittenColumn, str]],
    *,
    updates: bool,
) -> tuple[list[str], list[SyncError]]:
    """A warning for each such column, and a fault where the operator has to decide."""
    there, decided = facts.target.by_name(), request.schema.stale_columns
    warnings, faults = list[str](), list[SyncError]()
    for column, because in covered:
        field = there[column.name.casefold()]
        clearing_it = _clearing_all(request.destination, field)
        why = f"{because}, and earlier runs wrote its values as they are"
        told = f"{field.name}: {why}: "
        if decided == "null" and updates:
            warnings.append(
                f"{told}rows that this run doesn't update get NULL (stale_columns=null)"
            )
            continue
        warnings.append(
            f"{told}rows that this run doesn't update keep them. To clear: {clearing_it}"
        )
        if updates and decided != "keep":
            fix = "set stale_columns=null to clear it in all rows, or stale_columns=keep to let old"
            fix += f" values be; or clear it yourself and say keep: {clearing_it}"
            where = f"table {request.destination}, column {field.name!r}"
            what = "a column whose values are newly masked or excluded"
            faults.append(SchemaError(what, where, why, fix))
    return warnings, faults


def _why(
    request: SyncRequest, facts: Facts, schema: TableSchema, column: WrittenColumn
) -> tuple[str, bool]:
    """Why the plan doesn't bring a column any more, and whether it is to hide what that holds."""
    name, transformation = column.source_name, request.schema.transformation
    if not name:
        return "no longer made", False
    is_there = facts.profile.is_open or facts.profile.column(name) is not None
    if not transformation.keeps(name) and (is_there or name in transformation.exclude_fields):
        return EXCLUDED, True
    if request.publishing.sql and is_there:
        return EXCLUDED, True
    new = next((c.name for c in schema if c.source_name == name), None)
    if new is None:
        return "no longer in the source", False
    if transformation.mask_of(name) is None or column.is_masked:
        return f"renamed to {new}", False
    return f"renamed to {new} and masked", True


def _warning(request: SyncRequest, field: CurrentField, why: str, *, updates: bool) -> str:
    updated = "rows that this run updates get NULL there, " if updates else ""
    clears = request.schema.stale_columns == "null" and updates
    others = "all others too (stale_columns=null)" if clears else "all others keep what they hold"
    text = f"{field.name} is {why}, and earlier runs wrote it: {updated}{others}"
    return text if clears else f"{text}. To clear it: {_clearing_all(request.destination, field)}"


def _fault(request: SyncRequest, field: CurrentField, why: str) -> SyncError:
    return SchemaError(
        "a column that earlier runs wrote is brought no more",
        f"table {request.destination}, column {field.name!r}",
        f"it is {why}; rows that a run updates get NULL there, and all others would keep what"
        " they hold",
        "set stale_columns=null to clear it in all rows, or stale_columns=keep to let old rows"
        f" be; or clear it yourself and say keep: {_clearing_all(request.destination, field)}",
    )


def _clearing_all(table: TableRef, field: CurrentField) -> str:
    return f"UPDATE {table.sql} SET {quoted(field.name)} = {_nothing(field)} WHERE TRUE"


def _nothing(field: CurrentField) -> str:
    """NULL; an array is never that, but empty."""
    return "[]" if field.mode == REPEATED else "NULL"


def assignments(stale: StaleColumns) -> Iterator[str]:
    """What UPDATE SET says of those that rows of the run don't bring."""
    return _assignments(stale.fields)


def _assignments(fields: Iterable[CurrentField]) -> Iterator[str]:
    for field in fields:
        kind = f"ARRAY<{field.bigquery}>" if field.mode == REPEATED else field.bigquery
        yield f"{quoted(field.name)} = CAST({_nothing(field)} AS {kind})"


def clearing(stale: StaleColumns, table: TableRef, partition_field: str | None) -> str:
    """The statement that empties them in all rows, with its `;`; empty when none does."""
    if not stale.clears:
        return ""
    cleared = (*stale.fields, *stale.unmasked)
    held = " OR ".join(
        f"ARRAY_LENGTH({of_table(f.name)}) > 0"
        if f.mode == REPEATED
        else f"{of_table(f.name)} IS NOT NULL"
        for f in cleared
    )
    if partition_field is not None:  # the table may want to see it in every filter
        column = of_table(partition_field)
        held = f"({held}) AND ({in_any_partition(column)})"
    values = ", ".join(_assignments(cleared))
    return f"UPDATE {table.sql} AS {TABLE} SET {values}\nWHERE {held};\n"
