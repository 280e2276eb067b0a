"""What a source does, and what an inspector is asked: protocols without Beam or drivers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from auto_schema.key_places import Place, Places, Summed
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.profile import SourceProfile
from sources.questions import KeysQuestion, RangesQuestion, RowsQuestion
from sources.values import (
    Clock,
    DigestRow,
    Evidence,
    Extract,
    KeyValue,
    Split,
)


class Source(Protocol):
    """What a plan holds to read its rows; pickles, and holds no connection."""

    def statement(self, split: Split) -> str:
        """The query text that reads a split."""

    def read(self, split: Split) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows under their source names, in one transaction.

        One `with_proof` (see ProvingSource) yields last the sums that the server itself makes
        over the split, in the same snapshot.

        Raises:
            SourceUnreachableError: the connection failed; the split may be read again.
            SourceRefusedError: the server refused; reading again won't help.
        """

    def open(self, splits: tuple[Split, ...], attempt: int = 0) -> tuple[Split, ...]:
        """The splits as they can be read; called once, before the first is.

        Args:
            splits: the plan's.
            attempt: counts the calls of one run, when one before has failed.

        Raises:
            SourceUnreachableError, SourceRefusedError: as for `read`.
        """

    def with_columns(self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()) -> "Source":
        """The same source, reading these columns and nothing of those fields."""

    @property
    def place(self) -> str:
        """Where the rows come from, without secrets, for messages and the history."""


@runtime_checkable
class ProvingSource(Source, Protocol):
    """A source whose server hashes the rows that it gives."""

    def with_proof(self, *, digests: bool) -> Source:
        """The same source, whose reads end with RowSums.

        Args:
            digests: whether each row brings its own digest, in the hidden column DIGEST.
        """


@runtime_checkable
class InPlaceSource(Source, Protocol):
    """A source whose rows a statement in BigQuery can read."""

    @property
    def reads_table(self) -> bool:
        """Whether workers read the table itself, without a query."""

    @property
    def copied_table(self) -> str:
        """The table that a copy job takes, qualified; empty where the query says it all."""

    @property
    def default_dataset(self) -> str:
        """`project.dataset` of tables that the query names without one; empty: none."""

    @property
    def max_bytes_billed(self) -> int | None:
        """Ceiling of each job that reads it; None: none."""

    def in_place(self) -> Source:
        """The same, its statement for a job in BigQuery: columns under their new names."""


@runtime_checkable
class NarrowingSource(Source, Protocol):
    """A source that can find the rows which it refuses, and read the others."""

    def read_around(self, split: Split, most: int) -> Iterator[pa.RecordBatch | RowSums]:
        """Yield the split's rows after a read of it has raised RowRefusedError.

        Each row that the source refuses is one without values, whose hidden columns say why
        (see `auto_schema.conform`). All is one snapshot.

        Args:
            split: the part of the source.
            most: refused rows that are looked for; when one more is found they are all that
                is yielded.

        Raises:
            SourceRefusedError: they can't be found.
            SourceUnreachableError: as for `read`.
        """


@runtime_checkable
class RestoringSource(Source, Protocol):
    """A source whose reader keeps the rows that it refuses, in a form of its own."""

    def restored(self, rows: Sequence[bytes]) -> Iterator[pa.RecordBatch]:
        """Kept rows as `read` yields them, in their order, with the columns of now.

        Args:
            rows: each as the hidden column KEPT_ROW of `auto_schema.kept_row` held it.
        """


class Inspector(Protocol):
    """An open look at one source: facts before the window is known, and after."""

    profile: SourceProfile

    def clock(self, *, guard: bool) -> Clock:
        """The source's clock, and with `guard` who may still write older stamps."""

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        """MAX of an integer cursor, and the clock with those who may still commit lower values.

        Args:
            name: the cursor column.
            wait: whether late commits are waited for.
            auto: whether the source itself says for how long, where it can't see who writes.
            margin: the wait for writers that can't be seen, beside that.
        """

    def source(self, extract: Extract) -> Source:
        """What a plan holds to read these rows."""

    def has_rows(self, source: Source) -> bool:
        """Whether the window of a source holds any row; True when that takes long to tell."""

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        """A look at the rows of the window.

        Args:
            source: with the window.
            asked: what is wanted of them.
        """

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        """Values that cut the rows of the window; empty: none are known.

        Args:
            source: with the window.
            asked: by which column.
        """


@runtime_checkable
class ProvingInspector(Inspector, Protocol):
    """An Inspector of a server that hashes rows: see ProvingSource."""

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        """The server's own sums over a source's rows, by the first digits of their digests."""

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        """The rows of these buckets: digest, key and cursor, as texts."""


class KeySnapshot(Protocol):
    """Keys of one moment, by places: of a source, or of the destination."""

    def ends(self) -> tuple[int, int] | None:
        """The lowest and highest value of a single integer key.

        None: there is no row, or the source can't tell; keys are dealt by their hash then.
        """

    def sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """Sums over the keys that count, by place; a place without a key may be left out.

        Args:
            places: how keys are dealt.
            within: only these places, with all their parts; empty: all.
        """

    def keys(self, places: Places, within: Sequence[Place]) -> Iterator[str]:
        """All keys of these parts of places, those that don't count as well.

        Each is a letter that says what its row is (see `KeysQuestion`), and the key as
        `auto_schema.canonical` writes it.
        """


@runtime_checkable
class RowSnapshot(KeySnapshot, Protocol):
    """One whose rows can be compared, too."""

    def row_sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """As `sums`, over all that the compared columns hold, of rows up to an end of the cursor.

        Args:
            places: how keys are dealt.
            within: only these places, with all their parts; empty: all.
        """


@runtime_checkable
class ComparingInspector(Inspector, Protocol):
    """An Inspector of a source whose keys can be compared with the destination's."""

    def comparing(self, source: Source, asked: KeysQuestion) -> AbstractContextManager[KeySnapshot]:
        """One snapshot of the source's keys, for as long as it is open.

        Args:
            source: without a window.
            asked: which keys.
        """


@runtime_checkable
class PlacedSource(Source, Protocol):
    """A source that can read the rows of some keys only."""

    def only_in(self, places: Places, within: Sequence[Place]) -> Source:
        """The same source, reading rows whose keys lie in these parts of places, or are NULL."""


@runtime_checkable
class ZoneInspector(Inspector, Protocol):
    """An Inspector of a source that has dates and times without a zone."""

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        """These instants as the server's own clock on a wall of that zone shows them.

        Raises:
            ConfigError: the server doesn't know the zone.
        """


def as_in_place(source: Source) -> InPlaceSource:
    """A source that a plan reads in place, as one.

    Raises:
        TypeError: no statement in BigQuery can read it.
    """
    if not isinstance(source, InPlaceSource):
        raise TypeError(f"{type(source).__name__} where a source in BigQuery belongs")
    return source


Known = TypeVar("Known")


def of_kind(value: object, kind: type[Known]) -> Known:
    """A connection or source that a launch hands back to those who made it, as theirs.

    Raises:
        TypeError: another source's.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where a {kind.__name__} belongs")
    return value
