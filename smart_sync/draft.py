"""make_draft(): what is planned before the lock, with everything that needs no rows.

Pure. All faults that rows can't change are raised here; what evidence must decide stands in
`Draft.open`, and make_plan() settles only that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auto_schema.errors import SchemaError, SyncError, raise_all
from auto_schema.evolve import (
    AddColumn,
    Alteration,
    Evolution,
    conflict_error,
    diff,
    layout_conflict,
)
from auto_schema.limits import fitting_schema
from auto_schema.reshaping import Reshaping
from auto_schema.schema import Column, Partitioning, TableSchema
from smart_sync.backfill_columns import filled_columns, staged_columns
from smart_sync.check_faults import check_faults
from smart_sync.cursor_plan import plan_cursor
from smart_sync.deletes import DELETED_AT
from smart_sync.facts import Facts, Target
from smart_sync.healing import healing_faults
from smart_sync.history_plan import NAMES
from smart_sync.load_columns import NAMES as OF_LOAD
from smart_sync.load_columns import PARAMETER as LOAD
from smart_sync.load_columns import with_load_columns
from smart_sync.marks import with_deleted_at
from smart_sync.merge_plan import MergePlan, plan_merge
from smart_sync.missing_scope import scope_of
from smart_sync.modes import choose_mode
from smart_sync.open_questions import OpenQuestions, open_questions
from smart_sync.plan import AuditPlan, Mode
from smart_sync.read_plan import BigqueryReading, plan_reading
from smart_sync.renaming import with_new_names
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.reshape_plan import partition_fault
from smart_sync.schema_plan import UNKNOWN, plan_schema
from smart_sync.seen_whole import masked_faults
from smart_sync.source_labels import LabelPlan, plan_labels
from smart_sync.sql_plan import SqlAnswer, kept_faults
from sources.profile import SourceProfile
from sources.protocol import Source
from sources.values import Evidence

NO_ROW = "nothing to make columns of"
LEAVE_OUT = 'leave the columns out with transformation_config={"exclude_fields": […]}'


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns and layout that the destination will have, and what becomes of its own.

    Attributes:
        schema: in the layout that the table has, or that it is made in.
        swaps: whether a rebuilt table takes the name of one with another layout.
        added: columns that an existing table gets.
        altered: what is altered of those that it has.
        target_only: columns that only the destination has.
        staged: columns of the staged rows, where transform_sql makes others of them, a run that
            fills columns has others for its filter, or one of ours is published beside them; None:
            they are the same.
        reshaping: what makes the rows of those that arrive; None: they are the same.
        notes: for the plan, of a layout that was not taken and of descriptions that were cut.
    """

    schema: TableSchema
    mode: Mode
    mode_reason: str
    swaps: bool
    added: tuple[str, ...]
    altered: tuple[Alteration, ...]
    target_only: tuple[str, ...]
    notes: tuple[str, ...]
    staged: TableSchema | None = None
    reshaping: Reshaping | None = None

    @property
    def reading(self) -> TableSchema:
        """The columns as they are read and staged."""
        return self.schema if self.staged is None else self.staged

    @property
    def arriving(self) -> tuple[Column, ...]:
        """The columns that are read."""
        return self.reshaping.arriving.columns if self.reshaping else self.reading.columns

    @property
    def keeps_schema(self) -> bool:
        """Whether rows go into a table that keeps its columns and layout."""
        return not self.mode.makes_table


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan without what only rows, the clock and the watermark can say.

    `request` has the names that columns get by themselves. `facts` are those that were known:
    profile, target, source and cursor. `merge` lacks what its first query reads, and `bigquery`
    what its query does.
    """

    request: SyncRequest
    facts: Facts
    shape: Shape
    audits: tuple[AuditPlan, ...]
    merge: MergePlan | None
    bigquery: BigqueryReading | None
    labels: LabelPlan
    open: OpenQuestions

    @property
    def audited(self) -> str:
        """Why the staged rows are queried, and so lie in a table; empty: they aren't."""
        if self.request.publishing.sql:
            return "transform_sql makes the rows of those that are staged"
        return self.audits[0].reason if self.audits else ""


def make_draft(
    request: SyncRequest,
    profile: SourceProfile,
    target: Target,
    source: Source,
    audits: tuple[AuditPlan, ...] = (),
    sql: SqlAnswer | None = None,
) -> Draft:
    """Plan what can be planned without rows, as if they held what is best for a plan.

    Args:
        request: what the operator asked for.
        profile: what the source delivers.
        target: the destination as it is.
        source: reads the rows.
        audits: that are wanted of the staged rows.
        sql: what a dry run says of transform_sql; None: there is none.

    Raises:
        SyncError: no plan can be made whatever the rows; several faults as ManyErrors.
    """
    request = with_new_names(request, profile, target.by_name())
    looks = profile.rules.best_looks(profile.columns)
    facts = Facts(profile, target, source, Evidence(looks=looks), sql=sql)
    shape, faults = plan_shape(request, facts)
    cursor, cursor_faults = plan_cursor(request, facts)
    facts = replace(facts, cursor=cursor)
    merge, merge_faults = plan_merge(request, facts, shape.schema)
    bigquery, reading_faults = plan_reading(
        request,
        facts,
        shape.schema,
        keeps_schema=shape.keeps_schema,
        is_audited=bool(audits),
    )
    faults += sql_faults(request, facts, shape)
    labels, label_faults = plan_labels(request, facts)
    faults += [*cursor_faults, *merge_faults, *_proof_faults(request, profile)]
    faults += check_faults(request, shape.schema)
    faults += scope_of(request, target, shape.arriving)[2]
    faults += [*healing_faults(request), *masked_faults(request, profile)]
    faults += _text_faults(request, profile, shape.arriving)
    raise_all(_of_known(source, profile, [*faults, *label_faults, *reading_faults]))
    bigquery = None if request.replays else bigquery
    questions = open_questions(request, facts, shape.schema, shape.altered)
    return Draft(request, facts, shape, audits, merge, bigquery, labels, questions)


def is_without_rows(error: SyncError) -> bool:
    """Whether all that stands against a plan is that no row shows the source's columns yet."""
    return error.what == NO_ROW


def _of_known(
    source: Source, profile: SourceProfile, faults: list[SyncError]
) -> Sequence[SyncError]:
    """The faults; where no row was found, a column that a parameter names is not misspelt."""
    unknown = [fault.where for fault in faults if fault.why == UNKNOWN]
    if not unknown or not profile.is_unseen:
        return faults
    others = [fault for fault in faults if fault.why != UNKNOWN]
    return [*others, without_rows(source, "; ".join(unknown))]


def without_rows(source: Source, unknown: str) -> SchemaError:
    """That no row shows the columns that are meant."""
    why = f"there is no document, and so nothing is known of {unknown}"
    fix = "sync it when there is one, or leave it out until then."
    return SchemaError(NO_ROW, source.place, why, fix)


def plan_shape(request: SyncRequest, facts: Facts) -> tuple[Shape, list[SyncError]]:
    """The destination as it will be, and what stands against it."""
    target = facts.target
    schema, staged, reshaping, faults, notes = plan_schema(request, facts)
    if request.backfills:
        schema, staged, reshaping, more = _filling(request, schema, staged, reshaping)
        faults += more
    published, more = with_deleted_at(request, target, schema)
    faults += more
    published, of_load = with_load_columns(request, target, published)
    faults += of_load
    if published is not schema:
        schema, staged = published, schema if staged is None else staged
    schema, cut = fitting_schema(schema)
    mode, why, mode_faults = choose_mode(request, target)
    faults += mode_faults
    if mode.makes_table:
        swaps = not mode.is_new and _layout_of(target) != _layout_of(schema)
        told = (*notes, *cut)
        return Shape(schema, mode, why, swaps, (), (), (), told, staged, reshaping), faults
    added, altered, more = _changes(request, target, schema)
    more += partition_fault(target.partitioning, schema)
    schema, note = _kept_layout(request, target, schema)
    only = () if request.backfills else _target_only(request, target, schema)
    told = tuple(filter(None, (*cut, note)))
    planned = Shape(schema, mode, why, False, added, altered, only, told, staged, reshaping)
    return planned, [*faults, *more]


def _filling(
    request: SyncRequest,
    schema: TableSchema,
    staged: TableSchema | None,
    reshaping: Reshaping | None,
) -> tuple[TableSchema, TableSchema | None, Reshaping | None, list[SyncError]]:
    """What `plan_schema` has planned, for a run that fills columns of rows that are there."""
    published, faults = filled_columns(request, schema.columns)
    needed = schema.columns if staged is None else staged.columns
    if staged is None:  # a query may make the published columns of any others
        keeps = reshaping.keeps if reshaping else None
        needed, more = staged_columns(published, needed, keeps)
        faults += more
        staged = TableSchema(needed) if len(needed) > len(published) else None
    reshaping = reshaping and reshaping.only([column.name for column in needed])
    return replace(schema, columns=published), staged, reshaping, faults


def sql_faults(request: SyncRequest, facts: Facts, shape: Shape) -> list[SyncError]:
    """What transform_sql may not do to the columns that the run itself needs."""
    if shape.staged is None or facts.sql is None:
        return []
    keys, cursor = request.publishing.merge_keys, facts.cursor
    name = cursor.name if cursor else None
    marking = next(
        (c.name for c in shape.staged if c.source_name == request.deletes.deleted_column), None
    )
    return list(kept_faults(shape.staged, shape.schema, keys, name, marking))


def _proof_faults(request: SyncRequest, profile: SourceProfile) -> list[SyncError]:
    if not request.publishing.verify or profile.texts.are_utf8:
        return []
    where = f"table {request.destination}"
    why = "the database is SQL_ASCII: its texts have no characters to be hashed alike"
    fix = "set verify=false, or give the database an encoding."
    return [SchemaError("verify=true can't hash this source", where, why, fix)]


def _text_faults(
    request: SyncRequest, profile: SourceProfile, columns: Sequence[Column]
) -> list[SyncError]:
    """Texts that both databases hash otherwise, where keys or rows are compared by them."""
    if not request.missing.is_asked or profile.texts.count_alike:
        return []
    keys = {name.casefold() for name in request.publishing.merge_keys}
    texts = [column.name for column in columns if column.bigquery == "STRING"]
    hashed = [name for name in texts if request.missing.heals or name.casefold() in keys]
    if not hashed:
        return []
    what = "repair=true" if request.missing.heals else request.missing.asked
    why = "the database counts their characters in its own way, so that their hashes differ"
    fix = "give the database the encoding UTF8, or compare by keys that are no texts."
    where = f"table {request.destination}, {', '.join(hashed)}"
    return [SchemaError(f"{what} can't compare these texts", where, why, fix)]


def _changes(
    request: SyncRequest, target: Target, schema: TableSchema
) -> tuple[tuple[str, ...], tuple[Alteration, ...], list[SyncError]]:
    changes = diff(target.by_name(), schema, _evolution(request))
    altered = tuple(change for change in changes if isinstance(change, Alteration))
    added = tuple(change.column.name for change in changes if isinstance(change, AddColumn))
    table = request.destination
    error = conflict_error(str(table), table.sql, changes)
    faults: list[SyncError] = [error] if error else []
    if added and request.schema.evolution == "freeze":
        faults.append(
            SchemaError(
                "destination lacks columns",
                f"table {request.destination}",
                ", ".join(added) + " (schema_evolution=freeze)",
                "set schema_evolution=add_columns, or " + _without(added) + ".",
            )
        )
    return added, altered, faults


def _without(added: tuple[str, ...]) -> str:
    """How a run does without columns that the destination lacks."""
    if added == (DELETED_AT,):
        return "choose deleted_rows=hard and delete_missing=hard"
    return f"set {LOAD}=false" if set(added) <= set(OF_LOAD) else LEAVE_OUT


def _evolution(request: SyncRequest) -> Evolution:
    """What the run may do to the columns of the destination; a merge key is never NULL."""
    return Evolution(
        evolves=request.schema.evolution == "evolve",
        adds_rows=not request.backfills,
        never_null=frozenset(name.casefold() for name in request.publishing.merge_keys),
    )


def _layout_of(of: Target | TableSchema) -> tuple[Partitioning | None, tuple[str, ...]]:
    return of.partitioning, of.clustering


def _kept_layout(
    request: SyncRequest, target: Target, schema: TableSchema
) -> tuple[TableSchema, str]:
    """An existing table keeps its layout; a different wish is told."""
    asked = request.schema.auto_schema and (
        request.schema.partition_given or request.schema.clustering_fields
    )
    note = ""
    if asked:
        note = layout_conflict(str(request.destination), _layout_of(target), _layout_of(schema))
    kept = replace(schema, partitioning=target.partitioning, clustering=target.clustering)
    return kept, note


def _target_only(request: SyncRequest, target: Target, schema: TableSchema) -> tuple[str, ...]:
    wanted = {column.name.casefold() for column in schema}
    if request.publishing.write_disposition is WriteDisposition.HISTORY:
        wanted |= set(NAMES)
    return tuple(f.name for f in target.fields if f.name.casefold() not in wanted)
