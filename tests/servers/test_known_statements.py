"""The tests' local BigQuery knows statements again: what it answers is of the tables at hand."""

import pytest
from google.api_core.exceptions import BadRequest, NotFound
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


SHOWN = """DECLARE shown STRING;
SET shown = (SELECT MAX(TO_JSON_STRING(STRUCT(v AS v))) FROM {0});
SELECT shown"""
MERGED = """BEGIN
CREATE TEMP TABLE newest AS SELECT 1 AS id, v FROM {0};
MERGE {0} AS old USING newest ON old.id = newest.id
WHEN MATCHED THEN UPDATE SET v = newest.v, id = 2
WHEN NOT MATCHED THEN INSERT (id, v) VALUES (newest.id, newest.v);
END"""


def test_a_script_tells_of_each_table_by_its_own_types(ask) -> None:
    for table, kind, value in (("w1", "STRING", "'Qk0='"), ("w2", "BYTES", "b'BM'")):
        ask(f"CREATE TABLE {{0}} (id INT64, v {kind})", table)
        ask(f"INSERT INTO {{0}} (id, v) VALUES (1, {value})", table)
    for _ in range(2):
        for table in ("w1", "w2"):
            assert ask(SHOWN, table) == (["shown"], [('{"v":"Qk0="}',)])
    ask("CREATE OR REPLACE TABLE {0} AS SELECT 1 AS id, 7 AS v", "w2")
    assert ask(SHOWN, "w2") == (["shown"], [('{"v":7}',)])


def test_a_script_that_merges_does_so_in_each_table_whatever_it_names_its_own(ask) -> None:
    for table, value in (("x1", "'a'"), ("x2", "5"), ("x1", "'a'")):
        ask(f"CREATE OR REPLACE TABLE {{0}} AS SELECT 1 AS id, {value} AS v", table)
        ask(MERGED, table)
        ask(MERGED, table)
    assert ask("SELECT * FROM {0} ORDER BY id", "x1")[1] == [(1, "a"), (2, "a")]
    assert ask("SELECT * FROM {0} ORDER BY id", "x2")[1] == [(1, 5), (2, 5)]


def test_what_a_script_made_and_declared_is_not_known_in_the_next(ask, dataset: str) -> None:
    ask("CREATE TABLE {0} (id INT64)", "y")
    made = "CREATE TEMP TABLE own AS SELECT 1 AS id;\nSELECT COUNT(*) AS n FROM own"
    assert ask(made, "y") == ask(made, "y") == (["n"], [(1,)])
    with pytest.raises(BadRequest, match="own"):
        ask("SELECT 1;\nSELECT COUNT(*) AS n FROM own", "y")
    moved = f"CREATE TEMP TABLE own AS SELECT 1 AS id;\nSET @@dataset_id = '{dataset}';\n"
    for _ in range(2):
        with pytest.raises(BadRequest, match="1 row"):
            ask(moved + "SELECT ERROR(CONCAT(COUNT(*), ' row')) AS n FROM own", "y")
    declared = "DECLARE id INT64 DEFAULT 3;\nSELECT id FROM UNNEST([1, 2])"
    assert ask(declared, "y") == (["id"], [(3,), (3,)])
    with pytest.raises(BadRequest, match="id"):
        ask("DECLARE other INT64 DEFAULT 3;\nSELECT id FROM UNNEST([1, 2])", "y")


def test_a_text_that_a_script_runs_is_given_the_values_of_that_script(ask) -> None:
    ask("CREATE TABLE {0} AS SELECT 1 AS id UNION ALL SELECT 2", "z")
    for asked, rest in ((1, 2), (2, 1)):
        script = (
            f"DECLARE asked INT64 DEFAULT {asked};\nDECLARE left_over INT64;\n"
            "EXECUTE IMMEDIATE 'SELECT id FROM {0} WHERE id <> @asked' INTO left_over"
            " USING asked AS asked;\nSELECT left_over"
        )
        assert ask(script, "z") == (["left_over"], [(rest,)])


def test_a_name_by_itself_is_the_table_of_the_dataset_that_is_asked(
    client: bigquery.Client, dataset: str
) -> None:
    made = [f"{dataset}901", f"{dataset}902"]

    def rows(sql: str, near: str) -> list[tuple[object, ...]]:
        config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.{near}")
        return [tuple(row) for row in client.query_and_wait(sql, job_config=config)]

    try:
        for near, value in zip(made, ("b'BM'", "7"), strict=True):
            client.create_dataset(f"{PROJECT}.{near}")
            rows(f"CREATE TABLE near AS SELECT {value} AS v", near)
        shown = "SELECT TO_JSON_STRING(STRUCT(v AS v)) AS shown FROM near"
        for _ in range(2):
            assert rows(shown, made[0]) == [('{"v":"Qk0="}',)]
            assert rows(shown, made[1]) == [('{"v":7}',)]
        raised = "SELECT ERROR(CONCAT('is ', v)) FROM near"
        for before, value in (
            ("SELECT 1 AS one", "is 7"),
            ("CREATE TEMP TABLE near AS SELECT 'own' AS v", "is own"),
        ):
            with pytest.raises(BadRequest, match=value):
                rows(f"{before};\n{raised}", made[1])
        rows("DROP TABLE near", made[1])
        with pytest.raises(NotFound, match=f"{made[1]}.near was not found"):
            rows(shown, made[1])
    finally:
        for near in made:
            client.delete_dataset(f"{PROJECT}.{near}", delete_contents=True, not_found_ok=True)
