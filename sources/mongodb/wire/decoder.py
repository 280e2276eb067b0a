"""The compiled half of the decoder, with numpy's arrays in and out.

Each function answers None where its twin is to do it: nothing is compiled, the batch is
malformed, which the twin tells, or it is too odd for C.
"""

import logging
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sources.decoders import slow

compiled: Any
try:
    from sources.mongodb.wire import compiled
except ImportError:
    compiled = None

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
SLOW = slow("MongoDB's documents", "five")
"""Said once per process that reads."""


@cache
def warn_if_slow() -> None:
    """Say so where the compiled decoder is missing."""
    if compiled is None:
        logging.getLogger("smart_sync").warning(SLOW)


class Grouped(NamedTuple):
    """Elements of documents, those of one name together.

    Attributes:
        names: one after the other; a name whose field stands twice in a document comes
            again, with those elements that a document has beside its first.
        bounds: where each name's elements begin, and the last one's end.
        rows: the document of each element, ascending within a name.
        types: of each element.
        starts: where its value lies.
        sizes: of the value in bytes.
    """

    names: list[bytes]
    bounds: Ints
    rows: Ints
    types: Bytes
    starts: Ints
    sizes: Ints


class Texts(NamedTuple):
    """JSON texts in Arrow's layout, with holes.

    Attributes:
        offsets: int32 numbers.
        text: all texts; a zero byte is a hole.
        types: of the elements that are the holes, in their order.
        starts: where their values lie.
        sizes: of these values in bytes.
    """

    offsets: bytes
    text: bytes
    types: Bytes
    starts: Ints
    sizes: Ints


def documents(data: memoryview) -> Ints | None:
    """Where each document of a batch starts."""
    starts = compiled and compiled.documents(data)
    return None if starts is None else _ints(starts)


def fields(data: bytes, starts: Ints, ends: Ints) -> Grouped | None:
    """All elements of documents by name."""
    told = compiled and compiled.fields(data, _flat(starts), _flat(ends))
    if told is None:
        return None
    names, bounds, rows, types, places, sizes = told
    return Grouped(names, _ints(bounds), _ints(rows), _bytes(types), _ints(places), _ints(sizes))


def items(data: bytes, starts: Ints, ends: Ints) -> tuple[Bytes, Ints, Ints, Ints] | None:
    """Type, start and size of all items of arrays, and how many each array has."""
    told = compiled and compiled.items(data, _flat(starts), _flat(ends))
    if told is None:
        return None
    types, places, sizes, lengths = told
    return _bytes(types), _ints(places), _ints(sizes), _ints(lengths)


def texts(data: bytes, types: Bytes, starts: Ints, sizes: Ints) -> Texts | None:
    """Elements as JSON; a hole is what the twin writes."""
    told = compiled and compiled.texts(
        data, np.ascontiguousarray(types), _flat(starts), _flat(sizes)
    )
    if told is None:
        return None
    offsets, text, odd, places, lengths = told
    return Texts(offsets, text, _bytes(odd), _ints(places), _ints(lengths))


def filled(holed: Texts, offsets: npt.NDArray[np.int32], fillings: Any) -> tuple[bytes, bytes]:
    """Offsets and texts whose holes are filled, in their order.

    Args:
        holed: the texts.
        offsets: of the fillings in their bytes, one more than there are.
        fillings: those bytes.
    """
    both: tuple[bytes, bytes] = compiled.filled(holed.offsets, holed.text, offsets, fillings)
    return both


def _flat(numbers: Ints) -> Ints:
    return np.ascontiguousarray(numbers, np.int64)


def _ints(raw: bytes) -> Ints:
    return np.frombuffer(raw, np.int64)


def _bytes(raw: bytes) -> Bytes:
    return np.frombuffer(raw, np.uint8)
