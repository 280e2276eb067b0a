"""What two sets of rows of one window say of each other; pure.

A row of the source that BigQuery lacks is a failure, and so is one that BigQuery has more
often. A row that only BigQuery has was true once: the source has moved it on or deleted it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_schema.row_sums import RowSums
from sources.values import DigestRow

SHOWN_KEYS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of comparing a window.

    Attributes:
        source_rows, target_rows: in the window on either side.
        lacking: rows of the source that BigQuery lacks, or has in another version.
        doubled: rows that BigQuery has more often than the source.
        moved_on: rows that only BigQuery has.
        examples: up to ten of the failures, in words.
    """

    source_rows: int
    target_rows: int
    lacking: int = 0
    doubled: int = 0
    moved_on: int = 0
    examples: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every row of the source is there, once."""
        return not (self.lacking or self.doubled)


def differing(source: Mapping[str, RowSums], target: Mapping[str, RowSums]) -> tuple[str, ...]:
    """The buckets that have to be looked into."""
    none = RowSums()
    every = sorted({*source, *target})
    return tuple(b for b in every if source.get(b, none) != target.get(b, none))


def judge(
    totals: tuple[int, int], source: Sequence[DigestRow], target: Sequence[DigestRow]
) -> Verdict:
    """Compare the rows of the buckets that differ.

    Args:
        totals: rows of the whole window in source and target.
        source: the source's rows of those buckets, read last.
        target: BigQuery's.
    """
    wanted = Counter(row.digest for row in source)
    there = Counter(row.digest for row in target)
    lacking = wanted - there
    beyond = there - wanted
    doubled = Counter({digest: n for digest, n in beyond.items() if digest in wanted})
    by_key = {row.key: row for row in target if row.digest not in wanted}
    examples = [_lacks(row, by_key.get(row.key)) for row in _of(source, lacking)]
    examples += [f"key {row.key}, cursor {row.cursor}: doubled" for row in _of(target, doubled)]
    changed = sum(
        1 for row in _of(source, lacking) if row.key in by_key and _same_version(row, by_key)
    )
    return Verdict(
        totals[0],
        totals[1],
        lacking.total(),
        doubled.total(),
        beyond.total() - doubled.total() - changed,
        tuple(examples[:SHOWN_KEYS]),
    )


def _of(rows: Sequence[DigestRow], wanted: Mapping[str, int]) -> list[DigestRow]:
    """One row for each digest that is wanted."""
    return list({row.digest: row for row in rows if wanted.get(row.digest)}.values())


def _same_version(row: DigestRow, by_key: Mapping[str, DigestRow]) -> bool:
    return by_key[row.key].cursor == row.cursor


def _lacks(row: DigestRow, other: DigestRow | None) -> str:
    """A failure in words; key and cursor in the form in which they are compared."""
    text = f"key {row.key}, cursor {row.cursor}"
    if other is None:
        return f"{text}: not in BigQuery"
    if other.cursor == row.cursor:
        return f"{text}: other values in BigQuery"
    return f"{text}: BigQuery has it as of {other.cursor}"
