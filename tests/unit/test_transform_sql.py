"""transform_sql in a plan: its text, the columns it makes, its statements, what is refused."""

import pytest

from auto_schema.bigquery_types import BigqueryType
from auto_schema.errors import SyncError
from auto_schema.evolve import CurrentField
from auto_schema.schema import Partitioning
from smart_sync.explain import explain
from smart_sync.plan_json import as_dict
from smart_sync.publish_sql import publish_statement
from smart_sync.request import WriteDisposition
from smart_sync.sql_plan import SqlAnswer, made_by_query
from smart_sync.sql_text import SqlText, query_fault
from smart_sync.sql_tree import computes
from smart_sync.transform_sql import make_result, result_question, tried
from sources.values import Evidence
from tests.factories import COLUMNS, a_plan, a_request, a_target, refused, some_fields

SQL = "SELECT *, DATE(updated_at) AS day FROM staged"
DAY = ("day", BigqueryType("DATE"))


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1 AS a; DROP TABLE t", "it holds a ';'"),
        ("SELECT 1 AS a) AS x, (SELECT 2 AS b", "closes what it doesn't open"),
        ("SELECT (1 AS a", "is not closed"),
        ("SELECT 'a", "is not closed"),
        ("SELECT 1 /* the end", "is not closed"),
        ("-- nothing", "there is nothing in it"),
        ("INSERT INTO t SELECT 1", "it begins with 'INSERT'"),
        ("/* a */ declare x INT64", "it begins with 'DECLARE'"),
        ("MERGE t USING staged", "it begins with 'MERGE'"),
        ("BEGIN SELECT 1", "it begins with 'BEGIN'"),
    ],
)
def test_what_is_no_single_select_is_refused_without_bigquery(sql, why):
    fault = query_fault(sql, "a.sql")
    assert fault is not None
    assert why in fault.why
    assert fault.where == "transform_sql, a.sql"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM staged -- the end",
        "with a AS (SELECT ';)' AS t FROM staged) SELECT * FROM a",
        "FROM staged |> WHERE id > 1",
        "(SELECT * FROM staged) UNION ALL (SELECT * FROM staged)",
        "# first\n/* ; */ SELECT r'\\\\' AS a, `)` FROM staged",
    ],
)
def test_a_single_select_is_none_of_these(sql):
    assert query_fault(sql) is None


def warnings(sql, *, of_window=False):
    return list(SqlText(sql).warnings(of_window=of_window))


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT RAND() AS r, generate_uuid() AS u FROM staged", "RAND, GENERATE_UUID"),
        ("SELECT CURRENT_DATE AS d, CURRENT_TIMESTAMP() AS t", "CURRENT_DATE, CURRENT_TIMESTAMP"),
        ("SELECT SAFE.RAND() AS r FROM staged", "RAND"),
        ("SELECT AEAD.ENCRYPT(k, a, '') AS e FROM staged", "AEAD.ENCRYPT"),
        ("SELECT AI.GENERATE(a) AS g FROM staged", "AI.GENERATE (a model)"),
        ("SELECT d.mask(a) AS m FROM staged", "d.mask (a routine of a dataset)"),
        ("SELECT `p-q.d`.mask(a) AS m FROM staged", "p-q.d.mask (a routine of a dataset)"),
        ("SELECT `p-q.d.mask`(a) AS m FROM staged", "p-q.d.mask (a routine of a dataset)"),
        ("SELECT * FROM staged TABLESAMPLE SYSTEM (10 PERCENT)", "TABLESAMPLE"),
    ],
)
def test_functions_that_give_another_answer_each_time_are_warned_about(sql, names):
    (warning,) = warnings(sql)
    assert warning.startswith(f"transform_sql calls {names}, whose answer may be another")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'RAND()' AS a, `RAND` FROM staged -- RAND()",
        "SELECT s.rand, s.current_date FROM staged AS s /* GENERATE_UUID() */",
        "SELECT AEAD.DECRYPT_STRING(k, a, '') AS d, s.a IN (1) AS b FROM staged AS s",
        "SELECT SAFE.PARSE_DATE('%F', a) AS a, NET.HOST(b) AS b, a.b[OFFSET(0)] AS c FROM staged",
        "SELECT * FROM (SELECT * FROM staged LIMIT 3) WHERE s.a IN (1, 2)",
    ],
)
def test_what_gives_one_answer_is_not_warned_about(sql):
    assert warnings(sql) == []


def test_a_limit_and_groups_of_one_window_are_told():
    assert "has a LIMIT" in warnings("SELECT * FROM staged ORDER BY id LIMIT 5")[0]
    groups = "SELECT id, COUNT(*) AS n FROM staged GROUP BY id"
    assert "those of one run" in warnings(groups, of_window=True)[0]
    assert warnings(groups) == []


@pytest.mark.parametrize(
    ("sql", "is_computed"),
    [
        ("SELECT * FROM staged WHERE at > x", False),
        ("SELECT s.at AS AT FROM staged AS s", False),
        ("SELECT MIN(at) AS at FROM staged", True),
        ("SELECT * REPLACE (TIMESTAMP_TRUNC(at, DAY) AS at) FROM staged", True),
        ("WITH a AS (SELECT id, x AS at FROM staged) SELECT * FROM a", True),
        ("SELECT id, at FROM staged UNION ALL SELECT id, MIN(at) FROM staged GROUP BY id", True),
        ("SELECT id, at FROM staged UNION ALL SELECT id, at FROM staged", False),
        ("SELECT at FROM FROM", True),
    ],
)
def test_a_cursor_that_the_query_computes_is_told_from_one_that_passes(sql, is_computed):
    assert computes(sql, "at") is is_computed


def staged_columns():
    return a_plan().reading.schema.columns


def answer(*fields, without=(), **rest):
    """What a dry run says of a query that lets the staged columns pass, but for some."""
    columns = staged_columns()
    kept = [(c.name, BigqueryType(c.bigquery)) for c in columns if c.name not in without]
    return SqlAnswer(columns, (*kept, *fields), **rest)


def transformed(*fields, without=(), sql=SQL, rest=None, **words):
    request = a_request(sql=sql, **words)
    return a_plan(request, sql=answer(*fields, without=without), **rest or {})


def test_columns_that_pass_keep_what_is_known_of_them_and_others_are_the_querys():
    plan = transformed(DAY)
    assert [c.name for c in plan.reading.schema] == [c.name for c in COLUMNS]
    assert [(c.name, c.source_name, c.bigquery) for c in plan.schema][-2:] == [
        ("updated_at", "updated_at", "TIMESTAMP"),
        ("day", "", "DATE"),
    ]
    assert plan.publishing.way.has_table
    assert plan.fingerprint != transformed(DAY, sql=SQL + " ").fingerprint


def test_the_statements_read_the_query_s_table_and_it_reads_what_was_staged():
    plan = transformed(DAY)
    staging = plan.run.staging
    text = make_result(plan, SQL)
    assert text.startswith(f"CREATE OR REPLACE TABLE {staging.result_table.sql} (")
    assert f"FROM {staging.table.sql}\n)\nSELECT * FROM (\n{SQL}\n)" in text
    assert staging.result_table.sql in publish_statement(plan)
    assert staging.table.sql not in publish_statement(plan)
    assert "`day` DATE" in publish_statement(plan)


def test_the_layout_is_that_of_the_query_s_columns():
    plan = transformed(DAY, auto_schema=True, partition_field="day", partition_given=True)
    assert plan.schema.partitioning == Partitioning("day", "DAY")


def test_a_plan_tells_query_price_and_columns():
    plan = transformed(DAY)
    text = explain(plan)
    assert "    day         DATE  (made by the query)" in text
    assert "    id          INT64  (as staged)" in text
    told = as_dict(plan)["transform_sql"]
    assert told["query"] == SQL
    assert told["columns"][-1] == {
        "name": "day",
        "bigquery_type": "DATE",
        "mode": "NULLABLE",
        "is_made": True,
    }


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ([("f0_", BigqueryType("INT64"))], "a column without a name"),
        ([("ID", BigqueryType("INT64"))], "two columns with one name"),
        ([("_partition_x", BigqueryType("INT64"))], "column name that BigQuery refuses"),
        ([("x", None)], "type without a mapping"),
    ],
)
def test_a_result_that_no_table_can_hold_is_refused(fields, what):
    found = refused(request=a_request(sql=SQL), sql=answer(*fields))
    assert [name for _, name in found] == [what]


MERGE = {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)}
TEXT = BigqueryType("STRING")


@pytest.mark.parametrize(
    ("words", "without", "fields"),
    [
        ({}, ("updated_at",), []),
        ({}, ("updated_at",), [("updated_at", BigqueryType("DATE"))]),
        (MERGE, ("id",), [("id", TEXT)]),
        (MERGE | {"merge_keys": ("line",)}, (), [("line", BigqueryType("INT64"))]),
    ],
)
def test_keys_and_cursor_must_stay_as_they_are(words, without, fields):
    request = a_request(sql=SQL, **words)
    found = refused(request=request, sql=answer(*fields, without=without))
    assert "transform_sql must keep keys and cursor" in [name for _, name in found]


def test_the_result_is_asked_for_rows_whose_keys_and_cursor_nobody_staged():
    plan = transformed(DAY, **MERGE)
    question = result_question(plan)
    assert "SELECT DISTINCT `id`, `updated_at`, TRUE AS" in question
    assert plan.run.staging.result_table.sql in question


def test_a_destination_of_fewer_digits_is_asked_for_values_that_would_be_rounded():
    kept = CurrentField("amount", "NUMERIC", shape=BigqueryType("NUMERIC", parameters=(12, 2)))
    target = a_target(fields=(*some_fields(*COLUMNS), kept))
    plan = transformed(("amount", BigqueryType("NUMERIC")), rest={"target": target})
    assert "ROUND(_smart_sync_result.`amount`, 2)" in result_question(plan)


def test_the_destination_does_not_say_how_columns_are_staged_that_the_query_makes():
    given = answer(DAY, ("note", TEXT), without=("note",))
    assert "day" in made_by_query(given)
    assert "id" not in made_by_query(given)


def test_over_max_bytes_billed_no_plan_is_made():
    request = a_request(sql=SQL, max_bytes_billed=10)
    with pytest.raises(SyncError, match="max_bytes_billed=10"):
        a_plan(request, sql=answer(bytes=11))


def test_the_query_stands_in_lines_of_its_own():
    assert "(\nSELECT 1 AS a -- end\n)" in tried("SELECT 1 AS b", "SELECT 1 AS a -- end")


def test_more_than_max_bytes_billed_by_an_estimate_is_warned_about():
    request = a_request(sql=SQL, max_bytes_billed=10)
    evidence = Evidence(estimated_bytes=6)
    plan = a_plan(request, sql=answer(bytes=5), evidence=evidence)
    assert any("about 11 bytes" in warning for warning in plan.warnings)
    assert not a_plan(request, sql=answer(bytes=4), evidence=evidence).warnings


def test_a_query_that_reads_the_destination_says_so():
    plan = a_plan(a_request(sql=SQL), sql=answer(tables=("my-project.shop.orders",)))
    assert any("my-project.shop.orders itself" in warning for warning in plan.warnings)
