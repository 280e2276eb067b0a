"""BigQuery refuses for a moment, is slow or loses answers: rows arrive all the same, once."""

import threading

import pytest

from tests.fault_rules import Rule, answer, drop, hold, job, slow
from tests.outages import (
    SMART,
    TABLE,
    assert_nothing_is_left,
    assert_whole,
    broken_jobs,
    each_kind,
    kind,
    lost_once,
    seed,
    standing_between,
)

DEAD = {"postgresql_query": "SELECT * FROM s", "max_dead_letters": "1"}
DEAD_ROW = "; INSERT INTO s VALUES (0, 'never', 'infinity')"
ASKED_ALWAYS = {
    "GET /datasets/D",
    "GET /datasets/D/tables/t",
    "GET /datasets/D/tables/sync_runs",
    "POST /datasets/D/tables sync_runs",
    "POST /jobs sync_RUN_event_0",
    "POST /jobs sync_RUN_dead_letters_1",
    "POST /jobs sync_RUN_publish_1",
    "POST /jobs sync_RUN_event_2",
    "POST /queries SELECT runs.* EXCEPT (plan) FROM T AS runs JOIN (SELECT",
}
ASKED_BY_FOLDER = {
    "upload POST /jobs sync_RUN_dead_0_1",
    "upload POST /jobs sync_RUN_stage_0_1",
    "DELETE /datasets/D/tables/_sync_staging_RUN",
}


@pytest.fixture(params=["folder", "bucket"])
def way(request, sync, monkeypatch, dataset):
    """Files go up one by one and through a staging table; or one load job takes them all."""
    if request.param == "bucket":
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("bucket"))
        sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    return request.param


def assert_once(sync, sql):
    """Each row, dead letter and event was written once, and nothing is left."""
    assert_whole(sync, sql, "id > 0")
    assert sync.rows("column_name", "t_dead_letters") == [("changed",)]
    events = [(0, "running"), (2, "succeeded")]
    assert sync.rows("seq, status", "sync_runs") == events
    assert_nothing_is_left(sync)


@pytest.mark.parametrize(
    ("way", "first", "second"),
    [("folder", 403, 500), ("bucket", 429, 503)],
    indirect=["way"],
)
def test_two_transient_answers_to_each_kind_of_request_change_nothing(
    sync, sql, faulty, hasty, way, first, second
):
    sql(TABLE + DEAD_ROW)
    rules = [Rule(answer(status), body=each_kind(1)) for status in (first, second)]
    faulty.add(*rules)
    sync.ok(**DEAD)
    assert_once(sync, sql)
    kinds = {kind(seen) for seen in faulty.seen}
    assert kinds >= ASKED_ALWAYS | (ASKED_BY_FOLDER if way == "folder" else set())
    assert [rule.acted for rule in rules] == [len(kinds)] * 2


@pytest.mark.parametrize(
    ("way", "lost"),
    [("folder", drop(after=True)), ("bucket", answer(503, after=True))],
    ids=["folder-silent", "bucket-503"],
    indirect=["way"],
)
def test_a_lost_answer_of_each_kind_of_request_doubles_nothing(sync, sql, faulty, hasty, way, lost):
    """The service did what it was asked for, and nobody heard of it."""
    sql(TABLE + DEAD_ROW)
    faulty.add(Rule(lost, body=each_kind(1)))
    sync.ok(**DEAD)
    assert_once(sync, sql)


def test_jobs_whose_answers_are_lost_three_times_each_are_found_again(sync, sql, faulty, hasty):
    sql(TABLE + DEAD_ROW)
    jobs = faulty.add(Rule(drop(after=True), method="POST", path=r"/jobs\b", body=each_kind(3)))
    sync.ok(**DEAD)
    assert jobs.acted >= 2 * 6  # 2 events, 2 uploads, dead letters, publishing
    assert_once(sync, sql)


@pytest.mark.parametrize(
    ("lost", "times"), [(lost_once(), 2), (drop(after=True), 1)], ids=["known", "forgotten"]
)
def test_a_large_file_whose_upload_is_cut_at_its_end_is_loaded_once(
    sync, sql, faulty, hasty, monkeypatch, lost, times
):
    """In parts, as files over 10 MB go; the service knows the session still, or no more."""
    monkeypatch.setattr("google.cloud.bigquery.client._MAX_MULTIPART_SIZE", 0)
    sql(TABLE)
    rule = faulty.add(Rule(lost, method="PUT", path="^/upload/", times=times))
    sync.ok(**SMART)
    assert rule.acted == times
    assert_whole(sync, sql)


def test_a_history_of_an_older_version_is_widened_though_the_answer_is_lost(
    sync, sql, faulty, hasty
):
    sql(TABLE)
    sync.ok(**SMART)
    sync.client.query(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN job_project").result()
    lost = Rule(drop(after=True), method="PATCH", path=r"/tables/sync_runs\b", times=1)
    faulty.add(lost)
    sync.ok(**SMART)
    assert lost.acted == 1
    assert [run["status"] for run in sync.history()] == ["succeeded", "succeeded"]


def test_jobs_that_break_again_and_again_fail_the_run_with_the_old_rows(sync, sql, faulty, hasty):
    before = seed(sync, sql)
    broken = broken_jobs(faulty, "publish_[0-9]+")
    result = sync(**SMART, max_retries="2")
    assert (result.code, broken.acted) == (5, 3)
    assert "injected backendError" in result.err
    assert sync.rows() == before
    assert sync.history()[-1]["status"] == "failed"
    assert_nothing_is_left(sync)


def test_a_slow_bigquery_is_waited_for(sync, sql, faulty):
    """Each answer takes longer, and the publishing job's longer than the lease."""
    sql(TABLE)
    faulty.add(Rule(slow(after=4), **job("publish_1")), Rule(slow(after=0.05)))
    sync.ok(**SMART, lock_lease="3s")
    assert_whole(sync, sql)
    (run,) = sync.history()
    assert run["status"] == "succeeded"


def test_a_request_that_is_never_answered_is_given_up_and_sent_again(
    sync, sql, faulty, hasty, monkeypatch
):
    """Each connection stays open and silent; the test lets go of them after 60 s."""
    monkeypatch.setattr("warehouse.client.REQUEST_TIMEOUT_S", 1.0)
    sql(TABLE)
    let_go = threading.Event()
    held = hold(let_go, then=drop())
    rules = [Rule(held, **job(step), times=1) for step in ("stage_0_1", "publish_1")]
    faulty.add(*rules)
    timer = threading.Timer(60, let_go.set)
    timer.daemon = True
    timer.start()
    sync.ok(**SMART)
    assert ([rule.acted for rule in rules], let_go.is_set()) == ([1, 1], False)
    timer.cancel()
    assert_whole(sync, sql)


@pytest.mark.parametrize(
    ("fault", "times"), [(answer(503), 1), (lost_once(), 2)], ids=["503", "lost"]
)
def test_a_transient_fault_of_each_kind_of_request_to_the_bucket_changes_nothing(
    sync, sql, bucket, dataset, hasty, monkeypatch, fault, times
):
    sql(TABLE)
    sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    with standing_between(monkeypatch, "STORAGE_EMULATOR_HOST", bucket) as proxy:
        proxy.add(Rule(fault, body=each_kind(times)))
        sync.ok(**SMART)
    assert_whole(sync, sql)
    assert {seen.method for seen in proxy.seen} >= {"GET", "POST", "PUT", "DELETE"}
