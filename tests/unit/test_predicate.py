"""What of a request decides which rows come, and what doesn't."""

import pytest

from auto_schema.transform import Condition, Transformation
from smart_sync.predicate import of_filter, of_json, of_sql

PLAIN = "SELECT a FROM t WHERE b = 'Eu'"


@pytest.mark.parametrize(
    "same",
    [
        "select a, c + 1 as d from t where b='Eu';",
        "SELECT a -- FROM x\nFROM t /* all */ WHERE b = 'Eu'",
        "SELECT a, (SELECT max(x) FROM u), extract(year FROM c) FROM t WHERE b = 'Eu'",
        "SELECT a[1], CASE WHEN c IS NOT DISTINCT FROM a THEN 1 END FROM t WHERE b = 'Eu'",
    ],
)
def test_columns_comments_and_spaces_are_no_other_rows(same):
    assert of_sql(same, "postgres") == of_sql(PLAIN, "postgres")


@pytest.mark.parametrize(
    "other",
    [
        "SELECT a FROM t WHERE b = 'EU'",
        "SELECT a FROM t WHERE b = $$Eu$$ AND c",
        "SELECT a FROM t",
        "SELECT DISTINCT a FROM t WHERE b = 'Eu'",
        "SELECT a FROM ONLY t WHERE b = 'Eu'",
        "SELECT a FROM t JOIN u USING (a) WHERE b = 'Eu'",
        f"{PLAIN} LIMIT 5",
        f"{PLAIN} GROUP BY a HAVING count(*) > 1",
        f"{PLAIN} UNION ALL SELECT a FROM u",
        f"WITH t AS (SELECT 1 AS a, 'Eu' AS b) {PLAIN}",
    ],
)
def test_all_that_decides_about_rows_counts(other):
    assert of_sql(other, "postgres") != of_sql(PLAIN, "postgres")


def test_a_query_that_cannot_be_cut_into_words_counts_whole():
    assert of_sql("SELECT a FROM t WHERE b = 'x\n  y", "postgres").startswith("SELECT a FROM t")


@pytest.mark.parametrize(
    "whole",
    ['SELECT * FROM "a"."b"', "select x, y from my-project.d.t", "SELECT * FROM `p.d.t`;", ""],
)
def test_a_table_as_it_is_leaves_nothing_out(whole):
    assert of_sql(whole, "bigquery") == ""


@pytest.mark.parametrize("part", ["FROM ONLY t", "FROM t LIMIT 5", "FROM a, b"])
def test_a_part_of_a_table_leaves_rows_out(part):
    assert of_sql(f"SELECT a {part}", "postgres")


def test_text_that_is_no_json_counts_as_it_is():
    assert of_json("{a:\n 1}") == "{a: 1}"


def test_conditions_count_in_any_order():
    one, two = Condition("a", "=", 1), Condition("b", "in", ("x", "y"))
    both = of_filter(Transformation(row_filter=((one, two),)))
    assert both == of_filter(Transformation(row_filter=((two, one),)))
    assert both != of_filter(Transformation(row_filter=((one,), (two,))))
    assert of_filter(Transformation(select_fields=("a",))) == ""
