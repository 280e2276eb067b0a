"""The published columns, and what makes them of those that arrive; every fault in it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auto_schema.bigquery_columns import narrowed
from auto_schema.casts import CASTS, targets
from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from auto_schema.kernels import arrow
from auto_schema.masks import is_maskable, needs_text
from auto_schema.reshaping import Passage, Reshaping
from auto_schema.row_filter import RowFilter, Test, takes
from auto_schema.schema import Column, Partitioning, TableSchema
from auto_schema.transform import PARAMETER, Condition, Constant, Mask, Transformation
from auto_schema.typed_values import ARROW, type_of, typed
from auto_schema.warehouse_types import NULLABLE
from auto_schema.widening import grown

Columns = tuple[Column, ...]
FITTING = "write one that the column holds, or let schema_evolution=evolve widen it."
TYPES = f"the types are {', '.join(ARROW)}."


def plan_reshaping(
    transformation: Transformation,
    arriving: Columns,
    current: Mapping[str, CurrentField],
    *,
    evolves: bool = False,
) -> tuple[Columns, Reshaping | None, list[SyncError]]:
    """The published columns, and how they are made; None: they are those that arrive.

    Args:
        transformation: what the operator asked for.
        arriving: the columns that are read, under their published names.
        current: the destination's columns by case-folded name.
        evolves: whether these are altered where they are too narrow.
    """
    passages, faults = list[Passage](), list[SyncError]()
    published = list[Column]()
    for column in arriving:
        if column.changed:
            there = current.get(column.name.casefold())
            passage, more = _passage(transformation, column, there, evolves=evolves)
            faults += more
            passages.append(passage)
            column = passage.column
        published.append(column)
    for constant in transformation.constants:
        there = current.get(constant.name.casefold())
        planned = _constant(constant, there, evolves=evolves)
        if isinstance(planned, SyncError):
            faults.append(planned)
        else:
            passages.append(planned)
            published.append(planned.column)
    keeps, more = _row_filter(transformation, published)
    faults += more
    if not passages and keeps is None:
        return arriving, None, faults
    reshaping = Reshaping(TableSchema(arriving), tuple(passages), keeps)
    return tuple(published), reshaping, faults


def partition_fault(there: Partitioning | None, schema: TableSchema) -> list[SyncError]:
    """That an existing table's partition column doesn't arrive as it is published."""
    column = schema.find(there.field) if there else None
    if column is None or not column.changed:
        return []
    why = f"the table is partitioned by it, and it is {column.changed}"
    fix = "leave it as it is, or replace the table with delete_existing_table=true."
    return [ConfigError("partition column is changed", f"{PARAMETER}, {column.name}", why, fix)]


def marked(transformation: Transformation, column: Column) -> Column:
    """A column that arrives, with what becomes of its values."""
    what = transformation.changed.get(column.source_name, "")
    is_hidden = transformation.mask_of(column.source_name) is not None
    return replace(column, changed=what, is_hidden=is_hidden) if what else column


def _passage(
    transformation: Transformation, column: Column, there: CurrentField | None, *, evolves: bool
) -> tuple[Passage, list[SyncError]]:
    """What becomes of a column's values, and what can't."""
    name, faults = column.source_name, list[SyncError]()
    kind, cast = column.bigquery, dict(transformation.type_casts).get(name, "")
    after = column
    if cast == kind:
        cast = ""
    elif cast:
        faults += _cast_faults(column, cast)
        after = _retyped(column, cast, _loss(kind, cast)) if not faults else after
    kind = after.bigquery
    default = None
    if not faults and name in dict(transformation.default_values):
        default, more = _default(after, dict(transformation.default_values)[name])
        faults += more
    mask = transformation.mask_of(name)
    if mask is not None and not faults:
        faults += _mask_faults(after, mask.method)
        after = after if mask.method == "null" else _retyped(after, "STRING", "")
        after = replace(after, loss="")
    after = _as_there(after, there, evolves=evolves)
    if default is not None and mask is None and (why := _why_too_large(after, default)):
        where = f"{PARAMETER}, default_values of {shown(name)}"
        faults.append(SchemaError("a default value that doesn't fit", where, why, FITTING))
    return Passage(after, column.bigquery, cast, default, mask), faults


def _as_there(column: Column, there: CurrentField | None, *, evolves: bool) -> Column:
    """The column with what the destination's can hold, or will once it has been widened."""
    if there is None or there.shape is None:
        return column
    return narrowed(column, grown(there.shape, column, evolves=evolves and not there.is_fixed))


def _why_too_large(column: Column, value: object) -> str:
    """Why a column can't hold a value of its type; empty: it can."""
    held = narrowed(column, column.shape)
    if held.max_length and isinstance(value, str | bytes) and len(value) > held.max_length:
        return f"it has {len(value)} characters or bytes, and the column at most {held.max_length}"
    kind: Any = held.arrow
    try:
        arrow.scalar(value, kind)
    except arrow.ArrowInvalid:
        before, after = kind.precision - kind.scale, kind.scale
        return f"the column has {before} digits before and {after} after the point"
    return ""


def _loss(kind: str, cast: str) -> str:
    return CASTS[kind, cast].loss


def _retyped(column: Column, kind: str, loss: str) -> Column:
    both = "; ".join(filter(None, (column.loss, loss)))
    return replace(
        column,
        bigquery=kind,
        arrow=ARROW[kind],
        mode=NULLABLE,
        shape=None,
        declared=(),
        loss=both,
        wide_numbers="round",
    )


def _cast_faults(column: Column, cast: str) -> Iterator[SyncError]:
    where = f"{PARAMETER}, type_casts of {shown(column.source_name)}"
    if cast not in ARROW:
        why = f"{shown(cast)} is no type that can be cast to; parameters such as (10, 2) are none"
        yield ConfigError("unknown type", where, why, TYPES)
    elif column.is_repeated or (column.bigquery, cast) not in CASTS or not _is_plain(column):
        known = [] if column.is_repeated or not _is_plain(column) else targets(column.bigquery)
        fix = f"cast it to one of {', '.join(known)}." if known else "leave the cast out."
        why = f"it is {_kind(column)}"
        yield SchemaError(f"no cast to {cast}", where, why, fix)


def _is_plain(column: Column) -> bool:
    """Whether its values are staged as those of its type are."""
    return column.shape is None or column.shape.is_plain


def _kind(column: Column) -> str:
    return column.kind if column.shape is None else column.shape.display


def _default(column: Column, value: object) -> tuple[object, list[SyncError]]:
    where = f"{PARAMETER}, default_values of {shown(column.source_name)}"
    if column.is_repeated or column.bigquery not in ARROW or not _is_plain(column):
        why = f"it is {_kind(column)}, which can't have one"
        return None, [SchemaError("no default value", where, why, "leave it out.")]
    try:
        return typed(value, column.bigquery), []
    except ValueError as error:
        fix = f"write {error}."
        why = f"the column is {column.bigquery}"
        return None, [SchemaError("a default value of another type", where, why, fix)]


def _mask_faults(column: Column, method: str) -> Iterator[SyncError]:
    if not needs_text(method):
        return
    fits = is_maskable(column.bigquery, method) and _is_plain(column) and not column.is_repeated
    if not fits:
        where = f"{PARAMETER}, mask of {shown(column.source_name)}"
        why = f"{method} is of a single value's text, and the column is {_kind(column)}"
        yield SchemaError(f"no mask by {method}", where, why, "mask it by redact or null.")


def _constant(
    constant: Constant, there: CurrentField | None, *, evolves: bool
) -> Passage | SyncError:
    where = f"{PARAMETER}, constants, {shown(constant.name)}"
    try:
        kind = constant.type or type_of(constant.value)
    except ValueError as error:
        return ConfigError("a constant without a type", where, "", f"{error}.")
    if kind not in ARROW:
        return ConfigError("unknown type", where, f"{shown(kind)} is none of a constant", TYPES)
    try:
        value = None if constant.value is None else typed(constant.value, kind)
    except ValueError as error:
        why = f"its type is {kind}"
        return ConfigError("a constant of another type", where, why, f"write {error}.")
    column = Column(constant.name, "", "constant", "", ARROW[kind], kind, changed="a constant")
    column = _as_there(column, there, evolves=evolves)
    if value is not None and (why := _why_too_large(column, value)):
        return SchemaError("a constant that doesn't fit", where, why, FITTING)
    return Passage(column, constant=value)


def _row_filter(
    transformation: Transformation, published: Sequence[Column]
) -> tuple[RowFilter | None, list[SyncError]]:
    by_name = {column.source_name or column.name: column for column in published}
    parts, faults = list[tuple[Test, ...]](), list[SyncError]()
    for part in transformation.row_filter:
        tests = []
        for condition in part:
            column = by_name.get(condition.field)
            if column is None:
                continue  # told as a field that isn't known, or is left out
            mask = transformation.mask_of(condition.field)
            planned = _masked_fault(condition, mask) or _test(condition, column)
            if isinstance(planned, Test):
                tests.append(planned)
            else:
                faults.append(planned)
        parts.append(tuple(tests))
    return (RowFilter(tuple(parts)) if parts else None), faults


def _masked_fault(condition: Condition, mask: Mask | None) -> SyncError | None:
    """That a filter compares what a mask has made of the values, which is never what was meant."""
    is_null, method = condition.operator.startswith("is "), mask.method if mask else ""
    if mask is None or (is_null and method != "null"):
        return None
    where = f"{PARAMETER}, filter on {shown(condition.field)}"
    why = f"the filter comes after the mask, and sees what {method} makes of the values"
    fix = "filter in the source's query, or leave the mask out."
    if method != "null":
        fix = f"test it by is null or is not null, {fix}"
    return ConfigError("a filter on a masked field", where, why, fix)


def _test(condition: Condition, column: Column) -> Test | SyncError:
    where = f"{PARAMETER}, filter on {shown(condition.field)}"
    operator, kind = condition.operator, column.bigquery
    if column.is_repeated or not (takes(kind, operator) and _is_plain(column)):
        why = f"it is {_kind(column)}"
        return SchemaError(f"no test by {operator}", where, why, "test another field.")
    asked = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    try:
        values = () if operator.startswith("is ") else tuple(typed(v, kind) for v in asked)
    except ValueError as error:
        why = f"the column is {kind} where it is tested"
        return SchemaError("a test against a value of another type", where, why, f"write {error}.")
    return Test(column.name, operator, values)
