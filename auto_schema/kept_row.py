"""The row of a dead letter whole and typed, as a text that only a replay reads again. Pure.

A row that a source delivered is kept as it arrived: one row of Arrow, in which every value is bit
for bit what the reader gave, under the source's names. What is masked stands there under its mask
and never without it; what is left out stands nowhere, and its name is noted, since a column that
is new later is another thing than one that was left out.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from auto_schema.kernels import Array
from auto_schema.masks import masked
from auto_schema.raw_row import cell_text

AS_STAGED = "\0as staged "
"""Begins the hidden column, by the source's name, whose values are staged as they stand there."""
KEPT_ROW = "\0kept row"
"""Hidden bytes of a reader that refuses values itself: a refused row, of which it makes a batch
again (see `RestoringSource` in sources/protocol.py)."""
LETTER, LETTER_ROW = "\0letter", "\0letter row"
"""Hidden columns of a replayed row: the `row_hash` of its dead letters, and how they keep it."""
FORM = "arrow1:"
LEFT_OUT, MASKS = b"left out", b"masks"
MOST_CHARACTERS = 8_000_000
"""Of a kept row; a longer one would keep its letter from being loaded."""
PROBE = "\0a value that no column holds"


class Stage(StrEnum):
    """At which stage a row became a dead letter; all but the first two have no whole row."""

    ARRIVED = "arrived"
    STAGED = "staged"
    MADE = "made"
    REFUSED = "refused"
    HIDDEN = "hidden"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Masked:
    """A column as its mask leaves it; `mark` tells masks apart, and says nothing of a salt."""

    array: Array
    mark: str


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row as its letter keeps it; `text` is empty where it can't be had whole."""

    stage: Stage
    text: str = ""

    @classmethod
    def of_text(cls, text: str) -> "KeptRow":
        """As an earlier letter kept it."""
        return cls(Stage.ARRIVED if text.startswith(FORM) else Stage.STAGED, text)


def mark_of(method: str, salt: bytes) -> str:
    """What two masks have in common that make the same of every value.

    >>> mark_of("null", b""), mark_of("sha256", b"a") == mark_of("sha256", b"b")
    ('null', False)
    """
    if method != "sha256":
        return method
    hashed = masked(pa.array([PROBE]), "STRING", method, salt)[0].as_py()
    return f"{method} {hashed[:16]}"


def kept_row(
    batch: pa.RecordBatch,
    index: int,
    names: Mapping[str, str],
    hidden: Mapping[str, Masked],
    left_out: Collection[str],
) -> KeptRow:
    """Row `index` of a batch as its letter keeps it.

    Args:
        batch: with the columns under these names.
        index: the row.
        names: columns of the batch that may be seen, and by which names they are kept.
        hidden: by the source's names, columns under their masks.
        left_out: fields that nothing may hold.
    """
    arrays = {kept: batch.column(name).slice(index, 1) for name, kept in names.items()}
    marks = {}
    for name, column in hidden.items():
        arrays[AS_STAGED + name] = column.array.slice(index, 1)
        marks[name] = column.mark
    metadata: dict[bytes | str, bytes | str] = {
        LEFT_OUT: json.dumps(sorted(left_out)).encode(),
        MASKS: json.dumps(marks, sort_keys=True).encode(),
    }
    schema = pa.schema([pa.field(n, a.type) for n, a in arrays.items()], metadata)
    text = packed(pa.RecordBatch.from_arrays(list(arrays.values()), schema=schema))
    return KeptRow(Stage.ARRIVED, text) if len(text) <= MOST_CHARACTERS else KeptRow(Stage.LARGE)


def packed(row: pa.RecordBatch) -> str:
    """A row as text."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, row.schema) as writer:
        writer.write_batch(row)
    return FORM + base64.b64encode(zlib.compress(sink.getvalue())).decode()


def unpacked(text: str) -> pa.RecordBatch:
    """The row that was packed.

    Raises:
        ValueError: it was packed in another form, or isn't whole.

    >>> unpacked(packed(pa.record_batch({"a": [1]}))).to_pylist()
    [{'a': 1}]
    """
    form, colon, data = text.partition(":")
    if form + colon != FORM:
        raise ValueError(f"a row kept as {form[:20]!r}")
    try:
        with pa.ipc.open_stream(zlib.decompress(base64.b64decode(data, validate=True))) as reader:
            (row,) = reader
    except (zlib.error, pa.ArrowInvalid) as error:
        raise ValueError(f"a row that is not whole: {error}") from error
    return row


def noted(row: pa.RecordBatch) -> tuple[frozenset[str], dict[str, str]]:
    """The fields that were left out, and the marks of masks by the source's names."""
    metadata = row.schema.metadata or {}
    left_out = json.loads(metadata.get(LEFT_OUT, b"[]"))
    return frozenset(left_out), dict(json.loads(metadata.get(MASKS, b"{}")))


def row_hash(raw: str, index: int, hidden: Mapping[str, Masked]) -> str:
    """What tells rows of letters apart: the text of what they hold, and what stands under masks."""
    texts = [cell_text(column.array, index) for _, column in sorted(hidden.items())]
    more = "\0" + json.dumps(texts) if texts else ""
    return hashlib.sha256((raw + more).encode()).hexdigest()


def digest_of(hashes: Sequence[str]) -> str:
    """What two sets of rows have in common that are the same.

    >>> digest_of(["b", "a", "a"]) == digest_of(["a", "b"])
    True
    """
    return hashlib.sha256(",".join(sorted(set(hashes))).encode()).hexdigest()
