"""What a draft leaves to be asked, of the rows, the destination and the run history. Pure."""

from dataclasses import dataclass

from auto_schema.evolve import Alteration
from auto_schema.names import TABLE, in_any_partition, of_table
from auto_schema.schema import TableSchema
from smart_sync.altering import exact_question
from smart_sync.facts import Facts, Target
from smart_sync.history_plan import NAMES
from smart_sync.made_anew import may_have_other_columns
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.splits import ranges_question
from smart_sync.sql_plan import MADE
from sources.profile import SourceProfile
from sources.questions import RangesQuestion, RowsQuestion
from sources.values import SourceColumn


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """What is asked once there is a window, as far as it can be said before.

    Attributes:
        rows: without what the window says: whether rows outside are counted, and its floor.
        ranges: for a run of more than one split; None: its rows can't be cut.
        why_whole: why they can't.
        looks: whether columns were planned with looks that are only supposed, or want some.
        merge: what the first query of a merge reads, for a dry run; empty: none.
        exact: which values of the destination an alteration would change; empty: none is asked.
        history: whether the destination has columns that an earlier run may have written.
    """

    rows: RowsQuestion
    ranges: RangesQuestion | None
    why_whole: str
    looks: bool
    merge: str
    exact: str
    history: bool

    def ranges_of(self, splits: int) -> RangesQuestion | None:
        """Where the rows are cut into so many splits; None: that isn't to be asked."""
        return self.ranges if splits > 1 else None


def open_questions(
    request: SyncRequest,
    facts: Facts,
    schema: TableSchema,
    altered: tuple[Alteration, ...] = (),
) -> OpenQuestions:
    """The questions of a run whose rows are planned to have this schema."""
    target, cursor = facts.target, facts.cursor
    look_at = _columns_to_look_at(request, facts)
    rows = RowsQuestion(
        look_at=look_at,
        partition=_partition_column(facts.profile, schema),
    )
    count, shows = request.reading.num_splits, request.schema.transformation.shows
    ranges, why_whole = ranges_question(facts.profile, cursor, count, shows)
    brought = {column.name.casefold() for column in schema}
    return OpenQuestions(
        rows=rows,
        ranges=ranges,
        why_whole=why_whole,
        looks=bool(look_at or facts.evidence.looks),
        merge=merge_question(request, target, cursor.name if cursor else None),
        exact=exact_question(request.destination, target, altered),
        history=bool(
            set(target.by_name()) - brought
            or (target.exists and _may_cover_old_values(request))
            or may_have_other_columns(facts)
        ),
    )


def _may_cover_old_values(request: SyncRequest) -> bool:
    """Whether a column that is brought may hide in new rows what old ones hold."""
    rules = request.schema.transformation
    leaves_out = rules.exclude_fields or rules.select_fields
    makes_others = rules.constants or rules.field_mappings or request.publishing.sql
    return bool(rules.masks or (leaves_out and makes_others))


def _columns_to_look_at(request: SyncRequest, facts: Facts) -> tuple[SourceColumn, ...]:
    """Columns whose type the data decides, and that the destination hasn't decided yet.

    A NUMERIC one may be made wider.
    """
    decided = {} if request.publishing.delete_existing_table else facts.deciding
    if request.schema.evolution == "evolve":
        decided = {name: field for name, field in decided.items() if field.bigquery != "NUMERIC"}
    profile, rules = facts.profile, request.schema.transformation
    return tuple(
        column
        for column in profile.columns
        if profile.rules.needs_look(column)
        and rules.keeps(column.name)
        and not rules.changes_type(column.name)
        and rules.destination_name(column.name).casefold() not in decided
    )


def _partition_column(
    profile: SourceProfile, schema: TableSchema
) -> tuple[SourceColumn, str] | None:
    """The source column that the run's partitions come from, and their size; None: none."""
    if schema.partitioning is None:
        return None
    planned = schema.find(schema.partitioning.field)
    is_read = planned is not None and planned.source_type != MADE
    column = profile.column(planned.source_name) if planned and is_read else None
    if column is None or column.type.cursor_type not in ("date", "timestamp", "timestamptz"):
        return None
    return column, schema.partitioning.type


def merge_question(request: SyncRequest, target: Target, cursor: str | None) -> str:
    """The columns that the first query reads of the table, for a dry run; empty: none."""
    known = target.by_name()
    names = [*request.publishing.merge_keys, cursor or ""]
    if request.publishing.write_disposition is WriteDisposition.HISTORY:
        names = [*request.publishing.merge_keys, *NAMES]
    if target.partitioning is not None:
        names.append(target.partitioning.field)
    there = [known[name.casefold()].name for name in names if name.casefold() in known]
    if not request.publishing.write_disposition.is_by_key or not there:
        return ""
    where = ""
    if target.partitioning is not None and target.partitioning.field.casefold() in known:
        field = of_table(target.partitioning.field)
        where = f" WHERE {in_any_partition(field)}"
    selected = of_table(*dict.fromkeys(there))
    return f"SELECT {selected} FROM {request.destination.sql} AS {TABLE}{where}"
