"""A table that waits past its lease for its turn, and another launch that comes between."""

import contextlib
from dataclasses import dataclass, replace

import pytest
from google.api_core.exceptions import Conflict, Forbidden

from auto_schema.errors import RunInProgressError
from pipeline.destination.target import read_table
from pipeline.execution.certain_end import certain_end
from pipeline.execution.launched_table import taken_up
from pipeline.execution.report import report
from pipeline.publish.publisher import Publisher
from pipeline.runs.lock import Lock
from pipeline.runs.outcome import Outcome
from pipeline.runs.turn import came_between
from smart_sync.facts import DatasetFacts
from tests.seam.service import client_of
from tests.seam.world import LEASE, A, B, C, KilledError, World, no_real_time, the_plan

REQUESTS = 17
"""More than a turn and what follows it send: looks at the destination and for a job among them."""
PUBLISHES = 9
"""Before it B sends nothing that changes the destination."""
COMES = [(killed_at, "sync_runs") for killed_at in (None, *range(REQUESTS))]
COMES += [(killed_at, "elsewhere_sync_runs") for killed_at in (None, *range(PUBLISHES, REQUESTS))]
"""Where B dies, and where it tells of itself: perhaps where A doesn't look."""


@pytest.fixture
def use(monkeypatch):
    with no_real_time(monkeypatch) as use:
        yield use


@dataclass
class Waiting(World):
    """A's job comes to its table when the lease is over by far; `lasts` False: it isn't."""

    lasts: bool = False
    has_turn: bool = False
    turns: int = 1

    def _graph(self, client, plan, lock):
        if plan.run.run_id != A:
            return super()._graph(client, plan, lock)
        plan = replace(plan, seen=read_table(client, plan.destination, DatasetFacts("US")).state)
        if not self.lasts:
            self.service.advance(2 * LEASE.total_seconds())
        self.has_turn = True
        for _ in range(self.turns):
            publisher = Publisher(plan, client, None, Lock(client, plan.destination, A, LEASE))
            end = taken_up(publisher, lambda: self.splits_of(A))
            if end is None:
                ended = super()._graph(client, plan, lock)
            elif isinstance(end, Outcome):
                ended = report(plan, end, client).status
            else:
                ended = end["status"]
        return ended


def other(world, killed_at=None, history="sync_runs"):
    """B's launch, of one more row; it dies before its so-maniest request."""
    world.source.append(len(world.source) + 1)
    sent = 0

    def hook(send, _):
        nonlocal sent
        if sent == killed_at:
            raise KilledError
        sent += 1
        return send()

    return world.launch(B, hook, history)


def between(world, at, act):
    """A hook of A's launch: `act` before the so-maniest request of its turn."""
    sent = 0

    def hook(send, _):
        nonlocal sent
        if world.has_turn:
            if sent == at:
                act()
            sent += 1
        return send()

    return hook


def test_a_table_that_waited_past_its_lease_is_synced_when_nobody_came_between(use):
    world = use(Waiting())
    assert world.launch(A) == "succeeded"
    assert world.wrongs() == []


def test_a_table_whose_run_has_ended_is_not_synced_again(use):
    """The same element, processed once more: a worker died after its report."""
    world, seen = use(Waiting(lasts=True, turns=3)), []

    def hook(send, what):
        seen.append(what)
        return send()

    assert world.launch(A, hook) == "succeeded"
    assert seen.count("POST job publish") == 1
    assert world.wrongs() == []


def test_a_run_that_gave_its_lock_back_and_could_not_tell_its_end_tells_it(use):
    """Processed once more it takes the lock again, and finds its job."""
    world, refused = use(Waiting(lasts=True, turns=2)), []

    def hook(send, what):
        if what == "POST job event_2" and not refused:
            refused.append(what)
            raise Forbidden("not now")
        return send()

    assert world.launch(A, hook) == "succeeded"
    assert refused
    assert len(world.jobs_of(A)) == 1
    assert world.service.latest()[A]["status"] == "succeeded"
    assert world.launch(C) == "succeeded"
    assert world.wrongs() == []


@pytest.mark.parametrize(("killed_at", "history"), COMES)
def test_of_two_launches_that_overlap_no_row_is_lost_or_doubled(use, killed_at, history):
    """B comes before each request of A's turn in its turn, and dies at each of its own."""
    ends = {overlapped(use(Waiting()), at, killed_at, history) for at in range(REQUESTS)}
    assert "succeeded" in ends


def overlapped(world, at, killed_at, history):
    """How A ended; whatever that is, C finds all as it must be."""
    seen = []

    def comes():
        seen.append(other(world, killed_at, history))

    ended = world.launch(A, between(world, at, comes))
    world.deliver()
    assert world.launch(C) == "succeeded"
    assert world.wrongs() == [], (at, ended, seen)
    return ended


def test_a_table_that_another_launch_has_synced_meanwhile_is_not_synced_again(use):
    world = use(Waiting())
    seen = []
    ended = world.launch(A, between(world, 0, lambda: seen.append(other(world))))
    assert (ended, seen) == ("abandoned", ["succeeded"])
    assert world.wrongs() == []


def test_a_table_that_another_run_holds_is_lost(use):
    world = use(Waiting())

    def hold():
        with contextlib.suppress(KilledError):
            other(world, killed_at=2)

    assert world.launch(A, between(world, 0, hold)) == RunInProgressError.__name__


@pytest.mark.parametrize("has_published", [False, True])
def test_a_table_is_called_failed_when_nothing_of_it_can_be_published(use, has_published):
    """The same element may have been processed before: by a worker that died, or lives."""
    world, late = use(World()), []

    def hook(send, what):
        if what == "POST job publish":
            late.append(send)
            if has_published:
                send()
            raise KilledError
        return send()

    world.launch(A, hook)
    failed = Outcome(status="failed", exit_code=3, message="the source is gone")
    client = client_of(world.service.request)
    publisher = Publisher(plan_of_run(world, A), client, None, None)
    certain = certain_end(publisher, failed, lambda: world.splits_of(A))
    with contextlib.suppress(Conflict):
        late[0]()
    assert len(world.published) == certain.rows_published == 3 * has_published
    assert (certain.status, certain.exit_code) == (
        ("succeeded", 0) if has_published else ("failed", 3)
    )


def plan_of_run(world, run_id):
    plan = the_plan(world.way)
    return replace(plan, run=replace(plan.run, run_id=run_id))


def event(run_id, at, **more):
    return {"run_id": run_id, "event_time": at, "plan_fingerprint": "f"} | more


def test_who_has_worked_on_the_table_since_is_named():
    own = event(A, 10)
    assert came_between([own, event(B, 9)], A) == ""
    assert B in came_between([own, event(B, 11)], A)
    assert came_between([own, event(B, 11, plan_fingerprint=None)], A) == ""
    assert "not in the history" in came_between([event(B, 9)], A)
