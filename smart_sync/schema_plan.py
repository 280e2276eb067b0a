"""The planned columns and layout, and every fault in them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from auto_schema import transform
from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from auto_schema.mongodb_types import EXTRA
from auto_schema.open_fields import field_of
from auto_schema.reshaping import Reshaping
from auto_schema.schema import Column, Partitioning, TableSchema
from auto_schema.transform import Transformation
from auto_schema.warehouse_types import CLUSTER_TYPES, PARTITION_TYPES
from auto_schema.widening import fitted
from smart_sync.facts import Facts
from smart_sync.request import SchemaRequest, SyncRequest
from smart_sync.reshape_plan import marked, plan_reshaping
from smart_sync.sql_plan import answer_faults, result_columns
from sources.profile import SourceProfile
from sources.values import ColumnWish, Evidence, SourceColumn

Layout = tuple[Partitioning | None, tuple[str, ...]]
MAX_COLUMNS = 10_000
UNKNOWN = "no such column arrives"


def plan_schema(
    request: SyncRequest, facts: Facts
) -> tuple[TableSchema, TableSchema | None, Reshaping | None, list[SyncError], list[str]]:
    """The columns of the destination, in the layout of a table that this run makes.

    Args:
        request: what the operator asked for.
        facts: what the source delivers, the destination's columns, what rows say of columns,
            and what transform_sql makes of them.

    Returns:
        The schema; that of the staged rows, where transform_sql makes another of it, else None;
        what makes the staged rows of those that arrive; every fault in them; and notes on a
        layout that was not taken.
    """
    profile, staged = facts.profile, None
    columns, reshaping, faults = staged_columns(request, profile, facts.deciding, facts.evidence)
    if facts.sql is not None:
        staged = TableSchema(columns)
        columns = result_columns(facts.sql)
        faults += answer_faults(facts.sql)
    layout, layout_faults, notes = _layout(request, columns, profile)
    faults += layout_faults
    if len(columns) > MAX_COLUMNS:
        where, why = f"table {request.destination}", f"{len(columns):,} columns"
        why += f", the most is {MAX_COLUMNS:,}"
        faults.append(SchemaError("too many columns", where, why, "select fewer columns."))
    return TableSchema(columns, *layout, profile.description), staged, reshaping, faults, notes


def staged_columns(
    request: SyncRequest,
    profile: SourceProfile,
    current: Mapping[str, CurrentField],
    evidence: Evidence,
) -> tuple[tuple[Column, ...], Reshaping | None, list[SyncError]]:
    """The columns as they are staged, what makes them of those that arrive, and every fault."""
    arriving, faults = plan_columns(request, profile, current, evidence)
    kept = {} if request.publishing.delete_existing_table else current
    columns, reshaping, more = plan_reshaping(
        request.schema.transformation, arriving, kept, evolves=_evolves(request)
    )
    return columns, reshaping, [*faults, *more]


def plan_columns(
    request: SyncRequest,
    profile: SourceProfile,
    current: Mapping[str, CurrentField],
    evidence: Evidence,
) -> tuple[tuple[Column, ...], list[SyncError]]:
    """The columns that are read, under the destination's names; see `plan_reshaping`."""
    if request.publishing.delete_existing_table:
        current = {}
    transformation = request.schema.transformation
    delivered, names = delivered_columns(profile, current, request.named_fields, transformation)
    columns, faults = list[Column](), list[SyncError]()
    for source in delivered:
        if not transformation.keeps(source.name):
            continue
        if _stays_extra(request, profile, names.get(source.name, ""), current):
            continue
        try:
            name = names.get(source.name, transformation.destination_name(source.name))
            there = current.get(name.casefold())
            column = profile.rules.column(source, _wish(request, source, name, there, evidence))
            column = _with_numbers(column, request.schema.json_numbers)
            if there and not transformation.changes_type(source.name):
                column = fitted(column, there.shape, evolves=_evolves(request, there))
            columns.append(marked(transformation, column))
        except SchemaError as error:
            faults.append(error)
    source_names = [column.name for column in delivered]
    faults.extend(_duplicate_faults(source_names))
    faults.extend(
        transform.faults(
            transformation,
            source_names,
            _protected(request, names),
            names=names,
            is_open=profile.is_open,
        )
    )
    return tuple(columns), _unique(faults)


def delivered_columns(
    profile: SourceProfile,
    current: Mapping[str, CurrentField],
    named: Collection[str],
    transformation: Transformation,
) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
    """The source's columns, and the names in the destination of those that need another.

    Args:
        profile: what the source delivers.
        current: the columns that the destination keeps, by case-folded name.
        named: fields that the parameters name.
        transformation: with the names that the operator gives.
    """
    delivered, names = profile.rules.delivered(profile.columns, current, named)
    if not profile.is_open:
        return delivered, names
    return delivered, {**names, **dict(transformation.field_mappings)}


def _protected(request: SyncRequest, names: Mapping[str, str]) -> list[str]:
    """Columns of the source that can't be left out: the run itself needs them."""
    protected = [request.window.cursor] if request.window.smart_sync else []
    if request.schema.partition_given:
        protected.extend(_source_names(request, [request.schema.partition_field], names))
    protected.extend(_source_names(request, list(request.publishing.merge_keys), names))
    protected.extend(filter(None, [request.deletes.deleted_column]))
    return protected


def _stays_extra(
    request: SyncRequest, profile: SourceProfile, name: str, current: Mapping[str, CurrentField]
) -> bool:
    """Whether a new field stays among the extra ones, since no column may be added."""
    frozen = profile.is_open and request.schema.evolution == "freeze"
    has_extra = any(field_of(column) == EXTRA for column in current.values())
    return frozen and has_extra and name.casefold() not in current


def _wish(
    request: SyncRequest,
    source: SourceColumn,
    name: str,
    there: CurrentField | None,
    evidence: Evidence,
) -> ColumnWish:
    is_reshaped = request.schema.transformation.changes_type(source.name)
    return ColumnWish(
        name,
        current=there,
        look=None if is_reshaped else evidence.looks.get(source.name),
        json_as_text=request.schema.json_numbers == "text",
        unknown_as_text=request.schema.unknown_types == "text",
        is_described=request.schema.auto_schema,
        is_cursor=_is_cursor(request, source),
        is_reshaped=is_reshaped,
        evolves=_evolves(request, there),
    )


def _evolves(request: SyncRequest, there: CurrentField | None = None) -> bool:
    is_fixed = there is not None and there.is_fixed
    return request.schema.evolution == "evolve" and not is_fixed


def _with_numbers(column: Column, json_numbers: str) -> Column:
    """The column as `json_numbers` has it parsed; BigQuery's own JSON prints as it does."""
    is_exact = json_numbers == "exact" and column.is_json and column.shape is None
    return replace(column, wide_numbers="exact") if is_exact else column


def _is_cursor(request: SyncRequest, source: SourceColumn) -> bool:
    return request.window.smart_sync and source.name == request.window.cursor


def _duplicate_faults(names: list[str]) -> list[SyncError]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        SchemaError(
            "the query delivers a column twice",
            f"column {shown(name)}",
            "a destination column can have one source only",
            "name the columns in the query, with AS where two tables share a name.",
        )
        for name in twice
    ]


def _unique(faults: list[SyncError]) -> list[SyncError]:
    return list({str(fault): fault for fault in faults}.values())


def _source_names(request: SyncRequest, names: list[str], renamed: Mapping[str, str]) -> list[str]:
    """The source's names of destination columns; an empty parameter names none.

    A field of MongoDB may well have an empty name.
    """
    mapped = [*renamed.items(), *request.schema.transformation.field_mappings]
    back = {new: old for old, new in mapped}
    return [back.get(name, name) for name in names if name]


def _partition_default(request: SyncRequest, profile: SourceProfile) -> str:
    """What was given; else the cursor of smart sync, where it holds dates and times."""
    cursor = profile.column(request.window.cursor)
    if request.schema.partition_given or not request.window.smart_sync or cursor is None:
        return request.schema.partition_field
    if cursor.type.cursor_type not in ("date", "timestamp", "timestamptz"):
        return request.schema.partition_field
    return request.schema.transformation.destination_name(request.window.cursor)


def _layout(
    request: SyncRequest, columns: tuple[Column, ...], profile: SourceProfile
) -> tuple[Layout, list[SyncError], list[str]]:
    """Partitioning and clustering of a table that this run makes, faults and notes."""
    if not request.schema.auto_schema:
        return (None, ()), [], []
    asked = replace(request.schema, partition_field=_partition_default(request, profile))
    asked = _like_the_source(asked, profile, {column.name for column in columns})
    partitioning, faults, notes = _plan_partitioning(asked, columns)
    by_name = {column.name.casefold(): column for column in columns}
    clustering = []
    for name in asked.clustering_fields:
        clustered = by_name.get(name.casefold())
        if fault := _clustering_fault(name, clustered, columns):
            faults.append(fault)
        elif clustered is not None:
            clustering.append(clustered.name)
    return (partitioning, tuple(clustering)), faults, notes


def _like_the_source(
    asked: SchemaRequest, profile: SourceProfile, names: Collection[str]
) -> SchemaRequest:
    """Where nothing was said, the layout of a source that is a table of BigQuery.

    It is clustered by those of its columns that arrive under these names.
    """
    if profile.layout is None:
        return asked
    partitioning, clustering = profile.layout
    renamed = asked.transformation.destination_name
    if not asked.partition_given:
        field = renamed(partitioning.field) if partitioning else ""
        size = partitioning.type if partitioning else asked.partition_type
        asked = replace(asked, partition_field=field, partition_type=size)
    if not asked.clustering_fields:
        keeps = asked.transformation.keeps
        kept = (renamed(name) for name in clustering if keeps(name))
        asked = replace(asked, clustering_fields=tuple(name for name in kept if name in names))
    return asked


def _plan_partitioning(
    asked: SchemaRequest, columns: tuple[Column, ...]
) -> tuple[Partitioning | None, list[SyncError], list[str]]:
    faults: list[SyncError] = []
    notes: list[str] = []
    by_name = {column.name.casefold(): column for column in columns}
    partitioning = None
    if asked.partition_field:
        partitioned = by_name.get(asked.partition_field.casefold())
        fault = _partition_fault(asked, partitioned, columns)
        if fault and asked.partition_given:
            faults.append(fault)
        elif fault:
            default = f"{asked.partition_field}, the default partition_field"
            notes.append(f"not partitioned by {default}: {fault.why}")
        elif partitioned is not None:
            partitioning = Partitioning(partitioned.name, asked.partition_type)
    return partitioning, faults, notes


def _partition_fault(
    asked: SchemaRequest, column: Column | None, columns: tuple[Column, ...]
) -> SyncError | None:
    where = f"partition_field {shown(asked.partition_field)}"
    fit = ", ".join(c.name for c in columns if c.is_single(PARTITION_TYPES) and not c.changed)
    fix = f"choose one of: {fit}." if fit else "leave partition_field empty."
    if column is None:
        return ConfigError("unknown partition column", where, UNKNOWN, fix)
    if column.changed:
        return ConfigError("partition column is changed", where, f"it is {column.changed}", fix)
    if not column.is_single(PARTITION_TYPES):
        why = f"it is {column.bigquery}; DATE, DATETIME and TIMESTAMP can be partitioned on"
        return ConfigError("partition column of an unfit type", where, why, fix)
    if asked.partition_type == "HOUR" and column.bigquery == "DATE":
        why, fix = "a DATE has no hours", "choose DAY."
        return ConfigError("partition_type=HOUR on a DATE", where, why, fix)
    return None


def _clustering_fault(
    name: str, column: Column | None, columns: tuple[Column, ...]
) -> SyncError | None:
    where = f"clustering_fields, {shown(name)}"
    fit = ", ".join(c.name for c in columns if c.is_single(CLUSTER_TYPES))
    fix = f"choose among: {fit}."
    if column is None:
        return ConfigError("unknown clustering column", where, UNKNOWN, fix)
    if not column.is_single(CLUSTER_TYPES):
        why = f"it is {column.kind}, which BigQuery doesn't cluster on"
        return ConfigError("clustering column of an unfit type", where, why, fix)
    return None
