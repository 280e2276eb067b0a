"""GoogleSQL's own messages of values lose the values: BigQuery says the same."""

import pytest

from auto_schema.told import without_row_values

VALUE = "ann@example.com"
EXPRESSIONS = (
    "CAST({} AS INT64)",
    "CAST({} AS BOOL)",
    "CAST({} AS FLOAT64)",
    "CAST({} AS NUMERIC)",
    "CAST({} AS BIGNUMERIC)",
    "CAST({} AS DATE)",
    "CAST({} AS TIME)",
    "DATETIME({})",
    "CAST({} AS TIMESTAMP)",
    "CAST({} AS INTERVAL)",
    "CAST({} AS RANGE<DATE>)",
    "PARSE_DATE('%F', {})",
    "PARSE_NUMERIC({})",
    "PARSE_BIGNUMERIC({})",
    "FROM_HEX({})",
    "TIMESTAMP('2025-01-01', {})",
    "REGEXP_CONTAINS('a', CONCAT('(', {}))",
    "NET.IP_FROM_STRING({})",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_message_is_told_without_the_value_that_it_quotes(googlesql, expression):
    with pytest.raises(Exception, match=VALUE) as refused:
        googlesql.value(expression.format(f"CONCAT('{VALUE}', '')"))
    told = without_row_values(str(refused.value))
    assert VALUE not in told
    assert "sha256 " in told
