"""Statements that tests sent are judged: what is refused, what is known, and who is named."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from demo.servers import bigquery_server
from tests import sent_statements
from tests.conftest import AS_IT_IS, ONE_THREAD
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding
from tests.googlesql.sent import FORGIVEN, Judgement, Sent, judged, read
from tests.sent_statements import Figures, Told, judged_at_the_end
from tests.sync import PROJECT, make_client

ID = {"name": "id", "type": "INTEGER"}
TABLES = {
    name: {"fields": [ID, {"name": "s", "type": "STRING"}], "is_ingestion_time": name == "p.d.late"}
    for name in ("p.d.t", "p.d.u", "p.d.late")
}


def sent(sql: str, **others: Any) -> Sent:
    """A statement as it was kept."""
    kept = {"test": "tests/a.py::b", "sql": sql, "tables": TABLES}
    line = json.dumps({"parameters": [], "refusal": None, "ran": []} | kept | others)
    (statement,) = read([line])
    return statement


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> Figures:
    """Figures that don't count among those of the whole run."""
    figures = Figures()
    monkeypatch.setattr(sent_statements, "HERE", figures)
    return figures


def judge(engine: GoogleSql, folder: Path, *statements: Sent) -> Judgement:
    return judged(statements, lambda: engine, folder)


@pytest.mark.parametrize(
    ("sql", "message", "place"),
    [
        ("SELECT id\nFROM `p.d.t` WHERE hash = 1", "Unexpected keyword HASH", (2, 20)),
        ("SELECT COUNT(*) AS nulls FROM `p.d.t`", "Unexpected keyword NULLS", (1, 20)),
        ("SELECT id FROM `p.d.t` JOIN `p.d.u` USING (s)", "Column name id is ambiguous", (1, 8)),
        ("SELECT\n STRING_LENGTH(s) FROM p.d.t", "Function not found: STRING_LENGTH", (2, 2)),
        ("IF FALSE THEN SELECT 1; END IF; SELECT 1 FROM `p.d.gone`", "Table not found", (1, 47)),
        ("SELECT s + 1 FROM `p.d.t`", "No matching signature for operator +", (1, 8)),
        ("IF FALSE THEN\n SELECT nope FROM `p.d.t`; END IF", "Unrecognized name: nope", (2, 9)),
    ],
)
def test_a_refusal_names_the_test_the_statement_and_the_place(
    googlesql: GoogleSql, tmp_path: Path, sql: str, message: str, place: tuple[int, int]
) -> None:
    (refused,) = judge(googlesql, tmp_path, sent(sql)).refused

    assert message in refused.finding.message
    assert (refused.finding.line, refused.finding.column) == place
    said = str(refused)
    assert said.startswith(f"tests/a.py::b sent what GoogleSQL refuses: {refused.finding.message}")
    assert sql.splitlines()[-1] in said
    assert f"(line {place[0]}, column {place[1]})" in said


@pytest.mark.parametrize(
    "statement",
    [
        sent("SELECT _PARTITIONTIME AS t FROM `p.d.late`"),
        sent("SELECT _TABLE_SUFFIX AS t, id FROM `p.d.*`"),
        sent("SELECT column_name FROM `p.d`.INFORMATION_SCHEMA.COLUMNS"),
        sent("CREATE SCHEMA `p.e`; SELECT id FROM `p.d.t`"),
        sent(
            "SELECT id + @a, @b[0].c FROM `p.d.t` WHERE @d = RANGE(DATE '2025-01-01', NULL)",
            parameters=[
                {"name": "a", "type": {"type": "INT64"}},
                {
                    "name": "b",
                    "type": {
                        "type": "ARRAY",
                        "arrayType": {
                            "type": "STRUCT",
                            "structTypes": [{"name": "c", "type": {"type": "STRING"}}],
                        },
                    },
                },
                {"name": "d", "type": {"type": "RANGE", "rangeElementType": {"type": "DATE"}}},
            ],
        ),
        sent("SELECT ? + 1", parameters=[{"name": None, "type": {"type": "INT64"}}]),
        sent("SELECT nope FROM `p.d.t`", refusal="no such column"),
        sent("IF FALSE THEN SELECT id FROM `p.d.gone`; DROP TABLE `p.d.gone`; END IF; SELECT 1"),
    ],
    ids=lambda statement: statement.sql[:40],
)
def test_what_is_right_or_was_refused_before_is_no_finding(
    googlesql: GoogleSql, tmp_path: Path, statement: Sent
) -> None:
    assert judge(googlesql, tmp_path, statement).refused == []


def test_only_the_finding_that_is_named_is_forgiven(googlesql: GoogleSql, tmp_path: Path) -> None:
    (test, start), *_ = FORGIVEN
    late = "SELECT 1 FROM `p.d.late` WHERE _PARTITIONDATE > '2025-01-01 00:00:00'"
    known, unknown = sent(late, test=test), sent(late)
    other = sent("SELECT nope FROM `p.d.t`", test=test)

    assert judge(googlesql, tmp_path, known).refused == []
    refused = judge(googlesql, tmp_path, known, unknown, other).refused

    assert {(one.sent.test, one.finding.message) for one in refused} == {
        (unknown.test, start + '2025-01-01 00:00:00" to type DATE'),
        (test, "Unrecognized name: nope"),
    }


def test_a_script_that_raises_an_error_of_its_own_is_judged(
    googlesql: GoogleSql, tmp_path: Path
) -> None:
    script = sent("IF TRUE THEN RAISE USING MESSAGE = nope; END IF", refusal="changed meanwhile")

    (refused,) = judge(googlesql, tmp_path, script).refused

    assert refused.finding == Finding("Unrecognized name: nope", 1, 36)


RUNS = (
    "DECLARE more STRING DEFAULT (SELECT MAX(s) FROM `p.d.t`);"
    " EXECUTE IMMEDIATE CONCAT('SELECT id FROM `p.d.t` WHERE id = 1', IFNULL(more, ''))"
)
"""A script whose statement depends on rows."""
WHERE = "SELECT id FROM `p.d.t` WHERE id = 1"


@pytest.mark.parametrize(
    ("ran", "found"),
    [
        ([f"{WHERE} OR id IN (2)", WHERE], []),
        (
            [f"{WHERE} OR id IN (2)", f"{WHERE} OR hash IN (2)"],
            [Finding("Syntax error: Unexpected keyword HASH", 1, 59)],
        ),
    ],
)
def test_what_a_script_ran_by_its_rows_is_judged(
    googlesql: GoogleSql, tmp_path: Path, ran: list[str], found: list[Finding]
) -> None:
    refused = judge(googlesql, tmp_path, sent(RUNS), sent(RUNS, ran=ran)).refused

    assert [one.finding for one in refused] == found


def test_what_is_right_is_analyzed_once_and_what_is_wrong_each_time(
    googlesql: GoogleSql, tmp_path: Path
) -> None:
    right, wrong = sent("SELECT id FROM `p.d.t`"), sent("SELECT nope FROM `p.d.t`")

    judgements = [judge(googlesql, tmp_path, right, wrong) for _ in range(2)]

    assert [(len(one.shapes), one.analyzed, len(one.refused)) for one in judgements] == [
        (2, 2, 1),
        (2, 1, 1),
    ]


def test_the_local_bigquery_keeps_each_statement_with_what_it_met(
    tmp_path: Path, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "statements.jsonl"
    with (
        judged_at_the_end(pytestconfig, file),
        bigquery_server(tmp_path / "data", ONE_THREAD) as server,
    ):
        client = make_client(server)
        for dataset in ("d1_1", "d1_22"):
            for_dataset(client, dataset)

    kept = {one.sql.replace("d1_1", "D").split("\n")[0]: one for one in read(lines(file))}
    assert {one.test for one in kept.values()} == {request.node.nodeid}
    columns = {
        sql: {
            name.replace("d1_1", "D"): list(map(repr, table.columns))
            for name, table in one.tables.items()
        }
        for sql, one in kept.items()
    }
    day = ["id INT64", "_PARTITIONTIME TIMESTAMP", "_PARTITIONDATE DATE"]
    first = ["id INT64", "tags ARRAY<JSON>"]
    assert columns == {
        "CREATE TABLE `demo-project.D.e_1` (id INT64 NOT NULL, tags ARRAY<JSON>)": {},
        "CREATE TABLE D.e_2 (id INT64) PARTITION BY _PARTITIONDATE": {},
        "CREATE VIEW `D`.v AS SELECT id AS n FROM `demo-project.D.e_1`": {
            "demo-project.D.e_1": first,
        },
        "SELECT n FROM `v` JOIN D.e_2 ON n = id": {"v": ["n INT64"], "D.e_2": day},
        "CREATE TABLE `D.select` (id INT64)": {},
        "SELECT id AS Select_ FROM `select`": {"select": ["id INT64"]},
        "SELECT id FROM `demo-project.D.Select` JOIN D.E_1 USING (id)": {},
        "SELECT id FROM `demo-project.D.e_*`": {
            "demo-project.D.e_1": first,
            "demo-project.D.e_2": day,
        },
    }
    assert [sql for sql, one in kept.items() if one.refusal] == [
        "SELECT id FROM `demo-project.D.Select` JOIN D.E_1 USING (id)"
    ]


def test_what_a_script_runs_by_its_rows_is_kept_with_it(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    file, whole = tmp_path / "statements.jsonl", f"{PROJECT}.d1_1.t"
    with (
        judged_at_the_end(pytestconfig, file),
        bigquery_server(tmp_path / "data", ONE_THREAD) as server,
    ):
        client = make_client(server)
        client.create_dataset(f"{PROJECT}.d1_1")
        client.query_and_wait(f"CREATE TABLE `{whole}` (id INT64, s STRING)")
        for more in ("NULL", "' OR id = 2'", "' OR id = 3'", "' OR id = 2'"):
            client.query_and_wait(f"TRUNCATE TABLE `{whole}`")
            client.query_and_wait(f"INSERT INTO `{whole}` VALUES (1, {more})")
            client.query_and_wait(RUNS.replace("p.d.t", whole))

    ran = [one.ran for one in read(lines(file)) if "EXECUTE" in one.sql]
    asked = WHERE.replace("p.d.t", whole)
    assert ran == [(asked,), (f"{asked} OR id = 2",), (f"{asked} OR id = 3",)]


def for_dataset(client: bigquery.Client, dataset: str) -> None:
    """Make a dataset and ask about it, as a test would, by all ways that there are."""
    client.create_dataset(f"{PROJECT}.{dataset}")
    whole = f"{PROJECT}.{dataset}"
    client.query_and_wait(f"CREATE TABLE `{whole}.e_1` (id INT64 NOT NULL, tags ARRAY<JSON>)")
    client.query_and_wait(f"CREATE TABLE {dataset}.e_2 (id INT64) PARTITION BY _PARTITIONDATE")
    client.query_and_wait(f"CREATE VIEW `{dataset}`.v AS SELECT id AS n FROM `{whole}.e_1`")
    client.query_and_wait(f"CREATE TABLE `{dataset}.select` (id INT64)")
    here = bigquery.QueryJobConfig(default_dataset=whole)
    client.query("SELECT id AS Select_ FROM `select`", job_config=here).result()
    with pytest.raises(NotFound):
        client.query(f"SELECT id FROM `{whole}.Select` JOIN {dataset}.E_1 USING (id)").result()
    client.query(f"SELECT n FROM `v` JOIN {dataset}.e_2 ON n = id", job_config=here).result()
    dry = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    client.query(f"SELECT id FROM `{whole}.e_*`", job_config=dry)


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("script", "sql", "message", "place"),
    [
        (
            ONE_THREAD,
            "SELECT 1 AS id,\n 2 AS nulls",
            "Syntax error: Unexpected keyword NULLS",
            (2, 7),
        ),
        (
            AS_IT_IS,
            "SELECT DATE '1-01-01'",
            "Invalid DATE literal",
            (1, 8),
        ),
    ],
    ids=["the fast one", "as it is"],
)
def test_a_statement_that_googlesql_refuses_fails_the_test_that_sent_it(
    tmp_path: Path,
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
    apart: Figures,
    script: Path,
    sql: str,
    message: str,
    place: tuple[int, int],
) -> None:
    def run() -> None:
        with (
            judged_at_the_end(pytestconfig, tmp_path / "statements.jsonl"),
            bigquery_server(tmp_path / "data", script) as server,
        ):
            for statement in (sql, "SELECT 17 AS id", "SELECT 17 AS id"):
                make_client(server).query_and_wait(statement)

    with pytest.raises(pytest.fail.Exception) as failure:
        run()

    said = str(failure.value)
    assert said.startswith(f"{request.node.nodeid} sent what GoogleSQL refuses: {message}")
    assert f"(line {place[0]}, column {place[1]})\n    {sql.splitlines()[0]}" in said
    assert (apart.sent, len(apart.shapes), apart.refused) == (3, 2, 1)


def test_the_figures_of_all_workers_are_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    for number in (1, 2):
        worker: dict[str, str] = {}
        figures = Figures(10 * number, {"both", f"only {number}"}, number, 0, 1_000)
        monkeypatch.setattr(sent_statements, "HERE", figures)
        session = SimpleNamespace(config=SimpleNamespace(workeroutput=worker))
        Told().pytest_sessionfinish(session)  # type: ignore[arg-type]
        told.pytest_testnodedown(SimpleNamespace(workeroutput=worker))
    told.pytest_testnodedown(SimpleNamespace())

    assert told.all.told == (
        "30 sent, 3 distinct, 3 analyzed anew, 0 refused; 2,000 executed by GoogleSQL"
    )
