"""BSON → Extended JSON text, by compiled code, by whole arrays, or value by value.

The relaxed form: numbers, texts, true, false and null as in JSON; everything that JSON has no
word for keeps its type in an object such as {"$oid": …}. All three writers give the same
value; the compiled one is `sources.mongodb.wire`, and leaves what is rare to the others.

The form: https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
"""

import base64
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from bson.decimal128 import Decimal128

from auto_schema.kernels import Array, arrow, pc
from sources.mongodb import bson_elements as b
from sources.mongodb import bson_values as values
from sources.mongodb.bson_elements import Buffer, Elements, Ints
from sources.mongodb.wire import decoder as wire

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_WRITTEN = 253402300799999
"""Milliseconds of 9999-12-31T23:59:59.999Z: dates from 1970 to then are written as dates."""
sys.setrecursionlimit(max(sys.getrecursionlimit(), 5_000))
"""MongoDB stores 180 levels of documents, and each takes a handful of frames here."""
_ESCAPED = np.zeros(256, np.bool_)
_ESCAPED[[*range(0x20), ord('"'), ord("\\")]] = True


def texts(buffer: Buffer, elements: Elements) -> Array:
    """Each element as JSON text; NULL where there is none.

    Text that isn't UTF-8 comes out as it is: who loads it checks.
    """
    written = wire.texts(buffer.data, elements.type, elements.start, elements.size)
    if written is None:
        return texts_by_arrays(buffer, elements)
    offsets, text = written.offsets, written.text
    if len(written.types):
        holes = texts_by_arrays(buffer, Elements(written.types, written.starts, written.sizes))
        ends = np.frombuffer(holes.buffers()[1], np.int32)[holes.offset :][: len(holes) + 1]
        offsets, text = wire.filled(written, ends, holes.buffers()[2] or b"")
    is_there = elements.type != b.MISSING
    valid = None if is_there.all() else arrow.array(is_there).buffers()[1]
    buffers = [valid, arrow.py_buffer(offsets), arrow.py_buffer(text)]
    return arrow.Array.from_buffers(pa.string(), len(elements), buffers)


def texts_by_arrays(buffer: Buffer, elements: Elements) -> Array:
    """The same by whole arrays, type by type: what compiled code leaves over, or all."""
    pieces: list[Array] = []
    order: list[npt.NDArray[np.int64]] = []
    for type_ in np.flatnonzero(np.bincount(elements.type, minlength=256)).tolist():
        rows = np.flatnonzero(elements.type == type_)
        whole = len(rows) == len(elements)
        part = elements if whole else elements.take(rows)
        pieces.append(_of_type(buffer, type_, part))
        order.append(rows)
    return values.in_order(pieces, order, pa.string())


def document_texts(buffer: Buffer, starts: Ints, ends: Ints) -> Array:
    """Documents as JSON objects."""
    fields = b.fields_of(buffer, starts, ends)

    def members() -> Iterator[tuple[bytes, Elements]]:
        for name in fields.found:
            elements, twice = fields.dense(name)
            if twice is not None:
                fields.apart.extend((row, 0) for row in np.flatnonzero(twice).tolist())
            if not is_utf8(name):
                fields.apart.extend((row, 0) for row in np.flatnonzero(elements.type).tolist())
            yield name, elements

    written = object_texts(buffer, members(), len(starts))
    return _with_apart(buffer, written, fields.apart, starts, ends)


def object_texts(buffer: Buffer, members: Iterable[tuple[bytes, Elements]], count: int) -> Array:
    """JSON objects of these members, each `count` elements; missing ones are left out."""
    pieces: list[Array | str] = []
    optional: list[tuple[str, Array]] = []
    for name, elements in members:
        value = texts(buffer, elements)
        if value.null_count:
            optional.append((key(name), value))
        else:
            pieces += [f"{',' if pieces else '{'}{key(name)}:", value]
    if not pieces and not optional:
        return arrow.repeat("{}", count)
    return _joined(pieces, optional)


def _joined(pieces: list[Array | str], optional: list[tuple[str, Array]]) -> Array:
    """Objects of members that all have, then of those that only some have."""
    if optional:
        members = [
            pc.coalesce(pc.binary_join_element_wise(f",{key}:", value, ""), "")
            for key, value in optional
        ]
        if not pieces:  # one of them comes first: cut its comma off
            some = pc.binary_join_element_wise(*members, "")
            bare = pc.binary_replace_slice(some.cast(pa.binary()), 0, 1, b"").view(pa.string())
            return pc.binary_join_element_wise("{", bare, "}", "")
        pieces = [*pieces, *members]
    return pc.binary_join_element_wise(*pieces, "}", "")


def _with_apart(
    buffer: Buffer, joined: Array, apart: list[tuple[int, int]], starts: Ints, ends: Ints
) -> Array:
    if not apart:
        return joined
    rows = sorted({row for row, _ in apart})
    written = [one_document(buffer, int(starts[row]), int(ends[row])) for row in rows]
    index = np.arange(len(joined))
    index[rows] = len(joined) + np.arange(len(rows))
    return arrow.concat_arrays([joined, bytes_array(written)]).take(arrow.array(index))


def bytes_array(written: list[bytes]) -> Array:
    """Bytes as a string array, unchecked."""
    binary = arrow.array(written, pa.binary())
    return arrow.Array.from_buffers(pa.string(), len(binary), binary.buffers())


def array_texts(buffer: Buffer, starts: Ints, ends: Ints) -> Array:
    """Arrays as JSON arrays."""
    items, lengths = b.items_of(buffer, starts, ends)
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    written = texts(buffer, items) if len(items) else arrow.nulls(0, pa.string())
    lists = arrow.ListArray.from_arrays(arrow.array(offsets), written)
    return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")


def _of_type(buffer: Buffer, type_: int, part: Elements) -> Array:
    writer = _WRITERS.get(type_)
    if writer is not None:
        return writer(buffer, part)
    places = zip(part.start.tolist(), part.size.tolist(), strict=True)
    return bytes_array([one_value(buffer, type_, start, size) for start, size in places])


def _missing(_: Buffer, part: Elements) -> Array:
    return arrow.nulls(len(part), pa.string())


def _constant(text: str) -> Callable[[Buffer, Elements], Array]:
    return lambda _, part: arrow.repeat(text, len(part))


def _boolean(buffer: Buffer, part: Elements) -> Array:
    return values.boolean(buffer, part).cast(pa.string())


def _double(buffer: Buffer, part: Elements) -> Array:
    numbers = values.double(buffer, part)
    written = numbers.cast(pa.string())
    whole = pc.invert(pc.match_substring_regex(written, "[.eni]"))
    if pc.any(whole).as_py():
        written = pc.if_else(whole, pc.binary_join_element_wise(written, ".0", ""), written)
    if not pc.all(pc.is_finite(numbers)).as_py():
        return pc.case_when(
            arrow.StructArray.from_arrays(
                [pc.is_nan(numbers), pc.equal(numbers, np.inf), pc.equal(numbers, -np.inf)],
                names=["nan", "up", "down"],
            ),
            '{"$numberDouble":"NaN"}',
            '{"$numberDouble":"Infinity"}',
            '{"$numberDouble":"-Infinity"}',
            written,
        )
    return written


def _integer(read: Callable[[Buffer, Elements], Array]) -> Callable[[Buffer, Elements], Array]:
    return lambda buffer, part: read(buffer, part).cast(pa.string())


def _string(buffer: Buffer, part: Elements) -> Array:
    raw = values.text(buffer, part)
    return pc.binary_join_element_wise('"', _escaped(raw), '"', "")


def _escaped(raw: Array) -> Array:
    data = np.frombuffer(raw.buffers()[2] or b"", np.uint8)
    odd = _ESCAPED[data]
    if not odd.any():
        return raw
    offsets = np.frombuffer(raw.buffers()[1], np.int32)[raw.offset : raw.offset + len(raw) + 1]
    before = np.concatenate(([0], np.cumsum(odd)))
    rows = np.flatnonzero(before[offsets[1:]] > before[offsets[:-1]])
    texts_ = raw.take(arrow.array(rows)).view(pa.binary()).to_pylist()
    index = np.arange(len(raw))
    index[rows] = len(raw) + np.arange(len(rows))
    written = bytes_array([_escape(text) for text in texts_])
    return arrow.concat_arrays([raw, written]).take(arrow.array(index))


def _escape(raw: bytes) -> bytes:
    """Bytes as the inside of a JSON string; those that aren't UTF-8 stay as they are."""
    text = raw.decode("utf-8", "surrogateescape")
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")


def key(name: bytes) -> str:
    """A field's name as a JSON string."""
    return json.dumps(name.decode("utf-8", "replace"), ensure_ascii=False)


def _object_id(buffer: Buffer, part: Elements) -> Array:
    return pc.binary_join_element_wise('{"$oid":"', values.object_id(buffer, part), '"}', "")


def _date(buffer: Buffer, part: Elements) -> Array:
    millis = values.numbers(buffer, part, "<i8").astype(np.int64)
    if ((millis < 0) | (millis > LAST_WRITTEN)).any():
        return bytes_array([one_date(value) for value in millis.tolist()])
    stamps = arrow.array(millis).view(pa.timestamp("ms")).cast(pa.string())
    stamps = pc.binary_replace_slice(stamps, 10, 11, "T")
    return pc.binary_join_element_wise('{"$date":"', stamps, 'Z"}', "")


def _document(buffer: Buffer, part: Elements) -> Array:
    return document_texts(buffer, part.start, part.start + part.size)


def _array(buffer: Buffer, part: Elements) -> Array:
    return array_texts(buffer, part.start, part.start + part.size)


_WRITERS: MappingProxyType[int, Callable[[Buffer, Elements], Array]] = MappingProxyType(
    {
        b.MISSING: _missing,
        b.NULL: _constant("null"),
        b.UNDEFINED: _constant('{"$undefined":true}'),
        b.MIN_KEY: _constant('{"$minKey":1}'),
        b.MAX_KEY: _constant('{"$maxKey":1}'),
        b.BOOL: _boolean,
        b.INT32: _integer(values.int32),
        b.INT64: _integer(values.int64),
        b.DOUBLE: _double,
        b.STRING: _string,
        b.OBJECT_ID: _object_id,
        b.DATE: _date,
        b.DOCUMENT: _document,
        b.ARRAY: _array,
    }
)


def one_document(buffer: Buffer, start: int, end: int) -> bytes:
    """A document as JSON, element by element; what JSON can't carry is noted in the buffer."""
    elements = list(b.walk(buffer, start + 4, end))
    names = {element[0] for element in elements}
    if len(names) < len(elements):
        buffer.faults.append((start, "a field twice in one document"))
    if not all(map(is_utf8, names)):
        buffer.faults.append((start, "a field name that is not UTF-8"))
    return object_text((name, one_value(buffer, *rest)) for name, *rest in elements)


def object_text(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A JSON object of names and written values."""
    return b"{" + b",".join(key(name).encode() + b":" + value for name, value in members) + b"}"


def is_utf8(name: bytes) -> bool:
    """Whether a name can be written."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def one_value(buffer: Buffer, type_: int, start: int, size: int) -> bytes:
    """One value as JSON."""
    raw = buffer.data[start : start + size]
    if type_ == b.DOCUMENT:
        return one_document(buffer, start, start + size)
    if type_ == b.ARRAY:
        items = (
            one_value(buffer, kind, at, length)
            for _, kind, at, length in b.walk(buffer, start + 4, start + size)
        )
        return b"[" + b",".join(items) + b"]"
    if type_ in _ONE_BY_ONE:
        return _ONE_BY_ONE[type_](raw)
    if type_ == b.CODE_WITH_SCOPE:
        length = int.from_bytes(raw[4:8], "little")
        scope = one_document(buffer, start + 8 + length, start + size)
        return b'{"$code":"%b","$scope":%b}' % (_escape(raw[8 : 7 + length]), scope)
    one = Elements(np.array([type_], np.uint8), np.array([start]), np.array([size]))
    written = texts(buffer, one).view(pa.binary())
    return bytes(written[0].as_py())


def one_date(millis: int) -> bytes:
    """A date, as a number where the form has no text for it."""
    if not 0 <= millis <= LAST_WRITTEN:
        return b'{"$date":{"$numberLong":"%d"}}' % millis
    stamp = (EPOCH + timedelta(milliseconds=millis)).strftime("%Y-%m-%dT%H:%M:%S")
    return b'{"$date":"%b.%03dZ"}' % (stamp.encode(), millis % 1000)


def _one_binary(raw: bytes) -> bytes:
    subtype = raw[4]
    content = raw[5:]
    if subtype == 2 and int.from_bytes(content[:4], "little") == len(content) - 4 >= 0:
        content = content[4:]
    form = b'{"$binary":{"base64":"%b","subType":"%02x"}}'
    return form % (base64.b64encode(content), subtype)


def _one_regex(raw: bytes) -> bytes:
    pattern, options, _ = raw.split(b"\0")
    form = b'{"$regularExpression":{"pattern":"%b","options":"%b"}}'
    return form % (_escape(pattern), _escape(options))


def _one_timestamp(raw: bytes) -> bytes:
    increment, seconds = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "little")
    return b'{"$timestamp":{"t":%d,"i":%d}}' % (seconds, increment)


def _one_pointer(raw: bytes) -> bytes:
    form = b'{"$dbPointer":{"$ref":"%b","$id":{"$oid":"%b"}}}'
    return form % (_escape(raw[4:-13]), raw[-12:].hex().encode())


_ONE_BY_ONE: MappingProxyType[int, Callable[[bytes], bytes]] = MappingProxyType(
    {
        b.DATE: lambda raw: one_date(int.from_bytes(raw, "little", signed=True)),
        b.BINARY: _one_binary,
        b.REGEX: _one_regex,
        b.DB_POINTER: _one_pointer,
        b.CODE: lambda raw: b'{"$code":"%b"}' % _escape(raw[4:-1]),
        b.SYMBOL: lambda raw: b'{"$symbol":"%b"}' % _escape(raw[4:-1]),
        b.TIMESTAMP: _one_timestamp,
        b.DECIMAL128: lambda raw: (
            b'{"$numberDecimal":"%b"}' % str(Decimal128.from_bid(raw)).encode()
        ),
    }
)
