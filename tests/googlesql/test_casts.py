"""Casts of type_casts mean what GoogleSQL's CAST means, for all values that they take."""

import math

import pytest
from google.cloud.bigquery import SchemaField
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auto_schema.casts import CASTS
from auto_schema.masks import is_maskable
from auto_schema.typed_values import ARROW
from tests import plain_transformations as plain
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.plain_transformations import REFUSED, VALUES

NAME = "my-project.shop.t"
OF_BINARY = [("FLOAT64", "NUMERIC"), ("FLOAT64", "BIGNUMERIC")]
"""CAST writes out the double's binary value, type_casts the shortest number that means it."""
ALIKE = [pair for pair in CASTS if pair not in OF_BINARY]
UNHURRIED = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def asked(googlesql: GoogleSql, kind: str, values: list, sql: str) -> list:
    fields = [SchemaField("n", "INT64"), SchemaField("v", kind)]
    table = Table.of(fields, list(enumerate(values)))
    answer = googlesql.query(f"SELECT {sql} FROM `{NAME}` ORDER BY n", {NAME: table})
    return [row[0] for row in answer.rows]


def alike(one, other) -> bool:
    both_nan = isinstance(one, float) and math.isnan(one) and math.isnan(other)
    return both_nan or one == other


@pytest.mark.parametrize("pair", ALIKE, ids="-".join)
@UNHURRIED
@given(st.data())
def test_what_a_cast_takes_it_makes_the_same_of_as_googlesql(googlesql, pair, data):
    source, target = pair
    drawn = data.draw(st.lists(VALUES[source], min_size=8, max_size=30))
    pairs = [(value, plain.cast(value, source, target)) for value in drawn]
    taken = [(value, wanted) for value, wanted in pairs if wanted is not REFUSED]

    found = asked(googlesql, source, [value for value, _ in taken], f"CAST(v AS {target})")

    wrong = [
        (value, wanted, theirs)
        for (value, wanted), theirs in zip(taken, found, strict=True)
        if not alike(wanted, theirs)
    ]
    assert wrong == []


@pytest.mark.parametrize("pair", OF_BINARY, ids="-".join)
@UNHURRIED
@given(st.data())
def test_a_double_can_be_had_again_from_the_decimal_that_it_becomes(googlesql, pair, data):
    source, target = pair
    drawn = data.draw(st.lists(VALUES[source], min_size=8, max_size=30))
    taken = [v for v in drawn if plain.cast(v, source, target) is not REFUSED]
    decimals = [plain.cast(value, source, target) for value in taken]

    assert asked(googlesql, target, decimals, "CAST(v AS FLOAT64)") == taken


HASHED = [kind for kind in ARROW if is_maskable(kind, "sha256")]


@pytest.mark.parametrize("kind", HASHED)
@UNHURRIED
@given(st.data())
def test_the_sql_of_the_documents_gives_the_same_hash(googlesql, kind, data):
    values = data.draw(st.lists(VALUES[kind], min_size=5, max_size=20))
    value = "v" if kind == "BYTES" else "CAST(CAST(v AS STRING) AS BYTES)"
    sql = f"TO_HEX(SHA256(CONCAT(b'pepper', {value})))"

    wanted = [plain.masked(value, kind, "sha256", "pepper") for value in values]
    assert asked(googlesql, kind, values, sql) == wanted
