"""Coders of batches: Arrow IPC with zstd, registered when this module is imported.

Beam's default would pickle, and pickling a slice of a batch writes its whole parent.
"""

import struct
from typing import Any

import apache_beam as beam
import apache_beam.coders.typecoders
import pyarrow as pa

from auto_schema.row_sums import RowSums
from pipeline.destination.elements import SplitBatch, SplitDone, SplitElement

_HEADER = struct.Struct("<bqqq")
_SUMS = struct.Struct("<qqqqq")
_DONE, _BATCH, _BATCH_WITH_DEAD = 0, 1, 2


def encode_batch(batch: pa.RecordBatch) -> bytes:
    """One batch as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode_batch(data: bytes) -> pa.RecordBatch:
    """The batch of an Arrow IPC stream."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return reader.read_next_batch()


class SplitElementCoder(beam.coders.Coder):
    """SplitBatch and SplitDone as bytes; not deterministic, so never a key."""

    def encode(self, value: SplitElement) -> bytes:
        """A header of kind, split, attempt and rows or length, then the batches."""
        if isinstance(value, SplitDone):
            head = _HEADER.pack(_DONE, value.split, value.attempt, value.rows)
            return head + (_SUMS.pack(*value.sums.figures) if value.sums else b"")
        if not isinstance(value, SplitBatch):
            raise TypeError(f"not a split element: {type(value).__name__}")
        body = encode_batch(value.batch)
        kind = _BATCH if value.dead is None else _BATCH_WITH_DEAD
        head = _HEADER.pack(kind, value.split, value.attempt, len(body))
        head += _SUMS.pack(*value.filtered.figures)
        return head + body + (b"" if value.dead is None else encode_batch(value.dead))

    def decode(self, encoded: bytes) -> SplitElement:
        """The element of `encode`."""
        kind, split, attempt, number = _HEADER.unpack_from(encoded)
        if kind == _DONE:
            rest = encoded[_HEADER.size :]
            sums = RowSums.of(_SUMS.unpack(rest)) if rest else None
            return SplitDone(split, attempt, number, sums)
        filtered = RowSums.of(_SUMS.unpack_from(encoded, _HEADER.size))
        start = _HEADER.size + _SUMS.size
        batch = decode_batch(encoded[start : start + number])
        dead = decode_batch(encoded[start + number :]) if kind == _BATCH_WITH_DEAD else None
        return SplitBatch(split, attempt, batch, dead, filtered)

    def is_deterministic(self) -> bool:
        """Compression makes no promise of equal bytes."""
        return False

    def estimate_size(self, value: SplitElement) -> int:
        """Bytes in memory, so that the runner sees the weight of a batch."""
        return int(value.batch.nbytes) if isinstance(value, SplitBatch) else _HEADER.size

    def to_type_hint(self) -> Any:
        """The type that it codes."""
        return SplitElement


apache_beam.coders.typecoders.registry.register_coder(SplitElement, SplitElementCoder)
