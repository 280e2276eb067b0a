"""Raw BSON → where every element lies: by compiled code or by whole arrays, none left out.

The compiled code is `sources.mongodb.wire`; what stands here is its twin. All documents of a
batch are walked in step: the first element of each, then the second, and so on. Documents of
one collection are mostly built alike, so a step is a handful of array operations however many
documents there are. What isn't built alike is walked element by element, and gives the same
answer.

The format: https://bsonspec.org/spec.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sources.mongodb.wire import decoder as wire

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

PADDING = 16
"""Zero bytes behind a batch, so that whole words can be read at its end."""
MOST_STEPS = 2_000
"""Elements of one container that are walked in step."""
MOST_NAMES = 32
"""Different names at one step that are told apart by whole arrays."""
MOST_CELLS = 4_000_000
"""Names times containers, before the rest is walked one by one: keys that are data, not names."""

MISSING, DOUBLE, STRING, DOCUMENT, ARRAY, BINARY = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
UNDEFINED, OBJECT_ID, BOOL, DATE, NULL, REGEX = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B
DB_POINTER, CODE, SYMBOL, CODE_WITH_SCOPE, INT32 = 0x0C, 0x0D, 0x0E, 0x0F, 0x10
TIMESTAMP, INT64, DECIMAL128, MAX_KEY, MIN_KEY = 0x11, 0x12, 0x13, 0x7F, 0xFF

_FIXED = {DOUBLE: 8, UNDEFINED: 0, OBJECT_ID: 12, BOOL: 1, DATE: 8, NULL: 0, INT32: 4}
_FIXED |= {TIMESTAMP: 8, INT64: 8, DECIMAL128: 16, MIN_KEY: 0, MAX_KEY: 0}
_COUNTED = {STRING: 4, CODE: 4, SYMBOL: 4, BINARY: 5, DB_POINTER: 16}
_COUNTED |= {DOCUMENT: 0, ARRAY: 0, CODE_WITH_SCOPE: 0}
"""Bytes of a value; of a counted one beyond the number that stands at its start."""
_LEAST = {STRING: 1, CODE: 1, SYMBOL: 1, DB_POINTER: 1, DOCUMENT: 5, ARRAY: 5, CODE_WITH_SCOPE: 14}
"""What that number is at least."""
_BYTES = np.full(256, -1, np.int64)
_IS_COUNTED = np.zeros(256, np.bool_)
_LEAST_COUNTS = np.zeros(256, np.int64)
for _type, _size in _LEAST.items():
    _LEAST_COUNTS[_type] = _size
for _type, _size in (_FIXED | _COUNTED).items():
    _BYTES[_type] = _size
    _IS_COUNTED[_type] = _type in _COUNTED


class MalformedBsonError(ValueError):
    """A batch that no server sends: its lengths don't add up."""


@dataclass(frozen=True, slots=True)
class Elements:
    """One field of each container: its type (MISSING: none), and where its value lies."""

    type: Bytes
    start: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.type)

    def take(self, rows: Ints | Mask) -> "Elements":
        """Those of some containers."""
        return Elements(self.type[rows], self.start[rows], self.size[rows])


@dataclass(frozen=True, slots=True)
class Found:
    """A field where it was found: in which containers, and its element in each."""

    rows: Ints
    elements: Elements


@dataclass(slots=True)
class Fields:
    """The elements of `count` containers by name, in pieces of no order.

    `apart` are the containers that were not walked to their end, and from where on.
    """

    count: int
    found: dict[bytes, list[Found]] = field(default_factory=dict)
    apart: list[tuple[int, int]] = field(default_factory=list)

    def add(self, name: bytes, rows: Ints, elements: Elements) -> None:
        """Keep a piece."""
        self.found.setdefault(name, []).append(Found(rows, elements))

    def dense(self, name: bytes) -> tuple[Elements, Mask | None]:
        """The field in every container, and which ones hold it twice (None: none does)."""
        pieces = self.found.get(name, [])
        if len(pieces) == 1 and len(pieces[0].rows) == self.count:
            return pieces[0].elements, None
        types = np.zeros(self.count, np.uint8)
        start, size = np.zeros(self.count, np.int64), np.zeros(self.count, np.int64)
        twice: Mask | None = None
        for piece in pieces:
            again = types[piece.rows] != MISSING
            if again.any():
                twice = np.zeros(self.count, np.bool_) if twice is None else twice
                twice[piece.rows[again]] = True
            types[piece.rows] = piece.elements.type
            start[piece.rows] = piece.elements.start
            size[piece.rows] = piece.elements.size
        return Elements(types, start, size), twice


class Buffer:
    """The bytes of a batch, read as numbers at any place.

    `faults` collects what JSON can't carry: where its container starts, and why.
    """

    def __init__(self, data: bytes) -> None:
        self.length = len(data)
        self.faults: list[tuple[int, str]] = []
        self.data = b"".join((data, bytes(PADDING)))
        self.bytes: Bytes = np.frombuffer(self.data, np.uint8)

    def numbers(self, kind: str, places: Ints) -> npt.NDArray[np.generic]:
        """The number of that numpy type at each place, whatever its alignment."""
        width = np.dtype(kind).itemsize
        every = np.ndarray((len(self.data) - width + 1,), kind, self.data, strides=(1,))
        numbers: npt.NDArray[np.generic] = every[places]
        return numbers

    def counts(self, places: Ints) -> Ints:
        """The int32 at each place."""
        return self.numbers("<i4", places).astype(np.int64)

    def documents(self) -> tuple[Ints, Ints]:
        """Where each document of the batch starts and ends.

        Raises:
            MalformedBsonError: the lengths don't add up.
        """
        told = wire.documents(memoryview(self.data)[: self.length])
        first = self._document_starts() if told is None else told
        return first, np.append(first[1:], self.length) if len(first) else first

    def _document_starts(self) -> Ints:
        data, size, place, starts = self.data, self.length, 0, list[int]()
        while place < size:
            starts.append(place)
            length = int.from_bytes(data[place : place + 4], "little", signed=True)
            place += length
            if length < 5 or place > size or data[place - 1]:
                raise MalformedBsonError(f"a document of {length} bytes at {starts[-1]}")
        return np.array(starts, np.int64)

    def has_name(self, places: Ints, name: bytes) -> Mask:
        """Whether that name, and its end, stands at each place."""
        wanted = name + b"\0"
        same = np.ones(len(places), np.bool_)
        for at in range(0, len(wanted), 8):
            part = wanted[at : at + 8]
            places_of_part = np.minimum(places + at, self.length) if at else places
            words = self.numbers("<u8", places_of_part).astype(np.uint64, copy=False)
            if len(part) < 8:
                words = words & np.uint64((1 << 8 * len(part)) - 1)
            same &= words == np.uint64(int.from_bytes(part, "little"))
            if not same.any():
                break
        return same

    def sizes(self, types: Bytes, starts: Ints) -> Ints:
        """How many bytes each value takes; negative for what is malformed."""
        first = types[0]
        if first != REGEX and (types == first).all():
            if not _IS_COUNTED[first]:
                return np.full(len(types), _BYTES[first])
            counts = self.counts(starts)
            return np.where(counts < _LEAST_COUNTS[first], -1, _BYTES[first] + counts)
        sizes = _BYTES[types]
        counted = _IS_COUNTED[types]
        counts = self.counts(starts[counted])
        least = _LEAST_COUNTS[types[counted]]
        sizes[counted] = np.where(counts < least, -1, sizes[counted] + counts)
        for index in np.flatnonzero(types == REGEX):
            sizes[index] = self._regex_bytes(int(starts[index]))
        return sizes

    def size(self, type_: int, start: int) -> int:
        """How many bytes one value takes; negative when it is malformed."""
        if type_ in _COUNTED:
            count = int.from_bytes(self.data[start : start + 4], "little", signed=True)
            return _COUNTED[type_] + count if count >= _LEAST.get(type_, 0) else -1
        return self._regex_bytes(start) if type_ == REGEX else _FIXED.get(type_, -1)

    def _regex_bytes(self, start: int) -> int:
        middle = self.data.find(b"\0", start)
        return self.data.find(b"\0", middle + 1) + 1 - start


def fields_of(buffer: Buffer, starts: Ints, ends: Ints) -> Fields:
    """All elements of documents, by name.

    Args:
        buffer: what they lie in.
        starts: of each document, where its length stands.
        ends: of each document, behind its closing zero.

    Raises:
        MalformedBsonError: the lengths don't add up.
    """
    fields = Fields(len(starts))
    rows, places = np.arange(len(starts)), starts + 4
    for _ in range(MOST_STEPS):
        rows, places = _going_on(buffer, rows, places, ends)
        if not len(rows):
            return fields
        if len(fields.found) * fields.count > MOST_CELLS:
            break
        following = _step(buffer, fields, rows, places, ends)
        apart = following < 0
        if apart.any():
            _set_apart(fields, rows[apart], places[apart])
            rows, following = rows[~apart], following[~apart]
        places = following
    _set_apart(fields, rows, places)
    return fields


def complete_fields(buffer: Buffer, starts: Ints, ends: Ints) -> Fields:
    """All elements of documents by name, also of those that had to be walked one by one.

    Raises:
        MalformedBsonError: the lengths don't add up.
    """
    told = wire.fields(buffer.data, starts, ends)
    if told is not None:
        return _grouped(told, len(starts))
    fields = fields_of(buffer, starts, ends)
    for row, place in fields.apart:
        for name, type_, start, size in walk(buffer, place, int(ends[row])):
            one = Elements(np.array([type_], np.uint8), np.array([start]), np.array([size]))
            fields.add(name, np.array([row]), one)
    return fields


def _grouped(told: wire.Grouped, count: int) -> Fields:
    fields, bounds = Fields(count), told.bounds.tolist()
    for name, start, end in zip(told.names, bounds[:-1], bounds[1:], strict=True):
        one = slice(start, end)
        elements = Elements(told.types[one], told.starts[one], told.sizes[one])
        fields.add(name, told.rows[one], elements)
    return fields


def element_at(buffer: Buffer, fields: Fields, path: str) -> tuple[Elements, Mask | None]:
    """The field at the end of a path through documents, `meta.updated_at`, in each one.

    And which ones hold a field of the path twice (None: none does).
    """
    first, dot, rest = path.partition(".")
    outer, twice = fields.dense(first.encode())
    if not dot:
        return outer, twice
    rows = np.flatnonzero(outer.type == DOCUMENT)
    inner = outer.take(rows)
    members = complete_fields(buffer, inner.start, inner.start + inner.size)
    part, again = element_at(buffer, members, rest)
    size, start = np.zeros(fields.count, np.int64), np.zeros(fields.count, np.int64)
    types = np.zeros(fields.count, np.uint8)
    types[rows], start[rows], size[rows] = part.type, part.start, part.size
    if again is not None:
        twice = np.zeros(fields.count, np.bool_) if twice is None else twice
        twice[rows] |= again
    return Elements(types, start, size), twice


def _set_apart(fields: Fields, rows: Ints, places: Ints) -> None:
    fields.apart.extend(zip(rows.tolist(), places.tolist(), strict=True))


def _going_on(buffer: Buffer, rows: Ints, places: Ints, ends: Ints) -> tuple[Ints, Ints]:
    types = buffer.bytes[places]
    if types.all():
        return rows, places
    going = types != 0
    if (places[~going] != ends[rows[~going]] - 1).any():
        raise MalformedBsonError("a document ends before its length says")
    return rows[going], places[going]


def _step(buffer: Buffer, fields: Fields, rows: Ints, places: Ints, ends: Ints) -> Ints:
    """One element of each container; where the next ones are, -1 where not told apart."""
    types = buffer.bytes[places]
    following = np.full(len(rows), -1, np.int64)
    left = np.arange(len(rows))
    for _ in range(MOST_NAMES):
        first = int(places[left[0]]) + 1
        name = buffer.data[first : buffer.data.index(b"\0", first)]
        same = buffer.has_name(places[left] + 1, name)
        chosen = left if same.all() else left[same]
        kinds, start = types[chosen], places[chosen] + (len(name) + 2)
        size = buffer.sizes(kinds, start)
        following[chosen] = start + size
        if (size < 0).any() or (following[chosen] >= ends[rows[chosen]]).any():
            raise MalformedBsonError(f"element {name!r} is longer than its document")
        fields.add(name, rows[chosen], Elements(kinds, start, size))
        if chosen is left:
            break
        left = left[~same]
    return following


def walk(buffer: Buffer, place: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Name, type, start and size of each element from `place` on to a container's end.

    Raises:
        MalformedBsonError: the lengths don't add up.
    """
    data = buffer.data
    while data[place]:
        type_, named = data[place], data.index(b"\0", place + 1)
        name, start = data[place + 1 : named], named + 1
        size = buffer.size(type_, start)
        if size < 0 or start + size >= end:
            raise MalformedBsonError(f"element {name!r} is longer than its document")
        yield name, type_, start, size
        place = start + size
    if place != end - 1:
        raise MalformedBsonError("a document ends before its length says")


def items_of(buffer: Buffer, starts: Ints, ends: Ints) -> tuple[Elements, Ints]:
    """All items of arrays, one array after the other, and how many each has."""
    told = wire.items(buffer.data, starts, ends)
    if told is not None:
        types, places, sizes, lengths = told
        return Elements(types, places, sizes), lengths
    return items_in_steps(buffer, starts, ends)


def items_in_steps(buffer: Buffer, starts: Ints, ends: Ints) -> tuple[Elements, Ints]:
    """The same by whole arrays: the first item of each, then the second, and so on."""
    places, rows = starts + 4, np.arange(len(starts))
    lengths = np.zeros(len(starts), np.int64)
    pieces: list[Found] = []
    apart: list[tuple[int, int]] = []
    for step in range(MOST_STEPS):
        rows, places = _going_on(buffer, rows, places, ends)
        if not len(rows):
            break
        name = str(step).encode()
        odd = ~buffer.has_name(places + 1, name)
        if odd.any():  # keys of an array mean nothing, and some writers leave them out
            apart.extend(zip(rows[odd].tolist(), places[odd].tolist(), strict=True))
            rows, places = rows[~odd], places[~odd]
        if not len(rows):
            break
        kinds, start = buffer.bytes[places], places + (len(name) + 2)
        size = buffer.sizes(kinds, start)
        if (size < 0).any() or (start + size >= ends[rows]).any():
            raise MalformedBsonError(f"item {step} is longer than its array")
        pieces.append(Found(rows, Elements(kinds, start, size)))
        lengths[rows] += 1
        places = start + size
    else:
        apart.extend(zip(rows.tolist(), places.tolist(), strict=True))
    for row, place in apart:
        walked = [item[1:] for item in walk(buffer, place, int(ends[row]))]
        if not walked:  # it ends with the last step
            continue
        types, start, size = (np.array(part) for part in zip(*walked, strict=True))
        elements = Elements(types.astype(np.uint8), start, size)
        pieces.append(Found(np.full(len(walked), row), elements))
        lengths[row] += len(walked)
    return _one_after_the_other(pieces, lengths), lengths


def _one_after_the_other(pieces: list[Found], lengths: Ints) -> Elements:
    total = int(lengths.sum())
    types = np.zeros(total, np.uint8)
    start, size = np.zeros(total, np.int64), np.zeros(total, np.int64)
    following = np.cumsum(lengths) - lengths
    for piece in pieces:
        rows = piece.rows
        if rows[0] == rows[-1]:  # the items of one array
            to = following[rows[0]] + np.arange(len(rows))
            following[rows[0]] += len(rows)
        else:
            to = following[rows]
            following[rows] += 1
        types[to], start[to] = piece.elements.type, piece.elements.start
        size[to] = piece.elements.size
    return Elements(types, start, size)
