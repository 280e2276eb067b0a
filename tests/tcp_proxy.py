"""A proxy that passes bytes on until it is told to cut: a lost PostgreSQL connection."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() resets


class TcpProxy:
    """Listens on `port` of 127.0.0.1; counts the connections that it took."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._guard = threading.Lock()
        self._open: list[socket.socket] = []
        self._held: set[socket.socket] = set()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.port = self.taken = 0
        self.listen()

    def listen(self) -> None:
        """Accept connections; after refuse() on the same port."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            self._start(self._serve, self._listener)

    def refuse(self) -> None:
        """Close the port: the next connection is refused; open ones stay."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def lead_to(self, host: str, port: int) -> None:
        """From now on new connections lead to another server."""
        self._target = (host, port)

    def hold(self) -> None:
        """From now on the open connections bring nothing; later ones pass."""
        with self._guard:
            self._held |= set(self._open)

    def cut(self) -> None:
        """Reset all open connections, on both sides."""
        with self._guard:
            sockets, self._open = self._open, []
        for each in sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RD)  # wakes its reader, which closes both
        time.sleep(0.05)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_WR)  # wakes one that is stuck in sending

    def close(self) -> None:
        """Refuse, cut, and wait until each thread is gone."""
        self._closing.set()
        self.refuse()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads), "a connection didn't end"

    def _start(self, function: object, *values: object) -> threading.Thread:
        thread = threading.Thread(target=function, args=values, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
        return thread

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.taken += 1
                self._start(self._handle, client)

    def _handle(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._target) as server:
            with self._guard:
                self._open += [client, server]
            back = self._start(self._pump, server, client)
            self._pump(client, server)
            back.join()
            with self._guard:
                self._open = [each for each in self._open if each not in (client, server)]

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source in self._held:
                    self._closing.wait()
                    return
                sink.sendall(data)
        if source in self._open:  # ended by itself, not cut
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tcp_proxy(host: str, port: int) -> Iterator[TcpProxy]:
    """Run a proxy before a server."""
    proxy = TcpProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
