"""HTTP for a few clients on loopback: a thread for each connection answers its requests.

A request here is a call of a plain function. Between an event loop and threads each was handed
over four times, which cost more than many of the calls.
"""

import gzip
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

BUFFER_BYTES = 1 << 16
WAITING = 128
"""Connections that are made before they are taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks; its body is no longer compressed."""

    method: str
    target: str
    """Path and query, as they came."""
    headers: dict[str, str]
    """By names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client is told."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def listen(host: str, port: int, answer: Callable[[Request], Answer]) -> None:
    """Answer whoever comes, until the process ends."""
    with socket.create_server((host, port), backlog=WAITING) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=_serve, args=(client, answer), daemon=True).start()


def _serve(client: socket.socket, answer: Callable[[Request], Answer]) -> None:
    """Answer the requests of one connection, until its client closes it."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client, client.makefile("rb", BUFFER_BYTES) as stream:
        try:
            while request := _read(stream):
                client.sendall(_written(answer(request), request.method))
                if request.headers.get("connection", "").lower() == "close":
                    return
        except ConnectionError:
            return  # nobody is there to be told


def _read(stream: Any) -> Request | None:
    """The next request; None: there is none, or what came is none."""
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = dict[str, str]()
    while (line := stream.readline().decode("latin-1")) not in ("\r\n", ""):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    assert "transfer-encoding" not in headers, "Google's clients tell a body's length"
    body = stream.read(int(headers.get("content-length", "0")))
    if headers.get("content-encoding") == "gzip":
        del headers["content-encoding"]
        body = gzip.decompress(body)
        headers["content-length"] = str(len(body))
    return Request(first[0], first[1], headers, body)


def _written(answer: Answer, method: str) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    has_body = answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    lines += [f"content-length: {len(answer.body)}"] if has_body else []
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + answer.body if has_body and method != "HEAD" else head
