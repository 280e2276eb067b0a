"""Reshaping: conformed columns → published ones: cast, default, mask, constants, then the filter.

The order is fixed: casts → defaults → constants → mask → filter. All of it is by whole columns;
a column that nothing changes is passed on as it is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auto_schema.casts import CASTS
from auto_schema.kept_row import Masked, mark_of
from auto_schema.kernels import Array, arrow, pc
from auto_schema.masks import masked
from auto_schema.row_filter import RowFilter
from auto_schema.schema import Column, TableSchema
from auto_schema.transform import Mask
from auto_schema.typed_values import ARROW


@dataclass(frozen=True, slots=True)
class Passage:
    """What becomes of the values of one column.

    Attributes:
        column: as it is published.
        arrives: its type before; empty: it is a constant.
        cast: the type that it is cast to; empty: it isn't.
        default: what stands for NULL; None: nothing does.
        mask: how it is hidden; None: it isn't.
        constant: the value of all rows, of a constant.
    """

    column: Column
    arrives: str = ""
    cast: str = ""
    default: object = None
    mask: Mask | None = None
    constant: object = None

    @property
    def told(self) -> str:
        """What it does, for the plan; a salt is named or not shown."""
        if not self.arrives:
            return "a constant"
        steps = []
        if self.cast:
            rule = CASTS[self.arrives, self.cast]
            steps.append(f"cast from {self.arrives}")
            if rule.refuses:
                steps[-1] += f" (dead letters: {rule.refuses})"
        if self.default is not None:
            steps.append(f"NULL becomes {self.default!r}")
        if self.mask is not None:
            salted = " with a salt" if self.mask.salt else ""
            steps.append(f"masked by {self.mask.method}{salted}")
        return ", then ".join(steps)

    def refusal(self) -> str:
        """Why a value that the cast refuses is a dead letter; nothing of the value itself."""
        return f"can't be cast from {self.arrives} to {self.cast}"


@dataclass(frozen=True, slots=True)
class Reshaping:
    """What a transformation does to rows, planned.

    Attributes:
        arriving: the columns that are read, in the types in which they are conformed.
        passages: of the published columns that are changed, or are constants.
        keeps: which rows stay; None: all.
    """

    arriving: TableSchema
    passages: tuple[Passage, ...] = ()
    keeps: RowFilter | None = None

    def only(self, names: Collection[str]) -> "Reshaping":
        """The same for some columns, among them those that the filter tests."""
        arriving = tuple(column for column in self.arriving if column.name in names)
        passages = tuple(p for p in self.passages if p.column.name in names)
        return Reshaping(replace(self.arriving, columns=arriving), passages, self.keeps)

    @property
    def hidden(self) -> frozenset[str]:
        """The published names of columns whose values nothing may show."""
        return frozenset(p.column.name for p in self.passages if p.mask is not None)


@dataclass(frozen=True, slots=True)
class Reshaped:
    """Published columns; `refused` is where each can't be what it has to be, and why."""

    arrays: tuple[Array, ...]
    refused: tuple[tuple[str, Array, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reshaper:
    """A reshaping at work, with the salts' texts; it lives where rows pass, and in no plan."""

    reshaping: Reshaping
    published: TableSchema
    salts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, reshaping: Reshaping, published: TableSchema) -> "Reshaper":
        """With its secrets resolved.

        Raises:
            SyncError: Secret Manager doesn't hand one out.
        """
        salts = {
            passage.column.name: passage.mask.salt.resolve().encode()
            for passage in reshaping.passages
            if passage.mask is not None and passage.mask.salt is not None
        }
        return cls(reshaping, published, salts)

    def reshape(self, arrays: Mapping[str, Array], rows: int) -> Reshaped:
        """The published columns of so many rows, of the arriving ones by their names."""
        passages = {passage.column.name: passage for passage in self.reshaping.passages}
        published, refused = list[Array](), list[tuple[str, Array, str]]()
        for column in self.published:
            passage = passages.get(column.name)
            if passage is None:
                published.append(arrays[column.name])
                continue
            array, bad = self._passed(passage, arrays.get(column.name), rows)
            published.append(array)
            if bad is not None:
                refused.append((column.name, bad, passage.refusal()))
        return Reshaped(tuple(published), tuple(refused))

    def masked_columns(self, arrays: Sequence[Array]) -> dict[str, Masked]:
        """Of published columns those under a mask, by the source's names."""
        masks = {p.column.name: p.mask for p in self.reshaping.passages if p.mask is not None}
        return {
            column.source_name: Masked(array, mark_of(mask.method, self.salt_of(column)))
            for column, array in zip(self.published, arrays, strict=True)
            if (mask := masks.get(column.name)) is not None
        }

    def salt_of(self, column: Column) -> bytes:
        """What its mask puts before each value that is hashed."""
        return self.salts.get(column.name, b"")

    def _passed(
        self, passage: Passage, array: Array | None, rows: int
    ) -> tuple[Array, Array | None]:
        column, bad = passage.column, None
        if array is None:
            return arrow.repeat(arrow.scalar(passage.constant, column.arrow), rows), None
        kind, wanted = passage.cast or passage.arrives, column.arrow
        if passage.cast:
            wanted = column.arrow if passage.mask is None else ARROW[passage.cast]
            array, bad = CASTS[passage.arrives, passage.cast].convert(array, wanted)
        if passage.default is not None:
            value = arrow.scalar(passage.default, array.type)
            array = pc.fill_null(array, value) if bad is None else _filled(array, value, bad)
        if passage.mask is not None:
            array = masked(array, kind, passage.mask.method, self.salt_of(column))
        return array, bad


def made_of(reshaping: Reshaping | None) -> dict[str, str]:
    """What is made of columns, by the source's names: the mark of a mask, or a cast in words.

    Raises:
        SyncError: Secret Manager doesn't hand a salt out.
    """
    marks = dict[str, str]()
    for passage in reshaping.passages if reshaping else ():
        mask = passage.mask
        if mask is not None:
            salt = mask.salt.resolve().encode() if mask.salt else b""
            marks[passage.column.source_name] = mark_of(mask.method, salt)
        elif passage.arrives:
            marks[passage.column.source_name] = passage.told
    return marks


def _filled(array: Array, value: Any, bad: Array) -> Array:
    """The array with a value for NULL, but not where one was refused."""
    return pc.if_else(pc.and_(pc.is_null(array), pc.invert(bad)), value, array)


def changes(reshaping: Reshaping | None) -> Iterator[str]:
    """One text per changed column and for the filter, by which two reshapings differ."""
    for passage in reshaping.passages if reshaping else ():
        yield f"{passage.column.name}: {passage.told} {passage.constant!r}"
    if reshaping is not None and reshaping.keeps is not None:
        yield str(reshaping.keeps)
