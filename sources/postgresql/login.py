"""I/O. A session is opened here, and a refusal understood in whatever language it is said.

Until both sides have agreed on one, a server speaks the language and encoding of its machine.
libpq has no SQLSTATE where no session came about, and psycopg2 no words where they aren't UTF-8. So
where they aren't known the login is tried once more, by libpq itself, which then tells of both.
"""

from collections.abc import Mapping

import psycopg2
import psycopg2.extensions

from sources.postgresql.errors import is_known_at_login
from sources.postgresql.wire.libpq import login_refusal

ANSWER_S = 15.0


class LoginError(psycopg2.OperationalError):
    """No session came about; `sqlstate` is empty where the server has said none."""

    def __init__(self, text: str, sqlstate: str) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def logged_in(words: Mapping[str, str]) -> psycopg2.extensions.connection:
    """A session.

    Args:
        words: libpq's keywords.

    Raises:
        psycopg2.OperationalError: none came about.
    """
    try:
        opened: psycopg2.extensions.connection = psycopg2.connect(**words)  # type: ignore[call-overload]
    except psycopg2.OperationalError as error:
        if is_known_at_login(str(error)):
            raise
        state, told = login_refusal(words, ANSWER_S)
        raise LoginError(str(error) or told, state) from None
    return opened
