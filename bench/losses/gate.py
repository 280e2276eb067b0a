"""I/O. A door between a tool and a server, which counts what the tool says and can end it there."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from demo.servers import free_port


class Count:
    """What a tool has said to all servers behind its doors, together.

    Attributes:
        said: pieces that the tool has sent, in the order in which they came.
        ends_at: the piece that is not handed on any more; 0: none.
        end: called then, once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.said, self.ends_at = 0, 0
        self.end: Callable[[], None] = lambda: None

    def begin(self, ends_at: int = 0, end: Callable[[], None] = lambda: None) -> None:
        """Count anew."""
        with self._lock:
            self.said, self.ends_at, self.end = 0, ends_at, end

    def lets_through(self) -> bool:
        """One more; whether it may pass."""
        with self._lock:
            self.said += 1
            is_end = self.said == self.ends_at
            passes = not self.ends_at or self.said < self.ends_at
            end = self.end
        if is_end:
            end()
        return passes


@contextmanager
def door(address: tuple[str, int], count: Count) -> Iterator[int]:
    """The port of loopback behind which the server of that address answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen(64)
        threading.Thread(target=_serve, args=(listener, address, count), daemon=True).start()
        yield int(listener.getsockname()[1])


def _serve(listener: socket.socket, address: tuple[str, int], count: Count) -> None:
    with contextlib.suppress(OSError):
        while True:
            tool, _ = listener.accept()
            server = socket.create_connection(address)
            for words in ((tool, server, count), (server, tool, None)):
                threading.Thread(target=_carry, args=words, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, count: Count | None) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            if count is not None and not count.lets_through():
                break
            target.sendall(piece)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def address_of(url: str) -> tuple[str, int]:
    """Host and port of a URL.

    >>> address_of("http://127.0.0.1:9050")
    ('127.0.0.1', 9050)
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
