"""What a plan says to PostgreSQL: a launch of many tables says it of each."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from sources.postgresql.asking import AskingCursor
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.secrets import Secret

TABLE = """
CREATE TABLE t (id int8 PRIMARY KEY, updated_at timestamptz NOT NULL);
INSERT INTO t SELECT g, now() FROM generate_series(1, 10) AS g
"""
VIEW = "CREATE VIEW v AS SELECT * FROM t"


@pytest.fixture
def said(monkeypatch, database) -> Callable[[str, str], list[str]]:
    """The messages by which a table is looked at, once the database has said something."""
    messages, say = list[str](), AskingCursor._say

    def told(cursor: AskingCursor, sql: str, values: object) -> None:
        messages.append(sql)
        say(cursor, sql, values)

    def looked_at(name: str, before: str) -> list[str]:
        messages.clear()
        with closing(psycopg2.connect(database.dsn)) as session:
            session.autocommit = True
            session.cursor().execute(before)
        at = database.host, database.port, database.database, database.user
        with inspecting(PostgresqlConnection(*at, Secret()), "", name, "updated_at"):
            return list(messages)

    monkeypatch.setattr(AskingCursor, "_say", told)
    return looked_at


def has(messages: list[str], word: str) -> bool:
    return any(word in message for message in messages)


def test_a_table_is_looked_at_in_three_transactions_that_two_messages_begin(said):
    messages = said("public.t", f"{TABLE}; ANALYZE t")
    begun = [place for place, message in enumerate(messages) if message.startswith("BEGIN")]
    assert len(begun) == 3
    assert sum("set_config" in message for message in messages) == 3
    assert all("set_config" in messages[place + 1] for place in begun)
    assert messages.count("ROLLBACK") == 3


def test_statistics_are_searched_for_only_where_nothing_is_known_of_an_analyze(said):
    assert has(said("public.t", TABLE), "pg_stats")
    assert not has(said("public.t", "ANALYZE t"), "pg_stats")


def test_what_a_view_reads_is_asked_of_views_only(said):
    assert not has(said("public.t", TABLE), "pg_get_viewdef(k.oid)")
    assert has(said("public.v", VIEW), "pg_get_viewdef(k.oid)")


def test_schemas_that_come_before_postgresqls_own_are_searched_only_where_there_are_any(
    said, database
):
    assert not has(said("public.t", TABLE), "earlier")
    path = f"ALTER DATABASE {database.database} SET search_path = public, pg_catalog"
    assert has(said("public.t", path), "earlier")
