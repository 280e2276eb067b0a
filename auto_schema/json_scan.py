"""Which JSON texts have to be looked at: all, or those that one pass in C leaves over.

A text is doubtful when it may hold a number that BigQuery wouldn't keep as it is, half a
surrogate pair, or brackets too deep in each other. Nearly no text does, and the patterns of
`json_numbers` and `json_round_trip`, which judge those that are left, take a pass each.
"""

from typing import Any

from auto_schema.kernels import Array, arrow

compiled: Any
try:
    from auto_schema import compiled
except ImportError:  # slower, and nothing else
    compiled = None


def doubtful(texts: Array, *, is_exact: bool) -> list[int] | None:
    """The places of the texts that have to be looked at; None: of all of them.

    Args:
        texts: JSON, or NULL.
        is_exact: whether numbers have to be printed alike, and not only to be kept.
    """
    if compiled is None or texts.type != arrow.string():
        return None
    _, offsets, data = texts.buffers()
    if offsets is None or not len(texts):
        return []
    rows: list[int] = compiled.doubtful(data or b"", offsets, texts.offset, len(texts), is_exact)
    return rows
