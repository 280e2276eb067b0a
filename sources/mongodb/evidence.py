"""I/O. A look at the documents of the window, each question only while it is cheap."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

import bson
import bson.errors
import pymongo
import pymongo.errors

from sources.mongodb.client import FACTS, RAW
from sources.mongodb.errors import took_too_long
from sources.mongodb.extended_json import Document, parse, written
from sources.mongodb.statement import (
    FIRST_DATE,
    KEY,
    LAST_DATE,
    MongodbStatement,
    as_bson,
    both,
    outside,
    value_at,
)
from sources.questions import RowsQuestion
from sources.values import Evidence

COUNT_TIMEOUT_MS = 5_000
BOUNDS = 1_000
"""Places between which splits are cut; a sample is twenty times as large."""
OVERSAMPLE = 20
CHEAP_DOCUMENTS = 500_000
"""Without an index on the cursor no more documents are counted: each question reads them all."""
Answer = TypeVar("Answer")


def needs_an_index(query: object) -> bool:
    """Whether a query can't be read by ranges of _id: it needs an index of its own.

    >>> needs_an_index({"$text": {"$search": "a"}}), needs_an_index({"a": 1})
    (True, False)
    """
    words = ("$text", "$near", "$nearSphere", "$where")
    if isinstance(query, dict):
        return any(key in words or needs_an_index(value) for key, value in query.items())
    return isinstance(query, list) and any(map(needs_an_index, query))


def evidence(
    collection: Any,
    source: MongodbStatement,
    asked: RowsQuestion,
    *,
    indexed: bool,
) -> Evidence:
    """Gather what planning needs of the documents themselves.

    Args:
        collection: a handle on it.
        source: query, cursor and window of the run.
        asked: what is wanted of them.
        indexed: whether an index begins with the cursor.
    """
    if needs_an_index(parse(source.query)):
        return Evidence()
    total, average = _size(collection)
    is_cheap = total <= CHEAP_DOCUMENTS or source.extract.cursor is None or indexed
    rows, why_not = _rows(collection, source, total) if is_cheap else (total, _uncounted(total))
    counted = _beside_window(collection, source, asked) if is_cheap else Evidence()
    return replace(
        counted,
        estimated_rows=rows,
        estimate_doubt=why_not,
        estimated_bytes=int(rows * average) if rows is not None and average else None,
        partition_span=_span(collection, source, asked.partition[0].name)
        if asked.partition
        else None,
    )


def _beside_window(collection: Any, source: MongodbStatement, asked: RowsQuestion) -> Evidence:
    """Counts of documents that the window doesn't hold, and no other window either."""
    query, kind = parse(source.query), source.cursor_type
    cursor, window = source.extract.cursor, source.extract.window
    if not cursor or not window:
        return Evidence()
    evidence = Evidence(
        null_cursors=_count(collection, both(query, {cursor: None})),
        other_cursors=MappingProxyType(
            _by_type(collection, both(query, outside(cursor, kind)), cursor)
        ),
    )
    if not asked.count_outside:
        return evidence

    def counted(condition: Document) -> int | None:
        return _count(collection, both(query, {cursor: condition}))

    after, before, beyond = counted({"$gt": as_bson(window.high, kind)}), None, None
    if isinstance(window.high, datetime):
        before, beyond = counted({"$lt": FIRST_DATE}), counted({"$gt": LAST_DATE})
    if asked.floor is not None:
        before = counted({"$lte": as_bson(asked.floor, kind)})
    after = None if after is None else after - (beyond or 0)
    return replace(evidence, before=before, after=after, beyond=beyond)


def has_rows(collection: Any, source: MongodbStatement) -> bool:
    """Whether the window holds a document; True when that takes too long to tell."""
    document = _ask(
        lambda: collection.find_one(source.filter(), {KEY: 1}, max_time_ms=COUNT_TIMEOUT_MS) or {}
    )
    return document is None or bool(document)


def _ask(question: Callable[[], Answer]) -> Answer | None:
    """The answer, or None when it takes too long."""
    try:
        return question()
    except pymongo.errors.OperationFailure as error:
        if took_too_long(error):
            return None
        raise


def _count(collection: Any, query: Document) -> int | None:
    return _ask(lambda: int(collection.count_documents(query, maxTimeMS=COUNT_TIMEOUT_MS)))


def _by_type(collection: Any, query: Document, field: str) -> dict[str, int]:
    pipeline = [{"$match": query}, {"$group": {"_id": {"$type": f"${field}"}, "n": {"$sum": 1}}}]
    rows = _ask(lambda: list(collection.aggregate(pipeline, maxTimeMS=COUNT_TIMEOUT_MS)))
    return {str(row["_id"]): int(row["n"]) for row in rows or []}


def _size(collection: Any) -> tuple[int, float]:
    """Documents of the collection and their average bytes; zeros where the server won't say."""
    try:
        return size_of(collection.aggregate([{"$collStats": {"storageStats": {}}}]))
    except pymongo.errors.OperationFailure:  # a view
        return 0, 0.0


def size_of(stats: Iterable[Document]) -> tuple[int, float]:
    """Documents and their average bytes: mongos gives one document of figures per shard.

    >>> size_of([{"storageStats": {"count": n, "size": 9 * n}} for n in (1, 0, 3)])
    (4, 9.0)
    """
    storage = [shard["storageStats"] for shard in stats]
    count = sum(int(shard.get("count", 0)) for shard in storage)
    size = sum(float(shard.get("size", 0)) for shard in storage)
    return count, size / count if count else 0.0


def _rows(collection: Any, source: MongodbStatement, total: int) -> tuple[int | None, str]:
    """Documents of the window, of the whole collection where counting takes long; and a doubt."""
    query = source.filter()
    if not query and total:
        return total, ""
    counted = _count(collection, query)
    if counted is not None:
        return counted, ""
    return total or None, _uncounted(total)


def _uncounted(total: int) -> str:
    """Why the size of a collection is no estimate of a window.

    https://www.mongodb.com/docs/manual/reference/method/db.collection.estimatedDocumentCount/
    """
    if not total:
        return ""
    return (
        f"counting them would read the collection, whose own figure of {total:,} documents is of"
        " all of them, and wrong after an unclean shutdown"
    )


def bounds(collection: Any) -> tuple[str, ...]:
    """Values of _id that cut the collection into about even parts, in the order of its index."""
    size = BOUNDS * OVERSAMPLE
    pipeline: list[Document] = [
        {"$sample": {"size": size}},
        {"$project": {KEY: 1}},
        {"$sort": {KEY: pymongo.ASCENDING}},
    ]
    raw = collection.with_options(codec_options=RAW)
    keys = [document.raw for document in raw.aggregate(pipeline, allowDiskUse=True)]
    step = max(len(keys) // BOUNDS, 1)
    return tuple(dict.fromkeys(filter(None, map(_as_bound, keys[step::step]))))


def _as_bound(raw: bytes) -> str:
    """A value of _id as Extended JSON that gives back its very bytes; empty when none does."""
    try:
        value = bson.decode(raw, FACTS)[KEY]
        if isinstance(value, bson.MinKey | bson.MaxKey):
            return ""  # nothing lies on one side of it
        text = written(value)
        return text if bson.encode({KEY: parse(text)}, codec_options=FACTS) == raw else ""
    except (bson.errors.BSONError, ValueError, TypeError, OverflowError):
        return ""


def _span(
    collection: Any, source: MongodbStatement, field: str
) -> tuple[datetime, datetime] | None:
    """Lowest and highest date of the partition column's field."""
    query = both(source.filter(), {field: {"$type": "date"}})

    def first(way: int) -> Any:
        words: dict[str, Any] = {"sort": [(field, way)], "max_time_ms": COUNT_TIMEOUT_MS}
        return value_at(_ask(lambda: collection.find_one(query, {field: 1}, **words)), field)

    low, high = first(pymongo.ASCENDING), first(pymongo.DESCENDING)
    is_span = isinstance(low, datetime) and isinstance(high, datetime)
    return (low, high) if is_span else None
