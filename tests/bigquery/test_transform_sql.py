"""transform_sql over a source in BigQuery: in place, and read by workers."""

import json
from decimal import Decimal

import pytest

ROWS = """
CREATE TABLE `{s}.s` (id INT64, code STRING, tags ARRAY<STRING>, part STRUCT<a INT64, b JSON>,
  price NUMERIC(10, 2), updated_at TIMESTAMP);
INSERT INTO `{s}.s` VALUES
  (1, 'a', ['x', 'y'], (1, JSON '{"k": 1}'), 1.25, TIMESTAMP '2025-07-01'),
  (2, NULL, [], NULL, NULL, TIMESTAMP '2025-07-02')
"""
QUERY = (
    "SELECT * EXCEPT (code), ARRAY_LENGTH(tags) AS size, part.a AS a, STRUCT(id AS inner_id) AS s"
    " FROM staged WHERE id != 9"
)
WAYS = {
    "copy": {},
    "query": {"source_bigquery_query": "SELECT * FROM s", "source_bigquery_table": None},
    "merge": {"write_disposition": "WRITE_MERGE", "merge_keys": "id"},
    "rebuild": {"delete_existing_table": "true", "clustering_fields": "size"},
    "smart": {"enable_smart_sync": "true"},
}


def plain(value):
    return str(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("method", ["in_place", "workers"])
@pytest.mark.parametrize("way", WAYS)
def test_rows_are_what_the_query_makes_wherever_they_pass(sync, run, way, method):
    words = WAYS[way] | {"bigquery_read_method": method, "transform_sql": QUERY}
    if "clustering_fields" in words:
        words |= {"enable_auto_schema": "true"}
    run(ROWS)
    sync.ok(**words)
    selected = "id, size, a, price, IF(part IS NULL, NULL, TO_JSON_STRING(part.b)), s.inner_id"
    rows = [(1, 2, 1, "1.25", '{"k":1}', 1), (2, 0, None, None, None, 2)]
    assert [tuple(map(plain, row)) for row in sync.rows(selected)] == rows
    assert "code" not in sync.types()
    run("INSERT INTO `{s}.s` VALUES (9, 'z', [], NULL, 1, TIMESTAMP '2025-07-03')")
    run("INSERT INTO `{s}.s` VALUES (3, 'z', ['u'], NULL, 2, TIMESTAMP '2025-07-04')")
    again = {"write_disposition": "WRITE_TRUNCATE"} if way in ("copy", "query") else {}
    result = sync.ok(**words, **again)
    assert sync.rows("id, size") == [(1, 2), (2, 0), (3, 1)], result.out
    told = json.loads(sync.history()[-1]["verification"])["transform_sql"]
    assert told["rows"] == told["rows_staged"] - 1
    assert not [name for name in sync.tables() if "_staging_" in name or "_result_" in name]


def test_a_ceiling_holds_for_the_query_too(sync, run, sent_jobs):
    run(ROWS)
    sync.ok(transform_sql=QUERY, max_bytes_billed="1000000")
    (made,) = (
        job["configuration"]["query"]
        for job in sent_jobs
        if job["configuration"].get("labels", {}).get("step") == "transform_sql"
    )
    assert made["maximumBytesBilled"] == "1000000"
