"""Which decoder there is: the compiled one, or the one in Python."""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from sources.decoders import slow
from sources.postgresql.wire.fields import Field

try:
    from sources.postgresql.wire.compiled import Decoder as _Decoder

    IS_COMPILED = True
except ImportError:
    from sources.postgresql.wire.in_python import Decoder as _Decoder  # type: ignore[assignment]

    IS_COMPILED = False
SLOW = slow("PostgreSQL's rows", "fifty")
"""Said once per process that reads."""


@cache
def warn_if_slow() -> None:
    """Say so where the compiled decoder is missing."""
    if not IS_COMPILED:
        logging.getLogger("smart_sync").warning(SLOW)


class Decoder(Protocol):
    """COPY BINARY → batches.

    A value that isn't of its type's length raises a ValueError that names the column, and so
    does a stream that isn't COPY BINARY; after one the decoder is of no more use.
    """

    rows: int
    """Of the batch so far."""

    def feed(self, piece: bytes) -> bool:
        """Decode a piece of the stream, wherever it was cut; whether it was the last one."""

    def pull(self, connection: int, get: int, release: int, rows: int, size: int) -> int:
        """Decode from a libpq connection until a batch is full.

        Args:
            connection: the address of a PGconn that copies out.
            get: the address of PQgetCopyData.
            release: the address of PQfreemem.
            rows: of a batch, at most; one of the two ends it.
            size: bytes on the wire, of which the last row may be partly behind; the text of
                a number that doesn't fit counts, too.

        Returns:
            What PQgetCopyData said last: more than 0 when there may be more, -1 at the end
            and -2 for an error.
        """

    def take(self) -> tuple[Any, Any]:
        """The batch so far, as the two capsules of `__arrow_c_array__`; the next one begins."""


def decoder(fields: Sequence[Field]) -> Decoder:
    """A decoder of these columns."""
    return _Decoder(fields)
