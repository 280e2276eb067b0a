"""transformation_config on rows of BigQuery: workers do it, whatever way was planned."""

import datetime as dt
import json
from decimal import Decimal

import pytest

CONFIG = {
    "type_casts": {"amount": "STRING", "at": "DATE", "name": "BYTES"},
    "default_values": {"amount": "none"},
    "constants": {"tenant": "acme"},
    "mask": {"mail": "sha256", "price": "redact"},
    "filter": [["id", "<", 3]],
}
ROWS = """
CREATE TABLE `{s}.s` (id INT64, name STRING, mail STRING, amount BIGNUMERIC, price NUMERIC(10, 2),
  `at` DATETIME, doc JSON) AS
SELECT 1, 'ann', 'ann@x.org', BIGNUMERIC '1.50', NUMERIC '2.25', DATETIME '2024-01-02 23:30:00',
  JSON '{"a":1}'
UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL
UNION ALL SELECT 3, 'eve', 'eve@x.org', BIGNUMERIC '2', NUMERIC '3', DATETIME '2024-01-02', NULL"""


def config(**words):
    return {"transformation_config": json.dumps(words)}


def test_auto_takes_workers_and_says_why(sync, run):
    run(ROWS)
    plan = json.loads(sync.ok(**config(**CONFIG), plan_only="true", plan_format="json").out)
    assert plan["reading"]["method"] == "workers"
    assert "type_casts, default_values, constants, mask, filter" in plan["reading"]["reason"]
    sync.ok(**config(**CONFIG))
    rows = sync.rows("id, name, mail IS NULL, amount, price, `at`, tenant")
    assert rows == [
        (1, b"ann", False, "1.5", "REDACTED", dt.date(2024, 1, 2), "acme"),
        (2, None, True, "none", None, None, "acme"),
    ]
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_staged"], run["rows_filtered"]) == (3, 2, 1)


def test_in_place_is_refused_with_the_reason(sync, run):
    run(ROWS)
    result = sync(**config(**CONFIG), bigquery_read_method="in_place")
    assert result.code == 2
    assert "a transformation in place" in result.err


@pytest.mark.parametrize("method", ["auto", "in_place"])
def test_renaming_and_leaving_out_stay_in_place(sync, run, method):
    run(ROWS)
    words = config(field_mappings={"id": "key"}, exclude_fields=["doc"])
    plan = json.loads(
        sync.ok(**words, bigquery_read_method=method, plan_only="true", plan_format="json").out
    )
    assert plan["reading"]["method"] == "in_place"


def test_verify_proves_what_is_not_changed(sync, run):
    run(ROWS)
    sync.ok(**config(**CONFIG), verify="true")
    found = json.loads(sync.history()[-1]["verification"])
    assert found["compared"] == ["id", "doc"]
    assert found["rows"] == 2


def test_a_cast_that_fails_is_a_dead_letter(sync, run):
    run(ROWS)
    words = config(type_casts={"amount": "INT64"})
    sync.ok(**words, max_dead_letters="1")
    assert sync.rows("id, amount") == [(2, None), (3, 2)]
    (letter,) = sync.rows("column_name, value", "t_dead_letters")
    assert (letter[0], Decimal(letter[1])) == ("amount", Decimal("1.5"))


def test_a_default_that_the_sources_own_type_would_round_is_told(sync, run):
    run("CREATE OR REPLACE TABLE `{s}.s` (id INT64, n NUMERIC(5, 2))")
    run("INSERT INTO `{s}.s` VALUES (1, NULL)")
    result = sync(transformation_config=json.dumps({"default_values": {"n": 1.239}}))
    assert result.code == 4, result.out
    assert "a default value that doesn't fit" in result.err
