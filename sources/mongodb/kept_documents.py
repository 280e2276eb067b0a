"""Refused documents as dead letters keep them: BSON, without fields that nothing may hold. Pure."""

from collections.abc import Collection

from sources.mongodb import bson_elements as b
from sources.mongodb.bson_elements import Buffer


def kept_document(
    buffer: Buffer, place: range, left_out: Collection[str], known: Collection[str] | None
) -> bytes | None:
    """The document, or None where it can't be kept whole.

    Args:
        buffer: in which it lies.
        place: of its bytes.
        left_out: fields that nothing may hold.
        known: the only fields that may be kept; None: all others may.
    """
    elements = list[bytes]()
    for name, type_, at, size in b.walk(buffer, place.start + 4, place.stop):
        text = name.decode("utf-8", "replace")
        if text in left_out:
            continue
        if known is not None and text not in known:
            return None
        elements.append(bytes([type_]) + name + b"\0" + buffer.data[at : at + size])
    body = b"".join(elements) + b"\0"
    return (len(body) + 4).to_bytes(4, "little") + body
