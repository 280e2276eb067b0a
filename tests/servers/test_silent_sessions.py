"""A planning session that is ended while it is silent: asked on in a new one, or lost for good."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from auto_schema.errors import SourceUnreachableError
from auto_schema.postgresql_types import postgresql_column
from demo.servers import postgresql_server
from sources.postgresql.catalog import reading, session
from sources.postgresql.clock import read_clock
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.questions import KeysQuestion, RangesQuestion, RowsQuestion
from sources.secrets import Secret
from sources.values import Extract, Window
from tests.processes import until
from tests.tcp_proxy import tcp_proxy

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, changed timestamptz);
INSERT INTO s SELECT g, timestamptz '2024-01-01 00:00+00' + g * interval '1 day'
FROM generate_series(1, 9) g
"""
OURS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'bigquery-smart-sync'
"""
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
WINDOW = Extract("changed", Window(FIRST, LAST))


def keys(inspector):
    source = inspector.source(Extract())
    (key, *_) = (postgresql_column(c.name, c.type) for c in inspector.profile.columns)
    with inspector.comparing(source, KeysQuestion((key,))) as compared:
        return compared.ends()


def sums(inspector):
    columns = tuple(postgresql_column(c.name, c.type) for c in inspector.profile.columns)
    source = inspector.source(WINDOW).with_columns(columns)
    return sum(bucket.rows for bucket in inspector.buckets(source).values())


QUESTIONS = {
    "clock": (lambda i: bool(i.clock(guard=True).now), True),
    "wall_clock": (lambda i: len(i.wall_clock("Asia/Tokyo", [FIRST])), 1),
    "integer_cursor": (
        lambda i: i.integer_cursor("id", wait=True, auto=True, margin=timedelta())[0],
        9,
    ),
    "evidence": (
        lambda i: i.evidence(i.source(WINDOW), RowsQuestion(count_outside=True)).null_cursors,
        0,
    ),
    "bounds": (lambda i: len(i.bounds(i.source(Extract()), RangesQuestion("id"))), 7),
    "has_rows": (lambda i: i.has_rows(i.source(WINDOW)), True),
    "buckets": (sums, 9),
    "keys": (keys, (1, 9)),
}


@pytest.fixture
def at(database):
    return PostgresqlConnection(
        database.host, database.port, database.database, database.user, Secret()
    )


@pytest.fixture
def hurried(sql, database):
    """A role whose sessions the server ends when they are silent for a third of a second."""
    sql(TABLE)
    role, place = database.user, database.database
    sql(f"ALTER ROLE {role} IN DATABASE {place} SET idle_session_timeout = 300")


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_is_answered_after_the_server_has_ended_a_silent_session(
    at, sql, hurried, name
):
    ask, answer = QUESTIONS[name]
    with inspecting(at, "SELECT * FROM s", "", "changed") as inspector:
        until(lambda: not sql(OURS))
        assert ask(inspector) == answer
    until(lambda: not sql(OURS))


def test_a_transaction_that_is_lost_is_not_gone_on_with(at, sql, hurried):
    with session(at) as opened:
        with reading(opened) as cursor:
            cursor.execute("SELECT 1")
            sql(f"SELECT pg_terminate_backend(pid, 10000) FROM ({OURS}) AS o")
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute("SELECT 2")
            with pytest.raises(psycopg2.InterfaceError, match="amid a transaction"):
                cursor.execute("SELECT 3")
        with reading(opened) as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",)


def test_a_session_that_would_go_on_at_another_server_is_not_opened_anew(postgresql):
    with postgresql_server() as other, tcp_proxy("127.0.0.1", postgresql.port) as proxy:
        at = PostgresqlConnection("127.0.0.1", proxy.port, "postgres", postgresql.user, Secret())
        with session(at) as opened:
            proxy.cut()
            with reading(opened) as cursor:
                cursor.execute("SELECT 1")
            proxy.lead_to("127.0.0.1", other.port)
            proxy.cut()
            with pytest.raises(SourceUnreachableError, match="leads to another server"):
                read_clock(opened, guard=True)
