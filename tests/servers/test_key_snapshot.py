"""Sums of keys and rows as a real PostgreSQL makes them: by several of its processes, alike."""

import pytest

from auto_schema.key_places import Places
from auto_schema.postgresql_types import postgresql_column
from sources.postgresql.asking import AskingCursor
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.questions import KeysQuestion
from sources.secrets import Secret
from sources.values import Extract

ROWS = """
CREATE TABLE s (id uuid PRIMARY KEY, n int8, changed timestamptz);
INSERT INTO s SELECT md5(g::text)::uuid, g, now() FROM generate_series(1, 2000) g;
ANALYZE s
"""
CHEAP = "SET LOCAL parallel_setup_cost = 0; SET LOCAL min_parallel_table_scan_size = 0"


def noting(said):
    """`AskingCursor._say`, which notes what is said."""
    say = AskingCursor._say

    def say_and_note(self, sql, values):
        said.append(sql)
        say(self, sql, values)

    return say_and_note


@pytest.mark.parametrize("ask", ["sums", "row_sums"])
def test_sums_are_made_by_as_many_processes_as_the_roles_own_queries(
    database, sql, ask, monkeypatch
):
    sql(ROWS)
    at = PostgresqlConnection(
        database.host, database.port, database.database, database.user, Secret()
    )
    answers = []
    for workers in (0, 2):
        role = f"{database.user} IN DATABASE {database.database}"
        sql(f"ALTER ROLE {role} SET max_parallel_workers_per_gather = {workers}")
        with inspecting(at, "SELECT * FROM s", "", "changed") as inspector:
            columns = tuple(postgresql_column(c.name, c.type) for c in inspector.profile.columns)
            asked = KeysQuestion(columns[:1], columns=columns, cursor="changed")
            with inspector.comparing(inspector.source(Extract()), asked) as keys:
                keys.cursor.execute(CHEAP)
                said = []
                monkeypatch.setattr(AskingCursor, "_say", noting(said))
                answers.append(getattr(keys, ask)(Places(columns[:1], count=4)))
                monkeypatch.undo()
                keys.cursor.execute(f"EXPLAIN {said[0]}")
                plan = "\n".join(line for (line,) in keys.cursor.fetchall())
                assert ("Partial HashAggregate" in plan) == (workers > 0)
    assert answers[0] == answers[1]
    assert answers[0].rows == 2000
