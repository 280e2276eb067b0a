"""I/O. A find whose batches come as bytes, without an object for each document.

`find_raw_batches` of pymongo 4.20 makes an object of each document of a batch before it takes
the batch as bytes: ten times the work of the network. Here the same cursor takes the bytes at
once; sessions, snapshots, retries, pins and killCursors stay pymongo's.
See docs/decisions/0019-raw-batches-without-objects.md.
"""

from typing import Any

from bson import _convert_raw_document_lists_to_streams as join_batch
from bson.raw_bson import _RAW_ARRAY_BSON_OPTIONS, _RawArrayBSONDocument
from pymongo.synchronous.cursor import RawBatchCursor

ARRAYS_RAW: Any = _RAW_ARRAY_BSON_OPTIONS
"""A document's arrays, too, stay bytes."""


class RawBatches(RawBatchCursor[Any]):
    """What `collection.find_raw_batches` gives, and takes the words of."""

    def _unpack_response(self, response: Any, *words: Any, **more: Any) -> list[Any]:
        reply = dict(_RawArrayBSONDocument(response.raw_command_response(), ARRAYS_RAW))
        if "cursor" not in reply:  # an error, whose labels are an array
            return super()._unpack_response(response, *words, **more)
        reply["cursor"] = dict(reply["cursor"])
        join_batch(reply)
        return [reply]
