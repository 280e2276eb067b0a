"""SyncRequest: what the operator asked for, validated and complete."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from auto_schema.transform import Transformation
from smart_sync.check import Check
from smart_sync.deletes import DeletesRequest
from smart_sync.missing_keys import MissingRequest
from smart_sync.repair import Repair
from smart_sync.saved_facts import SavedPlan
from warehouse.names import Endpoints, TableRef


class WriteDisposition(StrEnum):
    """How the run's rows meet those that are there."""

    APPEND = "WRITE_APPEND"
    TRUNCATE = "WRITE_TRUNCATE"
    EMPTY = "WRITE_EMPTY"
    MERGE = "WRITE_MERGE"
    HISTORY = "WRITE_HISTORY"

    @property
    def is_by_key(self) -> bool:
        """Whether rows that are there are found by their keys, so that a row may come again."""
        return self in (WriteDisposition.MERGE, WriteDisposition.HISTORY)


@dataclass(frozen=True, slots=True)
class Guard:
    """late_commit_guard: look at open transactions, a fixed duration, or nothing."""

    auto: bool = True
    duration: timedelta = timedelta(0)
    longest: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class ReadingRequest:
    """What is read, and how hard the source may be asked; secrets are in `connection` only.

    `query` is the text to run: the base query under smart sync, else the plain query, or
    empty when it is built from `schema_table`. `lanes` is over how many connections one
    process reads a table of this source.
    """

    connection: object
    query: str = ""
    schema_table: str = ""
    batch_rows: int | None = None
    num_splits: int = 0
    max_source_connections: int = 8
    lanes: int = 1
    method: str = "auto"
    max_bytes_billed: int | None = None
    price_per_tib: Decimal = Decimal("6.25")


@dataclass(frozen=True, slots=True)
class Slicing:
    """How a window by hand is cut into slices, each a run of its own.

    Attributes:
        by: hour, day, month or year; of an integer cursor a count of numbers.
        newest_first: which come first.
        name: of the backfill; empty: it follows from what is read and written.
        at_once: slices that are read side by side.
    """

    by: str
    newest_first: bool = True
    name: str = ""
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """Which rows: by smart sync, with the ends it may choose, or [sync_start, sync_end) by hand.

    `by_hand` is the two ends as they were written; with `slicing` those of a whole range.
    `lookback_numbers` is the lookback of an integer cursor. `lacks_cursor`: the cursor is one that
    the table lacks, for want of which all of its rows are replaced (`without_cursor: replace`).
    """

    smart_sync: bool = False
    cursor: str = "updated_at"
    sync_all_on_empty_table: bool = True
    fallback: timedelta = timedelta(days=1)
    margin: timedelta = timedelta(seconds=10)
    lookback: timedelta = timedelta(0)
    lookback_numbers: int = 0
    by_hand: tuple[str, str] | None = None
    slicing: Slicing | None = None
    guard: Guard = field(default_factory=Guard)
    source_timezone: str = ""
    lacks_cursor: bool = False


@dataclass(frozen=True, slots=True)
class SchemaRequest:
    """The columns of the destination and its layout.

    `partition_given` tells a partition field that the operator named from the default, which
    may be absent. `transformation_at` is where the transformation's text lies, until it is read;
    empty: in the parameter itself.
    """

    auto_schema: bool = False
    partition_field: str = "updated_at"
    partition_given: bool = False
    partition_type: str = "DAY"
    clustering_fields: tuple[str, ...] = ()
    evolution: str = "add_columns"
    stale_columns: str = ""
    json_numbers: str = "double"
    unknown_types: str = "text"
    rename_columns: str = "error"
    transformation: Transformation = field(default_factory=Transformation)
    transformation_at: str = ""


@dataclass(frozen=True, slots=True)
class PublishingRequest:
    """How rows meet the destination, what is proven before, and what becomes of the others.

    `keys_of_table` is the primary key in the source that merge_keys were taken from; empty: they
    were named. `backfill_columns` are those that this run fills in rows that are there, which is
    all that it does; empty: it syncs. `checks_at` is the text of the checks or where it is, and
    `checks` those of the destination in it. `checks_keep` is how long rows that fail one are kept;
    `volume_check` is `warn` or `error`, or empty;
    `sql` is transform_sql: what it was written as, then the query itself;
    with `quarantines` they become dead letters, where a check is of single rows. `replayed_run` is
    the run whose dead letters are read in place of the source; empty: the source is.
    `load_columns`: rows say when they were published, and by which run.
    `keep_snapshots` is how long a snapshot of the table before the run is kept; None: none is.
    """

    write_disposition: WriteDisposition = WriteDisposition.APPEND
    merge_keys: tuple[str, ...] = ()
    keys_of_table: tuple[str, ...] = ()
    backfill_columns: tuple[str, ...] = ()
    create_if_needed: bool = True
    delete_existing_table: bool = False
    accept_source_change: bool = False
    verify: bool = False
    dead_letter_table: str = ""
    max_dead_letters: int = 0
    show_values: bool = False
    checks_at: str = ""
    checks: tuple[Check, ...] = ()
    checks_keep: timedelta = timedelta(hours=24)
    quarantines: bool = False
    volume_check: str = ""
    sql: str = ""
    keep_snapshots: timedelta | None = None
    replayed_run: str = ""
    load_columns: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """After how many failed runs in a row none begins; 0: never. `since` is aware UTC."""

    failures: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Where a run works, how long it tries, and what of it is wanted.

    `batch_id` is what all tables of one launch share, empty in a launch of one alone.
    `history_table` is as it was written; `verify_window` is [verify_start, verify_end) with
    verify_only. `saved` is a plan that was looked at before, and is to be run as it is.
    `resume`: what a run that died has staged is taken over. `holder` is whose name the lock
    bears, empty: the run's own. `rollback_run` is the earliest run that is to be undone,
    `rollback_to` the newest. `longest` is how long a run may take from its launch; zero: as
    long as it takes.
    """

    temp_location: str = ""
    history_table: str = "sync_runs"
    job_project: str = ""
    lease: timedelta = timedelta(minutes=30)
    max_retries: int = 3
    longest: timedelta = timedelta(0)
    pause: Pause = field(default_factory=Pause)
    is_local: bool = False
    batch_id: str = ""
    plan_only: bool = False
    plan_format: str = "text"
    plan_detail: str = "short"
    saved: SavedPlan | None = None
    verify_window: tuple[str, str] | None = None
    resume: bool = True
    holder: str = ""
    repair: Repair = field(default_factory=Repair)
    rollback_run: str = ""
    rollback_to: str = ""
    endpoints: Endpoints = field(default_factory=Endpoints)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """One table's sync as the parameters say it, by what they bear on."""

    data_source: str
    destination: TableRef
    reading: ReadingRequest
    window: WindowRequest = field(default_factory=WindowRequest)
    schema: SchemaRequest = field(default_factory=SchemaRequest)
    publishing: PublishingRequest = field(default_factory=PublishingRequest)
    run: RunRequest = field(default_factory=RunRequest)
    deletes: DeletesRequest = field(default_factory=DeletesRequest)
    missing: MissingRequest = field(default_factory=MissingRequest)

    @property
    def connections(self) -> int:
        """Connections to the source at once.

        In this process a table by itself has its lanes; of those of a launch of many each has
        one, since they are at work side by side.
        """
        most = self.reading.max_source_connections
        if not self.run.is_local:
            return most
        return 1 if self.run.batch_id else min(self.reading.lanes, most)

    @property
    def history_table(self) -> TableRef:
        """Where the runs of this sync are told."""
        return TableRef.parse(self.run.history_table, self.destination)

    @property
    def dead_letters(self) -> TableRef:
        """Where rows go that can't be conformed."""
        name = self.publishing.dead_letter_table or f"{self.destination.table}_dead_letters"
        return TableRef.parse(name, self.destination)

    @property
    def named_fields(self) -> frozenset[str]:
        """The fields that the parameters name, as the source or the destination calls them."""
        rules = self.schema.transformation
        named = {self.window.cursor, self.schema.partition_field, *self.schema.clustering_fields}
        renamed = {old for old, _ in rules.field_mappings}
        keys, filled = self.publishing.merge_keys, self.publishing.backfill_columns
        given = frozenset(filter(None, {*named, *keys, *filled, self.deletes.deleted_column}))
        return given | renamed | frozenset(rules.select_fields)

    @property
    def backfills(self) -> bool:
        """Whether the run only fills columns of rows that are there."""
        return bool(self.publishing.backfill_columns)

    @property
    def replays(self) -> bool:
        """Whether the run reads dead letters in place of the source."""
        return bool(self.publishing.replayed_run)

    @property
    def replaces(self) -> bool:
        """Whether the run replaces all rows of the destination."""
        truncates = self.publishing.write_disposition is WriteDisposition.TRUNCATE
        whole = truncates and self.window.by_hand is None and not self.replays
        return self.publishing.delete_existing_table or whole

    @property
    def replaces_partitions(self) -> bool:
        """Whether the run replaces exactly the partitions of a window by hand."""
        truncates = self.publishing.write_disposition is WriteDisposition.TRUNCATE
        return truncates and self.window.by_hand is not None
