"""Statements analyzed, queries answered, rows modified."""

import pyarrow as pa
import pytest
from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter, SchemaField

from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import GoogleSql, Parameter
from tests.googlesql.errors import Code, Finding, GoogleSqlError
from tests.googlesql.resolved import Analysis

SCHEMA = [
    SchemaField("id", "INT64", "REQUIRED"),
    SchemaField("name", "STRING"),
    SchemaField("tags", "STRING", "REPEATED"),
]
ORDERS = Table.of(SCHEMA, [(1, "a", ["x"]), (2, "b", []), (3, None, [])])
TABLES: Tables = {
    "my-project.shop.orders": ORDERS,
    "my-project.shop.events_1": Table.of(SCHEMA[:1], [(1,)]),
    "my-project.shop.events_2": Table.of(SCHEMA[:2], [(2, "b")]),
    "my-project.shop.loaded": Table.of(SCHEMA[:1], [(1,)], is_ingestion_time=True),
}


def columns(outcome: Analysis | Finding) -> str:
    assert isinstance(outcome, Analysis), outcome
    return ", ".join(map(repr, outcome.columns))


@pytest.mark.parametrize(
    "path",
    [
        "`my-project.shop.orders`",
        "`my-project`.shop.orders",
        "`my-project`.`shop.orders`",
        "my-project.shop.orders",
    ],
)
def test_a_table_is_found_however_its_path_is_quoted(googlesql: GoogleSql, path: str) -> None:
    sql = f"SELECT o.id, 'é' AS e FROM {path} AS o WHERE o.id > 1 ORDER BY id"

    assert columns(googlesql.analyze(sql, TABLES)) == "id INT64, e STRING"
    assert googlesql.query(sql, TABLES).rows == ((2, "é"), (3, "é"))


def test_a_finding_says_where(googlesql: GoogleSql) -> None:
    outcome = googlesql.analyze("SELECT id,\n  idd FROM `my-project.shop.orders`", TABLES)

    assert outcome == Finding("Unrecognized name: idd; Did you mean id?", 2, 3)


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("SELECT 'é', idd FROM `my-project.shop.orders`", 1, 13),
        ("SELECT 1 FROM `my-project.shop.orders` WHERE\n  idd = 1", 2, 3),
        ("SELECT 1 FROM `my-project`.shop.orders WHERE idd = 1", 1, 46),
        ("SELECT 1 FROM my-project.shop.orders JOIN `my-project.shop.events_1` AS e ON x", 1, 78),
        ("SELECT 1 FROM `my-project.shop.loaded`, `my-project.shop.nope`", 1, 41),
    ],
)
def test_the_place_is_that_in_the_statement_as_it_was_sent(
    googlesql: GoogleSql, sql: str, line: int, column: int
) -> None:
    outcome = googlesql.analyze(sql, TABLES)

    assert isinstance(outcome, Finding)
    assert (outcome.line, outcome.column) == (line, column)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT orders.id FROM `my-project.shop.orders` WHERE orders.id = 1",
        "SELECT orders.id FROM `my-project`.shop.orders JOIN `my-project.shop.events_1`"
        " ON orders.id = events_1.id",
        "SELECT TABLES.table_name = 'x', 1 AS id FROM `my-project.shop.INFORMATION_SCHEMA.TABLES`",
        "DELETE FROM `my-project.shop.orders` WHERE orders.id = 1",
        "UPDATE my-project.shop.orders SET name = 'x' WHERE orders.id = 1",
    ],
)
def test_a_table_without_alias_has_its_own_name(googlesql: GoogleSql, sql: str) -> None:
    assert isinstance(googlesql.analyze(sql, TABLES), Analysis)


def test_tables_are_told_apart_by_case(googlesql: GoogleSql) -> None:
    outcome = googlesql.analyze("SELECT 1 FROM `my-project.shop.Orders`", TABLES)

    assert outcome == Finding("Table not found: `my-project.shop.Orders`", 1, 15)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id, _TABLE_SUFFIX AS s FROM `my-project.shop.events_*`", ((1, "1"), (2, "2"))),
        ("SELECT name FROM `my-project.shop.events_*`", ((None,), ("b",))),
        (
            "SELECT id, _PARTITIONTIME, _PARTITIONDATE FROM `my-project.shop.loaded`",
            ((1, None, None),),
        ),
        ("SELECT * FROM `my-project.shop.loaded`", ((1,),)),
        (
            "SELECT table_name FROM `my-project.shop.INFORMATION_SCHEMA.TABLES`"
            " WHERE table_name LIKE 'o%'",
            (("orders",),),
        ),
        (
            "SELECT column_name, data_type, is_nullable"
            " FROM `my-project`.shop.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'orders'",
            (("id", "INT64", "NO"), ("name", "STRING", "YES"), ("tags", "ARRAY<STRING>", "YES")),
        ),
    ],
)
def test_tables_that_bigquery_adds(
    googlesql: GoogleSql, sql: str, expected: tuple[object, ...]
) -> None:
    assert isinstance(googlesql.analyze(sql, TABLES), Analysis)
    assert googlesql.query(sql, TABLES).rows == expected


@pytest.mark.parametrize(
    ("sql", "kind", "made"),
    [
        (
            "CREATE TABLE `p.d.t` (a INT64 OPTIONS (description='x'), b TIMESTAMP NOT NULL)"
            " PARTITION BY TIMESTAMP_TRUNC(b, DAY) CLUSTER BY a OPTIONS (labels=[('k', 'v')])",
            "CreateTableStmt",
            "a INT64, b TIMESTAMP",
        ),
        (
            "CREATE OR REPLACE TABLE `p.d.t` (a INT64, j JSON) OPTIONS (description='x')"
            " AS SELECT 1 AS a, PARSE_JSON('1', wide_number_mode=>'round') AS j",
            "CreateTableAsSelectStmt",
            "a INT64, j JSON",
        ),
        (
            "ALTER TABLE `my-project.shop.orders` ADD COLUMN IF NOT EXISTS extra JSON",
            "AlterTableStmt",
            "extra JSON",
        ),
        ("ALTER TABLE `my-project.shop.orders` RENAME TO `other`", "AlterTableStmt", ""),
        (
            "CREATE SNAPSHOT TABLE `p.d.s` CLONE `my-project.shop.orders`"
            " OPTIONS (expiration_timestamp=TIMESTAMP '2030-01-01')",
            "CreateSnapshotTableStmt",
            "",
        ),
        (
            "EXPORT DATA OPTIONS (uri='gs://b/*.parquet', format='PARQUET', overwrite=true)"
            " AS SELECT id FROM `my-project.shop.orders`",
            "ExportDataStmt",
            "",
        ),
        ("TRUNCATE TABLE `my-project.shop.orders`", "TruncateStmt", ""),
        ("DROP TABLE IF EXISTS `p.d.t`", "DropStmt", ""),
        (
            "MERGE `my-project.shop.orders` AS t USING (SELECT 1 AS id) AS s ON t.id = s.id"
            " WHEN MATCHED THEN UPDATE SET name = 'x'"
            " WHEN NOT MATCHED BY SOURCE THEN DELETE"
            " WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
            "MergeStmt",
            "",
        ),
        ("DELETE FROM `my-project.shop.orders` WHERE id = 1", "DeleteStmt", ""),
        ("SELECT @@row_count, @@error.message", "QueryStmt", "INT64, STRING"),
        ("SELECT SEARCH('a', 'b', analyzer=>'LOG_ANALYZER')", "QueryStmt", "BOOL"),
        ("SELECT ST_ASTEXT(ST_GEOGPOINT(1, 2)) AS g", "QueryStmt", "g STRING"),
        (
            "SELECT id FROM `my-project.shop.orders` WHERE TRUE"
            " QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY id DESC) = 1",
            "QueryStmt",
            "id INT64",
        ),
    ],
)
def test_statements_of_bigquery_are_right(
    googlesql: GoogleSql, sql: str, kind: str, made: str
) -> None:
    outcome = googlesql.analyze(sql, TABLES)

    assert columns(outcome) == made
    assert isinstance(outcome, Analysis)
    assert outcome.kind == kind


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO `my-project.shop.orders` (id, name) VALUES ('x', 'y')",
        "INSERT INTO `my-project.shop.orders` (id, other) VALUES (1, 'y')",
        "UPDATE `my-project.shop.orders` SET name = 'x'",
        "UPDATE `my-project.shop.orders` SET name = 1 WHERE id = 1",
        "SELECT s.id FROM `my-project.shop.orders`",
        "SELECT NO_SUCH(1)",
        "SELECT id, COUNT(*) FROM `my-project.shop.orders`",
        "SELECT @@no_such",
        "SELECT @unknown",
        "CREATE TABLE `p.d.t` (a NO_SUCH)",
    ],
)
def test_statements_that_are_wrong(googlesql: GoogleSql, sql: str) -> None:
    assert isinstance(googlesql.analyze(sql, TABLES), Finding)


def test_parameters_with_names_and_without(googlesql: GoogleSql) -> None:
    by_name: list[Parameter] = [
        ScalarQueryParameter("low", "INT64", 1),
        ArrayQueryParameter("n", "STRING", ["b"]),
    ]
    by_place: list[Parameter] = [
        ScalarQueryParameter(None, "INT64", 1),
        ArrayQueryParameter(None, "STRING", ["b"]),
    ]
    table = "`my-project.shop.orders`"
    named = f"SELECT id FROM {table} WHERE id > @low AND name IN UNNEST(@n)"
    placed = f"SELECT id FROM {table} WHERE id > ? AND name IN UNNEST(?)"

    assert columns(googlesql.analyze(named, TABLES, by_name)) == "id INT64"
    assert columns(googlesql.analyze(placed, TABLES, by_place)) == "id INT64"
    assert googlesql.query(named, TABLES, by_name).rows == ((2,),)
    assert googlesql.query(placed, TABLES, by_place).rows == ((2,),)


def test_a_parameter_of_the_wrong_type_is_found(googlesql: GoogleSql) -> None:
    sql = "SELECT id FROM `my-project.shop.orders` WHERE id = @x"
    outcome = googlesql.analyze(sql, TABLES, [ScalarQueryParameter("x", "STRING", "1")])

    assert isinstance(outcome, Finding)
    assert "No matching signature" in outcome.message


def test_arrow_rows(googlesql: GoogleSql) -> None:
    rows = pa.table({"id": [7], "name": ["z"], "tags": pa.array([["p", "q"]])})

    answer = googlesql.query("SELECT * FROM `a.b.c`", {"a.b.c": Table.of_arrow(SCHEMA, rows)})

    assert answer.rows == ((7, "z", ["p", "q"]),)


def test_an_error_of_a_row_is_googlesqls_own(googlesql: GoogleSql) -> None:
    with pytest.raises(GoogleSqlError, match="cannot round-trip") as refused:
        googlesql.value("""PARSE_JSON('{"a":67.174118}')""")

    assert refused.value.code == Code.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("sql", "ids", "count"),
    [
        ("DELETE FROM `my-project.shop.orders` WHERE id < 3", [3], 2),
        ("UPDATE `my-project`.shop.orders SET id = id + 10 WHERE name = 'b'", [1, 12, 3], 1),
        ("INSERT INTO `my-project.shop.orders` (id) VALUES (4), (1)", [1, 2, 3, 4, 1], 2),
        (
            "INSERT INTO `my-project.shop.orders` (id) SELECT id + 5 FROM `my-project.shop.orders`",
            [1, 2, 3, 6, 7, 8],
            3,
        ),
        (
            "UPDATE `my-project.shop.orders` AS o SET id = s.id * 100"
            " FROM `my-project.shop.events_2` AS s WHERE o.id = s.id",
            [1, 200, 3],
            1,
        ),
        ("DELETE FROM `my-project.shop.orders` WHERE FALSE", [1, 2, 3], 0),
    ],
)
def test_rows_are_modified(googlesql: GoogleSql, sql: str, ids: list[int], count: int) -> None:
    done = googlesql.modify(sql, TABLES)

    assert done.name == "my-project.shop.orders"
    assert [row[0] for row in done.table.rows] == ids
    assert done.row_count == count
    assert [row[0] for row in ORDERS.rows] == [1, 2, 3]


def test_a_null_array_is_kept_as_an_empty_one(googlesql: GoogleSql) -> None:
    done = googlesql.modify("INSERT INTO `my-project.shop.orders` (id) VALUES (9)", TABLES)

    assert done.table.rows[-1] == (9, None, [])


def test_a_required_column_refuses_null(googlesql: GoogleSql) -> None:
    with pytest.raises(GoogleSqlError, match="Required field id cannot be null"):
        googlesql.modify("INSERT INTO `my-project.shop.orders` (name) VALUES ('x')", TABLES)
