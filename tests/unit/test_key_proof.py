"""Whether the source itself says that the merge keys tell its rows apart."""

from dataclasses import replace

import pytest

from smart_sync.request import WriteDisposition
from tests.factories import COLUMNS, a_plan, a_request, a_source_column, a_target, some_facts

WIDER = (a_source_column("tenant", "int8"), *COLUMNS)
HALF = "tells its rows apart"


def warnings(told_apart, keys=("id",), disposition=WriteDisposition.MERGE):
    request = a_request(write_disposition=disposition, merge_keys=keys)
    facts = some_facts(request, columns=WIDER, target=a_target(exists=False))
    facts = replace(facts, profile=replace(facts.profile, told_apart=told_apart))
    return [text for text in a_plan(request, facts).warnings if HALF in text]


@pytest.mark.parametrize("told_apart", [None, (("id",),), (("tenant", "id"), ("id",))])
def test_nothing_is_said_of_keys_that_are_unique_or_of_what_is_not_known(told_apart):
    assert warnings(told_apart) == []


def test_more_keys_than_a_unique_index_has_are_as_good():
    assert warnings((("id",),), keys=("tenant", "id")) == []


def test_half_a_key_is_told_with_the_whole_one():
    (warning,) = warnings((("tenant", "id"),))
    assert "(it does by tenant, id): rows with one id are taken for versions of one row" in warning
    assert "of which only the newest stays. Where they aren't, merge by tenant, id" in warning


def test_a_table_without_a_unique_index_is_told():
    (warning,) = warnings((), disposition=WriteDisposition.HISTORY)
    assert "(it has no unique index over all of them)" in warning
    assert "add to merge_keys what tells them apart" in warning
    assert "only the newest" not in warning


def alike(kind, **rest):
    request = a_request(write_disposition=WriteDisposition.MERGE, merge_keys=("code",), **rest)
    columns = (a_source_column("code", kind), *COLUMNS)
    facts = some_facts(request, columns=columns, target=a_target(exists=False))
    return [
        text for text in a_plan(request, facts).warnings if "are one key, to BigQuery two" in text
    ]


@pytest.mark.parametrize(
    ("kind", "two"), [("citext.citext", "'A' and 'a'"), ("numeric", "1.0 and")]
)
def test_keys_that_the_source_takes_for_one_and_bigquery_for_two_are_told(kind, two):
    (warning,) = alike(kind)
    assert f"to PostgreSQL {two}" in warning


@pytest.mark.parametrize("kind", ["text", "int8", "uuid", "bpchar"])
def test_nothing_is_said_of_keys_whose_texts_are_as_equal_as_they(kind):
    assert alike(kind) == []
