"""mask: values hidden by whole columns; NULL stays NULL.

What is hashed is the salt, if any, and behind it the value as CAST(… AS STRING) writes it, both
in UTF-8, or the bytes of a BYTES: who knows the salt can do the same anywhere.
"""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from auto_schema.casts import CASTS
from auto_schema.kernels import Array, arrow, pc

compiled: Any
try:
    from auto_schema import compiled
except ImportError:
    compiled = None

REDACTED, HIDDEN = "REDACTED", "****"
"""What stands in place of a value, and in place of all but its last characters."""
SHOWN_CHARACTERS = 4
HEX_DIGITS = 64


def needs_text(method: str) -> bool:
    """Whether it is of the value's text, so that the value must have one."""
    return method in ("sha256", "last4")


def is_maskable(bigquery: str, method: str) -> bool:
    """Whether a type has what that method takes.

    >>> is_maskable("INT64", "sha256"), is_maskable("JSON", "last4"), is_maskable("JSON", "redact")
    (True, False, True)
    """
    if not needs_text(method) or bigquery == "STRING":
        return True
    if bigquery == "BYTES":
        return method == "sha256"
    return (bigquery, "STRING") in CASTS


def masked(array: Array, bigquery: str, method: str, salt: bytes) -> Array:
    """The column under its mask.

    Args:
        array: in the form in which the type is staged.
        bigquery: its type.
        method: of `METHODS` in transform_text.
        salt: what stands before each value that is hashed.
    """
    if method == "null":
        return arrow.nulls(len(array), array.type)
    if method == "redact":
        return _where_valid(array, arrow.repeat(REDACTED, len(array)))
    if bigquery not in ("STRING", "BYTES"):
        array, _ = CASTS[bigquery, "STRING"].convert(array, pa.string())
    return hashed(array, salt) if method == "sha256" else _last(array)


def _where_valid(array: Array, texts: Array) -> Array:
    if not array.null_count:
        return texts
    return pc.if_else(pc.is_valid(array), texts, arrow.scalar(None, pa.string()))


def _last(array: Array) -> Array:
    """The last characters of a text that has more; else none."""
    has_more = pc.greater(pc.utf8_length(array), SHOWN_CHARACTERS)
    ends = pc.utf8_slice_codeunits(array, start=-SHOWN_CHARACTERS)
    return pc.binary_join_element_wise(HIDDEN, pc.if_else(has_more, ends, ""), "")


def hashed(array: Array, salt: bytes) -> Array:
    """SHA-256 in hex of salt and value.

    >>> hashed(pa.array(["a", None]), b"")[0].as_py()[:8]
    'ca978112'
    """
    if len(array) == array.null_count:
        return arrow.nulls(len(array), pa.string())
    if compiled is None:
        return _in_python(array, salt)
    _, offsets, data = array.buffers()
    digits = compiled.sha256(data or b"", offsets, array.offset, len(array), salt)
    ends = arrow.array(np.arange(len(array) + 1, dtype=np.int32) * np.int32(HEX_DIGITS))
    texts = arrow.StringArray.from_buffers(len(array), ends.buffers()[1], arrow.py_buffer(digits))
    return _where_valid(array, texts)


def _in_python(array: Array, salt: bytes) -> Array:
    """Each different value once, where there is no C."""
    encoded = array.cast(pa.binary()).dictionary_encode()
    start = hashlib.sha256(salt)
    texts = []
    for value in encoded.dictionary.to_pylist():
        digest = start.copy()
        digest.update(value)
        texts.append(digest.hexdigest())
    return arrow.array(texts, pa.string()).take(encoded.indices)
