"""What the run history tells of a run beside its texts, and the views that are asked of it."""

import datetime as dt
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.parameters.version import VERSION
from pipeline.runs.history import FIELDS
from pipeline.runs.history_tables import make_tables
from tests.sync import GRAPH, PROJECT
from warehouse.names import TableRef

SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s", "source_table_for_schema": "s"}
BASE = {"postgresql_query": "SELECT * FROM s", "source_table_for_schema": None}
DEAD_LETTERS = 7
VIEWS = ("sync_lag", "sync_success_daily", "sync_volume_daily")


def ask(sync, select, table="sync_runs", where="TRUE"):
    sql = f"SELECT {select} FROM `{PROJECT}.{sync.dataset}.{table}` WHERE {where}"
    return [tuple(row) for row in sync.client.query_and_wait(sql)]


def stamps(sql, kind):
    sql(f"CREATE TABLE s (id int8 PRIMARY KEY, updated_at {kind})")


TIMES = "window_start_at, window_end_at, window_start_local, window_end_local"


def test_a_window_of_instants_stands_as_timestamps_beside_its_text(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01 12:00:00.25+02')")
    sync.ok(**SMART)
    sync.ok(**SMART)
    (start, end, *local), text = (
        ask(sync, TIMES, "sync_runs_latest", "window_start > '2000'")[0],
        (sync.history()[-1]["window_end"]),
    )
    assert start == dt.datetime(2024, 5, 1, 10, 0, 0, 250_000, dt.UTC)
    assert end == dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    assert local == [None, None]


def test_wall_clock_times_stand_as_they_are_and_as_the_instants_they_were(sync, sql):
    stamps(sql, "timestamp")
    sql("INSERT INTO s VALUES (1, '2024-07-01 09:00')")
    words = SMART | {"source_timezone": "Asia/Tokyo"}
    sync.ok(**words)
    sync.ok(**words)
    start, end, start_local, end_local = ask(sync, TIMES, "sync_runs_latest", "window_start > '2'")[
        0
    ]
    assert start == dt.datetime(2024, 7, 1, 0, 0, tzinfo=dt.UTC)
    assert start_local == dt.datetime(2024, 7, 1, 9, 0)
    assert end_local - end.replace(tzinfo=None) == dt.timedelta(hours=9)


def test_a_window_of_days_ends_with_the_day_and_one_of_numbers_is_no_time(sync, sql):
    stamps(sql, "date")
    sql("INSERT INTO s VALUES (1, '2024-07-01')")
    sync.ok(**SMART)
    sync.ok(**SMART)
    start, _, start_local, _ = ask(sync, TIMES, "sync_runs_latest", "window_start > '2'")[0]
    assert start_local == dt.datetime(2024, 7, 1)
    assert start == dt.datetime(2024, 7, 2, tzinfo=dt.UTC)
    sql("CREATE TABLE n (id int8 PRIMARY KEY, updated_at int8)")
    sql("INSERT INTO n VALUES (1, 7)")
    sync.ok(**SMART | {"source_table_for_schema": "n"}, destination_bigquery_table="n")
    assert ask(sync, TIMES, "sync_runs_latest", "destination LIKE '%.n'") == [(None,) * 4]


def test_phases_are_json_whose_numbers_are_those_of_the_text(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01')")
    sync.ok(**SMART)
    run = sync.history()[-1]
    assert run["timings"] == json.loads(run["seconds"])
    total = "SAFE_CAST(JSON_VALUE(timings, '$.total') AS FLOAT64)"
    assert ask(sync, total, where="seq = 2") == [(run["timings"]["total"],)]
    assert run["started_at"] < run["event_time"]


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_the_process_tells_what_it_has_used(sync, sql, runner):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s SELECT n, '2024-05-01' FROM generate_series(1, 50000) n")
    sync.ok(**SMART, runner=runner)
    run = sync.history()[-1]
    assert 0 < run["cpu_seconds"] < 100
    assert run["peak_memory_bytes"] > 50_000_000
    assert ask(sync, "cpu_seconds", where="seq = 0") == [(None,)]


def test_of_tables_that_share_a_process_none_is_told_its_use(sync, sql):
    stamps(sql, "timestamptz")
    sync.ok(
        destination_bigquery_table=None,
        tables="{defaults: {enable_smart_sync: true}, tables: {public.s: }}",
    )
    (run,) = sync.history()
    assert (run["cpu_seconds"], run["peak_memory_bytes"]) == (None, None)


def test_the_plan_stands_with_the_first_event_and_no_secret_in_it(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01')")
    printed = json.loads(sync.ok(**SMART, plan_only="true", plan_format="json").out)
    sync.ok(**SMART)
    rows = ask(sync, "seq, plan, plan_fingerprint", where="TRUE ORDER BY seq")
    assert [(seq, plan is None) for seq, plan, _ in rows] == [(0, False), (2, True)]
    plan = rows[0][1]
    assert plan["fingerprint"] == rows[0][2] == rows[1][2]
    assert set(plan) == set(printed)
    assert plan["columns"] == printed["columns"]
    assert sync.defaults["postgresql_password"] not in json.dumps(plan)


def test_a_plan_that_is_too_large_says_what_it_leaves_out(sync, sql):
    columns = ", ".join(f"c{n} numeric(12, 3)" for n in range(400))
    sql(f"CREATE TABLE s (id int8 PRIMARY KEY, updated_at timestamptz, {columns})")
    sync.ok(**SMART)
    ((plan,),) = ask(sync, "plan", where="seq = 0")
    assert len(json.dumps(plan)) < 31_000
    assert "columns: 20 of 402" in plan["truncated"]
    assert len(plan["columns"]) == 20


def drop(sync, *names):
    for name in names:
        sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN {name}")


NEW = [name for name, _ in FIELDS[-9:]]


def test_an_older_history_gets_columns_and_views_in_place_and_keeps_its_rows(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01')")
    sync.ok(**SMART)
    drop(sync, *NEW)
    for view in (*VIEWS, "sync_runs_latest"):
        sync.client.delete_table(f"{sync.dataset}.{view}")
    before = ask(sync, "*", where="TRUE ORDER BY seq")
    sync.ok(**SMART)
    first = ask(sync, "* EXCEPT ({})".format(", ".join(NEW)), where="TRUE ORDER BY event_time")[:2]
    assert first == before
    old, new = ask(sync, "window_end_at IS NULL, plan IS NULL", where="seq = 0 ORDER BY event_time")
    assert (old, new) == ((True, True), (False, False))
    assert set(VIEWS) <= sync.tables()


def test_views_are_made_once_and_one_that_was_dropped_stays_away(sync, sql):
    stamps(sql, "timestamptz")
    sync.ok(**SMART)
    sync.client.delete_table(f"{sync.dataset}.sync_lag")
    sync.ok(**SMART)
    assert "sync_lag" not in sync.tables()
    sync.client.delete_table(f"{sync.dataset}.sync_runs_latest")
    sync.ok(**SMART)
    assert set(VIEWS) <= sync.tables()


def test_two_who_bring_a_history_up_to_date_at_once_do_it_once(sync, sql):
    stamps(sql, "timestamptz")
    sync.ok(**SMART)
    drop(sync, *NEW)
    sync.client.delete_table(f"{sync.dataset}.sync_runs_latest")
    table = TableRef(PROJECT, sync.dataset, "sync_runs")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: make_tables(sync.client, table), range(4)))
    assert [field.name for field in sync.table("sync_runs").schema] == [n for n, _ in FIELDS]
    assert len(sync.history()) == 1


def lag(sync):
    return {
        row[0]: row[1:]
        for row in ask(
            sync,
            "destination, complete_until, lag_seconds, failures_in_a_row, last_status",
            "sync_lag",
        )
    }[f"{PROJECT}.{sync.dataset}.t"]


def test_the_views_tell_lag_rate_and_volume(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01'), (2, '2024-05-02')")
    sync.ok(**SMART)
    end = sync.history()[-1]["window_end_at"]
    until, seconds, failures, status = lag(sync)
    assert (until, failures, status) == (end, 0, "succeeded")
    assert 0 <= seconds < 120
    sql("INSERT INTO s VALUES (3, now() - interval '1 second')")
    sql("ALTER TABLE s ADD COLUMN day date DEFAULT 'infinity'")
    for _ in range(2):
        assert sync(**SMART).code == DEAD_LETTERS
    until, _, failures, status = lag(sync)
    assert (until, failures, status) == (end, 2, "failed")
    rate = "runs, succeeded, failed, held_back, success_rate"
    assert ask(sync, rate, "sync_success_daily") == [(3, 1, 2, 0, pytest.approx(1 / 3))]
    volume = "runs, rows_read, rows_published, rows_dead"
    assert ask(sync, volume, "sync_volume_daily") == [(1, 2, 2, 0)]


WAYS = [
    {"runner": None},
    {"runner": GRAPH},
    {"write_disposition": "WRITE_MERGE", "merge_keys": "id"},
    {"verify": "true"},
    {"transform_sql": "SELECT * FROM staged WHERE id > 2"},
    {
        "sync_start": "2024-01-01",
        "sync_end": "2025-01-01",
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
    },
]


@pytest.mark.parametrize("words", WAYS, ids=str)
def test_rows_that_the_filter_leaves_out_are_counted_whatever_the_way(sync, sql, words):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s SELECT n, '2024-05-01' FROM generate_series(1, 5) n")
    sync.ok(**SMART, **words, transformation_config='{"filter": [["id", "<", 4]]}')
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_staged"], run["rows_filtered"]) == (5, 3, 2)


PAGE = Path(__file__).parents[2] / "docs" / "history.md"
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_pages_questions_are_answered(sync, sql):
    stamps(sql, "timestamptz")
    sql("INSERT INTO s VALUES (1, '2024-05-01 09:00+00')")
    sync.ok(**SMART, load_columns="true")
    run = sync.history()[-1]
    answers = []
    for question in QUESTIONS:
        sql = question.replace("shop.orders", f"{sync.dataset}.t")
        sql = sql.replace("shop.", f"{sync.dataset}.").replace("'0.1.0'", f"'{VERSION}'")
        sql = sql.replace("0123456789abcdef", run["plan_fingerprint"])
        answers.append([dict(row) for row in sync.client.query_and_wait(sql)])
    late, rate, days, of_moment, plans, largest, found = answers
    assert [row["id"] for row in found] == [1]
    assert late == []
    assert [(row["runs"], row["rate"]) for row in rate] == [(1, 1.0)]
    assert [row["n_rows"] for row in days] == [1]
    assert [row["run_id"] for row in [*of_moment, *plans, *largest]] == [run["run_id"]] * 3
    assert plans[0]["table_mode"] == run["mode"]
    assert largest[0]["total_seconds"] == run["timings"]["total"]


def test_the_page_names_each_column():
    named = {
        word for line in PAGE.read_text().splitlines() for word in re.findall(r"`(\w+)`", line)
    }
    assert {name for name, _ in FIELDS} <= named
