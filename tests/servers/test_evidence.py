"""Questions about rows of PostgreSQL: several in one scan, with the answers that each has alone."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.protocol import Inspector
from sources.questions import RowsQuestion
from sources.values import Evidence, Extract, Window
from tests.contract.conftest import OfPostgresql
from tests.contract.planning import opened
from tests.processes import until

Sql = Callable[..., Any]
WINDOW = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))
FLOOR = datetime(2020, 1, 1, tzinfo=UTC)
QUERY = "SELECT id, c, at, n, tags FROM t"
TABLE = "CREATE TABLE t (id int, c timestamptz, at timestamptz, n numeric, tags text[], wide text)"
LOOKED_AT = ("n", "tags")


@pytest.fixture
def inspector(database: Any, sql: Sql) -> Callable[..., Any]:
    """The inspector of a query, which knows `c` as the cursor."""

    @contextmanager
    def made(query: str = QUERY) -> Iterator[Inspector]:
        words = {"schema_table": "", "smart_sync": True, "cursor": "c"}
        with opened(OfPostgresql(database, sql).request(query=query, **words)) as inspector:
            yield inspector

    return made


def asked(inspector: Inspector, question: RowsQuestion, window: Window = WINDOW) -> Evidence:
    return inspector.evidence(inspector.source(Extract("c", window)), question)


def everything(inspector: Inspector, *looked_at: str) -> RowsQuestion:
    columns = {column.name: column for column in inspector.profile.columns}
    look_at = tuple(columns[name] for name in looked_at or LOOKED_AT)
    return RowsQuestion(look_at, True, (columns["at"], "MONTH"), FLOOR)


def one_by_one(inspector: Inspector, question: RowsQuestion, window: Window) -> Evidence:
    """The evidence of questions of which each was put alone."""
    looks, counts, span = (
        asked(inspector, RowsQuestion(look_at=question.look_at), window),
        asked(inspector, RowsQuestion(count_outside=True, floor=question.floor), window),
        asked(inspector, RowsQuestion(partition=question.partition), window),
    )
    ends = {"partition_span": span.partition_span, "partition_count": span.partition_count}
    return replace(counts, looks=looks.looks, **ends)


TIMES = st.none() | st.sampled_from(
    [
        "-infinity",
        "infinity",
        "4000-01-01 BC",
        "0001-01-01+00",
        "2019-01-01+00",
        "2020-01-01+00",
        "2024-01-01+00",
        "2024-01-01 00:00:00.000001+00",
        "2024-02-10+00",
        "2024-03-01+00",
        "2024-03-01 00:00:00.000001+00",
        "9999-12-31 23:59:59.999999+00",
        "20000-01-01+00",
    ]
)
NUMBERS = st.none() | st.sampled_from(["NaN", "Infinity", "0", "-12.50", "1e40", "1e-30", "7"])
TAGS = st.none() | st.sampled_from(["{}", "{a}", "{a,NULL}", "{{a},{b}}", "[2:3]={a,b}"])
ROWS = st.lists(st.tuples(TIMES, TIMES, NUMBERS, TAGS), max_size=6)
WINDOWS = st.sampled_from([WINDOW, replace(WINDOW, low=None)])


def test_together_they_have_the_answers_that_each_has_alone(database, sql, inspector):
    sql(TABLE)
    sql(f"ALTER DATABASE {database.database} SET seq_page_cost = 1000")  # one scan is cheaper

    @settings(max_examples=80, deadline=None, database=None)
    @given(rows=ROWS, window=WINDOWS, floor=st.sampled_from([None, FLOOR]))
    def check(rows: Any, window: Window, floor: Any) -> None:
        sql("TRUNCATE t")
        for row in rows:
            sql("INSERT INTO t VALUES (1, %s, %s, %s, %s)", *row)
        question = replace(everything(asking), floor=floor)
        assert asked(asking, question, window) == one_by_one(asking, question, window)

    with inspector() as asking:
        check()


MANY = """
INSERT INTO t SELECT g, timestamptz '2024-01-01 00:00+00' + g * interval '1h',
  timestamptz '2024-01-01 00:00+00' + g * interval '1h', g / 7.0, ARRAY['a', 'b'],
  repeat('x', 1000)
FROM generate_series(1, 1000) AS g;
ANALYZE t
"""


@pytest.fixture
def scans(database: Any, sql: Sql) -> Callable[..., int]:
    """How often sessions that have ended read all of `t`; what it is given is run before."""

    def counted(*statements: str) -> int:
        with closing(psycopg2.connect(database.dsn)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        until(lambda: sql(f"{others} AND pid <> pg_backend_pid()") == [(0,)])
        ((found,),) = sql("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 't'")
        return int(found)

    return counted


def test_all_of_them_are_one_scan_of_a_table_without_an_index(scans, inspector):
    before = scans(TABLE, MANY)
    with inspector() as asking:
        found = asked(asking, everything(asking))
    assert (found.null_cursors, found.before, found.after, found.beyond) == (0, 0, 0, 0)
    assert found.partition_span is not None
    assert set(found.looks) == set(LOOKED_AT)
    assert scans() - before == 1


def test_rows_outside_are_counted_by_the_index_that_finds_them(scans, sql, inspector):
    late = "INSERT INTO t SELECT g, now(), now() FROM generate_series(1, 3) AS g"
    before = scans(TABLE, MANY, late, "CREATE INDEX by_cursor ON t (c)", "VACUUM ANALYZE t")
    with inspector() as asking:
        found = asked(asking, everything(asking), Window(None, WINDOW.high))
    assert (found.null_cursors, found.after) == (0, 3)
    assert scans() - before == 1
    used = "SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = 'by_cursor'"
    assert sql(used) == [(True,)]


FAILING = "SELECT id, c, at, n, tags, 1 / (id - 5)::numeric AS bad FROM t"


def test_a_value_that_the_server_refuses_leaves_only_its_own_column_unanswered(sql, inspector):
    sql(TABLE)
    sql(MANY)
    with inspector(FAILING) as asking:
        found = asked(asking, everything(asking, "n", "bad", "tags"))
        without = asked(asking, everything(asking))
    assert found == without
    assert set(found.looks) == set(LOOKED_AT)
    assert found.null_cursors == 0
    assert found.partition_span is not None


SLOW = """
CREATE FUNCTION slow(numeric) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN PERFORM pg_sleep(0.01); RETURN $1; END $$
"""


def test_a_look_that_takes_too_long_takes_no_other_answer_with_it(sql, inspector, monkeypatch):
    monkeypatch.setattr("sources.postgresql.scan.COUNT_TIMEOUT_MS", 1_000)
    monkeypatch.setattr("sources.postgresql.scan.LOOK_TIMEOUT_MS", 50)
    sql(TABLE)
    sql(MANY)
    sql(SLOW)
    with inspector("SELECT id, c, at, slow(n) AS n, tags FROM t") as asking:
        found = asked(asking, everything(asking))
    assert (found.null_cursors, found.before, found.after) == (0, 0, 0)
    assert found.partition_span is not None
    assert found.looks == {}
