"""A connection URI taken apart, so that no message shows a piece of its login. Pure.

A login may hold characters that are not percent-encoded; then it is cut at the wrong place,
and a piece of the password looks like a host, a port or an option. What is wrong with such
a text is told in words that hold nothing of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes

from auto_schema.errors import ConfigError, SyncError

PARAMETER = "source"
KIND = "data_source"
"""The parameter that a URI says by its scheme alone."""
_FORM = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(/[^?]*)?(?:\?(.*))?", re.DOTALL)
_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_SECRET_OPTION = re.compile("(?:password|authmechanismproperties)=([^&]*)", re.IGNORECASE)
"""Of libpq and of MongoDB's drivers: what ends with `password`, and where tokens may stand."""
ENCODE = "characters such as @ : / ? & % in user and password must be percent-encoded"
SHORTEST_PIECE = 3
"""Characters of a secret's piece that is looked for in a text; shorter ones are words."""


@dataclass(frozen=True, slots=True)
class Uri:
    """The parts of a URI, as they are written.

    Attributes:
        scheme: in lower case; empty: it is no URI.
        login: user and password; None: none.
        address: what stands between login and path.
        path: what follows the first `/`, without it.
        options: what follows the `?`.
    """

    scheme: str = ""
    login: str | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    path: str = field(default="", repr=False)
    options: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str) -> "Uri":
        """Take a text apart, whatever it is.

        >>> Uri.of("postgresql://reader:s3cret@db:5432/shop")
        Uri(scheme='postgresql')
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            return cls()
        scheme, authority, path, options = (group or "" for group in match.groups())
        login, at, address = authority.rpartition("@")
        return cls(scheme.lower(), login if at else None, address, path[1:], options)

    @property
    def fault(self) -> str:
        """What is wrong with its form; empty: nothing. Shows nothing of it."""
        if "@" in (self.login or "") or "@" in self.path:
            return ENCODE
        if "@" in self.options and self.login is None:
            return ENCODE
        parts = (self.login or "", self.address, self.path, self.options)
        if not all(map(_is_encoded, parts)):
            return f"a % that no two hex digits of a character follow; {ENCODE}"
        return ""

    @property
    def user(self) -> str:
        """Decoded; empty: none."""
        return unquote((self.login or "").partition(":")[0])

    @property
    def password(self) -> str:
        """Decoded, of login or options; empty: none.

        >>> Uri.of("postgresql://reader:a%40b@db/shop").password
        'a@b'
        """
        options = (v for n, v in self.pairs() if n == "password")
        return unquote((self.login or "").partition(":")[2]) or next(options, "")

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Its options, decoded; of one without `=` the text is no name, and may be secret."""
        for option in self.options.split("&") if self.options else ():
            name, has_value, value = option.partition("=")
            yield (unquote(name), unquote(value)) if has_value else ("", unquote(option))

    @property
    def holds_secret(self) -> bool:
        """Whether a login's password or an option of it stands in the text.

        >>> Uri.of("postgresql://reader@db/shop").holds_secret
        False
        """
        has_password = ":" in (self.login or "") or bool(_SECRET_OPTION.search(self.options))
        return has_password or bool(self.fault) or not self.scheme

    def without_secrets(self, path: str) -> str:
        """The text with this path, and without the password and options that are secret.

        >>> Uri.of("postgresql://reader:s3cret@db/shop?sslmode=require").without_secrets("shop")
        'postgresql://reader@db/shop?sslmode=require'
        """
        login = (self.login or "").partition(":")[0]
        options = [one for one in self.options.split("&") if not _SECRET_OPTION.search(one)]
        kept = "&".join(filter(None, options))
        place = f"{login}@{self.address}" if login else self.address
        return f"{self.scheme}://{place}/{path}" + (f"?{kept}" if kept else "")

    def secrets(self) -> Iterator[str]:
        """Its secrets as written and decoded, and the pieces into which a driver may cut them."""
        written = [(self.login or "").partition(":")[2], *_SECRET_OPTION.findall(self.options)]
        for secret in written:
            yield from (piece for piece in (secret, unquote(secret)) if piece)
            for piece in re.split(r"[:/@,?&=]", unquote(secret)):
                if len(piece) >= SHORTEST_PIECE:
                    yield piece


@dataclass(frozen=True, slots=True)
class Said:
    """What a URI says.

    Attributes:
        parameters: the text of each parameter that it stands for.
        faults: all that is wrong with it.
        service: of this machine's pg_service.conf, which says what the URI doesn't.
        passfile: the file of passwords that it names.
    """

    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    faults: tuple[SyncError, ...] = ()
    service: str = ""
    passfile: str = ""


def malformed(why: str, fix: str) -> ConfigError:
    """A URI that can't be read; neither text may show a piece of it that can be secret."""
    return ConfigError("malformed parameter", PARAMETER, why, fix)


def refused(name: str, why: str, fix: str) -> ConfigError:
    """An option of a URI that can't be honoured."""
    return ConfigError("option refused", f"{PARAMETER}, {name}", why, fix)


def _is_encoded(text: str) -> bool:
    if not _ESCAPES.fullmatch(text):
        return False
    data = unquote_to_bytes(text)
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
