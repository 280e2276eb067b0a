"""Lengths and digits of types are kept on each way to write, as GoogleSQL's own CAST keeps them."""

from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Code, GoogleSqlError
from tests.googlesql.scripts import Session

TABLE = "p.d.t"
VALUES = {
    "STRING(5)": ["''", "'abcde'", "'ééééé'", "REPEAT('😀', 5)", "'abcdef'", "REPEAT('é', 6)"],
    "BYTES(3)": ["b''", "b'abc'", "CAST('éa' AS BYTES)", "b'abcd'", "CAST('éé' AS BYTES)"],
    "NUMERIC(5, 2)": [
        *("NUMERIC '0.005'", "NUMERIC '-0.005'", "NUMERIC '0.0049'", "NUMERIC '-999.994'"),
        *("NUMERIC '1.10'", "999", "NUMERIC '999.994'", "1000", "NUMERIC '999.995'"),
    ],
    "NUMERIC(5)": ["NUMERIC '99999.4'", "NUMERIC '99999.5'", "NUMERIC '-0.5'", "100000"],
    "BIGNUMERIC(38, 30)": [
        "BIGNUMERIC '1e-31'",
        "BIGNUMERIC '-5e-31'",
        "BIGNUMERIC '99999999.9999999999999999999999999999995'",
    ],
    "BIGNUMERIC(3, 3)": ["BIGNUMERIC '0.9994'", "BIGNUMERIC '0.9995'", "BIGNUMERIC '1'"],
}
WAYS = {
    "insert": "CREATE TABLE `p.d.t` (id INT64, v {of});\nINSERT INTO `p.d.t` VALUES (1, {value})",
    "update": "CREATE TABLE `p.d.t` (id INT64, v {of});\nINSERT INTO `p.d.t` (id) VALUES (1);\n"
    "UPDATE `p.d.t` SET v = {value} WHERE TRUE",
    "merge": "CREATE TABLE `p.d.t` (id INT64, v {of});\n"
    "MERGE `p.d.t` AS t USING (SELECT 1 AS id, {value} AS v) AS s ON t.id = s.id\n"
    "WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)",
    "create": "CREATE TABLE `p.d.t` (id INT64, v {of}) AS SELECT 1, {value}",
    "add column": "CREATE TABLE `p.d.t` (id INT64);\nALTER TABLE `p.d.t` ADD COLUMN v {of};\n"
    "INSERT INTO `p.d.t` VALUES (1, {value})",
    "copy": "CREATE TABLE `p.d.s` (id INT64, v {of});\nCREATE TABLE `p.d.t` COPY `p.d.s`;\n"
    "INSERT INTO `p.d.t` VALUES (1, {value})",
}


def outcome(engine: GoogleSql, sql: str, tables: Tables | None = None) -> Any:
    """The value of the last column of the one row; or the code and message of the refusal."""
    session = Session(engine, tables or {})
    try:
        session.run(sql)
    except GoogleSqlError as error:
        return error.code, error.message
    ((*_, value),) = session.tables[TABLE].rows
    return value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("of", VALUES)
def test_a_write_rounds_and_refuses_as_a_cast_does(googlesql: GoogleSql, of: str, way: str) -> None:
    values = VALUES[of]
    for value in values if way == "insert" else (values[0], values[-1]):
        try:
            cast = googlesql.value(f"CAST({value} AS {of})")
        except GoogleSqlError as error:
            cast = error.code, error.message

        assert outcome(googlesql, WAYS[way].format(of=of, value=value)) == cast, value


def test_parts_of_arrays_and_structs_have_limits_of_their_own(googlesql: GoogleSql) -> None:
    made = (
        "CREATE TABLE `p.d.t` (id INT64, v ARRAY<STRUCT<a INT64, b ARRAY<NUMERIC(3, 1)>>>);\n"
        "INSERT INTO `p.d.t` (id, v) VALUES (1, [(1, [NUMERIC '99.94', {}])])"
    )

    kept = outcome(googlesql, made.format("1.25"))
    assert [(one["a"], list(map(str, one["b"]))) for one in kept] == [(1, ["99.9", "1.3"])]
    code, message = outcome(googlesql, made.format("99.95"))
    assert code == Code.OUT_OF_RANGE
    assert message.startswith("NUMERIC(3, 1) has precision 3 and scale 1")


def test_a_tables_schema_says_the_same(googlesql: GoogleSql) -> None:
    fields = [
        SchemaField("s", "STRING", max_length=2),
        SchemaField("n", "NUMERIC", precision=4, scale=1),
        SchemaField("r", "RECORD", "REPEATED", fields=[SchemaField("b", "BYTES", max_length=1)]),
    ]
    tables = {TABLE: Table.of(fields)}
    insert = "INSERT INTO `p.d.t` VALUES ({})"

    for refused in ("'abc', 1, []", "'ab', 1000, []", "'ab', 1, [STRUCT(b'ab')]"):
        assert outcome(googlesql, insert.format(refused), tables)[0] == Code.OUT_OF_RANGE
    assert outcome(googlesql, insert.format("'ab', 999.94, [STRUCT(b'a')]"), tables) == [
        {"b": b"a"}
    ]


def test_a_refused_row_leaves_the_table_as_it_was(googlesql: GoogleSql) -> None:
    tables = {TABLE: Table.of([SchemaField("s", "STRING", max_length=2)], [("a",)])}
    session = Session(googlesql, tables)

    with pytest.raises(GoogleSqlError, match="maximum length 2"):
        session.run("INSERT INTO `p.d.t` VALUES ('b'), ('too long')")

    assert session.tables[TABLE].rows == (("a",),)
