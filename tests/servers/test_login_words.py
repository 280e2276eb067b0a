"""A login that a server refuses in the language and encoding of its machine is understood."""

import contextlib
import socket
import threading

import pytest

from auto_schema.errors import SourceFullError, SourceRefusedError, SourceUnreachableError
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.postgresql.source import PostgresqlSource
from sources.secrets import Secret
from sources.values import Split


@contextlib.contextmanager
def refusing(state: str, words: str, encoding: str):
    """A front that says this to every login; its port."""
    said = f"SВАЖНО\0VFATAL\0C{state}\0M{words}\0\0".encode(encoding)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.recv(4096)
                    client.sendall(b"E" + (len(said) + 4).to_bytes(4) + said)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def at(port: int) -> PostgresqlConnection:
    return PostgresqlConnection("127.0.0.1", port, "shop", "reader", Secret(), sslmode="disable")


REFUSALS = [
    ("28P01", "пользователь не прошёл проверку подлинности", SourceRefusedError, "password"),
    ("3D000", "база данных \"shop\" не существует", SourceRefusedError, "postgresql_database"),
    ("53300", "извините, уже слишком много клиентов", SourceFullError, "max_connections"),
    ("57P03", "система баз данных запускается", SourceUnreachableError, "postgresql_host"),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8"])
@pytest.mark.parametrize(("state", "words", "kind", "mend"), REFUSALS)
def test_a_refusal_in_another_language_is_told_as_what_it_is(state, words, kind, mend, encoding):
    with refusing(state, words, encoding) as port:
        with pytest.raises(kind) as told, inspecting(at(port), "SELECT 1", "", ""):
            pass
        assert type(told.value) is kind
        assert mend in told.value.fix
        raw = words.encode(encoding).decode(errors="backslashreplace")
        assert raw in told.value.why
        source = PostgresqlSource(at(port), "SELECT 1 AS a", ("a",))
        with pytest.raises(kind):
            list(source.read(Split(0)))
