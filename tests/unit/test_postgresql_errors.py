"""What PostgreSQL, and what stands before it, says: whether to try again, and how to mend it."""

import pytest

from auto_schema.errors import SourceRefusedError, SourceUnreachableError
from sources.postgresql.errors import source_error


class SaidError(Exception):
    """A driver's error."""

    pgcode = "08P01"


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
