"""What a look at a source finds before the window is known, as values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auto_schema.schema import Partitioning
from sources.coarse_stamps import CoarseStamps
from sources.given_stamps import GivenStamps
from sources.stamp_zone import StampZone
from sources.values import ColumnRules, SourceColumn
from sources.writers import Numbers, Writers


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """Which source it is, for the labels of a table that is filled from it.

    Attributes:
        database: kind and database, for `sync_source`.
        server: `id:` and what only this server says of itself, or `host:` and its address; empty:
            the tables' names already say all.
        tables: the qualified tables that the query reads, sorted; empty when they are not known.
        stored: what tells these tables from others under their names, and from themselves before
            all of their rows went (TRUNCATE); empty: nothing is known that does.
        views: what the views are that it reads, whose conditions leave rows out, sorted.
        made: what tells the tables of a sync by windows from others under their names, and an
            integer cursor's numbers from those before its sequence began again; no rewrite of the
            rows moves it. Empty: nothing is known that does.
    """

    database: str = ""
    server: str = ""
    tables: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    made: str = ""


@dataclass(frozen=True, slots=True)
class Cuts:
    """By which columns the rows may be cut into splits.

    Attributes:
        reason: why by none; empty when they may be cut.
        key: a NOT NULL column of the result that is unique.
        key_scans: whether no index serves ranges of the key, so that each scans the table.
        by_key_only: whether ranges are of the key only, also those of a window.
        indexed: columns of the result by which an index begins: their ranges are read without a
            scan.
    """

    reason: str = ""
    key: str | None = None
    key_scans: bool = False
    by_key_only: bool = False
    indexed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """What is known of a source's texts before any is read.

    Attributes:
        are_utf8: whether the database holds them as UTF-8.
        are_checked: whether the source has seen to it that they are.
        count_alike: whether the database counts their characters as BigQuery does.
        json_is_exact: whether numbers in JSON are written as `json_numbers=double` wants them.
    """

    are_utf8: bool = True
    are_checked: bool = True
    count_alike: bool = True
    json_is_exact: bool = False


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """What a server knows of a table when it estimates how many rows a query gives.

    Attributes:
        name: of the table, qualified.
        rows: when it last counted.
        changed: rows that were written, changed or deleted since.
        at: when that was, aware UTC; None: it doesn't say.
        is_missing: whether it never has, of all or a part of the table.
    """

    name: str
    rows: int = 0
    changed: int = 0
    at: datetime | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class InBigquery:
    """What of a source in BigQuery decides where its rows pass.

    Attributes:
        location: of its tables; empty when it reads none.
        reads: (table, the view that leads to it or empty), views followed.
        layout: partitioning and clustering of a source that is one table; None: it is none.
        copy_reason: why no copy job can take the source whole; empty when one can.
        protected: columns that a policy tag or a data policy guards.
        masked: those of the table that it is, which arrive masked.
        partly_masked: (table, its masked columns) of tables that a query or a view reads.
        closed: tables behind views, or of which only queries are allowed, into which this account
            may not look.
        left_out: fields that some table of a wildcard has, and the newest of them hasn't; None:
            nobody could say.
        others: tables of a wildcard whose names don't go on with a digit, where others' do.
        partitions_live: (table, how long BigQuery keeps each of its partitions) of those that are
            read, where not for ever.
        synced: tables of those that are read into which a sync of this program publishes.
    """

    location: str = ""
    reads: tuple[tuple[str, str], ...] = ()
    layout: tuple[Partitioning | None, tuple[str, ...]] | None = None
    copy_reason: str = ""
    protected: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    partly_masked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    closed: tuple[str, ...] = ()
    left_out: tuple[str, ...] | None = ()
    others: tuple[str, ...] = ()
    partitions_live: tuple[tuple[str, timedelta], ...] = ()
    synced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """What inspecting the source found before the window is known.

    Attributes:
        columns: of the query's result.
        rules: what they become; asked here, since planning knows no source.
        is_open: whether rows may hold fields beyond `columns`, which were found by sampling.
        is_unseen: whether no row was found, so that hardly any of its columns is known.
        identity: which source it is.
        cuts: by which columns its rows may be cut.
        texts: what is known of them.
        writers: who writes what the query reads, looked at for smart sync.
        numbers: how the cursor column gets its values, where it is one of integers.
        coarse: what cuts the cursor's stamps to hours or longer; None: nothing shows that.
        zone: by whose clock a cursor without a zone is stamped; None: nothing says it.
        given: the stamp that its query gives to rows without one; None: nothing shows any.
        ripening: a condition of its query that rows come to meet as time goes by, while nothing
            moves their cursor, in its words; empty: nothing shows one.
        some: why its query gives only some rows of a window, in its words; empty: nothing shows it.
        in_bigquery: of a source in BigQuery, which deals rows to splits itself; None: another.
        description: of the table, for the destination's.
        keys: the primary key of that table, in the key's order; None: not asked for.
        told_apart: sets of columns, each of which tells all rows apart, as the source itself sees
            to; empty: none does; None: not known, as of a query of several tables.
        notes: for the plan.
        statistics: of the tables by which the source estimates; empty: it counts, or none is known.
    """

    columns: tuple[SourceColumn, ...]
    rules: ColumnRules
    is_open: bool = False
    is_unseen: bool = False
    identity: SourceIdentity = field(default_factory=SourceIdentity)
    cuts: Cuts = field(default_factory=Cuts)
    texts: Texts = field(default_factory=Texts)
    writers: Writers = field(default_factory=Writers)
    numbers: Numbers = field(default_factory=Numbers)
    coarse: CoarseStamps | None = None
    zone: StampZone | None = None
    given: GivenStamps | None = None
    some: str = ""
    ripening: str = ""
    in_bigquery: InBigquery | None = None
    description: str = ""
    keys: tuple[str, ...] | None = None
    told_apart: tuple[tuple[str, ...], ...] | None = None
    notes: tuple[str, ...] = ()
    statistics: tuple[TableStatistics, ...] = ()

    @property
    def layout(self) -> tuple[Partitioning | None, tuple[str, ...]] | None:
        """Partitioning and clustering of a source that is one table of BigQuery; else None."""
        return self.in_bigquery.layout if self.in_bigquery else None

    def column(self, name: str) -> SourceColumn | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)
