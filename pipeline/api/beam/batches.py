"""Batches of Arrow as Beam's elements: Arrow IPC, registered when this module is imported."""

from typing import Any

import apache_beam as beam
import apache_beam.coders.typecoders
import pyarrow as pa

from pipeline.steps.coders import decode_batch, encode_batch


class RecordBatchCoder(beam.coders.Coder):
    """A RecordBatch as an Arrow IPC stream: of a slice only its own rows, which pickle doesn't."""

    def encode(self, value: pa.RecordBatch) -> bytes:
        """The batch as bytes."""
        return encode_batch(value)

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        """The batch of `encode`."""
        return decode_batch(encoded)

    def is_deterministic(self) -> bool:
        """Compression makes no promise of equal bytes."""
        return False

    def estimate_size(self, value: pa.RecordBatch) -> int:
        """Bytes in memory."""
        return int(value.nbytes)

    def to_type_hint(self) -> Any:
        """The type that it codes."""
        return pa.RecordBatch


apache_beam.coders.typecoders.registry.register_coder(pa.RecordBatch, RecordBatchCoder)
