"""I/O. Secrets: resolved where a connection opens; never stored, never logged.

A secret is either the name of a Secret Manager version or plain text. Its repr, its
JSON and its pickle in a plan's text show the name or nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import (
    GoogleAPICallError,
    ResourceExhausted,
    RetryError,
    ServerError,
    ServiceUnavailable,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from requests.exceptions import RequestException

from auto_schema.errors import SourceRefusedError, SourceUnreachableError
from sources.uri import Uri

RETRY = Retry(
    if_exception_type(ResourceExhausted, ServiceUnavailable, RequestException),
    initial=1.0,
    maximum=8.0,
    timeout=15.0,
)
"""As the library's own, but a launch that fails does so soon, and lost connections count."""
UNREACHABLE = (RetryError, ServerError, RequestException, ConnectionError, TransportError)
VERSION_NAME = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")
_LIKE_A_NAME = re.compile(r"projects/[^/]*/secrets(/.*)?|secrets/[^/]+/versions(/.*)?")
PASSWORD_OF = "#password"  # noqa: S105 - where a secret is, not one
"""Behind a version's name: the password of the connection URI that it holds."""
NAME_FIX = "write the whole name of a version: projects/P/secrets/S/versions/latest."


def is_half_name(text: str) -> bool:
    """Whether a text is meant as the name of a secret, and isn't that of a version.

    >>> is_half_name("projects/p/secrets/s"), is_half_name("projects/p/secrets/s/versions/1")
    (True, False)
    """
    return bool(_LIKE_A_NAME.fullmatch(text)) and not VERSION_NAME.fullmatch(text)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by name, or the plain text itself, which no repr shows.

    >>> Secret.of("hunter2")
    Secret(name='', endpoint='', origin='', is_part=False)
    """

    name: str = ""
    plain: str = field(default="", repr=False)
    endpoint: str = ""
    """Where a Secret Manager stand-in listens (tests); empty for the real one."""
    origin: str = ""
    """Of a plain text: the file that it was read from; empty: it was given."""
    is_part: bool = False
    """Whether it is the password of the connection URI that the version holds."""

    @classmethod
    def of(cls, text: str, endpoint: str = "") -> "Secret":
        """From a parameter: a version's name, or plain text.

        See `is_half_name` for what is neither.

        >>> Secret.of("projects/p/secrets/uri/versions/1#password").is_part
        True
        """
        if VERSION_NAME.fullmatch(text):
            name, part, _ = text.partition(PASSWORD_OF)
            return cls(name=name, endpoint=endpoint, is_part=bool(part))
        return cls(plain=text)

    @staticmethod
    def text_of_part(name: str) -> str:
        """What `of` takes for the password of the connection URI that a version holds."""
        return name + PASSWORD_OF

    @classmethod
    def named(cls, text: str, endpoint: str = "") -> "Secret":
        """As `of`.

        Raises:
            ValueError: it is half a name; the message says nothing of the text.
        """
        if is_half_name(text):
            raise ValueError(f"looks like the name of a secret: {NAME_FIX}")
        return cls.of(text, endpoint)

    @property
    def is_plain(self) -> bool:
        """Whether the value itself travels with the plan."""
        return bool(self.plain)

    def resolve(self) -> str:
        """The secret's text.

        Raises:
            SourceRefusedError: Secret Manager doesn't hand it out.
            SourceUnreachableError: it doesn't answer.
        """
        if not self.name:
            return self.plain
        try:
            client = _client(self.endpoint)
            response = client.access_secret_version(name=self.name, timeout=30, retry=RETRY)
        except UNREACHABLE as error:
            fix = "check the network path to Secret Manager (Private Google Access), and run again."
            raise SourceUnreachableError(
                "Secret Manager unreachable", self.name, _why(error), fix
            ) from None
        except (GoogleAPICallError, GoogleAuthError) as error:
            fix = (
                "run `gcloud auth application-default login`, or run where a service account is."
                if isinstance(error, DefaultCredentialsError)
                else "check the name, and grant roles/secretmanager.secretAccessor on it to the"
                " service account of launcher and workers."
            )
            raise SourceRefusedError("secret can't be read", self.name, _why(error), fix) from None
        try:
            text: str = response.payload.data.decode()
        except UnicodeDecodeError:
            fix = "store it as UTF-8."
            raise SourceRefusedError("secret is not text", self.name, "", fix) from None
        return Uri.of(text).password if self.is_part else text


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _client(endpoint: str) -> Any:
    from google.cloud import secretmanager_v1  # a secret in plain text needs none of it

    if not endpoint:
        return secretmanager_v1.SecretManagerServiceClient()
    return secretmanager_v1.SecretManagerServiceClient(
        transport="rest",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options=ClientOptions(api_endpoint=endpoint),
    )
