"""What a WRITE_MERGE or WRITE_HISTORY joins on, and which partitions it can leave unread."""

from dataclasses import dataclass

from auto_schema.errors import ConfigError, SchemaError, SourceChangedError, SyncError, shown
from auto_schema.names import quoted
from auto_schema.schema import Column, TableSchema
from auto_schema.warehouse_types import MERGE_KEY_TYPES, PARTITION_TYPES
from smart_sync.facts import Facts, Target
from smart_sync.history_plan import HistoryPlan, plan_history
from smart_sync.marks import Mark, plan_mark
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import UNKNOWN
from sources.profile import SourceProfile


@dataclass(frozen=True, slots=True)
class MergePartition:
    """The destination's partition column: its type and unit, and whether rows bring it."""

    field: str
    kind: str
    unit: str
    is_staged: bool

    def of(self, alias: str) -> str:
        """The partition of a row of `alias`, as an expression BigQuery prunes by."""
        column = f"{alias}.{quoted(self.field)}"
        if self.kind == "DATE" and self.unit == "DAY":
            return column
        return f"{self.kind}_TRUNC({column}, {self.unit})"


@dataclass(frozen=True, slots=True)
class MergePlan:
    """How staged rows meet those that are there.

    Attributes:
        keys: columns that tell rows apart, under their destination names.
        partition: what the MERGE is pruned by; None: it reads the whole table.
        why_whole: why it isn't pruned; empty when it is.
        rows, bytes: of the table now; None when not known.
        first_bytes: what the first query reads, by a dry run.
        filled: the only columns that are updated, of rows that are there, and none is added;
            empty: all are, and new rows are added.
        mark: what tells rows that the source has deleted; None: nothing does.
        history: how versions of rows are kept; None: each key has one row.
    """

    keys: tuple[str, ...]
    partition: MergePartition | None = None
    why_whole: str = ""
    rows: int | None = None
    bytes: int | None = None
    first_bytes: int | None = None
    filled: tuple[str, ...] = ()
    mark: Mark | None = None
    history: HistoryPlan | None = None

    @property
    def removes(self) -> bool:
        """Whether rows of the table go, so that MAX may be lower afterwards."""
        return self.mark is not None and self.mark.removes

    @property
    def partition_field(self) -> str | None:
        """The column that the table is partitioned by; None: it is not, or by ingestion time."""
        return self.partition.field if self.partition else None


def plan_merge(
    request: SyncRequest, facts: Facts, schema: TableSchema
) -> tuple[MergePlan | None, list[SyncError]]:
    """The merge of a run that finds rows by their keys, and every fault of its columns."""
    history, faults = plan_history(request, facts, schema)
    if not request.publishing.write_disposition.is_by_key:
        return None, faults
    faults += _moved_key(request, facts.profile)
    keys = list[str]()
    for name in request.publishing.merge_keys:
        column = schema.find(name)
        fault = _key_fault(name, column, schema) or _collation_fault(column, facts.target)
        if fault := fault or _unknown_key(request, column, facts.target):
            faults.append(fault)
        elif column is not None:
            keys.append(column.name)
    partition, why_whole = merge_partition(facts.target, schema)
    target = facts.target
    if partition is None:
        faults += _unfiltered(request, target)
    filled = map(schema.find, request.publishing.backfill_columns)
    mark, more = plan_mark(request, schema)
    merge = MergePlan(
        tuple(keys),
        partition,
        why_whole,
        target.rows,
        target.bytes,
        facts.merge_bytes,
        tuple(column.name for column in filled if column),
        mark,
        history,
    )
    return merge, [*faults, *more]


def merge_partition(target: Target, schema: TableSchema) -> tuple[MergePartition | None, str]:
    """The column that prunes a merge into this table, or None and why."""
    if not target.exists:
        return None, "the table is made by this run"
    if target.partitioning is None:
        return None, "the table is not partitioned by a column of time"
    field = target.by_name().get(target.partitioning.field.casefold())
    if field is None or field.bigquery not in PARTITION_TYPES:
        return None, "the table is partitioned by ingestion time"
    is_staged = schema.find(field.name) is not None
    return MergePartition(field.name, field.bigquery, target.partitioning.type, is_staged), ""


def _unfiltered(request: SyncRequest, target: Target) -> list[SyncError]:
    """A table that refuses each statement without a filter that a merge of it doesn't have."""
    if not target.require_partition_filter or target.is_made_by(request):
        return []
    return [
        SchemaError(
            "a merge into a table that wants a filter",
            f"table {request.destination}",
            "it has require_partition_filter, and is partitioned by ingestion time or by a range of"
            " integers, which say nothing of where a key is: BigQuery would refuse the merge",
            f"ALTER TABLE `{request.destination}` SET OPTIONS (require_partition_filter = false);"
            " or rebuild it by a column of time with delete_existing_table=true.",
        )
    ]


def _moved_key(request: SyncRequest, profile: SourceProfile) -> list[SyncError]:
    """A primary key that isn't what it was when merge_keys were taken from it.

    Rows that the old one doesn't tell apart would be merged into one.
    """
    taken, now = request.publishing.keys_of_table, profile.keys
    if not taken or now is None or now == taken:
        return []
    told = f"{', '.join(now) or 'gone'} now"
    why = f"it was {', '.join(taken)} when the tables were listed, and is {told}"
    fix = "launch it once more, which takes the key as it is."
    where = f"merge_keys=auto, {request.destination}"
    return [SourceChangedError("the primary key is another", where, why, fix)]


def _unknown_key(request: SyncRequest, column: Column | None, target: Target) -> SyncError | None:
    """A key that the table's rows lack, so that none of them would be found by it."""
    has_rows = not target.is_made_by(request) and target.rows != 0
    if column is None or not has_rows or column.name.casefold() in target.by_name():
        return None
    return SchemaError(
        "merge key that the destination lacks",
        f"merge_keys, {shown(column.name)}, table {request.destination}",
        "no row of the table has it, so that each row that comes would be added beside the one that"
        " it is a version of",
        f"fill it first, by the keys of before: one run with backfill_columns={column.name}; then"
        " merge by it. Or rebuild the table with delete_existing_table=true.",
    )


def _collation_fault(column: Column | None, target: Target) -> SyncError | None:
    """A key whose different texts BigQuery takes for one, in the table or while staged."""
    if column is None or column.bigquery != "STRING":
        return None
    field = target.by_name().get(column.name.casefold())
    collation = (field.collation if field is not None else "") or target.collation
    if not collation:
        return None
    return SchemaError(
        "merge key with a collation",
        f"merge_keys, {shown(column.name)}",
        f"the destination compares its texts by COLLATE {collation!r}, so that different keys of"
        " the source would be merged into one row",
        "choose keys that aren't texts, or give the dataset no collation (ALTER SCHEMA … SET"
        " DEFAULT COLLATE '') and rebuild the table with delete_existing_table=true.",
    )


def _key_fault(name: str, column: Column | None, schema: TableSchema) -> SyncError | None:
    where = f"merge_keys, {shown(name)}"
    fit = ", ".join(c.name for c in schema if c.is_single(MERGE_KEY_TYPES))
    fix = f"choose among: {fit}."
    if column is None:
        return ConfigError("unknown merge key", where, UNKNOWN, fix)
    if not column.is_single(MERGE_KEY_TYPES):
        why = f"it is {column.kind}, whose values don't tell rows apart exactly"
        fix = (
            f"choose others that are unique in the source, among: {fit}; or have it make a text of"
            " this one, by a cast in the query, of MongoDB by a view:"
            ' [{"$set": {"_id": {"$toString": "$_id"}}}]; where neither does, replace the table'
            " each time by WRITE_TRUNCATE."
        )
        return ConfigError("merge key of an unfit type", where, why, fix)
    return None
