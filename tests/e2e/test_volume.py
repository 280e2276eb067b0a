"""volume_check beside the run history: whole runs."""

import json

import pytest

from tests.sync import PROJECT

SOURCE = {"source_table_for_schema": "public.orders", "write_disposition": "WRITE_TRUNCATE"}
AGAIN = """
INSERT INTO {history}
SELECT runs.* REPLACE (
  CONCAT(run_id, CAST(n AS STRING)) AS run_id,
  TIMESTAMP_SUB(event_time, INTERVAL n DAY) AS event_time)
FROM {history} AS runs CROSS JOIN UNNEST(GENERATE_ARRAY(1, {days})) AS n
WHERE seq = 2
"""


@pytest.fixture
def days(sync, sql):
    """A table of ten rows that was replaced once a day."""
    sql("CREATE TABLE orders (id int8)")
    sql("INSERT INTO orders SELECT generate_series(1, 10)")
    sync.ok(**SOURCE)

    def run(count):
        history = f"`{PROJECT}.{sync.dataset}.sync_runs`"
        sync.client.query_and_wait(AGAIN.format(history=history, days=count))

    return run


def test_a_run_that_brings_far_fewer_rows_than_ever_publishes_nothing(sync, sql, days):
    days(7)
    sync.ok(**SOURCE, volume_check="error")
    assert json.loads(sync.history()[-1]["verification"])["volume"] == {
        "is_odd": False,
        "runs": 8,
        "expected": "5 to 20 rows, by 8 runs of these hours",
    }
    sql("DELETE FROM orders WHERE id > 2")
    result = sync(**SOURCE, volume_check="error")
    assert result.code == 11, result.out
    assert "the run read 2 rows; expected are 5 to 20 rows" in result.err
    assert len(sync.rows()) == 10
    assert sync.history()[-1]["status"] == "checks_failed"


def test_no_rows_where_there_never_were_none_end_the_run(sync, sql, days):
    """Which other tools call a success."""
    days(7)
    sql("DELETE FROM orders")
    result = sync(**SOURCE, volume_check="error")
    assert result.code == 11, result.out
    assert "the run read 0 rows" in result.err
    assert len(sync.rows()) == 10


def test_odd_rows_are_told_and_published_when_it_only_warns(sync, sql, days, caplog):
    days(7)
    sql("DELETE FROM orders WHERE id > 2")
    sync.ok(**SOURCE, volume_check="warn")
    assert "volume_check: 2 rows read; expected are 5 to 20 rows" in caplog.text
    assert len(sync.rows()) == 2


def test_without_seven_runs_nothing_is_judged(sync, sql, days):
    days(5)
    plan = sync.ok(**SOURCE, volume_check="error", plan_only="true").out
    assert "volume       error unless not judged: 6 runs of these hours so far" in plan
    sql("DELETE FROM orders")
    sync.ok(**SOURCE, volume_check="error")
