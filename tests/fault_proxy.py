"""An HTTP proxy on loopback that fails on request, before a local BigQuery or bucket.

Point BIGQUERY_EMULATOR_HOST at `proxy.url` and add rules; what none takes passes through:

    with fault_proxy(target.url) as proxy:
        proxy.add(Rule(drop(after=True), **job("publish_1"), times=1))
"""

import contextlib
import functools
import http.client
import json
import re
import socket
import socketserver
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.fault_rules import Answer, DroppedError, Exchange, Rule, Seen

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer"}
UPSTREAM_TIMEOUT_S = 120.0
CLOSE_TIMEOUT_S = 10.0
POLL_S = 0.02


class FaultProxy:
    """A proxy with rules that may change at any time; the first that takes a request acts."""

    def __init__(self, upstream_url: str) -> None:
        parts = urlsplit(upstream_url)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._closing = threading.Event()
        self.errors: list[str] = []  # tracebacks of actions
        self._guard = threading.Lock()
        self._rules: list[Rule] = []
        self._seen: list[Seen] = []
        self._open: dict[threading.Thread, socket.socket] = {}
        self._server: _Server | None = None
        self._port = 0
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def seen(self) -> list[Seen]:
        """All requests in the order in which they came."""
        with self._guard:
            return list(self._seen)

    def add(self, *rules: Rule) -> Rule:
        """Append rules; the last one is returned, to be asked for its counts."""
        with self._guard:
            self._rules.extend(rules)
        return rules[-1]

    def remove(self, *rules: Rule) -> None:
        with self._guard:
            self._rules = [rule for rule in self._rules if rule not in rules]

    def heal(self) -> None:
        """Drop all rules, and listen again."""
        with self._guard:
            self._rules.clear()
        self.listen()

    def listen(self) -> None:
        """Accept connections; after refuse() on the same port."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), self)
            self._port = self._server.server_address[1]
            self._server.loop.start()

    def refuse(self) -> None:
        """Close the port and all connections: the next one is refused."""
        with self._guard:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.loop.join(CLOSE_TIMEOUT_S)
        self.cut()

    def cut(self) -> None:
        """Close all open connections."""
        with self._guard:
            connections = list(self._open.values())
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Refuse, and wait until each thread is gone."""
        self._closing.set()
        self.refuse()
        with self._guard:
            threads = list(self._open)
        for thread in threads:
            thread.join(CLOSE_TIMEOUT_S)
        assert not any(thread.is_alive() for thread in threads), "a request didn't end"

    def take(self, seen: Seen, headers: Any, payload: bytes) -> Answer:
        """Answer a request by the first rule that takes it, else by the service."""
        with self._guard:
            self._seen.append(seen)
            action = next((rule.action for rule in self._rules if rule.takes(seen)), None)
        send = functools.partial(self._send, seen, headers, payload)
        exchange = Exchange(seen, send, self._closing)
        return action(exchange) if action else exchange.forward()

    def _send(self, seen: Seen, headers: Any, payload: bytes) -> Answer:
        """Pass a request on. The Host stays the client's, so that answers name the proxy."""
        upstream = http.client.HTTPConnection(*self._upstream, timeout=UPSTREAM_TIMEOUT_S)
        with contextlib.closing(upstream):
            upstream.putrequest(seen.method, seen.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP | {"expect"}:
                    upstream.putheader(name, value)
            if payload or seen.method in ("POST", "PUT", "PATCH"):
                upstream.putheader("Content-Length", str(len(payload)))
            upstream.endheaders(payload or None)
            got = upstream.getresponse()
            told = got.getheaders()
            kept = [(n, self._renamed(n, v)) for n, v in told if n.lower() not in HOP_BY_HOP]
            if seen.method == "HEAD":
                kept += [(n, v) for n, v in told if n.lower() == "content-length"]
            return Answer(got.status, tuple(kept), got.read())

    def _renamed(self, name: str, value: str) -> str:
        """A Location that names the service names the proxy instead."""
        upstream = "http://{}:{}".format(*self._upstream)
        return value.replace(upstream, self.url, 1) if name.lower() == "location" else value

    def opened(self, thread: threading.Thread, connection: socket.socket) -> None:
        with self._guard:
            self._open[thread] = connection

    def closed(self, thread: threading.Thread) -> None:
        with self._guard:
            self._open.pop(thread, None)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        super().__init__(address, functools.partial(_Handler, proxy))
        self._proxy = proxy
        self.loop = threading.Thread(target=self.serve_forever, args=(POLL_S,), daemon=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._proxy.opened(thread, request)
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._proxy.closed(threading.current_thread())

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no fault of the proxy's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, proxy: FaultProxy, *rest: Any) -> None:
        self._proxy = proxy
        super().__init__(*rest)

    def exchange(self) -> None:
        payload = self._payload()
        body = _metadata(self.headers.get("Content-Type", ""), payload)
        seen = Seen(time.monotonic(), self.command, self.path, body)
        try:
            told = self._proxy.take(seen, self.headers, payload)
        except (DroppedError, OSError, http.client.HTTPException):
            self.close_connection = True
        except Exception:
            self._proxy.errors.append(traceback.format_exc())
            self.close_connection = True
        else:
            seen.status = told.status
            self._tell(told)

    def _tell(self, told: Answer) -> None:
        self.send_response_only(told.status)
        for name, value in told.headers:
            self.send_header(name, value)
        if self.command != "HEAD" and told.status not in (204, 304):
            self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told.body)

    def _payload(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        size = int(self.headers.get("Content-Length") or 0)
        payload = self.rfile.read(size)
        if len(payload) < size:
            raise ConnectionError("the client left within its request")
        return payload

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers are dropped."""

    def log_message(self, *_: object) -> None:
        """Tests need no access log."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.exchange)


def _metadata(content_type: str, payload: bytes) -> Any:
    """A request's JSON; of a multipart upload its first part's."""
    if content_type.startswith("multipart/"):
        boundary = re.search(r'boundary="?([^";]+)', content_type)
        mark = b"--" + (boundary[1].encode() if boundary else b"")
        payload = payload.partition(mark)[2].partition(b"\n" + mark)[0]
        payload = payload.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    elif "json" not in content_type:
        return None
    with contextlib.suppress(ValueError):
        return json.loads(payload)
    return None


@contextlib.contextmanager
def fault_proxy(upstream_url: str) -> Iterator[FaultProxy]:
    """Run a proxy before a local service.

    Raises:
        AssertionError: an action raised, or a request didn't end.
    """
    proxy = FaultProxy(upstream_url)
    try:
        yield proxy
    finally:
        proxy.close()
    assert not proxy.errors, "\n".join(proxy.errors)
