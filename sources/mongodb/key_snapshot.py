"""I/O. The keys of a collection, as `KeySnapshot` asks for them: _id, from its index alone.

MongoDB hashes nothing that BigQuery would hash alike, so all of them come over the wire, once, in
one snapshot where the server keeps one, and are hashed here. Of documents nothing else is read;
where versions end, those later than what was read are asked for, by the cursor.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from bson import ObjectId
from pymongo.read_concern import ReadConcern

from auto_schema.conform import Checks, conform
from auto_schema.errors import SourceRefusedError
from auto_schema.kernels import Array, arrow, pc
from auto_schema.key_places import (
    HASH_DIGITS,
    HIGH_BITS,
    PART_BITS,
    WORD_BITS,
    Place,
    Places,
    Summed,
)
from auto_schema.schema import Column, TableSchema
from sources.mongodb.client import RAW, AfterTime, AtTime, Client
from sources.mongodb.extended_json import Document
from sources.mongodb.raw_batches import RawBatches
from sources.mongodb.rows import Layout, batches
from sources.mongodb.statement import KEY, MongodbStatement, as_bson, both, kind_of, unmarked
from sources.questions import KeysQuestion
from sources.values import LETTER_OTHER, LETTER_READ, LETTER_UNTOLD

TYPES = ("STRING", "INT64")
"""Of the column that _id becomes: of these its text is made here as in BigQuery."""
MOST = 20_000_000
"""Keys that are held: they take about 60 bytes each."""
MOST_ASKED, ASKED_AT_ONCE = 100_000, 10_000
"""Keys of which the documents are asked for: to tell that they were read, and aren't there."""
_IDS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "int": int,
        "string": lambda text: text.partition(":")[2],
        "objectId": lambda text: ObjectId(text.partition(":")[2]),
    }
)
"""Form of the column → what _id is of a key's text."""


@dataclass(slots=True)
class MongodbKeys:
    """All keys, as `auto_schema.canonical` writes them, with the number that each is dealt by.

    Those of documents that no earlier run could read are `later`, where that was asked; `read_of`
    tells of some keys those that an earlier run has read, as far as the cursor says.
    """

    texts: Any
    numbers: Any = field(repr=False)
    later: frozenset[str] = frozenset()
    read_of: Callable[[list[str]], Collection[str]] = tuple

    def ends(self) -> None:
        """None: keys are dealt by their hash, whatever they are."""

    def sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `KeySnapshot.sums`."""
        numbers = self.numbers
        if within:
            asked = [place for place, _ in within]
            numbers = numbers[np.isin(numbers & (places.count - 1), asked)]
        columns = {
            "place": numbers & (places.count - 1),
            "part": (numbers >> PART_BITS) & (places.parts - 1),
            "low": numbers & (2**WORD_BITS - 1),
            "high": numbers >> HIGH_BITS,
        }
        grouped = arrow.table(columns).group_by(["place", "part"])
        counted = grouped.aggregate([("low", "count"), ("low", "sum"), ("high", "sum")])
        figures = [
            counted.column(name).to_pylist()
            for name in ("place", "part", "low_count", "low_sum", "high_sum")
        ]
        texts = (":".join(map(str, one)) for one in zip(*figures, strict=True))
        return Summed(len(numbers), frozenset(texts))

    def keys(self, places: Places, within: Sequence[Place]) -> Iterator[str]:
        """See `KeySnapshot.keys`."""
        number = (self.numbers & (places.count - 1)) * places.parts
        number += (self.numbers >> PART_BITS) & (places.parts - 1)
        asked = [at * places.parts + of for at, of in within]
        rows = np.flatnonzero(np.isin(number, asked))
        texts = self.texts.take(rows).to_pylist()
        letters = dict.fromkeys(self.read_of(texts), LETTER_READ)
        letters |= dict.fromkeys(self.later, LETTER_OTHER)
        return (f"{letters.get(text, LETTER_UNTOLD)}{text}" for text in texts)


def comparing(client: Client, source: MongodbStatement, asked: KeysQuestion) -> MongodbKeys:
    """See `ComparingInspector.comparing`.

    Raises:
        SourceRefusedError: the keys aren't _id, or not of a type that can be compared.
    """
    key = replace(_key_of(source, asked), name=KEY)
    every = _all_texts(client, source, key, {})
    later = frozenset[str]()
    read_of = partial(_read, client, replace(source, has_snapshot=False), key, asked)
    if asked.tells_later and asked.cursor is not None and asked.read_up_to is not None:
        end = as_bson(asked.read_up_to, kind_of(asked.read_up_to))
        later = frozenset(_all_texts(client, source, key, {asked.cursor: {"$gt": end}}).to_pylist())
    return MongodbKeys(every, _numbers(every), later, read_of)


def _read(
    client: Client, source: MongodbStatement, key: Column, asked: KeysQuestion, texts: list[str]
) -> Collection[str]:
    """Of some keys those of documents that an earlier run has read, and that no mark removed."""
    id_of, end = _IDS.get(key.select), asked.read_up_to
    if asked.cursor is None or end is None or id_of is None or len(texts) > MOST_ASKED:
        return ()
    within: list[Document] = [{asked.cursor: {"$lte": as_bson(end, kind_of(end))}}]
    if marks := source.connection.marks:
        within += [unmarked(marks, is_flag=is_flag) for is_flag in (False, True)]
    read = set[str]()
    for at in range(0, len(texts), ASKED_AT_ONCE):
        some = [id_of(text) for text in texts[at : at + ASKED_AT_ONCE]]
        these = _all_texts(client, source, key, {"$and": [{KEY: {"$in": some}}, *within]})
        read.update(these.to_pylist())
    return read


def _all_texts(client: Client, source: MongodbStatement, key: Column, within: Document) -> Array:
    """The keys of all documents, or of those within a filter.

    Raises:
        SourceRefusedError: they are too many.
    """
    parts, count = [], 0
    for raw in _raw_batches(client, source, within):
        for batch in batches(raw, Layout((key,), (), source.layout.uuid_order, ())):
            texts = _texts(conform(batch, TableSchema((key,)), Checks()).batch.column(0))
            parts.append(texts)
            count += len(texts)
            if count > MOST:
                why = f"it has more than {MOST:,} documents, whose keys a launch doesn't hold"
                raise SourceRefusedError("too many keys", source.place, why, "leave it out.")
    return arrow.chunked_array(parts, arrow.string()).combine_chunks()


def _key_of(source: MongodbStatement, asked: KeysQuestion) -> Column:
    """The column of _id.

    Raises:
        SourceRefusedError: other keys are asked for, or it has another type.
    """
    (key, *others) = asked.keys
    if others or key.source_name != KEY or not key.is_single(TYPES):
        told = ", ".join(f"{one.source_name} ({one.kind})" for one in asked.keys)
        why = f"of MongoDB only _id is compared, as {' or '.join(TYPES)}, and merge_keys are {told}"
        fix = "set merge_keys=_id, or leave delete_missing out."
        raise SourceRefusedError("keys that can't be compared", source.place, why, fix)
    return key


def _raw_batches(client: Client, source: MongodbStatement, within: Document) -> Iterator[bytes]:
    """All _id of the operator's documents, by their index where it serves; or those of some."""
    concern: Any = ReadConcern("local")
    if source.at is not None:
        concern = AtTime(source.at) if source.has_snapshot else AfterTime(source.at)
    database, name = client[source.connection.database], source.connection.collection
    collection = database.get_collection(name, codec_options=RAW, read_concern=concern)
    asked = both(source.filter(), within) if within else source.filter()
    cursor: Any = RawBatches(collection, asked, {KEY: 1}, comment=None)
    by_index = source.keeps_places and not within  # a view or a time series may have none of _id
    with cursor.hint([(KEY, 1)]) if by_index else cursor as ids:
        yield from (raw for raw in ids if raw)


def _texts(column: Array) -> Array:
    """Each key as BigQuery writes it; a string says how many characters it has."""
    texts = pc.cast(column, arrow.string())
    if not arrow.types.is_integer(column.type):
        lengths = pc.cast(pc.utf8_length(texts), arrow.string())
        texts = pc.binary_join_element_wise(lengths, texts, ":")
    return pc.drop_null(texts)


def _numbers(texts: Array) -> Any:
    """The first digits of each key's MD5, as `key_places` has them in both databases."""
    hashed = (
        int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:HASH_DIGITS], 16)
        for text in texts.to_pylist()
    )
    return np.fromiter(hashed, np.int64, len(texts))
