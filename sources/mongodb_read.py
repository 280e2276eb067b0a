"""I/O. Documents as raw batches over the wire, taken apart into Arrow while the next come.

A thread fetches ahead by a few raw batches. Memory is bounded by the batches, not by the
collection.
"""

import logging
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow as pa
import pymongo.errors
from pymongo.read_concern import ReadConcern

from auto_schema.errors import SourceRefusedError
from sources.base import Split
from sources.bson_elements import MalformedBsonError
from sources.mongodb import KEY, MongodbSource, parse
from sources.mongodb_client import RAW, AtTime, connected
from sources.mongodb_errors import is_gone_snapshot
from sources.mongodb_rows import batches
from sources.read_ahead import ReadAhead, cut

LOGGER = logging.getLogger("smart_sync")


def read_split(source: MongodbSource, split: Split) -> Iterator[pa.RecordBatch]:
    """Yield the documents of one split; the connection ends with the iterator.

    Raises:
        SourceUnreachableError, SourceRefusedError: as `Source.read` says.
    """
    ahead = ReadAhead(lambda: _raw_batches(source, split))
    layout = source.layout
    try:
        for raw in ahead:
            for batch in _taken_apart(source, raw, layout):
                yield from cut(batch, source.batch_rows)
    finally:
        ahead.stop()


def _taken_apart(source: MongodbSource, raw: bytes, layout: Any) -> list[pa.RecordBatch]:
    try:
        return batches(raw, layout)
    except MalformedBsonError as error:
        raise SourceRefusedError(
            "malformed documents", source.place, str(error), "validate the collection."
        ) from error


def _raw_batches(source: MongodbSource, split: Split) -> Generator[bytes, None, None]:
    with connected(source.connection, source.run_id) as client:
        collection = client[source.connection.database].get_collection(
            source.connection.collection, codec_options=RAW
        )
        concern = ReadConcern("majority") if source.is_set else ReadConcern("local")
        if source.at is not None:
            found = False
            try:
                for raw in _find(
                    collection.with_options(read_concern=AtTime(source.at)), source, split
                ):
                    found = True
                    yield raw
            except pymongo.errors.OperationFailure as error:
                if found or not is_gone_snapshot(error):
                    raise
                LOGGER.warning(
                    "split=%d is read without the common snapshot, which the server no longer"
                    " keeps: a document that is changed meanwhile is read as it is then",
                    split.index,
                )
            else:
                return
        yield from _find(collection.with_options(read_concern=concern), source, split)


def _find(collection: Any, source: MongodbSource, split: Split) -> Iterator[bytes]:
    words: dict[str, Any] = {}
    for name, bound in (("min", split.lower), ("max", split.upper)):
        if bound is not None:
            words[name] = [(KEY, parse(str(bound)))]
    if words:
        words["hint"] = [(KEY, 1)]
    cursor = collection.find_raw_batches(
        source.filter(), source.projection(), comment=source.run_id or None, **words
    )
    with cursor:
        for raw in cursor:
            if raw:
                yield raw
