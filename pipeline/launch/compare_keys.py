"""I/O. The keys of source and destination, compared without bringing more than differ.

Both sides sum their keys at the same time, the source in one snapshot. Nothing is written.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from auto_schema.key_places import Place, Places, Summed, is_ranged
from auto_schema.schema import Column
from pipeline.destination.table_keys import TableKeys
from smart_sync.key_descent import (
    apart,
    differing,
    fewest_missing,
    first_places,
    in_turns,
    parts_of,
    shortest,
    told_apart,
    told_by_bits,
)
from smart_sync.missing_keys import SAMPLE, ComparedKeys, ComparedRows, MissingRequest
from sources.protocol import KeySnapshot, RowSnapshot

Value = TypeVar("Value")


def places_at_first(source: KeySnapshot, keys: tuple[Column, ...], rows: int | None) -> Places:
    """How keys are dealt before anything is known of them.

    Args:
        source: its snapshot.
        keys: the columns that tell rows apart.
        rows: of the destination, about; None: not known.

    Raises:
        SyncError: the source can't be asked.
    """
    return first_places(keys, rows, source.ends() if is_ranged(keys) else None)


def compare_keys(
    source: KeySnapshot,
    table: TableKeys,
    places: Places,
    asked: MissingRequest,
    *,
    of_all: bool,
) -> ComparedKeys:
    """What the sides' keys say.

    Args:
        source: its snapshot.
        table: the destination.
        places: how keys are dealt at first.
        asked: when enough is known to refuse, the rest isn't looked at.
        of_all: whether all keys of the source are summed. Of some, one that isn't may be there.

    Raises:
        SyncError: a side can't be asked: then nothing is known of its keys.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="keys") as pool:
        return _Descent(source, table, pool, asked, of_all).compared(places)


def compare_rows(source: RowSnapshot, table: TableKeys, places: Places) -> ComparedRows:
    """What the sides' rows say; the arguments, and what is raised, as for `compare_keys`."""
    with ThreadPoolExecutor(2, thread_name_prefix="rows") as pool:
        return _RowDescent(source, table, pool).compared(places)


@dataclass(frozen=True, slots=True)
class _Descent:
    source: KeySnapshot
    table: TableKeys
    pool: ThreadPoolExecutor
    asked: MissingRequest
    of_all: bool

    def compared(self, places: Places) -> ComparedKeys:
        """What differs, from sums to keys."""
        source, table = self._sums(places, ())
        theirs, ours = apart(source, table)
        differ = differing(theirs, ours)
        compared = ComparedKeys(table.rows, source.rows, _ranges(source, table, differ))
        compared = replace(compared, differing=len(differ))
        fewest = fewest_missing(differ, theirs, ours) if self.of_all else 0
        if self._is_too_much(replace(compared, is_whole=False, fewest=fewest)):
            some = shortest(differ, theirs, ours)
            of_some = fewest_missing(some, theirs, ours)
            return self._sampled(compared, places, some, fewest, of_some)
        if self.of_all:
            told, differ = told_by_bits(places, differ, theirs, ours)
            compared = _with(compared, told, holds_all=self.asked.deletes)
        parts = parts_of(differ, theirs, ours)
        if parts > 1:
            places = places.in_parts(parts)
            theirs, ours = apart(*self._sums(places, differ))
            differ = differing(theirs, ours)
        for turn in in_turns(differ, theirs, ours):
            compared = _with(compared, self._keys(places, turn), holds_all=self.asked.deletes)
        return replace(compared, missing=tuple(sorted(compared.missing)))

    def _is_too_much(self, compared: ComparedKeys) -> bool:
        """Whether it is so already by what is known."""
        return self.asked.deletes and compared.is_too_much(self.asked.most_percent)

    def _sampled(
        self,
        compared: ComparedKeys,
        places: Places,
        within: tuple[Place, ...],
        fewest: int,
        of_some: int,
    ) -> ComparedKeys:
        """Of too many, a few; and whether these are as many as their places lack at the least."""
        some = self._keys(places, within) if within else ComparedKeys(0, 0)
        missing = tuple(sorted(some.missing)[:SAMPLE])
        has_more = len(some.missing) < of_some
        compared = replace(compared, missing=missing, doubled=some.doubled, has_more=has_more)
        return replace(compared, is_whole=False, fewest=fewest, moved=some.moved)

    def _sums(self, places: Places, within: tuple[Place, ...]) -> tuple[Summed, Summed]:
        return _both(
            self.pool,
            lambda: self.source.sums(places, within),
            lambda: self.table.sums(places, within),
        )

    def _keys(self, places: Places, within: tuple[Place, ...]) -> ComparedKeys:
        theirs, ours = _both(
            self.pool,
            lambda: list(self.source.keys(places, within)),
            lambda: list(self.table.keys(places, within)),
        )
        return told_apart(theirs, ours, of_versions=self.asked.ends)


@dataclass(frozen=True, slots=True)
class _RowDescent:
    source: RowSnapshot
    table: TableKeys
    pool: ThreadPoolExecutor

    def compared(self, places: Places) -> ComparedRows:
        """The ranges whose rows differ, from sums to sums of parts."""
        source, table = self._row_sums(places, ())
        theirs, ours = apart(source, table)
        differ = differing(theirs, ours)
        ranges = _ranges(source, table, differ)
        seen = len(differ)
        parts = parts_of(differ, theirs, ours)
        if parts > 1:
            places = places.in_parts(parts)
            differ = differing(*apart(*self._row_sums(places, differ)))
        return ComparedRows(table.rows, source.rows, ranges, seen, places, differ)

    def _row_sums(self, places: Places, within: tuple[Place, ...]) -> tuple[Summed, Summed]:
        return _both(
            self.pool,
            lambda: self.source.row_sums(places, within),
            lambda: self.table.row_sums(places, within),
        )


def _both(
    pool: ThreadPoolExecutor, one: Callable[[], Value], other: Callable[[], Value]
) -> tuple[Value, Value]:
    """Both sides at once; a fault of either is raised when both have answered."""
    first, second = pool.submit(one), pool.submit(other)
    return first.result(), second.result()


def _ranges(source: Summed, table: Summed, differ: Sequence[Place]) -> int:
    """How many places have a row on either side."""
    return len(source.texts & table.texts) + len(differ)


def _with(compared: ComparedKeys, more: ComparedKeys, *, holds_all: bool) -> ComparedKeys:
    """Both together; of missing keys of which nothing becomes, a few and how many they are."""
    sample = sorted({*compared.lacking_sample, *more.lacking_sample})[:SAMPLE]
    missing = (*compared.missing, *more.missing)
    return replace(
        compared,
        is_whole=holds_all,
        fewest=compared.fewest + len(more.missing),
        moved=compared.moved + more.moved,
        missing=missing if holds_all else missing[:SAMPLE],
        returned=(*compared.returned, *more.returned),
        lacking=compared.lacking + more.lacking,
        lacking_sample=tuple(sample),
        doubled=(*compared.doubled, *more.doubled)[:SAMPLE],
    )
