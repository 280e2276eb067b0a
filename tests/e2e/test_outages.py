"""BigQuery doesn't come back: the run ends, says so, and the next one brings every row once."""

import gc

import pytest

from demo.servers import free_port
from tests.fault_rules import Rule, answer, call, drop, job
from tests.outages import (
    SMART,
    TABLE,
    assert_whole,
    run_again,
    seed,
    standing_between,
)

OUTAGE_S = 150
"""What a run may take to give up with max_retries=1, which is 10 s for each call."""


@pytest.fixture(params=["folder", "bucket"])
def way(request, sync, monkeypatch, dataset):
    """Files go up one by one and through a staging table; or one load job takes them all."""
    if request.param == "bucket":
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("bucket"))
        sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    return request.param


def run_into_outage(sync, clock, **parameters):
    """A run that gives up in bounded time: one message, what to do, and nothing of a bug."""
    began = clock.monotonic()
    result = sync(**SMART | {"max_retries": "1"} | parameters)
    assert clock.monotonic() - began < OUTAGE_S
    assert result.code == 5, result.err
    assert "BigQuery" in result.err
    assert "run again" in result.err
    assert "please report" not in result.err
    return result


LAUNCH = {}
STAGED = job("stage_0_1")


@pytest.mark.parametrize(
    ("way", "point"),
    [("bucket", LAUNCH), ("folder", STAGED)],
    ids=["launch", "publishing"],
    indirect=["way"],
)
def test_an_outage_ends_the_run_with_the_old_rows_and_the_next_one_brings_the_new(
    sync, sql, faulty, hasty, way, point
):
    """503 to everything, once the request at that point has got its answer."""
    before = seed(sync, sql)
    outage = Rule(answer(503))
    faulty.add(Rule(call(lambda _: faulty.add(outage), after=True), **point, times=1))
    run_into_outage(sync, hasty)
    assert outage.acted
    assert sync.rows() == before
    run_again(sync, sql, faulty)
    runs = [run["status"] for run in sync.history()]
    assert runs[-1] == "succeeded"
    assert set(runs[:-1]) <= {"failed", "abandoned"}


@pytest.mark.parametrize("way", ["bucket"], indirect=True)
def test_a_publish_job_whose_answer_never_comes_is_settled_by_the_next_run(
    sync, sql, faulty, hasty, way
):
    """The job runs, its answer is lost, and BigQuery answers nothing from then on."""
    seed(sync, sql)
    silence = call(lambda _: faulty.add(Rule(answer(503))), after=True, then=drop())
    faulty.add(Rule(silence, **job("publish_1"), times=1))
    result = run_into_outage(sync, hasty)
    assert_whole(sync, sql)
    run_again(sync, sql, faulty)
    lost, last = sync.history()
    assert (lost["status"], lost["rows_published"]) == ("abandoned", 6)
    assert (last["status"], last["rows_published"]) == ("succeeded", 0)
    assert "nothing was published" not in result.err.lower()


@pytest.mark.parametrize("way", ["folder"], indirect=True)
def test_a_publish_job_that_runs_unseen_is_not_called_failed(sync, sql, faulty, hasty, way):
    """It is taken, and whatever is asked of it later is answered by 503; the rest works."""
    seed(sync, sql)
    deaf = [Rule(answer(503), **job("publish_1")), Rule(answer(503), path="_publish_1")]
    silence = call(lambda _: [faulty.add(rule) for rule in deaf], after=True, then=drop())
    faulty.add(Rule(silence, **job("publish_1"), times=1))
    run_into_outage(sync, hasty)
    assert sync.history()[-1]["status"] == "publishing"
    run_again(sync, sql, faulty)
    lost, last = sync.history()
    assert (lost["status"], lost["rows_published"]) == ("abandoned", 6)
    assert (last["status"], last["rows_published"]) == ("succeeded", 0)


def test_a_publish_job_that_is_never_taken_leaves_the_old_rows_and_is_settled(
    sync, sql, faulty, hasty
):
    """Only the publishing job is refused by 503; the rest of BigQuery works."""
    before = seed(sync, sql)
    rule = faulty.add(Rule(answer(503), **job("publish_1")))
    run_into_outage(sync, hasty)
    assert rule.acted >= 2
    assert sync.rows() == before
    assert sync.history()[-1]["status"] in ("publishing", "failed")
    run_again(sync, sql, faulty)
    assert sync.history()[0]["rows_published"] == 0


def test_a_run_whose_last_event_is_not_taken_says_that_its_rows_are_in_the_table(
    sync, sql, faulty, hasty
):
    seed(sync, sql)
    faulty.add(Rule(answer(503), **job("event_2")))
    result = run_into_outage(sync, hasty)
    assert "its rows are in the table" in result.err
    assert sync.history()[-1]["status"] == "running"
    run_again(sync, sql, faulty)
    lost, last = sync.history()
    assert (lost["status"], lost["rows_published"]) == ("abandoned", 6)
    assert (last["status"], last["rows_published"]) == ("succeeded", 0)


@pytest.mark.parametrize(
    ("way", "method"), [("bucket", "PATCH"), ("folder", "GET")], indirect=["way"]
)
def test_a_run_whose_rows_are_in_the_table_is_not_called_failed(
    sync, sql, faulty, hasty, way, method
):
    """The table is never shown or labelled again once the publishing job is done."""
    sql(TABLE)
    deaf = Rule(answer(503), method=method, path=r"/tables/t\b")
    faulty.add(Rule(call(lambda _: faulty.add(deaf), after=True), **job("publish_1"), times=1))
    result = sync(postgresql_query="SELECT * FROM s", max_retries="1")
    assert deaf.acted
    assert_whole(sync, sql)
    assert "nothing was published" not in result.err.lower()
    (run,) = sync.history()
    assert run["status"] != "failed", run["error"]


@pytest.mark.parametrize("new_rows", [6, 0])
def test_a_run_whose_last_event_is_never_taken_is_no_bug_and_is_settled(
    sync, sql, faulty, hasty, new_rows
):
    seed(sync, sql)
    if not new_rows:
        sql("DELETE FROM s WHERE id > 9")
    rule = faulty.add(Rule(answer(503), **job("event_2")))
    run_into_outage(sync, hasty)
    assert rule.acted
    assert_whole(sync, sql)
    run_again(sync, sql, faulty)
    first, last = sync.history()
    assert first["rows_published"] == new_rows
    assert (last["status"], last["rows_published"]) == ("succeeded", 0)


def test_a_bigquery_that_nobody_serves_is_one_message_in_bounded_time(
    sync, sql, hasty, monkeypatch
):
    sql(TABLE)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{free_port()}")
    result = run_into_outage(sync, hasty)
    assert "BigQuery unreachable" in result.err
    assert "network path" in result.err
    assert "Traceback" not in result.err
    assert sync.tables() == set()


def test_a_bigquery_that_goes_away_for_good_leaves_the_old_rows(sync, sql, faulty, hasty):
    """From the load of the staged rows on, connections are refused."""
    before = seed(sync, sql)
    faulty.add(Rule(call(lambda _: faulty.refuse(), then=drop()), **job("stage_0_1")))
    run_into_outage(sync, hasty)
    assert sync.rows() == before
    run_again(sync, sql, faulty)


@pytest.mark.parametrize(("method", "fault"), [("POST", drop()), ("PUT", answer(503))])
def test_a_bucket_that_takes_no_files_for_good_ends_the_run_with_the_old_rows(
    sync, sql, faulty, bucket, dataset, hasty, monkeypatch, method, fault
):
    """Each upload fails: at its beginning, or at its parts."""
    before = seed(sync, sql)
    sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    with standing_between(monkeypatch, "STORAGE_EMULATOR_HOST", bucket) as proxy:
        rule = proxy.add(Rule(fault, method=method, path="^/upload/"))
        result = sync(**SMART, max_retries="1")
        asked = len(proxy.seen)
        gc.collect()
        assert len(proxy.seen) == asked, "what is left of an upload goes on after the run"
        assert result.code == 5, result.err
        assert "staging failed" in result.err
        assert "temp_location" in result.err
        assert rule.acted > 1
        assert sync.rows() == before
        assert [run["status"] for run in sync.history()] == ["failed"]
        proxy.heal()
        run_again(sync, sql, faulty)
