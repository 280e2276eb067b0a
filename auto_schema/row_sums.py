"""RowSums: a count of rows and the four word sums of their digests.

Sums, never XOR: a row that is there twice counts twice. They add up over parts and don't
depend on the order of rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auto_schema.canonical import WORDS
from auto_schema.kernels import Array, pc
from auto_schema.names import OURS

DIGEST = f"{OURS}row_digest"
"""Hidden column of MD5 digests in hex, read beside the rows when dead letters are allowed."""


@dataclass(frozen=True, slots=True)
class RowSums:
    """What is equal for two sets of equal rows, and else but for a chance of 1 in 2^128."""

    rows: int = 0
    words: tuple[int, int, int, int] = (0, 0, 0, 0)

    @classmethod
    def of(cls, figures: Sequence[int]) -> "RowSums":
        """From (count, word 1 … word 4), as the SQL answers."""
        rows, first, second, third, fourth = map(int, figures)
        return cls(rows, (first, second, third, fourth))

    @classmethod
    def of_digests(cls, digests: Iterable[str]) -> "RowSums":
        """Over digests in hex.

        >>> RowSums.of_digests(["00000001000000020000000300000004"] * 2)
        RowSums(rows=2, words=(2, 4, 6, 8))
        """
        total = cls()
        for digest in digests:
            words = [int(digest[start - 1 : start + 7], 16) for start in WORDS]
            total = total + cls.of([1, *words])
        return total

    def __add__(self, other: "RowSums") -> "RowSums":
        return RowSums.of([a + b for a, b in zip(self.figures, other.figures, strict=True)])

    def __sub__(self, other: "RowSums") -> "RowSums":
        return RowSums.of([a - b for a, b in zip(self.figures, other.figures, strict=True)])

    @property
    def figures(self) -> tuple[int, int, int, int, int]:
        """(count, word 1 … word 4)."""
        return (self.rows, *self.words)


def digest_sums(digests: Array) -> RowSums:
    """Over a column of digests in hex, by whole columns.

    >>> import pyarrow as pa
    >>> digest_sums(pa.array(["00000001000000020000000300000004"] * 2))
    RowSums(rows=2, words=(2, 4, 6, 8))
    """
    words = []
    for start in WORDS:
        word = pc.utf8_slice_codeunits(digests, start=start - 1, stop=start + 7)
        numbers = pc.binary_join_element_wise("0x", word, "").cast("int64")
        words.append(pc.sum(numbers).as_py() or 0)
    return RowSums.of([len(digests), *words])
