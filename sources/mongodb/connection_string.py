"""A MongoDB connection string taken apart, so that no message shows a piece of its login.

Drivers cut such a string at characters that a login may hold unencoded, and then tell a
piece of the password as a host, a port or an option. So it is looked at before a driver
sees it; what is wrong is told in words that hold nothing of it.

Form: https://www.mongodb.com/docs/manual/reference/connection-string/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_FORM = re.compile(r"(mongodb(?:\+srv)?://)([^/?]*)(/[^?]*)?(?:\?(.*))?", re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?|[A-Za-z0-9._%-]+\.sock")
_LOGIN = re.compile(r"(?:[^:@%]|%[0-9A-Fa-f]{2})*(?::(?:[^:@%]|%[0-9A-Fa-f]{2})*)?")
_ENCODE = "characters such as @ : / ? % in user and password must be percent-encoded"
_SECRET_OPTIONS = ("authmechanismproperties", "tlscertificatekeyfilepassword", "proxypassword")
SHORTEST_PIECE = 3
"""Characters of a secret's piece that is looked for in a message; shorter ones are words."""


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """The parts of a connection string; the login as it is written.

    Attributes:
        scheme: with its `://`; empty: it is no connection string.
        login: user and password.
        hosts: with their ports, comma-separated.
        path: the database behind the first `/`.
        options: what follows the `?`.
    """

    scheme: str = ""
    login: str = ""
    hosts: str = ""
    path: str = ""
    options: str = ""

    @classmethod
    def of(cls, text: str) -> "ConnectionString":
        """Take a text apart, whatever it is."""
        match = _FORM.fullmatch(text)
        if match is None:
            return cls()
        scheme, authority, path, options = (group or "" for group in match.groups())
        login, _, hosts = authority.rpartition("@")
        return cls(scheme, login, hosts, path, options)

    @property
    def fault(self) -> str:
        """What is wrong with its form; empty: nothing. Shows nothing of it."""
        if not self.scheme:
            return "it is neither mongodb://… nor mongodb+srv://…"
        if "@" in self.path or ("@" in self.options and not self.login):
            return _ENCODE
        if not _LOGIN.fullmatch(self.login):
            return _ENCODE
        hosts = self.hosts.split(",")
        if not all(_HOST.fullmatch(host) for host in hosts):
            return f"what should be its hosts is none; {_ENCODE}"
        return ""

    @property
    def user(self) -> str:
        """Decoded; empty: none."""
        return unquote(self.login.partition(":")[0])

    @property
    def lacks_password(self) -> bool:
        """Whether it names a user, and leaves the password to a parameter.

        >>> ConnectionString.of("mongodb://reader@db/shop").lacks_password
        True
        """
        return bool(self.login) and ":" not in self.login and not self.login_is_elsewhere

    @property
    def login_is_elsewhere(self) -> bool:
        """Whether its user logs in without a password: by a certificate, by AWS, by Kerberos."""
        mechanism = re.search(r"(?:^|[&;])authMechanism=([^&;]*)", self.options, re.IGNORECASE)
        return mechanism is not None and not mechanism[1].upper().startswith(("SCRAM", "PLAIN"))

    @property
    def place(self) -> str:
        """Scheme and hosts; empty when they can't be told from its login."""
        return "" if self.fault else self.scheme + self.hosts

    def secrets(self) -> Iterator[str]:
        """Pieces that no message may hold, as written and decoded."""
        values = [self.login]
        for option in re.split("[&;]", self.options):
            name, _, value = option.partition("=")
            if name.lower() in _SECRET_OPTIONS:
                values.append(value)
        for value in values:
            for piece in (*re.split(r"[:/@,?&=]", value), *re.split("[:,]", unquote(value))):
                if len(piece) >= SHORTEST_PIECE:
                    yield piece


def hosts_of(connection_string: str) -> str:
    """Scheme and hosts of a connection string, without what is secret; empty: none.

    >>> hosts_of("mongodb://user:p%40ss@a.example:27017,b.example/db?replicaSet=rs0")
    'mongodb://a.example:27017,b.example'
    >>> hosts_of("mongodb://user:p/ss@a.example")
    ''
    """
    return ConnectionString.of(connection_string).place
