"""What PostgreSQL, and what stands before it, says: whether to try again, and how to mend it."""

import pytest

from auto_schema.errors import SourceRefusedError, SourceUnreachableError
from sources.postgresql.errors import source_error


class SaidError(Exception):
    """A driver's error."""

    pgcode = "08P01"


class RefusedSessionError(Exception):
    """Of a database that lets nobody in."""

    pgcode = "55000"


@pytest.mark.parametrize(
    ("text", "kind", "mend"),
    [
        (
            "transaction blocks not allowed in statement pooling mode",
            SourceRefusedError,
            "set pool_mode to transaction or session",
        ),
        ("server closed the connection", SourceUnreachableError, "firewall"),
    ],
)
def test_a_pooler_that_keeps_no_transaction_is_no_fault_of_the_network(text, kind, mend):
    told = source_error(SaidError(text), "postgresql://h/d")
    assert (type(told), mend in told.fix) == (kind, True)


def test_a_session_that_is_refused_is_no_fault_of_the_query():
    said = 'connection to server at "h", port 5432 failed: FATAL:  database "d" is not currently'
    told = source_error(RefusedSessionError(f"{said} accepting connections"), "postgresql://h/d")
    assert (type(told), "ALLOW_CONNECTIONS" in told.fix) == (SourceRefusedError, True)
