"""I/O. Secrets: resolved where a connection opens; never stored, never logged.

A secret is either the name of a Secret Manager version or plain text. Its repr, its
JSON and its pickle in a plan's text show the name or nothing.
"""

import re
from dataclasses import dataclass, field

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager_v1

from auto_schema.errors import SourceRefusedError

VERSION_NAME = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by name, or the plain text itself, which no repr shows.

    >>> Secret.of("hunter2")
    Secret(name='', endpoint='')
    """

    name: str = ""
    plain: str = field(default="", repr=False)
    endpoint: str = ""
    """Where a Secret Manager stand-in listens (tests); empty for the real one."""

    @classmethod
    def of(cls, text: str, endpoint: str = "") -> "Secret":
        """From a parameter: a version's name, or plain text."""
        if VERSION_NAME.fullmatch(text):
            return cls(name=text, endpoint=endpoint)
        return cls(plain=text)

    @property
    def is_plain(self) -> bool:
        """Whether the value itself travels with the plan."""
        return bool(self.plain)

    def resolve(self) -> str:
        """The secret's text.

        Raises:
            SourceRefusedError: Secret Manager doesn't hand it out.
        """
        if not self.name:
            return self.plain
        try:
            response = _client(self.endpoint).access_secret_version(name=self.name, timeout=30)
        except (GoogleAPICallError, GoogleAuthError) as error:
            raise SourceRefusedError(
                "secret can't be read",
                self.name,
                type(error).__name__ + ": " + str(error).splitlines()[0],
                "check the name, and grant roles/secretmanager.secretAccessor on it to the"
                " service account of launcher and workers.",
            ) from None
        return response.payload.data.decode()


def _client(endpoint: str) -> secretmanager_v1.SecretManagerServiceClient:
    if not endpoint:
        return secretmanager_v1.SecretManagerServiceClient()
    return secretmanager_v1.SecretManagerServiceClient(
        transport="rest",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options=ClientOptions(api_endpoint=endpoint),
    )
