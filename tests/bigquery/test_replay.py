"""Dead letters of a BigQuery source: of workers, and of rows that never left BigQuery."""

from decimal import Decimal

import pytest

from tests.sync import PROJECT


def test_a_value_that_was_too_precise_is_published_once_the_column_holds_it(sync, run, dataset):
    run(f"CREATE TABLE `{PROJECT}.{dataset}.t` (id INT64, n NUMERIC(10, 2), tags ARRAY<STRING>)")
    run(
        "CREATE TABLE `{s}.s` AS SELECT 1 AS id, NUMERIC '1.25' AS n, ['a'] AS tags"
        " UNION ALL SELECT 2, NUMERIC '1.255', ['b', 'c']"
    )
    sync.ok(max_dead_letters="1")
    run_id = sync.history()[-1]["run_id"]
    wider = "SELECT id, CAST(n AS NUMERIC) AS n, tags"
    run(f"CREATE OR REPLACE TABLE `{PROJECT}.{dataset}.t` AS {wider} FROM `{PROJECT}.{dataset}.t`")
    result = sync.ok(replay_dead_letters=run_id)
    assert "1 replayed, 0 still dead" in result.out, result.out
    assert sync.rows("id, n, tags") == [
        (1, Decimal("1.25"), ["a"]),
        (2, Decimal("1.255"), ["b", "c"]),
    ]


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_rows_that_failed_a_check_are_published_once_it_was_corrected(sync, run, method):
    run(
        "CREATE TABLE `{s}.s` AS SELECT 1 AS id, 'good' AS note,"
        " TIMESTAMP '2024-01-01 00:00:00.000001+00' AS stamp, DATE '0001-01-01' AS day,"
        " 0.1 AS f, b'\\xff' AS raw, [1, 2] AS numbers, DATETIME '9999-12-31 23:59:59.999999' AS d"
        " UNION ALL SELECT 2, 'bad', TIMESTAMP '2024-01-01 00:00:00.000001+00',"
        " DATE '0001-01-01', 0.1, b'\\xff', [1, 2], DATETIME '9999-12-31 23:59:59.999999'"
    )
    accepted = "{accepted_values: {values: [%s]}}"
    checks = f"models: [{{name: t, columns: [{{name: note, data_tests: [{accepted}]}}]}}]"
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "bigquery_read_method": method}
    merge |= {"max_dead_letters": "1", "on_check_failure": "quarantine"}
    sync.ok(**merge, checks=checks % "good")
    run_id = sync.history()[-1]["run_id"]
    assert len(sync.rows("id")) == 1
    result = sync.ok(**merge, checks=checks % "good, bad", replay_dead_letters=run_id)
    assert "1 replayed, 0 still dead" in result.out, result.out
    first, second = sync.rows("* EXCEPT (id, note)")
    assert first == second
    assert len(first) == 6
