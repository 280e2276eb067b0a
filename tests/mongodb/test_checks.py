"""Checks of documents: fields that some lack, and texts that are of several types."""

import datetime as dt

import pytest

NOW = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
CHECKS = """
models:
  - name: t
    columns:
      - name: _id
        data_tests: [not_null, unique]
      - name: code
        data_tests: [accepted_values: {arguments: {values: [a, b]}}]
      - name: n
        data_tests:
          - dbt_utils.accepted_range: {min_value: 0}
          - dbt_utils.not_null_proportion: {at_least: 0.5, config: {scope: table}}
"""


@pytest.mark.parametrize(
    "more", [{}, {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}], ids=["append", "merge"]
)
def test_documents_that_fail_are_kept_back(sync, docs, more):
    docs.insert_many([{"_id": 1, "code": "a", "n": 1}, {"_id": 2, "n": None}, {"_id": 3, "n": 2}])
    words = {"checks": CHECKS} | more
    sync.ok(**words)
    assert sync.rows("_id") == [(1,), (2,), (3,)]
    docs.delete_many({})
    docs.insert_many([{"_id": 4, "code": "c", "n": -1}, {"_id": 5}])
    result = sync(**words)
    assert result.code == 11, result.err
    for told in ("accepted_values_t_code", "accepted_range_t_n"):
        assert f"{told} " in result.err
    assert "not_null_proportion" not in result.err
    assert sync.rows("_id") == [(1,), (2,), (3,)]
    docs.update_one({"_id": 4}, {"$set": {"code": "b", "n": 0}})
    sync.ok(**words)
    assert sync.rows("_id") == [(1,), (2,), (3,), (4,), (5,)]


def test_an_empty_collection_has_no_columns_to_check(sync, docs):
    docs.database.create_collection(docs.name)
    result = sync(checks=CHECKS)
    assert result.code == 4
    assert "there is no document, and so nothing is known of check not_null_t__id" in result.err


def test_a_field_that_no_document_has_any_more_is_checked_as_null(sync, docs):
    docs.insert_one({"_id": 1, "code": "a", "n": 1})
    sync.ok(checks=CHECKS)
    docs.delete_many({})
    docs.insert_one({"_id": 2})
    sync.ok(checks=CHECKS)
    assert sync.rows("_id") == [(1,), (2,)]
