"""kill -9 at every stage of a rollback, then it once more, or the schedule's next sync."""

import pytest

from smart_sync import value_text
from tests.days import lapse
from tests.fault_rules import drop, job
from tests.orders import KEEP, ORDERS, SMART, all_rows, ids
from tests.processes import Gate

TAKEN = 6
UNDONE = "undone_1_1"
STAGES = {
    "its first event is there": (job("event_0"), True),
    "before the copy job": (job("publish_1"), False),
    "after the copy job": (job("publish_1"), True),
    "before the undone are marked": (job(UNDONE), False),
    "after the undone are marked": (job(UNDONE), True),
    "before its last event": (job("event_2"), False),
    "after its last event": (job("event_2"), True),
}
RESTORED = tuple(STAGES)[2:]


@pytest.fixture
def orders(sync, sql):
    """Two runs, of which the second kept a snapshot; rows before it and after."""
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (1, now() - interval '300 min')")
    sync.ok(**SMART)
    before = all_rows(sync)
    sql("INSERT INTO orders VALUES (2, now() - interval '200 min')")
    sync.ok(**SMART, **KEEP)
    return before, all_rows(sync)


@pytest.fixture
def killed(sync, start, proxy, orders):
    """Kill a rollback of the second run at a stage; the run that it is to undo."""

    def kill(stage):
        which, after = STAGES[stage]
        run_id = sync.history()[-1]["run_id"]
        gate = Gate(proxy, after=after, then=None if after else drop(), **which)
        run = start(**SMART, rollback_run=run_id, runner=None)
        gate.wait(run)
        run.kill()
        gate.open()
        lapse(sync)
        return run_id

    return kill


def newest(sync, run_id):
    return next(run for run in sync.history() if run["run_id"] == run_id)


@pytest.mark.parametrize("stage", STAGES)
def test_doing_it_again_is_doing_it_once(sync, orders, killed, stage):
    before, after = orders
    run_id = killed(stage)
    again = sync.ok(**SMART, rollback_run=run_id)
    assert all_rows(sync) == before
    assert newest(sync, run_id)["status"] == "rolled_back"
    assert ("rolled back by run" in again.out) is (stage in RESTORED)
    ends = sorted(run["status"] for run in sync.history())
    ended = [] if stage in RESTORED else ["abandoned"]
    assert ends == [*ended, "rolled_back", "rolled_back", "succeeded"]
    assert [tuple(row) for row in counted(sync)] == [(1,)]
    sync.ok(**SMART)
    assert all_rows(sync) == after


def counted(sync):
    table = f"`{sync.client.project}.{sync.dataset}.sync_runs`"
    return sync.client.query_and_wait(f"SELECT COUNT(*) FROM {table} WHERE seq = 3")


@pytest.mark.parametrize("stage", STAGES)
def test_the_next_sync_goes_on_from_what_the_table_is(sync, orders, killed, stage):
    _, after = orders
    run_id = killed(stage)
    restored = stage in RESTORED
    assert ids(sync) == ([1] if restored else [1, 2])
    told = sync.ok(**SMART)
    assert all_rows(sync) == after
    assert f"{value_text.counted(int(restored), 'row')} read" in told.out
    assert newest(sync, run_id)["status"] == ("rolled_back" if restored else "succeeded")
    undoing = [run for run in sync.history() if run["rolled_back_run"] and run["seq"] == 2]
    assert [run["status"] for run in undoing] == ["rolled_back" if restored else "abandoned"]


def test_a_rollback_that_slept_tells_nothing_of_a_table_that_others_have_by_now(
    sync, start, proxy, orders
):
    _, after = orders
    run_id = sync.history()[-1]["run_id"]
    gate = Gate(proxy, after=True, **job("publish_1"))
    asleep = start(**SMART, rollback_run=run_id, runner=None)
    gate.wait(asleep)
    asleep.suspend()
    lapse(sync)
    sync.ok(**SMART)
    relabelled = sync.table()
    relabelled.description = "as it is by now"
    sync.client.update_table(relabelled, ["description"])
    gate.open()
    asleep.resume()
    assert asleep.wait() == TAKEN, asleep.output
    assert "the table was restored" in asleep.output
    assert "bq cp --restore" not in asleep.output
    assert all_rows(sync) == after
    assert sync.table().description == "as it is by now"
    assert newest(sync, run_id)["status"] == "rolled_back"
