"""I/O. What psycopg2 doesn't offer of the libpq it brings: describe, and COPY without its rows.

psycopg2 gives the address of a session's PGconn for such calls, and the library that it is
linked to is found through its own: https://www.psycopg.org/docs/connection.html.
"""

import ctypes
import re
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg2
import pyarrow as pa

from sources.postgresql.wire.decoder import decoder
from sources.postgresql.wire.fields import Field

GOOD = (1, 2, 3)
"""PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_OUT."""
ENDED = GOOD[:1]
"""Of a COPY: it stays in PGRES_COPY_OUT, for ever, when libpq had no memory for a row."""
SQLSTATE = ord("C")
"""PG_DIAG_SQLSTATE; all of src/interfaces/libpq/libpq-fe.h and postgres_ext.h."""
Session = Any
"""A connection of psycopg2."""
AT_ONCE = 256 * 1024
"""Bytes of rows that libpq takes from the server at once: more than a socket holds for it."""
_POINTER, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "PQexec": (_POINTER, (_POINTER, _TEXT)),
    "PQprepare": (_POINTER, (_POINTER, _TEXT, _TEXT, _INT, _POINTER)),
    "PQdescribePrepared": (_POINTER, (_POINTER, _TEXT)),
    "PQgetResult": (_POINTER, (_POINTER,)),
    "PQgetCopyData": (_INT, (_POINTER, _POINTER, _INT)),
    "PQfreemem": (None, (_POINTER,)),
    "PQclear": (None, (_POINTER,)),
    "PQresultStatus": (_INT, (_POINTER,)),
    "PQresultErrorField": (_TEXT, (_POINTER, _INT)),
    "PQresultErrorMessage": (_TEXT, (_POINTER,)),
    "PQerrorMessage": (_TEXT, (_POINTER,)),
    "PQnfields": (_INT, (_POINTER,)),
    "PQfname": (_TEXT, (_POINTER, _INT)),
    "PQftype": (ctypes.c_uint, (_POINTER, _INT)),
    "PQftable": (ctypes.c_uint, (_POINTER, _INT)),
    "PQconnectStartParams": (_POINTER, (_POINTER, _POINTER, _INT)),
    "PQsetErrorVerbosity": (_INT, (_POINTER, _INT)),
    "PQconnectPoll": (_INT, (_POINTER,)),
    "PQsocket": (_INT, (_POINTER,)),
    "PQfinish": (None, (_POINTER,)),
}


READING, WRITING = 1, 2
"""Of PGRES_POLLING_…: what a login waits for; anything else is its end."""
VERBOSE = 2
"""PQERRORS_VERBOSE: the SQLSTATE stands before the words."""
_STATE = re.compile(r":\s+([0-9A-Z]{5}):\s+")


class LibpqError(Exception):
    """The server refused a call, or the connection broke.

    Attributes:
        sqlstate: of the server's refusal; empty when it is the connection.
    """

    def __init__(self, message: str, sqlstate: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@cache
def _library() -> Any:
    library = ctypes.CDLL(psycopg2._psycopg.__file__)
    for name, (result, arguments) in _CALLS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def login_refusal(words: Mapping[str, str], timeout_s: float) -> tuple[str, str]:
    """With which SQLSTATE and words a server refuses a login; empty: it says none, or takes it.

    Args:
        words: libpq's keywords.
        timeout_s: how long it is waited for.
    """
    pq, count = _library(), len(words) + 1
    names = (_TEXT * count)(*(word.encode() for word in words), None)
    values = (_TEXT * count)(*(value.encode() for value in words.values()), None)
    session, deadline = pq.PQconnectStartParams(names, values, 0), time.monotonic() + timeout_s
    try:
        pq.PQsetErrorVerbosity(session, VERBOSE)
        waits_for = WRITING
        while waits_for in (READING, WRITING) and pq.PQsocket(session) >= 0:
            way = select.POLLIN if waits_for == READING else select.POLLOUT
            ready = select.poll()
            ready.register(pq.PQsocket(session), way)
            if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
                break
            waits_for = pq.PQconnectPoll(session)
        told = pq.PQerrorMessage(session).decode(errors="backslashreplace")
    finally:
        pq.PQfinish(session)
    states = _STATE.findall(told)
    text = re.sub(r"\nLOCATION:.*", "", _STATE.sub(": ", told))
    return (states[-1] if states else ""), text


def described(opened: Session, sql: str) -> list[tuple[str, int, int]]:
    """(name, OIDs of its type and of its table) of each column of a statement, which isn't run.

    What is computed has no table: 0.

    Raises:
        LibpqError: it is refused.
    """
    pq, session = _library(), opened.pgconn_ptr
    with _result(opened, pq.PQprepare(session, b"", sql.encode(), 0, None)):
        pass
    with _result(opened, pq.PQdescribePrepared(session, b"")) as result:
        return [
            (
                pq.PQfname(result, at).decode(),
                int(pq.PQftype(result, at)),
                int(pq.PQftable(result, at)),
            )
            for at in range(pq.PQnfields(result))
        ]


def copied(
    opened: Session, sql: str, fields: Sequence[Field], rows: int, size: int
) -> Iterator[pa.RecordBatch]:
    """The rows of a statement as batches; the interpreter is free while one is filled.

    Args:
        opened: a session in a transaction, which this thread alone uses.
        sql: a SELECT.
        fields: of its columns.
        rows: of a batch, at most.
        size: bytes on the wire after which a batch ends, texts of numbers added.

    Raises:
        LibpqError: the server refuses it, also amid the rows, or the connection breaks.
        ValueError: what arrives isn't what `fields` say.
    """
    pq, session = _library(), opened.pgconn_ptr
    _take_more_at_once(opened)
    with _result(opened, pq.PQexec(session, f"COPY ({sql}\n) TO STDOUT (FORMAT binary)".encode())):
        pass
    decoding = decoder(fields)
    get, release = _address(pq.PQgetCopyData), _address(pq.PQfreemem)
    more = 1
    while more > 0:
        more = decoding.pull(session, get, release, rows, size)
        if decoding.rows and more >= -1:
            yield pa.RecordBatch._import_from_c_capsule(*decoding.take())
    with _result(opened, pq.PQgetResult(session), ENDED):
        pass
    while rest := pq.PQgetResult(session):
        pq.PQclear(rest)


def _take_more_at_once(opened: Session) -> None:
    """Let libpq's buffer, which is of 16 KB, grow to that of its largest message so far.

    Nothing else sets it: https://github.com/postgres/postgres/blob/REL_17_STABLE/
    src/interfaces/libpq/fe-misc.c (pqCheckInBufferSpace).
    """
    pq = _library()
    sql = f"SELECT pg_catalog.repeat(' ', {AT_ONCE})"
    with _result(opened, pq.PQexec(opened.pgconn_ptr, sql.encode())):
        pass


@contextmanager
def _result(opened: Session, result: int | None, wanted: Sequence[int] = GOOD) -> Iterator[int]:
    """A result, if it is no refusal; it is freed in the end."""
    pq = _library()
    if not result:
        raise LibpqError(pq.PQerrorMessage(opened.pgconn_ptr).decode(errors="replace"), "")
    try:
        if pq.PQresultStatus(result) not in wanted:
            state = pq.PQresultErrorField(result, SQLSTATE) or b""
            message = pq.PQresultErrorMessage(result) or pq.PQerrorMessage(opened.pgconn_ptr)
            raise LibpqError(message.decode(errors="replace"), state.decode())
        yield result
    finally:
        pq.PQclear(result)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
