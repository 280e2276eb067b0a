"""Smart sync end to end: first everything, then only what is new."""

import re

from tests.bodies import steps
from tests.sync import warnings_in

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO orders
SELECT g, 'name ' || g, timestamptz '2024-05-01 12:00+00' + (g / 10) * interval '1 s'
FROM generate_series(1, 1000) AS g
"""
SMART = {
    "enable_smart_sync": "true",
    "postgresql_base_query": "SELECT * FROM orders WHERE updated_at > '{start_timestamp}'"
    " AND updated_at <= '{end_timestamp}' ORDER BY updated_at",
}


def test_a_missing_table_gets_everything_and_the_next_run_only_what_is_new(sync, sql):
    sql(ORDERS)
    first = sync.ok(**SMART)
    assert "1,000 rows read, 1,000 published" in first.out
    sql("INSERT INTO orders VALUES (1001, 'new', '2024-05-02'), (1002, 'newer', '2024-05-03')")
    second = sync.ok(**SMART)
    assert "2 rows read, 2 published" in second.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(1002, 1002)]


def test_a_run_without_new_rows_publishes_nothing(sync, sql, sent_jobs):
    sql(ORDERS)
    sync.ok(**SMART)
    assert "publish" in steps(sent_jobs)
    sent_jobs.clear()
    assert "0 rows read, 0 published" in sync.ok(**SMART).out
    assert set(steps(sent_jobs)) == {"event_0", "event_2"}
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(1000, 1000)]
    assert [run["status"] for run in sync.history()] == ["succeeded", "succeeded"]


def test_rows_of_equal_stamps_at_the_watermark_are_neither_lost_nor_doubled(sync, sql):
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT g, '2024-05-01' FROM generate_series(1, 500) g")
    sync.ok(**SMART)
    sql("INSERT INTO orders SELECT g, '2024-05-02' FROM generate_series(501, 1000) g")
    sync.ok(**SMART)
    sync.ok(**SMART)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(1000, 1000)]


def test_a_users_greater_or_equal_does_not_double_the_watermark_row(sync, sql):
    sql(ORDERS)
    query = SMART["postgresql_base_query"].replace("> '{start", ">= '{start")
    sync.ok(**SMART | {"postgresql_base_query": query})
    sync.ok(**SMART | {"postgresql_base_query": query})
    assert sync.rows("COUNT(*)") == [(1000,)]


def test_microseconds_of_the_watermark_are_kept(sync, sql):
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01 00:00:00.123456')")
    sql("INSERT INTO orders VALUES (2, '2024-05-01 00:00:00.123457')")
    sync.ok(**SMART)
    sql("INSERT INTO orders VALUES (3, '2024-05-01 00:00:00.123458')")
    second = sync.ok(**SMART)
    assert "1 row read, 1 published" in second.out


def test_the_plan_shown_is_the_plan_run_and_writes_nothing(sync, sql, caplog):
    sql(ORDERS)
    shown = sync.ok(**SMART, plan_only="true").out
    assert "(1900-01-01 00:00:00," in shown
    assert sync.tables() == set()
    with caplog.at_level("INFO"):
        sync.ok(**SMART)
    ran = next(r.getMessage() for r in caplog.records if "\nPlan " in r.getMessage())
    assert timeless(ran) == timeless(shown)


def test_a_run_logs_what_will_happen_and_all_warnings_and_no_more(sync, sql, caplog):
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (2000, 'no stamp', NULL)")
    shown = sync.ok(**SMART, plan_only="true", plan_detail=None).out.splitlines()
    assert shown[0].startswith(f"Makes {sync.dataset}.t with ")
    with caplog.at_level("INFO"):
        sync.ok(**SMART, plan_detail=None)
    messages = [record.getMessage() for record in caplog.records]
    (ran,) = [text.splitlines() for text in messages if text.startswith("Makes ")]
    assert [timeless(line) for line in ran[:3]] == [timeless(line) for line in shown[:3]]
    (told,) = warnings_in(caplog)
    assert told.startswith("1 row has NULL in updated_at: ")
    (run,) = sync.history()
    assert ran[3:] == [f"run {run['run_id']}, plan {run['plan_fingerprint']}"]
    assert not any("SELECT" in text for text in messages)


def timeless(plan: str) -> str:
    """A plan's text without what differs between any two runs: clock, run id, fingerprint."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "TIME", plan.strip())
    return re.sub(r"\d{8}t\d{6}[-_][0-9a-f]{8}|Plan [0-9a-f]{16}", "ID", text)


def test_rows_without_a_stamp_are_counted_also_behind_the_users_own_predicate(sync, sql):
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (2000, 'no stamp', NULL), (2001, 'nor here', NULL)")
    built = {"enable_smart_sync": "true", "source_table_for_schema": "orders"}
    for parameters in (SMART, built):
        shown = sync.ok(**parameters, plan_only="true")
        assert "2 rows have NULL in updated_at" in shown.out
