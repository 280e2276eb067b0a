"""A run that died is settled by the next one before MAX is read, wherever it died."""

import pytest
from google.cloud import bigquery

from tests.days import (
    SMART,
    assert_seed,
    assert_whole,
    lapse,
    make_days,
    runs,
    staging_tables,
    statuses,
)
from tests.fault_proxy import fault_proxy
from tests.fault_rules import Rule, answer, call, drop, error_body, job
from tests.processes import PATIENCE_S, Gate, until

DUPLICATE = 409
FOLDER = pytest.mark.parametrize("way", ["folder"], indirect=True)
BUCKET = pytest.mark.parametrize("way", ["bucket"], indirect=True)


@pytest.fixture
def die(sync, sql, start, proxy):
    """A run that is killed where a gate holds it; its event and its gate."""

    def begin(step, *, after=False):
        make_days(sync, sql)
        gate = Gate(proxy, after=after, **job(step))
        run = start(**SMART)
        gate.wait(run)
        run.kill()
        lapse(sync)
        return runs(sync)[0]["run_id"], gate

    return begin


def publish_jobs(sync, run_id):
    """(id, step label, whether it failed) of a run's publishing jobs as BigQuery knows them."""
    jobs = [each for each in sync.client.list_jobs() if f"{run_id}_publish_" in each.job_id]
    return [
        (job.job_id.rpartition("_")[2], job.labels["step"], bool(job.error_result))
        for job in sorted(jobs, key=lambda job: job.job_id)
    ]


def assert_settled(sync, sql, run_id, staged, *, published):
    """The dead run's last event is true, nothing of it is left, and each row is there once."""
    dead, last = runs(sync)
    assert dead["run_id"] == run_id
    assert (dead["status"], dead["exit_code"]) == ("abandoned", 6)
    assert dead["rows_published"] == published
    assert run_id in dead["error"]
    told = "its rows are in the table" if published else "Nothing of it was published"
    assert told in dead["error"]
    assert (last["status"], last["rows_published"]) == ("succeeded", 6 - published)
    assert_whole(sync, sql)
    assert staged() == []
    assert staging_tables(sync) == []


@BUCKET
def test_a_run_that_died_before_publishing_is_burnt_and_cleared(sync, sql, die, way):
    run_id, gate = die("publish_1")
    assert_seed(sync)
    sync.ok(**SMART)
    assert publish_jobs(sync, run_id) == [("1", "burnt", False)]
    gate.open()  # its request arrives late
    assert_settled(sync, sql, run_id, way, published=0)


@BUCKET
def test_a_run_that_died_after_publishing_has_published(sync, sql, die, way):
    run_id, _ = die("event_2")
    assert_whole(sync, sql)
    assert statuses(sync) == ["running"]
    sync.ok(**SMART)
    assert publish_jobs(sync, run_id) == [("1", "publish", False)]
    assert_settled(sync, sql, run_id, way, published=6)
    assert runs(sync)[0]["publish_job"] == f"sync_{run_id}_publish_1"


@BUCKET
def test_a_run_whose_publishing_still_runs_is_waited_for(sync, sql, die, way, watched, proxy):
    """The job is known and runs; its rows come only while the next run waits."""
    run_id, gate = die("publish_1")
    name = f"sync_{run_id}_publish_1"
    (sent,) = [seen for seen in proxy.seen if gate.rule.matches(seen)]

    def running(seen):
        if "/queries/" in seen.path:
            return {"jobReference": sent.body["jobReference"], "jobComplete": False}
        return sent.body | {"status": {"state": "RUNNING"}, "statistics": {"creationTime": "1"}}

    def finished(_):
        gate.open()
        until(lambda: sent.forwarded)
        until(lambda: sync.client.get_job(name).state == "DONE")

    known = watched.add(Rule(answer(DUPLICATE, "duplicate"), path="/jobs", body='"SELECT 1"'))
    looks = watched.add(
        Rule(answer(200, body=running), method="GET", path=name, times=3),
        Rule(call(finished), method="GET", path=name, times=1),
    )
    sync.ok(**SMART)
    assert (known.acted, looks.acted) == (1, 1)
    assert sent.forwarded == 200
    assert publish_jobs(sync, run_id) == [("1", "publish", False)]
    assert_settled(sync, sql, run_id, way, published=6)


@FOLDER
def test_after_a_failed_attempt_the_next_ones_id_is_burnt(sync, sql, start, proxy, way):
    """The run's first job ended with an error; it died when it was to send the second."""
    make_days(sync, sql)
    fault = error_body(503, "backendError")["error"]["errors"][0]
    done = {"status": {"state": "DONE", "errorResult": fault, "errors": [fault]}, "statistics": {}}
    sent = []

    def broken(seen):
        """A job that fails takes its place; the run is told of a fault of BigQuery's own."""
        sent.append(seen.body)
        fail_as(sync.client, seen.body)
        return seen.body | done

    proxy.add(
        Rule(answer(200, body=broken), **job("publish_1"), times=1),
        Rule(answer(200, body=lambda _: sent[0] | done), method="GET", path="publish_1"),
    )
    gate = Gate(proxy, **job("publish_2"))
    dying = start(**SMART)
    gate.wait(dying)
    dying.kill()
    lapse(sync)
    run_id = runs(sync)[0]["run_id"]
    sync.ok(**SMART)
    assert publish_jobs(sync, run_id) == [("1", "publish", True), ("2", "burnt", False)]
    gate.open()
    assert_settled(sync, sql, run_id, way, published=0)


def fail_as(client, body):
    """A job that fails, in the place of another: with its id and labels."""
    config = bigquery.QueryJobConfig(labels=body["configuration"]["labels"])
    name = body["jobReference"]["jobId"]
    client.query("SELECT ERROR('broken')", config, job_id=name, job_retry=None).exception(
        timeout=PATIENCE_S
    )


@FOLDER
def test_a_run_that_dies_while_it_settles_is_followed_by_one_that_settles_again(
    sync, sql, die, start, target, way
):
    """It died when it had burnt the id, and had told nobody; tests/seam dies everywhere else."""
    run_id, late = die("publish_1")
    with fault_proxy(target.url) as between:
        gate = Gate(between, after=True, method="POST", path="/jobs", body='"SELECT 1"')
        second = start(**SMART, through=between)
        gate.wait(second)
        second.kill()
    assert statuses(sync) == ["running"]
    assert sync(**SMART).code == 6
    lapse(sync)
    sync.ok(**SMART)
    late.open()
    assert publish_jobs(sync, run_id) == [("1", "burnt", False)]
    assert_settled(sync, sql, run_id, way, published=0)


@FOLDER
def test_a_lost_answer_to_the_burning_job_is_found_again(sync, sql, die, way, watched):
    run_id, gate = die("publish_1")
    rule = watched.add(Rule(drop(after=True), path="/jobs", body='"SELECT 1"', times=1))
    sync.ok(**SMART)
    gate.open()
    assert rule.acted == 1
    assert publish_jobs(sync, run_id) == [("1", "burnt", False)]
    assert_settled(sync, sql, run_id, way, published=0)


@FOLDER
def test_many_dead_runs_are_all_settled(sync, sql, start, proxy, way):
    """Two died one after the other, the second one before it had settled the first."""
    make_days(sync, sql)
    gates = []
    for step in ("publish_1", "stage_0_1"):
        gates.append(Gate(proxy, **job(step)))
        dying = start(**SMART)
        gates[-1].wait(dying)
        dying.kill()
        lapse(sync)
    sync.ok(**SMART)
    assert statuses(sync) == ["abandoned", "abandoned", "succeeded"]
    for gate in gates:
        gate.open()
    assert_whole(sync, sql)
    assert way() == []
    assert staging_tables(sync) == []


def test_dead_runs_of_other_tables_are_left_alone(sync, sql, die):
    run_id, _ = die("publish_1")
    sync.ok(**SMART, destination_bigquery_table="u")
    assert statuses(sync) == ["running", "succeeded"]
    assert publish_jobs(sync, run_id) == []
