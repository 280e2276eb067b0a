"""A real mongod whose greeting says what mongos says: it names no replica set.

There is no mongos to be had for tests. What is asked and answered beside the greeting is real.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import bson

from demo.mongodb_servers import Mongod
from tests.tcp_proxy import TcpProxy

OP_REPLY, OP_MSG = 1, 2013
HEADER, REPLY_BYTES, MESSAGE_BYTES = 16, 20, 5
OF_A_SET = ("setName", "setVersion", "hosts", "primary", "me", "electionId", "lastWrite")
OF_A_SET += ("secondary", "arbiterOnly", "passive", "hidden")


class _AsMongos(TcpProxy):
    """Passes everything on but for what a member of a set says of itself."""

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        if source.getpeername() != self._target:
            super()._pump(source, sink)
            return
        stream = source.makefile("rb")
        while len(head := stream.read(HEADER)) == HEADER:
            rest = stream.read(int.from_bytes(head[:4], "little") - HEADER)
            sink.sendall(_greeting(head, rest))


def _greeting(head: bytes, rest: bytes) -> bytes:
    code = int.from_bytes(head[12:], "little")
    at = {OP_REPLY: REPLY_BYTES, OP_MSG: MESSAGE_BYTES}.get(code, 0)
    told = bson.decode(rest[at:]) if at and b"setName\0" in rest else {}
    if "setName" in told:
        kept = {name: value for name, value in told.items() if name not in OF_A_SET}
        rest = rest[:at] + bson.encode(kept | {"msg": "isdbgrid"})
    return (len(rest) + HEADER).to_bytes(4, "little") + head[4:] + rest


@contextmanager
def as_mongos(member: Mongod) -> Iterator[str]:
    """The connection string of a member of a set that looks like mongos."""
    proxy = _AsMongos("127.0.0.1", member.port)
    try:
        yield f"mongodb://127.0.0.1:{proxy.port}/"
    finally:
        proxy.close()
