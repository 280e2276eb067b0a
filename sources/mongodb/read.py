"""I/O. Documents as raw batches over the wire, taken apart into Arrow while the next come.

A thread fetches ahead by a few raw batches. Memory is bounded by the batches, not by the
collection.
"""

import logging
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow as pa
import pymongo.errors
from bson import MaxKey
from pymongo.read_concern import ReadConcern

from auto_schema.errors import SourceRefusedError
from sources.mongodb.behind import behind, identity
from sources.mongodb.bson_elements import MalformedBsonError
from sources.mongodb.client import RAW, AfterTime, AtTime, connected, describe
from sources.mongodb.errors import is_gone_snapshot
from sources.mongodb.extended_json import parse
from sources.mongodb.raw_batches import RawBatches
from sources.mongodb.rows import batches
from sources.mongodb.statement import KEY, MongodbStatement, both
from sources.mongodb.wire.decoder import warn_if_slow
from sources.read_ahead import ReadAhead, cut
from sources.values import Split

LOGGER = logging.getLogger("smart_sync")


def read_split(source: MongodbStatement, split: Split) -> Iterator[pa.RecordBatch]:
    """Yield the documents of one split; the connection ends with the iterator.

    Raises:
        SourceUnreachableError, SourceRefusedError: as `Source.read` says.
    """
    warn_if_slow()
    ahead = ReadAhead(lambda: _raw_batches(source, split))
    layout = source.layout
    try:
        for raw in ahead:
            for batch in _taken_apart(source, raw, layout):
                yield from cut(batch, source.extract.batch_rows)
    finally:
        ahead.stop()


def _taken_apart(source: MongodbStatement, raw: bytes, layout: Any) -> list[pa.RecordBatch]:
    try:
        return batches(raw, layout)
    except MalformedBsonError as error:
        raise SourceRefusedError(
            "malformed documents", source.place, str(error), "validate the collection."
        ) from error


def _raw_batches(source: MongodbStatement, split: Split) -> Generator[bytes, None, None]:
    with connected(source.connection, source.extract.run_id) as client:
        database = client[source.connection.database]
        collection = database.get_collection(source.connection.collection, codec_options=RAW)
        yield from _at_one_time(collection, source, split)
        now = describe(database, source.connection.collection) or {}
        if source.collection_id and identity(behind(database, now)) != source.collection_id:
            raise SourceRefusedError(
                "collection gone",
                source.place,
                "it was dropped, renamed or replaced while it was read",
                "run again when it is whole.",
            )


def _at_one_time(collection: Any, source: MongodbStatement, split: Split) -> Iterator[bytes]:
    """The documents of the common snapshot, or of now where there is none (any more)."""
    if source.at is not None and source.has_snapshot:
        has_read = False
        try:
            at_time = collection.with_options(read_concern=AtTime(source.at))
            for raw in _find(at_time, source, split, at_once=True):
                has_read = True
                yield raw
        except pymongo.errors.OperationFailure as error:
            if has_read or not is_gone_snapshot(error):
                raise
            LOGGER.warning(
                "split=%d is read without the common snapshot, which the server no longer"
                " keeps: a document that is changed meanwhile is read as it is then",
                split.index,
            )
        else:
            return
    concern = ReadConcern("local") if source.at is None else AfterTime(source.at)
    yield from _find(collection.with_options(read_concern=concern), source, split, at_once=False)


def _find(
    collection: Any, source: MongodbStatement, split: Split, *, at_once: bool
) -> Iterator[bytes]:
    projection, comment = source.projection(), source.extract.run_id or None
    cursor: Any = RawBatches(collection, source.filter(), projection, comment=comment)
    if split.lower is not None:
        cursor = cursor.min([(KEY, parse(str(split.lower)))])
    if split.upper is not None:
        cursor = cursor.max([(KEY, parse(str(split.upper)))])
    if split.column is not None:
        cursor = cursor.hint([(KEY, 1)])
    if source.is_walked(split, at_once=at_once):
        cursor = cursor.hint([("$natural", 1)])
    cursors = [cursor]
    if split.lower is not None and split.upper is None:
        # max() is not included, said or not, and MaxKey itself may be an _id
        cursor.max([(KEY, MaxKey())])
        last = both(source.filter(), {KEY: MaxKey()})
        cursors.append(RawBatches(collection, last, projection, comment=comment))
    for part in cursors:
        with part:
            yield from filter(None, part)
