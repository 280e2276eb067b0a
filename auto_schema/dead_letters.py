"""Dead letters of rows that conforming refused: what is told of each, and the row kept whole.

What is told is text for people; what is kept is for a replay (see `kept_row`).
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from auto_schema.kept_row import (
    AS_STAGED,
    KEPT_ROW,
    LETTER,
    LETTER_ROW,
    KeptRow,
    Masked,
    Stage,
    kept_row,
    row_hash,
)
from auto_schema.kernels import Array
from auto_schema.limits import letter_row
from auto_schema.names import OURS
from auto_schema.raw_row import Cell, cell_text, raw_row
from auto_schema.row_sums import DIGEST
from auto_schema.schema import Column, TableSchema

REFUSED_COLUMN, REFUSED_REASON = "\0refused column", "\0refused reason"
REFUSED_VALUE, RAW_ROW = "\0refused value", "\0raw row"
"""Hidden text columns of a reader that refuses values itself: in the rows that it refuses
the source's column, why, the value, and the whole row as JSON. No field has such a name."""

DEAD_LETTER_SCHEMA = pa.schema(
    [
        pa.field("column_name", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("raw_row", pa.string()),
        pa.field("row_hash", pa.string()),
        pa.field("row_stage", pa.string()),
        pa.field("typed_row", pa.string()),
        pa.field("digest", pa.string()),
    ]
)
"""`digest` is the source's own, where a run is verified; the table doesn't keep it."""

VALUE_CHARACTERS = 1000
MASKED = "(masked)"
"""In a dead letter, in place of a value that nothing may show."""


def dimensions_of(source_name: str) -> str:
    """The hidden int column that the reader adds beside an array: the array's dimensions.

    However long the array's name is, this one is shorter than the 63 bytes that PostgreSQL
    keeps of a name.

    >>> dimensions_of("tags")
    '_smart_sync_dimensions_978c2f8941354cf552831bb8'
    """
    return f"{OURS}dimensions_{hashlib.sha256(source_name.encode()).hexdigest()[:24]}"


def hidden_column(batch: pa.RecordBatch, name: str) -> Array | None:
    """A column of that very name; None: there is none."""
    index = batch.schema.get_field_index(name)
    return batch.column(index) if index >= 0 else None


def hidden_text(batch: pa.RecordBatch, name: str, index: int) -> str | None:
    """What such a column of texts holds there."""
    column = hidden_column(batch, name)
    text: str | None = None if column is None else column[index].as_py()
    return text


def is_staged_already(batch: pa.RecordBatch, column: Column) -> bool:
    """Whether the column's values come as they are staged, and no cast or mask is for them."""
    return batch.schema.get_field_index(AS_STAGED + column.source_name) >= 0


@dataclass(frozen=True, slots=True)
class Keeper:
    """What dead letters are made of.

    Attributes:
        batch: the rows as they arrive.
        arriving: their columns.
        hidden: by the source's names, columns under their masks.
        by_reader: rows that the reader refused, whose columns don't hold them whole.
        left_out: fields that nothing may hold.
    """

    batch: pa.RecordBatch
    arriving: TableSchema
    hidden: Mapping[str, Masked]
    by_reader: Collection[int]
    left_out: Collection[str]

    def shown(self) -> dict[str, Array]:
        """The columns by their names."""
        return {column.name: self._column(column) for column in self.arriving}

    def kept(self, index: int) -> KeptRow:
        """The row whole, or why it can't be had so."""
        if before := hidden_text(self.batch, LETTER_ROW, index):
            return KeptRow.of_text(before)
        if any(self._is_lost(column, index) for column in self.arriving):
            return KeptRow(Stage.HIDDEN)
        if index in self.by_reader:
            if not self._is_kept_by_reader(index):
                return KeptRow(Stage.REFUSED)
            return kept_row(self.batch, index, {KEPT_ROW: KEPT_ROW}, {}, self.left_out)
        seen = [c for c in self.arriving if c.source_name not in self.hidden]
        names = {c.name: c.source_name for c in seen}
        dimensions = (dimensions_of(c.source_name) for c in seen)
        names |= {n: n for n in dimensions if hidden_column(self.batch, n) is not None}
        return kept_row(self.batch, index, names, self.hidden, self.left_out)

    def hash_of(self, raw: str, index: int) -> str:
        """What tells its row from others."""
        return hidden_text(self.batch, LETTER, index) or row_hash(raw, index, self.hidden)

    def _column(self, column: Column) -> Array:
        there = self.batch.schema.get_field_index(column.name) >= 0
        return self.batch.column(column.name if there else AS_STAGED + column.source_name)

    def _is_lost(self, column: Column, index: int) -> bool:
        """Whether a value has no form under its mask, since the mask's cast refuses it."""
        under, raw = self.hidden.get(column.source_name), hidden_column(self.batch, column.name)
        if under is None or raw is None or under.mark == "null":
            return False
        return bool(raw[index].is_valid and not under.array[index].is_valid)

    def _is_kept_by_reader(self, index: int) -> bool:
        kept = hidden_column(self.batch, KEPT_ROW)
        return kept is not None and bool(kept[index].is_valid)


def dead_letters(keeper: Keeper, refused: Mapping[int, tuple[str, str]]) -> pa.RecordBatch:
    """One letter of each refused row: by its index the column, and why."""
    batch, columns = keeper.batch, keeper.shown()
    hidden = {column.name for column in keeper.arriving if column.is_hidden}
    rows = []
    for index in sorted(refused):
        name, reason = refused[index]
        raw, value = hidden_text(batch, RAW_ROW, index), None
        if raw is None:
            cells = _masked(raw_row(columns, index), hidden)
            raw = json.dumps(cells, ensure_ascii=False, sort_keys=True)
            value = cell_text(columns[name], index) if name in columns else None
        else:
            value = hidden_text(batch, REFUSED_VALUE, index)
        if name in hidden and value is not None:
            value = MASKED
        kept = keeper.kept(index)
        rows.append(
            {
                "column_name": name,
                "value": None if value is None else value[:VALUE_CHARACTERS],
                "reason": reason,
                "raw_row": letter_row(raw),
                "row_hash": keeper.hash_of(raw, index),
                "row_stage": str(kept.stage),
                "typed_row": kept.text or None,
                "digest": hidden_text(batch, DIGEST, index),
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=DEAD_LETTER_SCHEMA)


def _masked(cells: dict[str, Cell], hidden: Collection[str]) -> dict[str, Cell]:
    """A row whose masked values don't show; a NULL does, as it does under a mask."""
    return {n: MASKED if n in hidden and v is not None else v for n, v in cells.items()}
