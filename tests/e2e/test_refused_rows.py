"""What PostgreSQL itself refuses amid the rows is a dead letter; all other rows arrive."""

import json

import pytest

from demo.servers import PostgresqlServer
from sources.postgresql import refused_rows as postgresql_refused_rows
from tests.e2e.conftest import statements

ROWS = 20_000


@pytest.fixture
def western(other_database) -> PostgresqlServer:
    """A database whose encoding has bytes that are no character: 0x81 has no form in UTF-8."""
    server = other_database("WIN1252")
    statements(
        server,
        "CREATE TABLE s AS SELECT g::int8 AS id, 'caf' || chr(233) AS t"
        f" FROM generate_series(1, {ROWS}) AS g",
        "UPDATE s SET t = t || convert_from('\\x81', 'WIN1252') WHERE id = 12345",
    )
    return server


def test_a_byte_without_a_form_in_utf8_is_a_dead_letter_and_the_other_rows_arrive(sync, western):
    query = {"postgresql_database": western.database, "postgresql_query": "SELECT * FROM s"}
    sync.ok(**query, max_dead_letters="1", verify="true")
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), COUNTIF(t.t = 'café')") == [(ROWS - 1,) * 3]
    (letter,) = sync.rows("column_name, value, reason, TO_JSON_STRING(raw_row)", "t_dead_letters")
    assert letter[:2] == ("t", "caf\\xe9\\x81")
    assert "0x81" in letter[2]
    assert json.loads(letter[3]) == {"id": "12345", "t": "caf\\xe9\\x81"}
    (run,) = sync.history()
    assert (run["rows_read"], run["rows_dead"], run["rows_published"]) == (ROWS, 1, ROWS - 1)


QUOTIENTS = "SELECT id, 100 / x AS y, word::int AS n FROM s"
"""Both may fail; `x` itself is not selected."""


@pytest.fixture
def parts(sql):
    """A partitioned table of which few rows can't be computed, at any place of their pages."""
    sql("CREATE TABLE s (id int8, x int, word text) PARTITION BY LIST (id)")
    sql("CREATE TABLE s_odd PARTITION OF s DEFAULT")
    sql("CREATE TABLE s_two PARTITION OF s FOR VALUES IN (2, 4, 6)")
    sql("INSERT INTO s SELECT g, 1, g FROM generate_series(1, 5000) AS g")
    sql("UPDATE s SET x = 0 WHERE id IN (1, 4, 777, 778, 5000)")
    sql("UPDATE s SET word = 'ann' WHERE id IN (3, 778)")


def test_rows_that_the_query_cannot_compute_are_dead_letters_of_every_split(sync, sql, parts):
    sync.ok(postgresql_query=QUOTIENTS, num_splits="3", max_dead_letters="6")
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), SUM(y), SUM(n - id)") == [
        (4994, 4994, 499400, 0)
    ]
    letters = sync.rows(
        "CAST(JSON_VALUE(raw_row, '$.id') AS INT64), column_name, reason, value,"
        " JSON_VALUE(raw_row, '$.n')",
        "t_dead_letters",
    )
    zero = ("y", "division by zero (SQLSTATE 22012)", None)
    word = "invalid input syntax for type integer: sha256 49915e0d7d4b (SQLSTATE 22P02)"
    assert letters == [
        (1, *zero, "1"),
        (3, "n", word, "ann", "ann"),
        (4, *zero, "4"),
        (777, *zero, "777"),
        (778, *zero, None),
        (5000, *zero, "5000"),
    ]


def test_with_a_row_too_many_the_run_ends_with_7_and_keeps_the_letters(sync, sql, parts):
    result = sync(postgresql_query=QUOTIENTS)
    assert result.code == 7
    assert "column 'y': division by zero (SQLSTATE 22012)" in result.err
    assert "max_dead_letters=0" in result.err
    assert "t" not in sync.tables()
    ((found,),) = sync.rows("JSON_VALUE(raw_row, '$.id')", "t_dead_letters")
    assert found in ("1", "4")
    assert sync(postgresql_query=QUOTIENTS, max_dead_letters="5").code == 7
    assert len(sync.rows("reason", "t_dead_letters")) == 6


@pytest.mark.parametrize("disposition", ["WRITE_APPEND", "WRITE_MERGE"])
def test_a_window_passes_refused_rows_as_it_passes_other_dead_letters(sync, sql, disposition):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, x int, at timestamptz)")
    sql("INSERT INTO s SELECT g, g % 7, now() - g * interval '1 h' FROM generate_series(1, 60) g")
    parameters = {
        "postgresql_query": "SELECT id, 100 / x AS y, at FROM s",
        "enable_smart_sync": "true",
        "smart_sync_margin": "0s",
        "sync_all_on_empty_table": "true",
        "smart_sync_timestamp_column": "at",
        "write_disposition": disposition,
        "merge_keys": "id" if disposition == "WRITE_MERGE" else None,
        "late_commit_guard": "off",
        "num_splits": "2",
        "max_dead_letters": "10",
    }
    sync.ok(**parameters)
    sql("INSERT INTO s VALUES (61, 0, now()), (62, 5, now())")
    sync.ok(**parameters)
    expected = [(n,) for n in (*range(1, 61), 62) if n % 7]
    assert sync.rows("id") == expected
    assert len(sync.rows("reason", "t_dead_letters")) == 9


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT id, 1 / x AS y FROM s LIMIT 9", "the query has LIMIT"),
        ("SELECT a.id, 1 / b.x AS y FROM s a, s b WHERE b.x < 2", "makes 6 of the query"),
        ("SELECT id, 1 / x AS y FROM s WHERE x IN (SELECT x FROM s)", "more than one table"),
        ("SELECT id, 1 / x AS y, s.ctid::text AS c FROM s", "isn't the same"),
    ],
)
def test_where_rows_cannot_be_told_apart_the_error_names_column_state_and_mend(
    sync, sql, query, reason
):
    sql("CREATE TABLE s AS SELECT g AS id, g - 5 AS x FROM generate_series(1, 9) AS g")
    result = sync(postgresql_query=query)
    assert result.code == 3
    for part in ("SQLSTATE 22012", "column 'y'", reason, "NULLIF"):
        assert part in result.err
    assert not {"t", "t_dead_letters"} & sync.tables()


def test_a_condition_that_fails_is_no_row_to_be_left_out(sync, sql):
    sql("CREATE TABLE s AS SELECT g AS id, g - 5 AS x FROM generate_series(1, 9) AS g")
    result = sync(postgresql_query="SELECT id FROM s WHERE 1 / x >= 0", max_dead_letters="9")
    assert result.code == 3
    assert "SQLSTATE 22012" in result.err
    assert "a condition of the query" in result.err


def test_where_texts_are_not_checked_both_ways_of_refusal_end_as_letters(sync, other_database):
    server = other_database("SQL_ASCII")
    statements(
        server,
        "CREATE TABLE s (id int8, x int, t text)",
        "INSERT INTO s VALUES (1, 1, E'\\351'), (2, 0, E'\\351'), (3, 0, E'\\303\\251'),"
        " (4, 4, E'\\303\\251')",
    )
    query = "SELECT id, 8 / x AS y, t FROM s"
    sync.ok(postgresql_database=server.database, postgresql_query=query, max_dead_letters="3")
    assert sync.rows() == [(4, 2, "é")]
    letters = sync.rows(
        "JSON_VALUE(raw_row, '$.id'), column_name, JSON_VALUE(raw_row, '$.t')", "t_dead_letters"
    )
    assert sorted(letters) == [("1", "t", "\\xe9"), ("2", "y", "\\xe9"), ("3", "y", "é")]


def test_a_row_that_is_changed_while_refused_ones_are_looked_for_is_there_once(
    sync, sql, database, monkeypatch
):
    sql("CREATE TABLE s AS SELECT g AS id, g - 1 AS x FROM generate_series(1, 500) AS g")
    look = postgresql_refused_rows.letter

    def meanwhile(*arguments):
        statements(database, "UPDATE s SET x = 1 WHERE id < 3", "DELETE FROM s WHERE id = 400")
        return look(*arguments)

    monkeypatch.setattr(postgresql_refused_rows, "letter", meanwhile)
    sync.ok(postgresql_query="SELECT id, 100 / x AS y FROM s", max_dead_letters="1")
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), MIN(id)") == [(499, 499, 2)]
    assert sync.rows("JSON_VALUE(raw_row, '$.id')", "t_dead_letters") == [("1",)]


VIEW = """
CREATE TABLE s (id int8, x numeric, rate int);
INSERT INTO s SELECT g, g - 5, g % 3 FROM generate_series(1, 100) AS g;
CREATE TABLE rates AS SELECT g AS rate, g AS factor FROM generate_series(0, 1) AS g;
CREATE VIEW inner_v(number, quotient, rate) AS SELECT id, 1 / x, rate FROM s ORDER BY id;
CREATE VIEW v AS SELECT number AS id, quotient AS y, rate FROM inner_v WHERE number < 99
"""


@pytest.mark.parametrize(
    ("query", "count", "letters"),
    [
        ("SELECT * FROM v", 97, [("5", "y")]),
        ("SELECT s.id, 7 / r.factor AS z FROM s LEFT JOIN rates r USING (rate)", 67, None),
    ],
)
def test_a_view_is_looked_through_and_so_are_plain_joins(sync, sql, query, count, letters):
    sql(VIEW)
    sync.ok(postgresql_query=query, max_dead_letters="40")
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(count, count)]
    found = sync.rows("JSON_VALUE(raw_row, '$.id'), column_name", "t_dead_letters")
    zeros = [(str(n), "z") for n in range(1, 101) if n % 3 == 0]
    assert sorted(found) == sorted(letters or zeros)
