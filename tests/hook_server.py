"""A webhook's other side: records what is posted, and answers as a test wants it."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "pl4nted-t0ken"
PATH = f"/services/T0/B0/{TOKEN}"
Answer = Callable[[BaseHTTPRequestHandler], None]


class Hook:
    """The posts so far, and the answers to the next ones; after these all is well."""

    def __init__(self) -> None:
        self.port = 0
        self.posts: list[tuple[str, bytes]] = []
        self.answers: list[Answer] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def texts(self) -> list[str]:
        """What Slack would show; each body must be JSON that holds nothing else."""
        bodies = [json.loads(body) for _, body in self.posts]
        assert all(set(body) == {"text"} for body in bodies)
        return [body["text"] for body in bodies]

    @property
    def firsts(self) -> list[str]:
        """How each text begins: `Smart Sync failed`."""
        return [text.partition(":")[0] for text in self.texts]


def status(code: int, **headers: str) -> Answer:
    """An ordinary answer."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    return act


def raw(data: bytes) -> Answer:
    """Bytes that may be no HTTP at all."""
    return lambda handler: void(handler.wfile.write(data))


def silence(seconds: float) -> Answer:
    """No answer for some time, then none at all."""
    return lambda _: time.sleep(seconds)


def drip(seconds: float) -> Answer:
    """A header line that never ends, a byte at a time."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            handler.wfile.write(b"x")
            time.sleep(0.05)

    return act


def void(_: object) -> None:
    """Forget a value."""


@contextlib.contextmanager
def hook_server() -> Iterator[Hook]:
    """Listen until the block ends."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.posts.append((self.path, body))
            answer = hook.answers.pop(0) if hook.answers else status(200)
            with contextlib.suppress(OSError):  # whoever asked may have gone
                answer(self)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
