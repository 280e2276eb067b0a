"""MERGE: which rows each clause takes, and what BigQuery refuses."""

import pytest
from google.cloud.bigquery import SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.merge import TWICE, merge

SCHEMA = [SchemaField("id", "INT64"), SchemaField("name", "STRING"), SchemaField("n", "NUMERIC")]
TABLES = {
    "p.d.t": Table.of(SCHEMA, [(1, "a", 1), (2, "b", 2), (None, "c", 3)]),
    "p.d.s": Table.of(SCHEMA, [(2, "B", 20), (3, "C", 30), (None, "D", 40)]),
    "p.d.twice": Table.of(SCHEMA, [(2, "x", 1), (2, "y", 2)]),
}
START = "MERGE `p.d.t` AS t USING `p.d.s` AS s ON t.id = s.id "


def names(googlesql: GoogleSql, sql: str) -> list[str | None]:
    return [row[1] for row in merge(googlesql, sql, TABLES).table.rows]


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("WHEN MATCHED THEN UPDATE SET name = s.name", ["a", "B", "c"]),
        ("WHEN MATCHED AND s.n > 100 THEN UPDATE SET name = s.name", ["a", "b", "c"]),
        ("WHEN MATCHED AND NULL THEN DELETE", ["a", "b", "c"]),
        (
            "WHEN MATCHED AND t.n = 2 THEN UPDATE SET name = 'first' WHEN MATCHED THEN DELETE",
            ["a", "first", "c"],
        ),
        (
            "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)",
            ["a", "b", "c", "C", "D"],
        ),
        ("WHEN NOT MATCHED BY SOURCE THEN DELETE", ["b"]),
        (
            "WHEN NOT MATCHED BY SOURCE AND t.id IS NULL THEN UPDATE SET Name = CONCAT(name, '!')",
            ["a", "b", "c!"],
        ),
        (
            "WHEN MATCHED THEN UPDATE SET name = DEFAULT"
            " WHEN NOT MATCHED AND s.id IS NULL THEN INSERT VALUES (s.id, 'new', s.n)",
            ["a", None, "c", "new"],
        ),
    ],
)
def test_clauses(googlesql: GoogleSql, clauses: str, expected: list[str | None]) -> None:
    assert names(googlesql, START + clauses) == expected


@pytest.mark.parametrize(
    "start",
    [
        "MERGE INTO p.d.t USING p.d.s ON t.id = s.id ",
        "MERGE `p.d.t` t USING (SELECT * FROM `p.d.s`) s ON t.id = s.id ",
        "MERGE `p.d.t` USING `p.d.s` ON t.id = s.id ",
    ],
)
def test_forms_of_target_and_source(googlesql: GoogleSql, start: str) -> None:
    sql = start + "WHEN MATCHED THEN UPDATE SET name = s.name"

    assert names(googlesql, sql) == ["a", "B", "c"]


def test_values_are_coerced_and_counted(googlesql: GoogleSql) -> None:
    sql = START + (
        "WHEN MATCHED THEN UPDATE SET n = s.id WHEN NOT MATCHED THEN INSERT (n) VALUES (7)"
        " WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )
    done = merge(googlesql, sql, TABLES)

    assert done.name == "p.d.t"
    assert done.row_count == 5
    assert [str(row[2]) for row in done.table.rows] == ["2", "7", "7"]


def test_a_row_may_not_be_written_twice(googlesql: GoogleSql) -> None:
    sql = "MERGE `p.d.t` AS t USING `p.d.twice` AS s ON t.id = s.id "

    with pytest.raises(GoogleSqlError, match=TWICE):
        merge(googlesql, sql + "WHEN MATCHED THEN UPDATE SET name = s.name", TABLES)
    assert names(googlesql, sql + "WHEN MATCHED AND s.n = 2 THEN UPDATE SET name = s.name") == [
        "a",
        "y",
        "c",
    ]


@pytest.mark.parametrize(
    "clause",
    [
        "WHEN MATCHED THEN UPDATE SET name = s.nope",
        "WHEN MATCHED THEN UPDATE SET n = s.name",
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id)",
    ],
)
def test_what_the_analyzer_refuses(googlesql: GoogleSql, clause: str) -> None:
    with pytest.raises(GoogleSqlError):
        merge(googlesql, START + clause, TABLES)
