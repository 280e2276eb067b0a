"""Rows that can't be conformed: refused before publishing, or kept beside the good ones."""

import datetime as dt
import json

import pyarrow as pa
import pytest

import pipeline.execution.conform
from tests.bodies import steps

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, day date, note text, secret text, raw bytea, tags text[]);
INSERT INTO orders VALUES
  (1, '2024-01-01', 'good', 'x', '\\x00ff', '{a}'),
  (2, 'infinity', 'bad', 'hidden', '\\x00ff', '{b,c}'),
  (3, '2024-01-03', NULL, 'x', NULL, NULL), (4, '-infinity', NULL, 'x', NULL, NULL)
"""
QUERY = {"postgresql_query": "SELECT * FROM orders"}


def assert_over_budget(result, most):
    assert result.code == 7
    assert "DeadLetterLimitError" in result.err
    for part in ("'day'", "outside the years 1 to 9999", "2 rows", "t_dead_letters"):
        assert part in result.err
    assert f"max_dead_letters={most}" in result.err


def test_one_dead_letter_more_than_allowed_fails_the_run_before_a_table_is_made(sync, sql):
    sql(ORDERS)
    assert_over_budget(sync(**QUERY, max_dead_letters="1"), 1)
    assert "t" not in sync.tables()
    assert [run["status"] for run in sync.history()] == ["failed"]


def test_a_run_over_its_budget_leaves_the_destination_as_it_was_and_keeps_the_letters(
    sync, sql, sent_jobs
):
    sql(ORDERS)
    sync.client.query_and_wait(
        f"CREATE TABLE {sync.dataset}.t AS SELECT 1 AS id, DATE '2024-01-01' AS day,"
        " 'good' AS note, 'x' AS secret, b'a' AS raw, ['a'] AS tags"
    )
    sent_jobs.clear()
    for disposition in ("WRITE_APPEND", "WRITE_TRUNCATE"):
        assert_over_budget(sync(**QUERY, write_disposition=disposition), 0)
    assert_over_budget(sync(**QUERY, delete_existing_table="true"), 0)
    assert sync.rows("id, note") == [(1, "good")]
    assert "dead_letters" in steps(sent_jobs)
    assert "publish" not in steps(sent_jobs)
    assert not [name for name in sync.tables() if name.startswith(("_sync_staging", "_sync_dead"))]
    assert sync.rows("JSON_VALUE(raw_row, '$.id')", "t_dead_letters") == [("2",), ("4",)]
    assert sync.history()[-1]["rows_published"] == 0
    assert sync.history()[-1]["exit_code"] == 7


def test_within_the_budget_the_good_rows_are_published_and_the_bad_ones_kept_whole(sync, sql):
    sql(ORDERS)
    result = sync.ok(**QUERY, max_dead_letters="2")
    assert "2 dead letters" in result.out
    assert sync.rows("id, day, note") == [
        (1, dt.date(2024, 1, 1), "good"),
        (3, dt.date(2024, 1, 3), None),
    ]
    letters = sync.rows(
        "run_id, destination, column_name, reason, TO_JSON_STRING(raw_row), time IS NOT NULL",
        "t_dead_letters",
        "JSON_VALUE(raw_row, '$.id')",
    )
    (run,) = sync.history()
    figures = ("rows_read", "rows_dead", "rows_staged", "rows_published")
    assert [run[name] for name in figures] == [4, 2, 2, 2]
    for letter in letters:
        assert letter[:2] == (run["run_id"], f"demo-project.{sync.dataset}.t")
        assert letter[2:4] == ("day", "outside the years 1 to 9999")
        assert letter[5] is True
    first, second = (json.loads(letter[4]) for letter in letters)
    assert first.keys() == {"id", "day", "note", "secret", "raw", "tags"}
    assert (first["id"], first["note"], first["raw"]) == ("2", "bad", "AP8=")
    assert first["tags"] == ["b", "c"]
    assert (second["id"], second["note"], second["raw"], second["tags"]) == ("4", None, None, None)


def test_the_same_bad_row_stands_once_for_each_destination_however_often_it_is_read(sync, sql):
    sql("CREATE TABLE orders (id int8, day date)")
    sql("INSERT INTO orders VALUES (1, 'infinity'), (1, 'infinity'), (2, 'infinity')")
    letters = QUERY | {"dead_letter_table": "letters", "max_dead_letters": "3"}
    for table in ("t", "t", "u"):
        sync.ok(**letters, destination_bigquery_table=table)
    first, again, other = sync.history()
    assert [run["rows_dead"] for run in (first, again, other)] == [3, 3, 3]
    assert sync.rows("destination, run_id, JSON_VALUE(raw_row, '$.id')", "letters", "1, 3") == [
        (f"demo-project.{sync.dataset}.{table}", run["run_id"], number)
        for table, run in (("t", first), ("u", other))
        for number in "12"
    ]
    assert "t_dead_letters" not in sync.tables()


def test_excluded_fields_are_not_in_dead_letters_and_renamed_ones_have_their_new_name(sync, sql):
    sql(ORDERS)
    config = {"exclude_fields": ["secret"], "field_mappings": {"day": "due"}}
    sync.ok(**QUERY, transformation_config=json.dumps(config), max_dead_letters="2")
    letters = sync.rows(
        "column_name, TO_JSON_STRING(raw_row)", "t_dead_letters", "JSON_VALUE(raw_row, '$.id')"
    )
    assert [letter[0] for letter in letters] == ["due", "due"]
    for letter in letters:
        assert json.loads(letter[1]).keys() == {"id", "due", "note", "raw", "tags"}
        assert "hidden" not in letter[1]


def test_exactly_the_bad_rows_of_many_splits_and_batches_are_dead(sync, sql):
    sql(
        "CREATE TABLE many AS SELECT g::int8 AS id, date '2024-01-01' AS day, ARRAY[g, g] AS ns"
        " FROM generate_series(1, 30000) AS g"
    )
    sql("UPDATE many SET day = 'infinity' WHERE id % 3 = 0 AND id BETWEEN 9000 AND 9030")
    sql("UPDATE many SET day = '-infinity' WHERE id IN (1, 30000, 15000, 15001)")
    sql("ALTER TABLE many ADD PRIMARY KEY (id)")
    ((count, total),) = sql("SELECT count(*), sum(id) FROM many WHERE isfinite(day)")
    bad = [row[0] for row in sql("SELECT id FROM many WHERE NOT isfinite(day) ORDER BY id")]
    sync.ok(
        postgresql_query="SELECT * FROM many",
        num_splits="4",
        batch_size="997",
        max_dead_letters=str(len(bad)),
    )
    assert sync.rows("COUNT(*), SUM(id), COUNT(DISTINCT id), COUNTIF(ns[OFFSET(0)] = id)") == [
        (count, total, count, count)
    ]
    letters = sync.rows("CAST(JSON_VALUE(raw_row, '$.id') AS INT64)", "t_dead_letters")
    assert [letter[0] for letter in letters] == bad


def test_a_run_of_one_row_bad_in_two_columns_keeps_one_letter_and_makes_the_table(sync, sql):
    """The letter is for the first of them; nothing is published."""
    sql("CREATE TABLE orders AS SELECT 1 AS id, time '24:00' AS a, date 'infinity' AS b")
    sync.ok(**QUERY, max_dead_letters="1")
    assert sync.types() == {"id": "INTEGER", "a": "TIME", "b": "DATE"}
    assert sync.rows() == []
    assert sync.rows("column_name", "t_dead_letters") == [("a",)]
    (run,) = sync.history()
    assert (run["rows_read"], run["rows_dead"]) == (1, 1)


@pytest.fixture
def refused(sync, sql, monkeypatch):
    """Three documents, of which the second is JSON to all but BigQuery's own parser."""
    sql("CREATE TABLE docs (id int8, doc json, s text DEFAULT 'kept')")
    sql("INSERT INTO docs VALUES (1, '{\"a\":1}'), (2, '\"half\"'), (3, 'null'), (4, NULL)")
    conform = pipeline.execution.conform.conform

    def passing(batch, schema, *more):
        found = conform(batch, schema, *more)
        doc = found.batch.column("doc").to_pylist()
        doc = pa.array(['"\\ud83d"' if text == '"half"' else text for text in doc])
        return type(found)(found.batch.set_column(1, "doc", doc), found.dead)

    monkeypatch.setattr(pipeline.execution.conform, "conform", passing)
    return {"postgresql_query": "SELECT * FROM docs"}


def test_checks_are_asked_of_the_rows_without_json_that_bigquery_refuses(sync, refused):
    checks = (
        "{models: [{name: t, data_tests: [dbt_utils.expression_is_true:"
        " {expression: \"IFNULL(JSON_VALUE(doc, '$.a'), '1') = '1'\"}]}]}"
    )
    result = sync(**refused, checks=checks)
    assert result.code == 7, result.err
    assert "column 'doc': JSON that BigQuery does not parse" in result.err
    sync.ok(**refused, checks=checks, max_dead_letters="1")
    assert [row[0] for row in sync.rows("id")] == [1, 3, 4]
    last = sync.history()[-1]
    assert (last["rows_dead"], last["rows_staged"], last["rows_published"]) == (1, 3, 3)
    assert sync.rows("verdict, run_rows", "sync_checks") == [("passed", 3)]
    aside = {"checks": checks.replace("= '1'", "= '2'"), "on_check_failure": "quarantine"}
    aside["write_disposition"] = "WRITE_TRUNCATE"
    assert sync(**refused, **aside, max_dead_letters="3").code == 7
    sync.ok(**refused, **aside, max_dead_letters="4")
    assert sync.rows("id") == []


@pytest.mark.parametrize("disposition", ["WRITE_APPEND", "WRITE_MERGE"])
def test_json_that_only_bigquery_refuses_does_not_keep_the_table_out(sync, refused, disposition):
    keys = "id" if disposition == "WRITE_MERGE" else None
    writing = refused | {"write_disposition": disposition, "merge_keys": keys}
    if not keys:
        result = sync(**writing)
        assert result.code == 7
        assert "column 'doc': JSON that BigQuery does not parse" in result.err
    for _ in range(2 if keys else 1):
        sync.ok(**writing, max_dead_letters="1")
    assert [row[0] for row in sync.rows("id")] == [1, 3, 4]
    last = sync.history()[-1]
    assert (last["rows_dead"], last["rows_staged"], last["rows_published"]) == (1, 3, 3)
    (letter,) = sync.rows("column_name, value, JSON_VALUE(raw_row, '$.id')", "t_dead_letters")
    assert letter == ("doc", '"\\ud83d"', "2")
