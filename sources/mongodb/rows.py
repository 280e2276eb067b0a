"""Raw documents → a batch of the planned columns, and why a document can't be one.

A field that no column was planned for goes into the column of extra fields; a value that
its column can't hold is refused with its reason. So nothing of a document is ever left out.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from auto_schema.dead_letters import MASKED, RAW_ROW, REFUSED_COLUMN, REFUSED_REASON, REFUSED_VALUE
from auto_schema.kept_row import KEPT_ROW
from auto_schema.kernels import Array, arrow, pc
from auto_schema.mongodb_types import CODES, EXTRA, arrow_of
from auto_schema.schema import Column
from sources.mongodb import bson_elements as b
from sources.mongodb import bson_json
from sources.mongodb import bson_values as values
from sources.mongodb import projection as mongodb_projection
from sources.mongodb.bson_elements import Buffer, Elements, Fields, Ints
from sources.mongodb.kept_documents import kept_document

MOST_ROWS, MOST_BYTES = 16_384, 4 * 1024 * 1024
"""Documents that are taken apart at once: their figures then stay near the processor."""
MOST_EXTRA = 50
"""Unplanned fields that are written by whole arrays."""
STANDARD = tuple(range(16))
JAVA = (7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)
CSHARP = (3, 2, 1, 0, 5, 4, 7, 6, *range(8, 16))
UUID_ORDERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"pythonLegacy": STANDARD, "javaLegacy": JAVA, "csharpLegacy": CSHARP}
)
"""uuidRepresentation of a connection string → order of the bytes of binData subtype 3."""

MILLIS = pa.timestamp("ms", "UTC")
"""Dates as they come: those that microseconds can't hold are refused with their value."""

Refused = dict[int, str]
Read = tuple[Array, Refused]


@dataclass(frozen=True, slots=True)
class Layout:
    """How documents become rows.

    Attributes:
        columns: the planned columns; `source_name` is a path, `select` a form.
        left_out: fields that nothing may hold, also not the extra column.
        uuid_order: bytes of a legacy UUID, where the connection string tells them.
        nested: the columns that are read from within documents.
    """

    columns: tuple[Column, ...]
    left_out: tuple[str, ...] = ()
    uuid_order: tuple[int, ...] | None = None
    nested: tuple[str, ...] = ()

    @property
    def hidden(self) -> frozenset[str]:
        """The fields whose values nothing may show."""
        return frozenset(c.source_name for c in self.columns if c.is_hidden)

    @property
    def shows_extra(self) -> bool:
        """Whether unplanned fields have a column, and their values may be seen."""
        return any(c.source_name == EXTRA and not c.is_hidden for c in self.columns)


def batches(data: bytes, layout: Layout) -> list[pa.RecordBatch]:
    """The documents of a raw batch as rows under their source names, in their order.

    Rows with a value that can't be held carry the hidden columns of `auto_schema.conform`.

    Raises:
        MalformedBsonError: no server sends such a batch.
    """
    buffer = Buffer(data)
    starts, ends = buffer.documents()
    rows = min(MOST_ROWS, max(1, MOST_BYTES * len(starts) // max(len(data), 1)))
    return [
        _batch(buffer, starts[at : at + rows], ends[at : at + rows], layout)
        for at in range(0, len(starts), rows)
    ]


def _batch(buffer: Buffer, starts: Ints, ends: Ints, layout: Layout) -> pa.RecordBatch:
    fields = b.complete_fields(buffer, starts, ends)
    refused: dict[int, tuple[str, str, Elements | None]] = {}
    arrays, names = list[Array](), list[str]()
    for row, name in mongodb_projection.hidden(buffer, fields).items():
        there = fields.dense(name.encode())[0]
        refused[row] = (name, mongodb_projection.TWICE, there)
    buffer.faults.clear()
    for column in layout.columns:
        names.append(column.source_name)
        elements: Elements | None = None
        if column.source_name == EXTRA:
            arrays.append(_extra(buffer, fields, layout, refused))
        else:
            elements = _elements(buffer, fields, column.source_name, layout, refused)
            array, bad = read(buffer, elements, column, layout)
            for row, why in bad.items():
                refused.setdefault(row, (column.source_name, why, elements))
            arrays.append(array)
        for place, why in buffer.faults:
            row = int(np.searchsorted(starts, place, side="right")) - 1
            refused.setdefault(row, (column.source_name, why, elements))
        buffer.faults.clear()
    if refused:
        _tell(buffer, (starts, ends), layout, refused, (arrays, names))
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _elements(
    buffer: Buffer,
    fields: Fields,
    path: str,
    layout: Layout,
    refused: dict[int, tuple[str, str, Elements | None]],
) -> Elements:
    """A field of each document, or of the documents on the path to it."""
    if path in layout.nested:
        parts = path.split(".")
        for depth in range(1, len(parts)):
            outer, _ = b.element_at(buffer, fields, ".".join(parts[:depth]))
            for row in np.flatnonzero(outer.type == b.ARRAY).tolist():
                refused.setdefault(row, (path, "an array on the way to the field", outer))
        elements, twice = b.element_at(buffer, fields, path)
    else:
        elements, twice = fields.dense(path.encode())
    _refuse_twice(refused, path, elements, twice)
    return elements


def _refuse_twice(
    refused: dict[int, tuple[str, str, Elements | None]],
    path: str,
    elements: Elements,
    twice: b.Mask | None,
) -> None:
    if twice is not None:
        for row in np.flatnonzero(twice).tolist():
            refused.setdefault(row, (path, "a field twice in one document", elements))


def read(buffer: Buffer, elements: Elements, column: Column, layout: Layout) -> Read:
    """A field in its column's form: NULL and the reason where the form can't hold it."""
    if column.is_repeated:
        return _lists(buffer, elements, column.select, layout)
    return _read(buffer, elements, column.select, layout)


def _read(buffer: Buffer, elements: Elements, form: str, layout: Layout) -> Read:
    kind = MILLIS if form == "date" else arrow_of(form)
    if form in ("json", "json text"):
        return bson_json.texts(buffer, elements), {}
    readers = _readers(form, layout)
    pieces, order, refused = list[Array](), list[Ints](), Refused()
    for type_ in np.flatnonzero(np.bincount(elements.type, minlength=256)).tolist():
        rows = np.flatnonzero(elements.type == type_)
        part = elements if len(rows) == len(elements) else elements.take(rows)
        if type_ in (b.MISSING, b.NULL):
            array, bad = arrow.nulls(len(part), kind), Refused()
        elif type_ in readers:
            array, bad = readers[type_](buffer, part)
        else:
            why = f"{CODES[type_]}, where the column holds {form}"
            array, bad = arrow.nulls(len(part), kind), dict.fromkeys(range(len(part)), why)
        refused |= {int(rows[index]): why for index, why in bad.items()}
        pieces.append(array)
        order.append(rows)
    return values.in_order(pieces, order, kind), refused


def _lists(buffer: Buffer, elements: Elements, form: str, layout: Layout) -> Read:
    refused = Refused()
    is_array = elements.type == b.ARRAY
    for row in np.flatnonzero(~is_array & (elements.type != b.MISSING)).tolist():
        if elements.type[row] != b.NULL:
            refused[row] = f"{CODES[int(elements.type[row])]}, where the column holds an array"
    rows = np.flatnonzero(is_array)
    arrays = elements.take(rows)
    items, lengths = b.items_of(buffer, arrays.start, arrays.start + arrays.size)
    values_, bad = _read(buffer, items, form, layout)
    parents = np.repeat(rows, lengths)
    for item, why in bad.items():
        refused.setdefault(int(parents[item]), f"an item is {why}")
    every = np.zeros(len(elements) + 1, np.int32)
    every[1:][rows] = lengths
    offsets = arrow.array(np.cumsum(every, dtype=np.int32))
    return arrow.ListArray.from_arrays(offsets, values_), refused


def _all(read_one: Callable[[Buffer, Elements], Array]) -> Callable[[Buffer, Elements], Read]:
    return lambda buffer, part: (read_one(buffer, part), {})


def _long_as_double(buffer: Buffer, part: Elements) -> Read:
    doubles, odd = values.exact_doubles(values.int64(buffer, part))
    why = "a long that no double holds exactly"
    return doubles, dict.fromkeys(np.flatnonzero(odd).tolist(), why)


def _as_bignumeric(
    read_one: Callable[[Buffer, Elements], Array],
) -> Callable[[Buffer, Elements], Read]:
    return lambda buffer, part: (read_one(buffer, part).cast(arrow_of("decimal")), {})


def _binary(subtype: int) -> Callable[[Buffer, Elements], Read]:
    def read_one(buffer: Buffer, part: Elements) -> Read:
        odd = values.subtypes(buffer, part) != subtype
        array, bad = values.binary(buffer, part), Refused()
        if odd.any():
            array = pc.if_else(arrow.array(odd), arrow.nulls(len(part), pa.binary()), array)
            why = f"binData of another subtype, where the column holds subtype {subtype}"
            bad = dict.fromkeys(np.flatnonzero(odd).tolist(), why)
        return array, bad

    return read_one


def _uuid(order: tuple[int, ...] | None) -> Callable[[Buffer, Elements], Read]:
    def read_one(buffer: Buffer, part: Elements) -> Read:
        subtypes, whole = values.subtypes(buffer, part), part.size == 5 + 16
        fit = whole & ((subtypes == 4) | ((subtypes == 3) & (order is not None)))
        pieces, places = list[Array](), list[Ints]()
        for subtype, bytes_order in ((4, STANDARD), (3, order or STANDARD)):
            rows = np.flatnonzero(fit & (subtypes == subtype))
            pieces.append(values.uuid(buffer, part.take(rows), bytes_order))
            places.append(rows)
        odd = np.flatnonzero(~fit)
        pieces.append(arrow.nulls(len(odd), pa.string()))
        why = "binData that is no UUID of subtype 4"
        array = values.in_order(pieces, [*places, odd], pa.string())
        return array, dict.fromkeys(odd.tolist(), why)

    return read_one


def _readers(form: str, layout: Layout) -> Mapping[int, Callable[[Buffer, Elements], Read]]:
    if form.startswith("binData:"):
        return {b.BINARY: _binary(int(form.partition(":")[2]))}
    if form == "uuid":
        return {b.BINARY: _uuid(layout.uuid_order)}
    if form == "text":
        return {**_READERS["symbol"], **_READERS["objectId"], b.BINARY: _uuid(layout.uuid_order)}
    return _READERS[form]


_INTEGERS = {b.INT32: _all(values.int32), b.INT64: _all(values.int64)}
_READERS: Mapping[str, Mapping[int, Callable[[Buffer, Elements], Read]]] = MappingProxyType(
    {
        "bool": {b.BOOL: _all(values.boolean)},
        "int": _INTEGERS,
        "double": {
            b.DOUBLE: _all(values.double),
            b.INT32: lambda buffer, part: (values.int32(buffer, part).cast(pa.float64()), {}),
            b.INT64: _long_as_double,
        },
        "decimal": {
            b.DECIMAL128: values.decimals,
            b.INT32: _as_bignumeric(values.int32),
            b.INT64: _as_bignumeric(values.int64),
        },
        "decimal text": {
            b.DECIMAL128: _all(values.decimal_text),
            b.INT32: lambda buffer, part: (values.int32(buffer, part).cast(pa.string()), {}),
            b.INT64: lambda buffer, part: (values.int64(buffer, part).cast(pa.string()), {}),
        },
        "string": {b.STRING: _all(values.text)},
        "symbol": {b.STRING: _all(values.text), b.SYMBOL: _all(values.text)},
        "javascript": {b.CODE: _all(values.text)},
        "objectId": {b.OBJECT_ID: _all(values.object_id)},
        "date": {b.DATE: _all(values.date)},
    }
)
"""Form → BSON type → how it is read."""


def _extra(
    buffer: Buffer,
    fields: Fields,
    layout: Layout,
    refused: dict[int, tuple[str, str, Elements | None]],
) -> Array:
    """Fields without a column as a JSON object, NULL where there are none."""
    known = {c.source_name.encode() for c in layout.columns if c.source_name != EXTRA}
    known |= {name.encode() for name in layout.left_out}
    names = [name for name in fields.found if name not in known]
    holding = np.zeros(fields.count, np.bool_)
    for name in names:
        elements, twice = fields.dense(name)
        _refuse_twice(refused, name.decode("utf-8", "replace"), elements, twice)
        if not bson_json.is_utf8(name):
            for row in np.flatnonzero(elements.type).tolist():
                refused.setdefault(row, (EXTRA, "a field name that is not UTF-8", elements))
        holding |= elements.type != b.MISSING
    rows = np.flatnonzero(holding)
    if not len(rows):
        return arrow.nulls(fields.count, pa.string())
    if len(names) > MOST_EXTRA:
        written = _one_by_one(buffer, fields, names, rows)
    else:
        members = ((name, fields.dense(name)[0].take(rows)) for name in names)
        written = bson_json.object_texts(buffer, members, len(rows))
    index = np.full(fields.count, -1)
    index[rows] = np.arange(len(rows))
    return written.take(arrow.array(index, mask=index < 0))


def _one_by_one(buffer: Buffer, fields: Fields, names: list[bytes], rows: Ints) -> Array:
    """The objects of many different fields, of which each document has few."""
    members: dict[int, list[tuple[bytes, bytes]]] = {row: [] for row in rows.tolist()}
    for name in names:
        for piece in fields.found[name]:
            texts = bson_json.texts(buffer, piece.elements).view(pa.binary()).to_pylist()
            for row, text in zip(piece.rows.tolist(), texts, strict=True):
                members[row].append((name, text))
    return bson_json.bytes_array([bson_json.object_text(many) for many in members.values()])


def _tell(
    buffer: Buffer,
    documents: tuple[Ints, Ints],
    layout: Layout,
    refused: dict[int, tuple[str, str, Elements | None]],
    batch: tuple[list[Array], list[str]],
) -> None:
    """Add the hidden columns: refused column, reason, value, and the whole document."""
    count = len(documents[0])
    told: dict[str, list[str | None]] = {
        name: [None] * count for name in (REFUSED_COLUMN, REFUSED_REASON, REFUSED_VALUE, RAW_ROW)
    }
    planned = {column.source_name for column in layout.columns}
    for row, (path, why, elements) in refused.items():
        if EXTRA in layout.hidden and path not in planned:
            path = EXTRA
        told[REFUSED_COLUMN][row], told[REFUSED_REASON][row] = path, why
        if path in layout.hidden:  # a reason may quote the value
            told[REFUSED_VALUE][row] = MASKED
            told[REFUSED_REASON][row] = "a value that its column can't hold"
        elif elements is not None and elements.type[row] != b.MISSING:
            one = (int(part[row]) for part in (elements.type, elements.start, elements.size))
            told[REFUSED_VALUE][row] = _shown(bson_json.one_value(buffer, *one))
        told[RAW_ROW][row] = _shown(_document(buffer, documents, row, layout))
    buffer.faults.clear()
    arrays, names = batch
    kept = {row: _kept(buffer, documents, row, layout) for row in refused}
    arrays.append(arrow.array([kept.get(row) for row in range(count)], pa.binary()))
    names.append(KEPT_ROW)
    for name, column in told.items():
        arrays.append(arrow.array(column, pa.string()))
        names.append(name)


def _kept(buffer: Buffer, documents: tuple[Ints, Ints], row: int, layout: Layout) -> bytes | None:
    """The document itself, where nothing of it is masked or has no column."""
    if layout.hidden:
        return None
    known = None if layout.shows_extra else top_level(layout.columns, layout.nested)
    place = range(int(documents[0][row]), int(documents[1][row]))
    return kept_document(buffer, place, layout.left_out, known)


def _document(buffer: Buffer, documents: tuple[Ints, Ints], row: int, layout: Layout) -> bytes:
    """The document as JSON, without fields that nothing may hold."""
    start, end = int(documents[0][row]), int(documents[1][row])
    known = set(top_level(layout.columns, layout.nested))
    masked = json.dumps(MASKED).encode()
    kept = [
        (name, masked if text in layout.hidden else bson_json.one_value(buffer, type_, at, size))
        for name, type_, at, size in b.walk(buffer, start + 4, end)
        for text in [name.decode("utf-8", "replace")]
        if text not in layout.left_out and (layout.shows_extra or text in known)
    ]
    return bson_json.object_text(kept)


def _shown(raw: bytes) -> str:
    r"""JSON as text: a byte that isn't UTF-8 stands there as the characters `\\xff`."""
    text = raw.decode("utf-8", "surrogateescape")
    return text.translate({0xDC00 + byte: f"\\\\x{byte:02x}" for byte in range(0x80, 0x100)})


def top_level(columns: Sequence[Column], nested: Collection[str]) -> tuple[str, ...]:
    """The top-level fields that the columns are read from."""
    names = (column.source_name for column in columns)
    whole = (name.partition(".")[0] if name in nested else name for name in names)
    return tuple(dict.fromkeys(whole))
