"""SyncRequest: what the operator asked for, validated and complete."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from auto_schema.transform import Transformation
from warehouse.names import Endpoints, TableRef


class WriteDisposition(StrEnum):
    """How the run's rows meet those that are there."""

    APPEND = "WRITE_APPEND"
    TRUNCATE = "WRITE_TRUNCATE"
    EMPTY = "WRITE_EMPTY"
    MERGE = "WRITE_MERGE"


@dataclass(frozen=True, slots=True)
class Guard:
    """late_commit_guard: look at open transactions, a fixed duration, or nothing."""

    auto: bool = True
    duration: timedelta = timedelta(0)
    longest: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """One table's sync as the parameters say it; secrets are in `connection` only.

    `hand_window` is [sync_start, sync_end) as it was written, `verify_window`
    [verify_start, verify_end) with verify_only. `query` is the text to run:
    the base query under smart sync, else the plain query, or empty when it is built from
    `schema_table`. `partition_given` tells a partition field that the operator named from
    the default, which may be absent.
    """

    data_source: str
    connection: object
    destination: TableRef
    query: str = ""
    query_parameter: str = "postgresql_query"
    schema_table: str = ""
    smart_sync: bool = False
    cursor: str = "updated_at"
    sync_all_on_empty_table: bool = True
    fallback: timedelta = timedelta(days=1)
    margin: timedelta = timedelta(seconds=10)
    lookback: timedelta = timedelta(0)
    lookback_numbers: int = 0
    hand_window: tuple[str, str] | None = None
    guard: Guard = field(default_factory=Guard)
    source_timezone: str = ""
    auto_schema: bool = False
    partition_field: str = "updated_at"
    partition_given: bool = False
    partition_type: str = "DAY"
    clustering_fields: tuple[str, ...] = ()
    delete_existing_table: bool = False
    schema_evolution: str = "add_columns"
    stale_columns: str = ""
    transformation: Transformation = field(default_factory=Transformation)
    write_disposition: WriteDisposition = WriteDisposition.APPEND
    merge_keys: tuple[str, ...] = ()
    create_if_needed: bool = True
    batch_rows: int | None = None
    max_retries: int = 3
    num_splits: int = 0
    max_source_connections: int = 8
    json_numbers: str = "double"
    read_method: str = "auto"
    max_bytes_billed: int | None = None
    price_per_tib: Decimal = Decimal("6.25")
    dead_letter_table: str = ""
    max_dead_letters: int = 0
    run_history_table: str = "sync_runs"
    job_project: str = ""
    accept_source_change: bool = False
    temp_location: str = ""
    lease: timedelta = timedelta(minutes=30)
    show_values: bool = False
    verify: bool = False
    verify_window: tuple[str, str] | None = None
    plan_only: bool = False
    plan_format: str = "text"
    endpoints: Endpoints = field(default_factory=Endpoints)

    is_local: bool = False

    @property
    def connections(self) -> int:
        """Connections to the source at once: a local run reads split after split."""
        return 1 if self.is_local else self.max_source_connections

    @property
    def history_table(self) -> TableRef:
        """Where the runs of this sync are told."""
        return TableRef.parse(self.run_history_table, self.destination)

    @property
    def replaces(self) -> bool:
        """Whether the run replaces all rows of the destination."""
        truncates = self.write_disposition is WriteDisposition.TRUNCATE
        return self.delete_existing_table or (truncates and self.hand_window is None)

    @property
    def replaces_partitions(self) -> bool:
        """Whether the run replaces exactly the partitions of a window by hand."""
        truncates = self.write_disposition is WriteDisposition.TRUNCATE
        return truncates and self.hand_window is not None
