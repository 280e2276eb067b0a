"""One engine per worker."""

import pytest

from tests.googlesql.engine import GoogleSql


@pytest.fixture(scope="session")
def googlesql() -> GoogleSql:
    """GoogleSQL; the first start on a machine compiles its module, which takes a while."""
    return GoogleSql()
