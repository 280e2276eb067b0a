"""A file of passwords as libpq reads it. Pure.

https://www.postgresql.org/docs/current/libpq-pgpass.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

DEFAULT_HOST = "localhost"
SOCKET_FOLDERS = ("/tmp", "/var/run/postgresql", "/run/postgresql")  # noqa: S108 - libpq's own
"""Where servers put their socket if nobody says otherwise: in a file of passwords localhost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The line of a file that fits a connection."""

    line: int
    password: str = field(repr=False)


def entry_for(text: str, host: str, port: str, database: str, user: str) -> Entry | None:
    r"""The first line that fits; None: none does.

    Args:
        text: `host:port:database:user:password` on each line; `*` fits anything, a backslash
            takes the meaning from `:` and itself.
        host: of the connection, as all that follow; the folder of a socket is one, too.
        port: as text.
        database: its name.
        user: the role.

    >>> entry_for("# shop\n*:5432:shop:reader:a\\:b\n", "db", "5432", "shop", "reader").line
    2
    """
    hosts = (host, DEFAULT_HOST) if host in SOCKET_FOLDERS else (host or DEFAULT_HOST,)
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line or line.startswith("#"):
            continue
        for name in hosts:
            rest: str | None = line
            for word in (name, port, database, user):
                rest = None if rest is None else _behind(rest, word)
            if rest is not None:
                return Entry(number, "".join(_password(rest)))
    return None


def _behind(text: str, word: str) -> str | None:
    """What follows a field and its colon; None: the field isn't this word."""
    if text.startswith("*:"):
        return text[2:]
    position = 0
    for wanted in word:
        position += text.startswith("\\", position)
        if not text.startswith(wanted, position):
            return None
        position += 1
    return text[position + 1 :] if text.startswith(":", position) else None


def _password(text: str) -> Iterator[str]:
    position = 0
    while position < len(text) and text[position] != ":":
        position += text[position] == "\\" and position + 1 < len(text)
        yield text[position]
        position += 1
