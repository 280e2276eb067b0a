"""What GoogleSQL answers, run on its reference implementation: see docs/behaviours.md."""

from datetime import datetime
from decimal import Decimal

import pytest
from google.cloud.bigquery import ScalarQueryParameter, SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError


def refused(googlesql, expression, words):
    with pytest.raises(GoogleSqlError, match=words):
        googlesql.value(expression)


def parsed(googlesql, text, mode=""):
    return googlesql.value(f"TO_JSON_STRING(PARSE_JSON('{text}'{mode}))")


ROUND = ", wide_number_mode => 'round'"


def test_parse_json_refuses_numbers_that_any_parser_takes(googlesql):
    refused(googlesql, "PARSE_JSON('67.174118')", "cannot round-trip")
    refused(googlesql, "PARSE_JSON('1e23')", "cannot round-trip")
    assert parsed(googlesql, "67.174118", ROUND) == "67.17411800000001"
    assert googlesql.value(f"FLOAT64(PARSE_JSON('67.174118'{ROUND})) = 67.174118")


def test_a_double_has_one_text_as_json_and_another_as_a_string(googlesql):
    assert parsed(googlesql, "1e23", ROUND) == "9.999999999999999e+22"
    assert googlesql.value("CAST(1e23 AS STRING)") == "1e+23"


def test_integers_within_json_are_exact_to_64_bits(googlesql):
    assert parsed(googlesql, "18446744073709551615") == "18446744073709551615"
    assert parsed(googlesql, "18446744073709551616", ROUND) == "1.8446744073709552e+19"


def test_json_sorts_its_keys_and_keeps_the_first_of_equal_ones(googlesql):
    assert parsed(googlesql, '{"b":1,"a":2,"b":3}') == '{"a":2,"b":1}'


def test_json_drops_trailing_zeros(googlesql):
    assert parsed(googlesql, "1.10") == "1.1"


def test_half_a_surrogate_pair_is_no_json(googlesql):
    refused(googlesql, r"""PARSE_JSON(r'"\ud83d"')""", "surrogate")


def test_years_before_1000_are_written_without_zeros_and_not_read_back(googlesql):
    assert googlesql.value("FORMAT_DATE('%Y-%m-%d', DATE '0001-02-03')") == "1-02-03"
    assert googlesql.value("FORMAT_DATE('%E4Y-%m-%d', DATE '0001-02-03')") == "0001-02-03"
    refused(googlesql, "DATE '1-02-03'", "Invalid DATE")


def test_the_client_library_writes_years_before_1000_without_zeros(googlesql):
    parameter = ScalarQueryParameter("p", "DATETIME", datetime(999, 1, 1))
    sent = parameter.to_api_repr()
    assert sent["parameterValue"] == {"value": "999-01-01T00:00:00.000000"}
    refused(googlesql, "CAST('999-01-01T00:00:00.000000' AS DATETIME)", "Invalid datetime")
    with pytest.raises(ValueError, match="does not match format"):
        ScalarQueryParameter.from_api_repr(sent)


def test_days_are_those_of_a_projects_default_time_zone(googlesql):
    elsewhere = GoogleSql(googlesql.module, "America/New_York")
    noon = "TIMESTAMP '2025-07-22 12:00:00+00'"
    written = f"{noon} > '2025-07-22 11:00:00'"
    for expression in (f"TIMESTAMP_TRUNC({noon}, DAY)", f"FORMAT_TIMESTAMP('%H', {noon})", written):
        assert elsewhere.value(expression) != googlesql.value(expression)
    assert elsewhere.value(f"FORMAT_TIMESTAMP('%H', {noon}, 'UTC')") == "12"


def test_a_cast_to_numeric_rounds_where_a_literal_is_refused(googlesql):
    assert googlesql.value("CAST('1.00000000051' AS NUMERIC)") == Decimal("1.000000001")
    refused(googlesql, "NUMERIC '1.00000000051'", "Invalid NUMERIC")


def test_there_is_no_24_00(googlesql):
    refused(googlesql, "CAST('24:00:00' AS TIME)", "Invalid time")


def test_a_tables_alias_wins_over_a_column_of_its_name(googlesql):
    rows = "FROM (SELECT 1 AS s, 2 AS t) AS s"
    assert googlesql.value(f"(SELECT TO_JSON_STRING(s) {rows})") == '{"s":1,"t":2}'
    assert googlesql.value(f"(SELECT TO_JSON_STRING(s.s) {rows})") == "1"


@pytest.mark.parametrize("word", ["hash", "nulls"])
def test_some_common_words_are_no_names_without_quotes(googlesql, word):
    refused(googlesql, f"(SELECT {word} FROM (SELECT 1 AS `{word}`))", "keyword")
    assert googlesql.value(f"(SELECT `{word}` FROM (SELECT 1 AS `{word}`))") == 1


def test_nan_equals_nothing_not_even_itself(googlesql):
    assert googlesql.value("CAST('nan' AS FLOAT64) = CAST('nan' AS FLOAT64)") is False


def test_both_zeros_are_one_value(googlesql):
    assert googlesql.value("CAST('-0' AS FLOAT64) = 0.0") is True
    zeros = "UNNEST([0.0, CAST('-0' AS FLOAT64)]) AS x"
    assert googlesql.value(f"(SELECT COUNT(DISTINCT x) FROM {zeros})") == 1


def test_an_insert_of_a_sub_query_with_a_with_is_not_run(googlesql):
    tables = {"p.d.t": Table.of([SchemaField("a", "INT64")])}
    query = "SELECT a FROM (WITH w AS (SELECT 1 AS a) SELECT v.a FROM w AS v, w)"
    assert googlesql.query(query).value == 1
    with pytest.raises(GoogleSqlError, match="WITH clauses under subquery in DML"):
        googlesql.modify(f"INSERT INTO `p.d.t` (a) {query}", tables)
