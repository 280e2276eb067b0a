"""One engine per worker, and a connection to PostgreSQL as the readers set it up."""

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest
from google.cloud import bigquery
from psycopg2 import extensions

from demo.servers import PostgresqlServer
from sources.postgresql.session import opening
from tests import sent_statements
from tests.googlesql.both import Both
from tests.googlesql.engine import GoogleSql

EXECUTING = ("EvaluateQuery", "EvaluateModify")
"""Calls by which the reference implementation runs a statement."""


@pytest.fixture(scope="session")
def googlesql() -> Iterator[GoogleSql]:
    """GoogleSQL; the first start on a machine compiles its module, which takes a while."""
    engine = GoogleSql()
    yield engine
    sent_statements.HERE.executed += sum(engine.module.calls[method] for method in EXECUTING)
    engine.module.close()


@pytest.fixture
def connected(postgresql: PostgresqlServer) -> Iterator[extensions.connection]:
    """A session of PostgreSQL, set up as the readers' are."""
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as connection:
        with connection, connection.cursor() as cursor:
            for setting in opening():
                cursor.execute(setting)
        yield connection


@pytest.fixture
def both(googlesql: GoogleSql, client: bigquery.Client) -> Both:
    """GoogleSQL and the local BigQuery, side by side; tables in the test's own dataset."""
    return Both(googlesql, client)
