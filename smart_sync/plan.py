"""SyncPlan: everything a run does, fixed before it starts, as values of values."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from auto_schema.conform import Checks
from auto_schema.evolve import Alteration
from auto_schema.reshaping import Reshaping, changes
from auto_schema.schema import Column, TableSchema
from smart_sync.check import Check
from smart_sync.cursor import Cursor
from smart_sync.facts import TableState, Target
from smart_sync.healing import HealingPlan
from smart_sync.merge_plan import MergePlan
from smart_sync.missing_plan import MissingPlan
from smart_sync.proof_plan import Proof
from smart_sync.read_plan import BigqueryReading
from smart_sync.repair import Repair
from smart_sync.replay import ReplayPlan
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.snapshot import SnapshotPlan
from smart_sync.sql_plan import SqlPlan
from smart_sync.staging import Staging
from smart_sync.stale_columns import StaleColumns
from smart_sync.taken_over import TakenOver
from smart_sync.volume import VolumePlan
from smart_sync.ways import Count, Way
from smart_sync.window import WindowPlan
from sources.protocol import Source
from sources.values import Split
from warehouse.names import Endpoints, TableRef


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The run itself: its name, where it works, and how long it tries.

    `launched_at` is aware UTC. `batch_id` is shared by the tables of one launch; empty: one alone.
    `location` and `job_project` are those of BigQuery's jobs. `carried` is what the run's first
    event says of the runs before it; empty: nothing. `longest` is how long it may take from its
    launch; zero: as long as it takes.
    """

    run_id: str
    launched_at: datetime
    location: str
    job_project: str
    staging: Staging
    history_table: TableRef
    lease: timedelta
    max_retries: int
    endpoints: Endpoints
    batch_id: str = ""
    carried: str = ""
    repair: Repair = field(default_factory=Repair)
    notes_splits: bool = False
    taken: TakenOver | None = None
    holder: str = ""
    longest: timedelta = timedelta(0)

    @property
    def deadline(self) -> datetime | None:
        """Aware UTC; when it is stopped unless it publishes by then. None: it has no limit."""
        return self.launched_at + self.longest if self.longest else None

    @property
    def is_sharing(self) -> bool:
        """Whether others of its launch hold the lock, too, and this run doesn't release it."""
        return self.holder not in ("", self.run_id)


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """How the planned columns differ from those that the destination has.

    Attributes:
        added: columns that the destination gets.
        altered: what is altered of its columns, one after the other, before rows are published.
        target_only: columns that only the destination has; new rows have NULL there.
        stale: those of them that earlier runs of this sync wrote.
    """

    added: tuple[str, ...] = ()
    altered: tuple[Alteration, ...] = ()
    target_only: tuple[str, ...] = ()
    stale: StaleColumns = field(default_factory=StaleColumns)
    looked_bytes: int | None = None
    """What was read to see that no value changes where a column is altered; None: nothing."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What is read, in which splits, and what is known of its size.

    Attributes:
        source: reads the rows; holds references to secrets only.
        splits: empty in a header; `split_total` counts them all the same.
        connections: to the source at once.
        estimated_rows, estimated_bytes: by the source's statistics; None: not known.
        estimate_doubt: why these statistics say nothing, in words; empty: nothing is known against
            them.
        schema: the columns as they are read and staged; transform_sql may make others of them.
        left_out: rows of the source that no window holds; None: not counted.
        bigquery: how a BigQuery source is read; None of another.
        stored: what tells the source's tables from others under their names.
    """

    data_source: str
    source: Source
    splits: tuple[Split, ...]
    split_total: int
    split_fingerprint: str
    split_reason: str
    connections: int
    schema: TableSchema
    estimated_rows: int | None = None
    estimated_bytes: int | None = None
    left_out: int | None = None
    bigquery: BigqueryReading | None = None
    stored: tuple[str, ...] = ()
    estimate_doubt: str = ""

    @property
    def is_in_place(self) -> bool:
        """Whether no row leaves BigQuery."""
        return self.bigquery is not None and self.bigquery.is_in_place


def needs_no_staging(*_: object) -> str:
    """Of a mode that a load job can do: no reason against it."""
    return ""


def as_staged(_: "SyncPlan") -> Count:
    """Of a mode that publishes each staged row."""
    return Count.STAGED


def adding(_: "SyncPlan") -> str:
    """Of a mode that leaves the rows that are there."""
    return "WRITE_APPEND"


@dataclass(frozen=True, slots=True, repr=False)
class Mode:
    """How publishing changes the destination; the values are those of `modes.MODES`.

    Attributes:
        name: in the plan, its fingerprint and the history.
        reason: why a request has it, given the destination; empty: it has another.
        statement: SQL of the job that makes the staged rows the destination's.
        why_staged: why files can't be loaded straight into the table, given whether it is
            swapped with another; empty: they can.
        rows_expected: who says how many rows the statement must publish.
        rows_published: who says how many it has published.
        load_disposition: of a load job straight into the table.
        copy_disposition: of a copy job.
        is_new: whether there is no such table yet.
        makes_table: whether the table is made with the planned columns and layout.
        leaves_none: whether no row of an earlier run is left.
        removes_rows: whether rows have to go, also when none was staged.
        updates_rows: whether rows of earlier runs are updated.
        lowers_watermark: whether MAX(cursor) may be lower afterwards, and is read anew.
        is_aside: whether the run is no sync: later ones go on where they would without it.
        does: what the plan's first line says of it: `{rows}` that come, the `{table}`, its rows
            that are `{there}`, the `{keys}` of a merge, columns that are `{filled}`.
        spares: what the second says of rows that are there, with `{there}`, `{keys}`, and the
            `{layout}` of a table that is made; empty: nothing.
    """

    name: str
    reason: Callable[[SyncRequest, Target], str]
    statement: Callable[["SyncPlan"], str]
    why_staged: Callable[[SyncRequest, bool], str] = needs_no_staging
    rows_expected: Callable[["SyncPlan"], Count] = as_staged
    rows_published: Count = Count.CHANGED
    load_disposition: Callable[["SyncPlan"], str] = adding
    copy_disposition: str = "WRITE_APPEND"
    is_new: bool = False
    makes_table: bool = False
    leaves_none: bool = False
    removes_rows: bool = False
    updates_rows: bool = False
    lowers_watermark: bool = False
    is_aside: bool = False
    does: str = "Publishes {rows} into {table}"
    spares: str = ""

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Mode({self.name})"


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """An audit of the staged rows: the step that asks it, and why it is wanted."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """How the staged rows become visible, by which jobs, and why so.

    Attributes:
        swaps: whether a rebuilt table takes the name of one with another layout.
        audits: asked of the staged rows, in this order, before they are published.
        merge: how rows are merged, or why keys must be unique in a new table; None: neither.
        labels: of the destination, as the source wants them.
        sets_label: whether a destination that has others gets them.
        checks: of the staged rows, which one audit asks all at once.
        checks_keep: how long rows that fail one are kept.
        quarantines: whether rows that fail a check of rows become dead letters.
        volume: how many rows the run is expected to read; None: nobody asked.
        sql: the query that makes the published rows of those that were staged; None: they are
            published as they are.
        checks_bytes: what asking for them reads of tables, by a dry run; None: not known.
        price_per_tib: US dollars of a TiB that is read so.
        snapshot: of the table, taken before it is changed; None: none.
    """

    mode: Mode
    mode_reason: str
    way: Way
    way_reason: str
    write_disposition: WriteDisposition
    create_if_needed: bool
    swaps: bool
    audits: tuple[AuditPlan, ...]
    merge: MergePlan | None
    proof: Proof | None
    labels: tuple[tuple[str, str], ...]
    sets_label: bool
    checks: tuple[Check, ...] = ()
    checks_keep: timedelta = timedelta(hours=24)
    quarantines: bool = False
    volume: VolumePlan | None = None
    sql: SqlPlan | None = None
    checks_bytes: int | None = None
    price_per_tib: Decimal = Decimal("6.25")
    snapshot: SnapshotPlan | None = None
    replay: ReplayPlan | None = None
    """The letters whose rows are published; None: the run is of no dead letters."""
    healing: HealingPlan | None = None
    """What a repair has compared; None: the run is none."""
    missing: MissingPlan | None = None
    """What becomes of keys that are missing at the source; None: nobody looked."""

    @property
    def deletes(self) -> bool:
        """Whether keys that were compared have to go, or to be marked."""
        return self.missing is not None and self.missing.is_needed

    @property
    def removes_missing(self) -> bool:
        """Whether rows of the table go with keys that were compared, the newest perhaps."""
        missing = self.missing
        return missing is not None and missing.is_needed and not (missing.marks or missing.ends)


@dataclass(frozen=True, slots=True)
class DeadLetterPlan:
    """Where rows go that could not be conformed, how many may, and whether values are shown."""

    table: TableRef
    most: int
    show_values: bool


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Everything a run does, fixed before it starts; holds references to secrets only.

    `schema` is what is published; what is read and staged is `reading.schema`.
    """

    run: RunPlan
    destination: TableRef
    schema: TableSchema
    changes: ColumnChanges
    checks: Checks
    reading: ReadPlan
    cursor: Cursor | None
    window: WindowPlan | None
    publishing: PublishPlan
    dead_letters: DeadLetterPlan
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seen: TableState = field(default_factory=TableState)
    """The destination as it was under the lock, when this was planned."""
    reshaping: Reshaping | None = None
    """What makes the staged rows of those that are read; None: they are the same."""

    @property
    def arriving(self) -> TableSchema:
        """The columns that are read, under the destination's names."""
        return self.reshaping.arriving if self.reshaping else self.reading.schema

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of a table that the run makes: of its rows, and what we write beside them."""
        merge = self.publishing.merge
        beside = merge.history.columns if merge and merge.history else ()
        return (*self.schema.columns, *beside)

    def header(self) -> "SyncPlan":
        """The plan without its splits: what every step but the first is given."""
        return replace(self, reading=replace(self.reading, splits=()))

    @property
    def held_back(self) -> bool:
        """Whether the window is empty, so that nothing is read."""
        return self.window is not None and self.window.held_back is not None

    @property
    def rows_table(self) -> TableRef:
        """The table in which the rows lie that are checked and published."""
        staging = self.run.staging
        return staging.result_table if self.publishing.sql else staging.table

    @property
    def is_staged_as_published(self) -> bool:
        """Whether the rows in that table have their published types already."""
        return self.reading.is_in_place or self.publishing.sql is not None

    @property
    def publishes_without_rows(self) -> bool:
        """Whether a publishing job has to run even when nothing was staged."""
        publishing = self.publishing
        removes = publishing.mode.removes_rows or self.changes.stale.clears
        marks = publishing.replay is not None and publishing.replay.rows > 0
        return removes or marks or publishing.deletes or not publishing.way.is_staged

    @property
    def fingerprint(self) -> str:
        """16 hex digits over what is read and where it goes, not over the run's id."""
        source, publishing = self.reading.source, self.publishing
        text = f"{source.place}|{self.destination}|{self.schema.fingerprint}|{self.window}"
        text += f"|{self.reading.split_fingerprint}|{publishing.mode}|{publishing.way}"
        text += f"|{source.statement(Split(0))}"
        if publishing.sql:
            text += f"|{self.reading.schema.fingerprint}|{publishing.sql.text}"
        text += "".join(f"|{change}" for change in changes(self.reshaping))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
