"""The tests' local BigQuery knows statements again: what it answers is of the tables at hand."""

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

PROJECT = "demo-project"


@pytest.fixture
def ask(client: bigquery.Client, dataset: str):
    """Runs a statement in which `{0}` stands for a table; its rows, and what its columns are."""

    def rows(sql: str, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
        text = sql.replace("{0}", f"`{PROJECT}.{dataset}.{table}`").replace("{1}", table)
        result = client.query_and_wait(text)
        return [field.name for field in result.schema], [tuple(row) for row in result]

    return rows


def test_one_statement_reads_and_writes_each_table(ask) -> None:
    for number, table in enumerate(("t1", "t2", "t3")):
        ask("CREATE TABLE {0} (id INT64, note STRING)", table)
        ask("INSERT INTO {0} (id, note) SELECT 1, 'it is in {1}'", table)
        for _ in range(number):
            ask("INSERT INTO {0} (id, note) VALUES (2, 'more')", table)
    for number, table in enumerate(("t1", "t2", "t3")):
        assert ask("SELECT COUNT(*) AS n, MIN(note) AS first FROM {0}", table) == (
            ["n", "first"],
            [(number + 1, f"it is in {table}")],
        )


def test_a_column_with_the_name_of_a_table_stays_one(ask) -> None:
    for table in ("t1", "t2"):
        ask("CREATE TABLE {0} (t1 INT64, t2 INT64)", table)
        ask("INSERT INTO {0} (t1, t2) VALUES (1, 2)", table)
    assert ask("SELECT * FROM {0}", "t1") == (["t1", "t2"], [(1, 2)])
    assert ask("SELECT * FROM {0}", "t2") == (["t1", "t2"], [(1, 2)])
    assert ask("SELECT t1 FROM {0}", "t2") == (["t1"], [(1,)])
    assert ask("SELECT 7 AS {1} FROM {0}", "t1") == (["t1"], [(7,)])
    assert ask("SELECT 7 AS {1} FROM {0}", "t2") == (["t2"], [(7,)])


def test_a_table_of_other_columns_is_read_as_it_is(ask) -> None:
    ask("CREATE TABLE {0} (a INT64)", "u1")
    ask("CREATE TABLE {0} (a STRING, b INT64)", "u2")
    ask("INSERT INTO {0} (a) VALUES (1)", "u1")
    ask("INSERT INTO {0} (a, b) VALUES ('x', 2)", "u2")
    for _ in range(2):
        assert ask("SELECT * FROM {0}", "u1") == (["a"], [(1,)])
        assert ask("SELECT * FROM {0}", "u2") == (["a", "b"], [("x", 2)])


def test_a_table_that_is_missing_or_gone_is_told_by_its_name(ask, dataset: str) -> None:
    ask("CREATE TABLE {0} (a INT64)", "v1")
    assert ask("SELECT a FROM {0}", "v1") == (["a"], [])
    for table in ("v2", "v3"):
        with pytest.raises(NotFound, match=f"Table {PROJECT}:{dataset}.{table} was not found"):
            ask("SELECT a FROM {0}", table)
    ask("DROP TABLE {0}", "v1")
    with pytest.raises(NotFound, match=f"Table {PROJECT}:{dataset}.v1 was not found"):
        ask("SELECT a FROM {0}", "v1")
