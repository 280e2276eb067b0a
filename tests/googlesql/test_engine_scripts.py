"""Scripts: variables, branches, errors, dynamic SQL, transactions and DDL."""

from typing import Any

import pytest
from google.cloud.bigquery import ScalarQueryParameter, SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session

SCHEMA = [SchemaField("id", "INT64"), SchemaField("name", "STRING")]
TABLES = {"p.d.t": Table.of(SCHEMA, [(1, "a"), (2, "b")])}


@pytest.fixture
def session(googlesql: GoogleSql) -> Session:
    return Session(googlesql, TABLES)


def values(session: Session, sql: str) -> list[Any]:
    return [answer.value for answer in session.run(sql)]


def ids(session: Session, name: str = "p.d.t") -> list[int]:
    return [row[0] for row in session.tables[name].rows]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DECLARE a, b INT64 DEFAULT 2; SET a = a + 1; SELECT a * 10 + B", [32]),
        (
            "DECLARE a DEFAULT 'x'; SELECT CONCAT(a, 'é'); SET a = NULL; SELECT a IS NULL",
            ["xé", True],
        ),
        ("DECLARE n NUMERIC; SET n = 1; SELECT CAST(n / 4 AS STRING)", ["0.25"]),
        ("DECLARE d DATE DEFAULT '2020-01-01'; SELECT UNIX_DATE(d)", [18_262]),
        ("DECLARE a INT64; SET a = (SELECT MAX(id) FROM `p.d.t`); SELECT a", [2]),
        ("DECLARE id INT64 DEFAULT 9; SELECT MAX(id) FROM `p.d.t`", [2]),
        ("IF EXISTS (SELECT 1 FROM `p.d.t`) THEN SELECT 1; ELSE SELECT 2; END IF", [1]),
        ("IF NULL THEN SELECT 1; ELSEIF TRUE THEN SELECT 2; ELSE SELECT 3; END IF", [2]),
        ("IF FALSE THEN SELECT 1; ELSEIF NULL THEN SELECT 2; ELSE SELECT 3; END IF", [3]),
        ("IF FALSE THEN SELECT 1; END IF; SELECT 4", [4]),
        (
            "BEGIN SELECT 1; SELECT 1 / 0; SELECT 2;"
            " EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            [1, "division by zero: 1 / 0"],
        ),
        (
            "BEGIN BEGIN RAISE USING MESSAGE = CONCAT('x', 'y'); EXCEPTION WHEN ERROR THEN RAISE;"
            " END; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END; SELECT @@error.message",
            ["xy", None],
        ),
        ("EXECUTE IMMEDIATE CONCAT('SELECT ', '1 + 1')", [2]),
        ("EXECUTE IMMEDIATE 'SELECT ? + @@row_count IS NULL' USING 1", [True]),
        ("DECLARE a INT64; EXECUTE IMMEDIATE 'SELECT @x * 2' INTO a USING 3 AS x; SELECT a", [6]),
        ("UPDATE `p.d.t` SET name = 'z' WHERE TRUE; SELECT @@row_count", [2]),
        ("CREATE TEMP TABLE s AS SELECT id * 2 AS x FROM `p.d.t`; SELECT SUM(x) FROM s", [6]),
        (
            "CREATE TABLE `p.d.new` (n NUMERIC, s STRING) AS SELECT id, name FROM `p.d.t`;"
            " SELECT CAST(SUM(n / 8) AS STRING) FROM p.d.new",
            ["0.375"],
        ),
        ("ASSERT (SELECT COUNT(*) FROM `p.d.t`) = 2; SELECT 'é'", ["é"]),
    ],
)
def test_answers(session: Session, sql: str, expected: list[Any]) -> None:
    assert values(session, sql) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("RAISE USING MESSAGE = 'stop'; SELECT 1", "^stop "),
        ("SET nope = 1", "Undeclared variable: nope"),
        ("DECLARE a INT64; SET a = 'x'", "type STRING, cannot be inserted|has type"),
        ("DECLARE a STRING; EXECUTE IMMEDIATE a", "is NULL"),
        ("DECLARE a STRING DEFAULT 'x'; EXECUTE IMMEDIATE 'SELECT a'", "Unrecognized name: a"),
        ("EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'", "one statement"),
        ("BEGIN DECLARE a INT64; END; SELECT a", "Unrecognized name: a"),
        ("ASSERT FALSE AS 'why'", "why"),
        ("ALTER TABLE `p.d.nope` RENAME TO x", "Not found: Table p.d.nope"),
        ("DROP TABLE `p.d.nope`", "Not found: Table p.d.nope"),
        ("TRUNCATE TABLE `p.d.nope`", "Table not found: `p.d.nope`"),
        ("CREATE TABLE `p.d.t` (a INT64)", "Already Exists: Table p.d.t"),
        ("ALTER TABLE `p.d.t` ADD COLUMN NAME STRING", "already exists"),
        ("COMMIT TRANSACTION", "No transaction"),
        ("BEGIN TRANSACTION; CREATE TABLE `p.d.x` (a INT64)", "not supported in a transaction"),
    ],
)
def test_errors(session: Session, sql: str, message: str) -> None:
    with pytest.raises(GoogleSqlError, match=message):
        session.run(sql)


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("BEGIN TRANSACTION; DELETE `p.d.t` WHERE id = 1; COMMIT TRANSACTION", [2]),
        ("BEGIN TRANSACTION; DELETE `p.d.t` WHERE id = 1; ROLLBACK TRANSACTION", [1, 2]),
        ("BEGIN TRANSACTION; TRUNCATE TABLE `p.d.t`", [1, 2]),
        ("TRUNCATE TABLE `p.d.t`", []),
        ("BEGIN TRANSACTION; CREATE TEMP TABLE x AS SELECT 1 AS a; COMMIT TRANSACTION", [1, 2]),
    ],
)
def test_what_a_transaction_leaves(session: Session, sql: str, left: list[int]) -> None:
    session.run(sql)

    assert ids(session) == left
    assert [row[0] for row in TABLES["p.d.t"].rows] == [1, 2]


def test_an_error_in_a_transaction_undoes_it_alone(session: Session) -> None:
    with pytest.raises(GoogleSqlError, match="stop"):
        session.run(
            "INSERT INTO `p.d.t` (id) VALUES (3); BEGIN TRANSACTION;"
            " DELETE `p.d.t` WHERE TRUE; RAISE USING MESSAGE = 'stop'; COMMIT TRANSACTION"
        )

    assert ids(session) == [1, 2, 3]


def test_ddl(session: Session) -> None:
    session.run(
        "CREATE SNAPSHOT TABLE `p.d.kept` CLONE `p.d.t`;"
        " ALTER TABLE `p.d.t` ADD COLUMN tags ARRAY<STRING>, ADD COLUMN IF NOT EXISTS name STRING;"
        " ALTER TABLE `p.d.t` RENAME TO `old`; CREATE TABLE `p.d.t` LIKE `p.d.old`;"
        " CREATE TABLE IF NOT EXISTS `p.d.t` (x INT64);"
        " ALTER TABLE IF EXISTS `p.d.nope` RENAME TO `x`; DROP TABLE IF EXISTS `p.d.nope`;"
        " CREATE OR REPLACE TABLE `p.d.kept` COPY `p.d.kept`;"
        " CREATE TABLE `p.d.strict` (a INT64 NOT NULL)"
    )

    assert sorted(session.tables) == ["p.d.kept", "p.d.old", "p.d.strict", "p.d.t"]
    assert session.tables["p.d.old"].rows == ((1, "a", []), (2, "b", []))
    assert session.tables["p.d.t"].rows == ()
    assert session.tables["p.d.kept"] == TABLES["p.d.t"]
    with pytest.raises(GoogleSqlError, match="cannot be null"):
        session.run("INSERT INTO `p.d.strict` (a) VALUES (NULL)")


def test_parameters_reach_every_statement(googlesql: GoogleSql) -> None:
    session = Session(googlesql, TABLES, [ScalarQueryParameter("x", "INT64", 2)])

    assert values(session, "SELECT @x; DELETE `p.d.t` WHERE id = @x") == [2]
    assert ids(session) == [1]
