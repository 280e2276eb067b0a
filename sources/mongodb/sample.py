"""A sample of documents → what each field holds: types counted, none guessed.

Fields are counted by whole arrays, as rows are read; see `sources.mongodb.bson_elements`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from bson.decimal128 import Decimal128

from auto_schema.bson_fields import FieldSample
from auto_schema.mongodb_types import CODES, LEGACY_UUID, UUID
from sources.mongodb import bson_elements as b
from sources.mongodb import bson_values as values
from sources.mongodb.bson_elements import Buffer, Elements
from sources.mongodb.bson_json import is_utf8


@dataclass(frozen=True, slots=True)
class Sample:
    """What the fields of some documents hold.

    Attributes:
        fields: by name; fields with nothing but null are among them.
        documents: how many were looked at.
        nested: the fields that were looked for within documents, where no field of that very
            name was found.
    """

    fields: Mapping[str, FieldSample]
    documents: int
    nested: tuple[str, ...]


def sample_of(
    batches: list[bytes], nested: tuple[str, ...] = (), *, legacy_uuids: bool = False
) -> Sample:
    """Count the types in raw documents.

    Args:
        batches: raw batches, each document whole.
        nested: paths of fields within documents that are counted, too.
        legacy_uuids: whether binData of subtype 3 is a UUID whose order of bytes is known.
    """
    fields: dict[str, FieldSample] = {}
    inner, documents = dict.fromkeys(nested, FieldSample()), 0
    for raw in batches:
        buffer = Buffer(raw)
        starts, ends = buffer.documents()
        documents += len(starts)
        top = b.complete_fields(buffer, starts, ends)
        for name in filter(is_utf8, top.found):
            count = _count(buffer, top.dense(name)[0])
            fields[name.decode()] = fields.get(name.decode(), FieldSample()) | count
        for path in nested:
            inner[path] |= _count(buffer, b.element_at(buffer, top, path)[0])
    nested = tuple(path for path in nested if path not in fields)
    fields |= {path: inner[path] for path in nested if inner[path].counts}
    if legacy_uuids:
        fields = {name: _with_uuids(sample) for name, sample in fields.items()}
    return Sample(fields, documents, nested)


def _with_uuids(sample: FieldSample) -> FieldSample:
    """Legacy UUIDs counted as UUIDs."""
    return replace(sample, counts=_renamed(sample.counts), items=_renamed(sample.items))


def _renamed(counts: Mapping[str, int]) -> Mapping[str, int]:
    legacy = counts.get(LEGACY_UUID, 0)
    kept = {name: count for name, count in counts.items() if name != LEGACY_UUID}
    return kept | {UUID: kept.get(UUID, 0) + legacy} if legacy else counts


def _count(buffer: Buffer, elements: Elements) -> FieldSample:
    whole = FieldSample(_types(buffer, elements))
    for type_ in (b.ARRAY, b.INT64, b.DECIMAL128):
        part = elements.take(elements.type == type_)
        if len(part):
            whole |= _figures(buffer, type_, part)
    return whole


def _types(buffer: Buffer, elements: Elements) -> dict[str, int]:
    counts = np.bincount(elements.type, minlength=256)
    present = (np.flatnonzero(counts[1:]) + 1).tolist()
    names = {CODES[type_]: int(counts[type_]) for type_ in present}
    if names.pop("binData", 0):
        part = elements.take(elements.type == b.BINARY)
        subtypes = np.bincount(values.subtypes(buffer, part), minlength=256)
        names |= {f"binData:{code}": int(subtypes[code]) for code in np.flatnonzero(subtypes)}
    return names


def _figures(buffer: Buffer, type_: int, part: Elements) -> FieldSample:
    if type_ == b.ARRAY:
        items, _ = b.items_of(buffer, part.start, part.start + part.size)
        if not len(items):
            return FieldSample()
        longs = items.take(items.type == b.INT64)
        return FieldSample(
            items=_types(buffer, items), beyond_double=len(longs) > 0 and _beyond(buffer, longs)
        )
    if type_ == b.INT64:
        return FieldSample(beyond_double=_beyond(buffer, part))
    return _digits(buffer, part)


def _beyond(buffer: Buffer, longs: Elements) -> bool:
    return bool(values.exact_doubles(values.int64(buffer, longs))[1].any())


def _digits(buffer: Buffer, decimals: Elements) -> FieldSample:
    before = after = 0
    is_finite = True
    for at in decimals.start.tolist():
        number = Decimal128.from_bid(buffer.data[at : at + 16]).to_decimal()
        if not number.is_finite():
            is_finite = False
            continue
        _, digits, exponent = number.as_tuple()
        text = "".join(map(str, digits)).rstrip("0")
        scale = -(int(exponent) + len(digits) - len(text)) if text else 0
        before, after = max(before, len(text) - scale), max(after, scale)
    return FieldSample(integer_digits=before, scale=after, is_finite=is_finite)
