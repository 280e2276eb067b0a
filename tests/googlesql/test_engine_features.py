"""The table of language features, and that what BigQuery lacks is refused."""

import pytest

from tests.googlesql import features
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import Finding
from tests.googlesql.resolved import Analysis


def test_each_feature_stands_in_the_table_once_with_its_source() -> None:
    on = [name for names in features.ON.values() for name in names.split()]
    known = features.known()

    assert len(on) == len(set(on)) > 120
    assert set(on) <= set(known)
    assert set(features.REFUSED) <= set(known) - set(on)
    assert [feature.name for feature in features.features()] == list(known)
    assert all(feature.source.startswith(("https:", "not ")) for feature in features.features())


def test_no_feature_is_on_without_a_page_that_says_so() -> None:
    on = [feature for feature in features.features() if feature.is_on]

    assert all(feature.source.startswith("https:") for feature in on)


@pytest.mark.parametrize(
    "name", ["FLOAT32", "INT32", "UINT32", "UINT64", "DOUBLE", "FLOAT", "UUID", "google.type.Date"]
)
def test_types_that_bigquery_lacks_are_refused(googlesql: GoogleSql, name: str) -> None:
    outcome = googlesql.analyze(f"SELECT CAST(NULL AS {name})")

    assert isinstance(outcome, Finding)
    assert outcome.message.startswith("Type not found")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("BIGINT", "INT64"),
        ("BYTEINT", "INT64"),
        ("INTEGER", "INT64"),
        ("DECIMAL", "NUMERIC"),
        ("BIGDECIMAL", "BIGNUMERIC"),
        ("BOOLEAN", "BOOL"),
        ("RANGE<DATE>", "RANGE<DATE>"),
        ("GEOGRAPHY", "GEOGRAPHY"),
        ("STRING(3)", "STRING"),
    ],
)
def test_types_and_their_other_names(googlesql: GoogleSql, name: str, canonical: str) -> None:
    outcome = googlesql.analyze(f"SELECT CAST(NULL AS {name})")

    assert isinstance(outcome, Analysis)
    assert outcome.columns[0].sql == canonical


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT TIMESTAMP '2020-01-01 00:00:00.123456789'",
        "SELECT [1] = [1]",
        "SELECT x FROM UNNEST([JSON '1']) AS x GROUP BY x",
        "SELECT x FROM UNNEST([JSON '1']) AS x ORDER BY x",
        "SELECT 1 LIMIT 1 + 1",
        "SELECT CAST([1] AS ARRAY<STRING>)",
        "SELECT NEW google.type.Date(1 AS year)",
        "SELECT CAST(NULL AS ENUM)",
        "RENAME TABLE a TO b",
        "CREATE TABLE a (b INT64 GENERATED ALWAYS AS (1))",
        "CREATE DATABASE a",
        "SELECT 1 AS qualify",
        "CREATE TABLE a (b INT64) OPTIONS (retention='1')",
    ],
)
def test_what_other_products_have_is_refused(googlesql: GoogleSql, sql: str) -> None:
    assert isinstance(googlesql.analyze(sql), Finding)
