"""Scripts analyzed without running them."""

from pathlib import Path

import pytest
from google.cloud.bigquery import SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding
from tests.googlesql.rehearsal import Rehearsal, rehearse

SCHEMA = [SchemaField("id", "INT64"), SchemaField("name", "STRING")]
TABLES = {"p.d.t": Table.of(SCHEMA, [(1, "a"), (2, "b")])}
GOLDEN = Path(__file__).parents[1] / "golden"
START = "id INT64, amount NUMERIC, tags {0}, extra {0}, updated_at TIMESTAMP"
ORDERS, STAGED = "my-project.shop.orders", "my-project.shop._sync_staging_20250722t150000_3f9a0c1d"
RESULT = STAGED.replace("staging", "result")


@pytest.mark.parametrize(
    ("sql", "message", "line", "column"),
    [
        ("SELECT 1;\nSELECT id,\n nope FROM `p.d.t`", "Unrecognized name: nope", 3, 2),
        ("IF FALSE THEN SELECT nope; END IF", "Unrecognized name: nope", 1, 22),
        ("IF TRUE THEN SELECT 1; ELSE\n SELECT nope; END IF", "Unrecognized name: nope", 2, 9),
        ("IF 1 THEN SELECT 1; END IF", "WHERE clause should return type BOOL", 1, 4),
        ("DECLARE é INT64 DEFAULT 1", "Syntax error", 1, 9),
        ("DECLARE a INT64; SET a = 'é' || nope", "Unrecognized name: nope", 1, 33),
        ("DECLARE a INT64; SET a = TRUE", "BOOL", 1, 26),
        ("DECLARE a DEFAULT nope", "Unrecognized name: nope", 1, 19),
        ("SET a = 1", "Undeclared variable: a", 1, 1),
        ("RAISE USING MESSAGE = nope", "Unrecognized name: nope", 1, 23),
        ("BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.nope; END", "@@error", 1, 50),
        ("SELECT 1; EXECUTE IMMEDIATE CONCAT('SELECT ', 'nope')", "Unrecognized name: nope", 1, 11),
        ("CREATE TEMP TABLE x AS SELECT id AS y FROM `p.d.t`; SELECT id FROM x", "id", 1, 60),
        ("CREATE VIEW `p.d.v` AS SELECT id AS n FROM `p.d.t`; SELECT id FROM `p.d.v`", "id", 1, 60),
        ("CREATE VIEW `p.d.v` AS SELECT nope FROM `p.d.t`", "Unrecognized name: nope", 1, 31),
        ("DROP TABLE `p.d.t`; SELECT id FROM `p.d.t`", "Table not found: `p.d.t`", 1, 36),
        ("ALTER TABLE `p.d.t` RENAME TO `u`; SELECT 1 FROM p.d.t", "Table not found", 1, 50),
        ("SELECT 1;\nSELECT FROM", "Syntax error", 2, 8),
        ("DELETE FROM `p.d.t`", "DELETE must have a WHERE clause", 1, 1),
    ],
)
def test_findings_say_where_in_the_script(
    googlesql: GoogleSql, sql: str, message: str, line: int, column: int
) -> None:
    (finding,) = rehearse(googlesql, sql, TABLES)

    assert message in finding.message
    assert (finding.line, finding.column) == (line, column)


def test_every_statement_is_looked_at(googlesql: GoogleSql) -> None:
    sql = "SELECT a; SELECT 1; IF b THEN SELECT c; ELSE SELECT d; END IF; DELETE `p.d.t` WHERE e"

    messages = [finding.message for finding in rehearse(googlesql, sql, TABLES)]

    assert messages == [f"Unrecognized name: {name}" for name in "abe"]


@pytest.mark.parametrize(
    "sql",
    [
        "DECLARE a INT64; SET a = (SELECT MAX(id) FROM `p.d.t`); SELECT a + 1",
        "CREATE TABLE p.d.u LIKE `p.d.t`; ALTER TABLE p.d.u ADD COLUMN x JSON; SELECT x FROM p.d.u",
        "BEGIN TRANSACTION; TRUNCATE TABLE `p.d.t`; INSERT p.d.t (id) SELECT 1; COMMIT",
        "EXPORT DATA OPTIONS (uri='gs://b/*', format='CSV') AS SELECT id FROM `p.d.t`",
        "ALTER TABLE `p.d.t` RENAME TO `u`; SELECT id FROM `p.d.u`",
        "EXECUTE IMMEDIATE 'SELECT @x + 1' USING 1 AS x",
        "CREATE TABLE x (id INT64) PARTITION BY _PARTITIONDATE; SELECT _PARTITIONDATE FROM x",
        "CREATE OR REPLACE VIEW `p.d.v` AS SELECT id + 1 AS n FROM `p.d.t`; SELECT n FROM `p.d.v`",
        "CREATE VIEW p.d.v AS SELECT 1 AS n; DROP VIEW p.d.v; CREATE VIEW p.d.v AS SELECT 2 AS n",
    ],
)
def test_scripts_that_are_right(googlesql: GoogleSql, sql: str) -> None:
    assert rehearse(googlesql, sql, TABLES) == []


def test_dynamic_sql_that_hangs_on_rows_is_not_known(googlesql: GoogleSql) -> None:
    rehearsal = Rehearsal(googlesql, TABLES)

    assert rehearsal.look("EXECUTE IMMEDIATE (SELECT name FROM `p.d.t`)") == []
    assert rehearsal.unknown == [Finding("EXECUTE IMMEDIATE of what isn't known", 1, 1)]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("publish_*.sql")), ids=lambda path: path.stem)
def test_the_golden_statements_are_right(googlesql: GoogleSql, path: Path) -> None:
    named = "id INT64, name STRING, updated_at TIMESTAMP"
    is_named = path.stem in ("publish_replace_all", "publish_write_empty")
    staged = named if is_named else START.format("STRING")
    held = named if is_named else "id INT64, amount NUMERIC, tags JSON, updated_at TIMESTAMP"
    if path.stem == "publish_history_json":
        held += ", _sync_valid_from TIMESTAMP, _sync_valid_to TIMESTAMP, _sync_is_current BOOL"
    tables = {STAGED: Table(googlesql.schema(staged)), ORDERS: Table(googlesql.schema(held))}
    if path.stem == "publish_first_sync":
        del tables[ORDERS]
    if path.stem in ("publish_merge_marked", "publish_merge_kept"):
        marked = googlesql.schema(f"{named}, deleted_at DATE, gone BOOL")
        tables = {STAGED: Table(marked), ORDERS: Table(marked)}
    if path.stem == "publish_merge_transformed":
        made = "id INT64, amount NUMERIC, extra JSON, updated_at TIMESTAMP"
        tables = {RESULT: Table(googlesql.schema(f"{made}, country STRING, dice FLOAT64"))}
        tables[ORDERS] = Table(googlesql.schema("id INT64, amount NUMERIC, updated_at TIMESTAMP"))

    assert rehearse(googlesql, path.read_text(), tables) == []
