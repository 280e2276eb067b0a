"""Facts: all that a plan is made of, beside the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from auto_schema.evolve import CurrentField
from auto_schema.schema import Column, Partitioning
from smart_sync.cursor import Cursor
from smart_sync.frontier import Frontier
from smart_sync.missing_keys import ComparedKeys, ComparedRows
from smart_sync.replay import ReplayFacts
from smart_sync.request import SyncRequest
from smart_sync.sql_plan import SqlAnswer
from smart_sync.volume import PastVolume
from smart_sync.window import Watermark, WindowPlan
from sources.profile import SourceProfile
from sources.protocol import Source
from sources.values import CursorValue, Evidence


@dataclass(frozen=True, slots=True)
class TableState:
    """By what a table is told from what it was, without a query; all None: it isn't there.

    On the real service `changed` moves with each change of rows or columns; other BigQueries may
    move it with columns only.

    Attributes:
        made, changed: by BigQuery's clock, aware UTC.
        rows: None when not known.
    """

    made: datetime | None = None
    changed: datetime | None = None
    rows: int | None = None

    def __str__(self) -> str:
        """For a message.

        >>> noon = datetime(2025, 7, 22, 12)
        >>> str(TableState()), str(TableState(noon, noon, 1234))
        ('no table', '1,234 rows, changed 2025-07-22 12:00:00 UTC')
        """
        if self.changed is None:
            return "no table"
        rows = "rows" if self.rows is None else f"{self.rows:,} rows"
        return f"{rows}, changed {self.changed:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a destination's dataset says of its tables, and gives to those that are made in it.

    Attributes:
        location: where they are.
        collation: how new texts compare.
        partitions_live: how long after its date a partition of a new table is removed; None: never.
        tables_live: how long after it was made a new table without such partitions is removed.
        folds_names: whether `T` and `t` are one table there.
    """

    location: str
    collation: str = ""
    partitions_live: timedelta | None = None
    tables_live: timedelta | None = None
    folds_names: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The destination as it is.

    Attributes:
        location: the dataset's location.
        exists: whether the table is there.
        fields: its columns by case-folded name.
        rows, bytes: its size; None when not known (a streaming buffer, a view).
        made, changed: when the table was made, and last changed.
        key: of Cloud KMS, by which the table is encrypted; empty: Google's own.
        partitions_live: how long after its date a partition is removed; None: never.
        ends: when the table is removed; None: never.
        in_dataset: what the dataset gives to a table that is made.
    """

    location: str
    exists: bool = False
    fields: tuple[CurrentField, ...] = ()
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    rows: int | None = None
    bytes: int | None = None
    require_partition_filter: bool = False
    collation: str = ""
    """What the dataset gives to tables that are made in it, staging tables too."""
    made: datetime | None = None
    changed: datetime | None = None
    key: str = ""
    partitions_live: timedelta | None = None
    ends: datetime | None = None
    in_dataset: DatasetFacts = DatasetFacts("")

    @property
    def state(self) -> TableState:
        """By what it is told from what it may be later."""
        return TableState(self.made, self.changed, self.rows)

    def is_made_by(self, request: SyncRequest) -> bool:
        """Whether the run makes the table: it isn't there, or is deleted before."""
        return not self.exists or request.publishing.delete_existing_table

    def by_name(self) -> dict[str, CurrentField]:
        """The fields by case-folded name, and of each whether the layout keeps it as it is."""
        by = (self.partitioning.field if self.partitioning else "", *self.clustering)
        fixed = {name.casefold() for name in by}
        named = ((field.name.casefold(), field) for field in self.fields)
        return {name: replace(f, is_fixed=True) if name in fixed else f for name, f in named}


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column that a run of this sync wrote.

    Attributes:
        name: in the destination.
        source_name: what it was made from.
        is_kept: the plan brings it no more, and what it holds may stay.
        is_masked: what it holds was written under a mask, or may stay as it is.
        stored: which column of a table it was, whatever its name; empty: not known.
    """

    name: str
    source_name: str
    is_kept: bool = False
    is_masked: bool = False
    stored: str = ""


def stored_column(profile: SourceProfile, name: str) -> str:
    """Which column of a table a column of the source is, for the history; empty: not known."""
    column = profile.column(name)
    return "/".join(map(str, column.origin)) if column and column.origin else ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a plan is made of, beside the request."""

    profile: SourceProfile
    target: Target
    source: Source
    evidence: Evidence = field(default_factory=Evidence)
    cursor: Cursor | None = None
    watermark: Watermark = field(default_factory=Watermark)
    highest: Watermark | None = None
    """MAX of the whole column, of the future or not; None: not asked for by itself."""
    frontier: Frontier | None = None
    """None: not asked for yet, or there is no cursor."""
    window: WindowPlan | None = None
    merge_bytes: int | None = None
    """What a merge's first query reads of the destination."""
    written: tuple[WrittenColumn, ...] | None = None
    """By earlier runs, where the destination has columns that this plan doesn't bring; None: not
    asked for."""
    inexact: Mapping[str, int] | None = None
    """By columns that would be altered, how many values of the destination would change; None: not
    asked for."""
    inexact_bytes: int | None = None
    """What that question has read."""
    volumes: tuple[PastVolume, ...] | None = None
    """What earlier runs read; None: not asked for."""
    sql: SqlAnswer | None = None
    """What a dry run says of transform_sql; None: there is none."""
    asked: datetime | None = None
    """When the history was first asked under the lock, by BigQuery's clock; None: it wasn't."""
    replay: ReplayFacts | None = None
    """What dead letters there are, of a run that replays them; None: it is none."""
    keys: ComparedKeys | None = None
    """What comparing the keys of both sides has found; None: they weren't compared."""
    key_columns: tuple[Column, ...] = ()
    """By which they were."""
    rows: ComparedRows | None = None
    """What comparing the rows of both sides has found; None: they weren't compared."""

    @property
    def deciding(self) -> dict[str, CurrentField]:
        """The destination's columns that say how rows are staged, by case-folded name.

        What transform_sql makes says nothing of them: of these, the rows alone do.
        """
        if self.sql is None:
            return self.target.by_name()
        return deciding(self.target, self.sql.made)

    @property
    def is_first(self) -> bool:
        """Whether the window is the first on its table: there is no watermark."""
        window = self.window
        return window is not None and window.watermark is None and not window.goes_on

    @property
    def floor(self) -> CursorValue | None:
        """Where the first window of all began; None: not known, or open downwards."""
        if self.window is not None and self.is_first:
            return self.window.window.low
        return self.frontier.floor if self.frontier else None


def deciding(target: Target, by_query: frozenset[str]) -> dict[str, CurrentField]:
    """The destination's columns that say how rows are staged, but for those that a query makes.

    The digits and lengths that they declare bound what is published, not what it is made of.
    """
    fields = {name: field for name, field in target.by_name().items() if name not in by_query}
    return {name: _unbounded(field) for name, field in fields.items()}


def _unbounded(field: CurrentField) -> CurrentField:
    shape = field.shape
    return replace(field, shape=replace(shape, parameters=()) if shape else None)
