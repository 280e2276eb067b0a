"""The tests' local BigQuery, which asks its catalog less, answers as the package itself does."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from demo.servers import BigQueryServer, bigquery_server
from tests.sync import PROJECT

FIELDS = [
    {"name": "id", "type": "INT64", "mode": "REQUIRED"},
    {"name": "words", "type": "STRING", "description": "said of it"},
    {"name": "doc", "type": "JSON"},
    {"name": "exact", "type": "NUMERIC"},
    {"name": "many", "type": "TIMESTAMP", "mode": "REPEATED"},
    {"name": "deep", "type": "RECORD", "fields": [{"name": "a", "type": "BYTES"}]},
]
RUNS = ("20260102t030405-0a1b2c3d", "20270203t040506-fedcba98")
MOMENTS = re.compile(r'"\d{13}"|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|script_job_\w+')
"""Times, jobs' names and etags."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQueryServer]:
    """`local-bigquery` as it is."""
    with bigquery_server(tmp_path_factory.mktemp("package") / "data") as server:
        yield server


class Both:
    """Sends a request to the package and to the tests' server, whose answers must be alike."""

    def __init__(self, dataset: str, *servers: BigQueryServer) -> None:
        self._dataset, self._servers = dataset, servers

    def __call__(self, method: str, path: str, **body: Any) -> tuple[int, str]:
        """Status and answer, without what is another one each time."""
        package, tests = (
            self._answer(server, method, path, body or None) for server in self._servers
        )
        assert tests == package, (method, path, body)
        return tests

    def _answer(self, server: BigQueryServer, method: str, path: str, body: Any) -> tuple[int, str]:
        url = f"{server.url}/bigquery/v2/projects/{PROJECT}/{path}"
        answer = requests.request(method, url, json=body, timeout=60)
        return answer.status_code, MOMENTS.sub("*", answer.text)

    def query(self, text: str, **more: Any) -> tuple[int, str]:
        """A statement; D is the dataset."""
        sql = text.replace("D.", f"{self._dataset}.")
        return self("POST", "queries", query=sql, useLegacySql=False, **more)

    def table(self, name: str) -> str:
        """What is told of a table."""
        return self("GET", f"datasets/{self._dataset}/tables/{name}")[1]


@pytest.fixture
def both(package: BigQueryServer, target: BigQueryServer, dataset: str) -> Both:
    both = Both(dataset, package, target)
    both._answer(package, "POST", "datasets", {"datasetReference": {"datasetId": dataset}})
    return both


@pytest.fixture
def made(both: Both, dataset: str) -> Both:
    """A table `t` in both."""
    reference = {"projectId": PROJECT, "datasetId": dataset, "tableId": "t"}
    path = f"datasets/{dataset}/tables"
    status, _ = both("POST", path, tableReference=reference, schema={"fields": FIELDS})
    assert status == 200
    assert both("POST", path, tableReference=reference, schema={"fields": FIELDS})[0] == 409
    return both


def test_a_table_is_told_alike_after_each_of_its_changes(made: Both, dataset: str) -> None:
    assert '"REQUIRED"' in made.table("t")
    path = f"datasets/{dataset}/tables/t"
    fields = [*FIELDS, {"name": "late", "type": "DATE"}]
    assert made("PATCH", path, schema={"fields": fields})[0] == 200
    made.query("ALTER TABLE D.t ADD COLUMN later RANGE<DATE>, ADD COLUMN last INTERVAL")
    assert '"last"' in made.table("t")
    loose = [{**FIELDS[0], "mode": "NULLABLE"}, *fields[1:]]
    made("PATCH", path, schema={"fields": loose})
    made.query("ALTER TABLE D.t ALTER COLUMN id DROP NOT NULL")
    assert '"REQUIRED"' not in made.table("t")
    made.query("CREATE OR REPLACE TABLE D.t (other STRING NOT NULL, more BOOL)")
    assert '"REQUIRED"' in made.table("t")
    made.query("ALTER TABLE D.t RENAME TO u")
    assert "Not found" in made.table("t")
    assert '"REQUIRED"' in made.table("u")
    made.query("CREATE TABLE D.t AS SELECT 1 AS other")
    assert '"REQUIRED"' not in made.table("t")
    made("DELETE", path)
    made.table("t")


def test_names_that_differ_by_case_are_told_apart_alike(made: Both) -> None:
    made.table("T")
    made.query("DROP TABLE D.t")
    made.query("CREATE TABLE D.T (x INT64 NOT NULL)")
    made.table("t")
    assert '"REQUIRED"' in made.table("T")


def test_statements_are_answered_alike(made: Both) -> None:
    assert made.query("INSERT INTO D.t (id, words) VALUES (1, 'a'), (2, NULL)")[0] == 200
    made.query("INSERT INTO D.t (id, words) VALUES (NULL, 'a')")
    for _ in range(2):
        made.query("SELECT * FROM D.t ORDER BY id")
        made.query("SELECT id + 0.5, exact / 2, LENGTH(words) FROM D.t WHERE id > 1")
        made.query("SELECT missing FROM D.t")
        made.query("SELECT * FROM D.missing")
    made.query("SELECT * FROM D.t", dryRun=True)
    answer = made.query(
        "MERGE D.t AS t USING (SELECT 2 AS k) AS s ON t.id = s.k "
        "WHEN MATCHED THEN UPDATE SET words = 'b'"
    )
    assert answer[0] == 200, answer
    made.query("ALTER TABLE D.t DROP COLUMN words")
    made.query("SELECT words FROM D.t")
    made.query("SELECT * FROM D.t ORDER BY id")


def test_views_and_transactions_are_answered_alike(made: Both) -> None:
    made.query("CREATE VIEW D.v AS SELECT id, words FROM D.t")
    made.table("v")
    made.query("SELECT * FROM D.v")
    made.query("CREATE OR REPLACE VIEW D.v AS SELECT exact FROM D.t")
    made.table("v")
    made.query("SELECT * FROM D.v")
    script = "BEGIN TRANSACTION; DELETE FROM D.t WHERE TRUE; {} TRANSACTION; SELECT id FROM D.t"
    for end in ("ROLLBACK", "COMMIT"):
        made.query("INSERT INTO D.t (id) VALUES (1)")
        made.query(script.format(end))


def test_a_statement_that_came_before_tells_what_its_tables_are_now(
    made: Both, dataset: str
) -> None:
    for run, kind in itertools.product(RUNS, ("INT64", "STRING", "ARRAY<INT64>", "INT64")):
        table = f"`{PROJECT}.{dataset}.staged_{run.replace('-', '_')}`"
        made.query(f"CREATE OR REPLACE TABLE {table} (a {kind}, b INT64)")
        made.query(f"INSERT INTO {table} (b) VALUES (1)")
        for _ in range(2):
            status, told = made.query(f"SELECT *, '{run}' AS run, b + 1 AS c FROM {table}")
            assert status == 200
            assert run in told
    made.query(f"DROP TABLE {table}")
    assert made.query(f"SELECT *, '{run}' AS run, b + 1 AS c FROM {table}")[0] == 404


def test_a_view_in_a_tables_place_and_a_table_in_a_views_are_told_alike(made: Both) -> None:
    for _ in range(2):
        made.query("CREATE VIEW D.w AS SELECT 1 AS a")
        assert '"VIEW"' in made.table("w")
        assert '"VIEW"' in made.table("w")
        made.table("W")
        made.query("DROP VIEW D.w")
        made.query("CREATE TABLE D.w AS SELECT 2 AS b")
        assert '"TABLE"' in made.table("w")
        made.query("SELECT * FROM D.w")
        made.query("DROP TABLE D.w")
        made.query("SELECT * FROM D.w")
