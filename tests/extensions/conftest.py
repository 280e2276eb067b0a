"""The tests here run on Debian's PostgreSQL, which has the extensions."""

from collections.abc import Iterator

import pytest

from demo.servers import PostgresqlServer, postgresql_server
from tests.debian_postgresql import PROGRAMS, missing


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server with the extensions of Debian's packages."""
    if missing():
        raise RuntimeError(f"run `make extensions`: {', '.join(missing())} are not installed")
    with postgresql_server(programs=PROGRAMS) as server:
        yield server
