"""Events of many runs in one INSERT, on the local BigQuery: each stands once, whatever happens."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auto_schema.errors import ConfigError, TargetError
from pipeline.cli import new_run_id
from pipeline.runs.history import planning_failure
from pipeline.runs.history_tables import make_tables
from pipeline.runs.joint_events import JointEvents, fence_events
from pipeline.runs.lock import Lock
from pipeline.runs.settle import Settler
from tests.factories import a_request
from tests.fault_rules import Rule, answer, drop
from tests.processes import Gate, until
from tests.sync import PROJECT
from warehouse.client import make_client
from warehouse.names import Endpoints, TableRef

JOINT = {"method": "POST", "body": "_events_"}
BURNT = 409


class Launch:
    """Six runs of one launch, which write their events through a proxy."""

    def __init__(self, client, dataset, proxy):
        self.batch, *runs = (new_run_id(datetime.now(UTC)) for _ in range(7))
        self.runs = sorted(runs)
        self.table = TableRef(PROJECT, dataset, "sync_runs")
        self.client = make_client(PROJECT, "US", Endpoints(bigquery=proxy.url), 0)
        self.beside, self.proxy, self.events = client, proxy, JointEvents(self.batch)
        make_tables(client, self.table)

    def event(self, run_id, **more):
        request = a_request(destination=replace(self.table, table="t"))
        request = replace(request, run=replace(request.run, batch_id=self.batch))
        error = ConfigError("what", "where", "why", "fix")
        row = planning_failure(request, run_id, error, datetime.now(UTC))
        return row | {"job_project": PROJECT, "job_location": "US"} | more

    def write(self, row):
        """What the writer of an event is told, also where that is an error."""
        try:
            return self.events.append(self.client, self.table, row)
        except TargetError as error:
            return error

    def written(self, rows=None, meanwhile=lambda: None):
        """What each writer is told; all but the first have waited while that was in flight."""
        rows = rows or [self.event(run_id) for run_id in self.runs]
        gate = Gate(self.proxy, method="POST", body=f"sync_{rows[0]['run_id']}_event_")
        with ThreadPoolExecutor(len(rows)) as pool:
            told = [pool.submit(self.write, rows[0])]
            gate.wait()
            told += [pool.submit(self.write, row) for row in rows[1:]]
            (history,) = self.events._histories.values()
            until(lambda: history._group.waiting == len(rows) - 1)
            gate.open()
            meanwhile()
        return [one.result() for one in told]

    @property
    def stand(self):
        """Run and status of each event, in order."""
        sql = f"SELECT run_id, status FROM {self.table.sql} ORDER BY run_id, status"
        return [tuple(row) for row in self.beside.query_and_wait(sql)]

    @property
    def all_failed(self):
        return [(run_id, "failed") for run_id in self.runs]

    @property
    def joint_jobs(self):
        rule = Rule(drop(), **JOINT)
        return [seen for seen in self.proxy.seen if rule.matches(seen)]


@pytest.fixture
def launch(client, dataset, proxy):
    return Launch(client, dataset, proxy)


def test_events_that_wait_for_one_are_written_by_one_job(launch):
    assert launch.written() == [True] * 6
    assert launch.stand == launch.all_failed
    assert len(launch.joint_jobs) == 1
    again = [launch.write(launch.event(run_id)) for run_id in launch.runs]
    assert again == [False] * 6
    assert launch.stand == launch.all_failed


def test_an_event_that_is_refused_is_its_own_runs_fault(launch):
    rows = [launch.event(run_id) for run_id in launch.runs]
    rows[3]["rows_read"] = "many"
    told = launch.written(rows)
    assert isinstance(told.pop(3), TargetError)
    assert told == [True] * 5
    assert launch.stand == [one for one in launch.all_failed if one[0] != launch.runs[3]]


@pytest.mark.parametrize("after", [True, False], ids=["arrived", "never arrived"])
def test_a_joint_job_whose_answer_is_lost_stands_once(launch, after):
    launch.proxy.add(Rule(drop(after=after), times=1, **JOINT))
    assert launch.written() == [True] * 6
    assert launch.stand == launch.all_failed


def test_where_nobody_can_tell_each_is_told_and_no_event_is_doubled(launch):
    """BigQuery has the job, and then answers nothing about it."""

    def is_of_joint_job(seen):
        return f"{launch.batch}_events" in f"{seen.path} {seen.body}"

    silent = Rule(answer(503), path="/jobs", body=is_of_joint_job)
    launch.proxy.add(Rule(drop(after=True), times=1, **JOINT), silent)
    first, *others = launch.written()
    assert first is True
    assert all(isinstance(told, TargetError) for told in others)
    launch.proxy.heal()
    again = launch.write(launch.event(launch.runs[1]))
    assert "may be on its way" in str(again)
    assert launch.stand == launch.all_failed


def test_no_joint_event_of_a_run_arrives_after_it_was_settled(launch):
    """The launch sleeps with its job on the way, and another takes one of its tables over."""
    gate, taken = Gate(launch.proxy, **JOINT), launch.runs[2]
    lock = Lock(
        launch.beside, replace(launch.table, table="t"), new_run_id(datetime.now(UTC)), HOUR
    )
    lock.acquire()

    def settle():
        gate.wait()
        dead = launch.event(taken, seq=0, status="running")
        Settler(launch.beside, launch.table, lock, Endpoints()).settle([dead])
        gate.open()

    told = launch.written(meanwhile=settle)
    assert told == [True, True, False, True, True, True]
    assert [run_id for run_id, status in launch.stand if status == "abandoned"] == [taken]
    assert [run_id for run_id, _ in launch.stand] == launch.runs
    count = len(launch.joint_jobs)
    later = [launch.write(launch.event(f"{run_id}x")) for run_id in launch.runs]
    assert later == [True] * 6
    assert len(launch.joint_jobs) == count  # each by itself from then on


HOUR = timedelta(hours=1)


def test_a_run_whose_last_event_came_before_it_could_be_settled_ended_by_itself(launch):
    lock = Lock(
        launch.beside, replace(launch.table, table="t"), new_run_id(datetime.now(UTC)), HOUR
    )
    lock.acquire()
    launch.written()
    dead = launch.event(launch.runs[2], seq=0, status="running")
    Settler(launch.beside, launch.table, lock, Endpoints()).settle([dead])
    assert launch.stand == launch.all_failed


@pytest.mark.parametrize("jobs", [0, 1, 2, 5])
def test_a_fence_stands_behind_the_last_joint_job_whatever_their_number(launch, jobs):
    for number in range(jobs):
        rows = [launch.event(f"{run_id}-{number}") for run_id in launch.runs[:3]]
        assert launch.written(rows) == [True] * 3
    for _ in range(2):
        fence_events(launch.beside, launch.table, launch.event(launch.runs[0]))
    assert len(launch.joint_jobs) == jobs
    assert launch.written([launch.event(run_id) for run_id in launch.runs[:3]]) == [True] * 3
    assert launch.joint_jobs[jobs].status == BURNT
    assert [one for one in launch.stand if one in launch.all_failed] == launch.all_failed[:3]


@pytest.fixture
def closed(launch):
    """Close while a joint job is on its way, and write an end: told (of that, of the others)."""

    def closed(gate):
        told = []

        def close():
            gate.wait()
            launch.events.close()
            told.append(launch.write(launch.event(launch.runs[1], status="killed")))
            gate.open()

        others = launch.written(meanwhile=close)
        return told[0], others

    return closed


def test_who_closes_while_a_job_is_on_the_way_knows_that_it_never_arrives(launch, closed):
    ended = launch.runs[1]
    assert closed(Gate(launch.proxy, **JOINT)) == (True, [True, False, True, True, True, True])
    assert (ended, "killed") in launch.stand
    assert [run_id for run_id, _ in launch.stand] == launch.runs


def test_who_closes_after_a_job_has_arrived_knows_what_stands(launch, closed):
    assert closed(Gate(launch.proxy, after=True, **JOINT)) == (False, [True] * 6)
    assert launch.stand == launch.all_failed
