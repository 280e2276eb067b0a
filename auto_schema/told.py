"""Values of rows, as messages tell them: themselves where the operator asked, else hashes.

Messages reach logs, the run history and a webhook, where a value that is somebody's
address or name has no place.
"""

import hashlib
import re

from auto_schema.errors import shown

HASH_DIGITS = 12
_QUOTED = (
    # PostgreSQL
    r"invalid input (?:syntax|value) for [^\":]*",
    r"(?:malformed|date/time field value out of range|could not parse)[^\":]*",
    r"[a-z ]*(?:timestamp|date|interval|time)[a-z ]* out of range",
    # BigQuery and MongoDB
    r"Invalid (?:timestamp|date|time|datetime|interval|JSON|NUMERIC|BIGNUMERIC)[^\"':]*",
    r"(?:Failed to parse|Error parsing|Could not cast|Could not convert)[^\"':]*",
)
_TO_THE_END = (  # BigQuery
    r"\b(?:Bad \w+|Invalid (?:BIG)?NUMERIC) value:",
    r"\bInvalid time zone:",
    r"\binvalid hexadecimal string due to character at offset \d+:",
    r"\bCannot parse regular expression: [^:]*:",
    r"\bunparseable IP-address:",
)
_VALUES = (
    re.compile(rf"((?:{'|'.join(_QUOTED)}):? )([\"'])(.*?)\2(?=$|[ .;,])", re.DOTALL),
    re.compile(r"(\bvalue )(\")(.*?)\"(?= is out of range)", re.DOTALL),
    re.compile(r"(\bInvalid (?:INTERVAL value|input to PARSE_\w+:) )([\"'])(.*)\2", re.DOTALL),
    re.compile(rf"((?:{'|'.join(_TO_THE_END)}) )()(.+)", re.DOTALL),
    re.compile(r"(\bFailed to parse range: .*\(found )()(.+)(?=\))", re.DOTALL),
)
"""How PostgreSQL and BigQuery quote the value that an operator's query can't take."""
_DETAIL = re.compile(r"\s*\b(?:DETAIL|CONTEXT):.*", re.DOTALL)


def told(value: str, *, shows: bool) -> str:
    """A value of a row for a message.

    Args:
        value: as text.
        shows: whether the operator asked for values (show_values).

    >>> told("ann@example.com", shows=False)
    'sha256 71d4f55f72fa'
    """
    return shown(value) if shows else f"sha256 {_hash(value)}"


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def without_row_values(text: str) -> str:
    """A server's message with hashes in place of the values of rows that it quotes.

    >>> without_row_values('invalid input syntax for type integer: "ann"')
    'invalid input syntax for type integer: sha256 49915e0d7d4b'
    """
    if re.search("invalid input|malformed", text):
        text = _DETAIL.sub("", text)
    for pattern in _VALUES:
        text = pattern.sub(lambda match: match[1] + told(match[3], shows=False), text)
    return text
