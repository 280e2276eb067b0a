"""A replay that dies: all of it or nothing, and what the next one makes of that."""

import pytest

from tests.days import lapse
from tests.e2e.test_replay import APPEND, MERGE, letters, widen, with_letters
from tests.fault_rules import job
from tests.processes import Gate


@pytest.mark.parametrize("words", [APPEND, MERGE], ids=["append", "merge"])
@pytest.mark.parametrize(
    ("step", "after"),
    [("event_0", True), ("publish_1", False), ("publish_1", True), ("event_2", False)],
)
def test_wherever_a_replay_dies_each_row_is_there_once(sync, sql, start, proxy, step, after, words):
    run_id = with_letters(sync, sql, **words)
    widen(sync)
    words = words | {"replay_dead_letters": run_id}
    gate = Gate(proxy, after=after, **job(step))
    run = start(**words)
    gate.wait(run)
    run.kill()
    lapse(sync)
    is_done = (step, after) in (("publish_1", True), ("event_2", False))
    assert len(sync.rows("id")) == (4 if is_done else 2)
    assert all(by is not None for (by,) in letters(sync, "replayed_by")) is is_done

    sync.ok(**words)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
    taken = set(letters(sync, "replayed_by"))
    assert len(taken) == 1
    assert taken != {(None,)}
    sync.ok(**words)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
    assert set(letters(sync, "replayed_by")) == taken


@pytest.mark.parametrize("words", [APPEND, MERGE], ids=["append", "merge"])
@pytest.mark.parametrize("taker", ["replay", "sync"])
def test_a_replay_that_was_taken_over_changes_nothing_when_it_wakes(
    sync, sql, start, proxy, words, taker
):
    """It sleeps with its publishing on the way, past its lease."""
    run_id = with_letters(sync, sql, **words)
    widen(sync)
    replay = words | {"replay_dead_letters": run_id}
    gate = Gate(proxy, **job("publish_1"))
    zombie = start(**replay)
    gate.wait(zombie)
    zombie.suspend()
    lapse(sync)
    sync.ok(**replay if taker == "replay" else words)
    there, taken = sync.rows("id, note"), letters(sync, "replayed_by")
    assert len(there) == (4 if taker == "replay" else 2)
    gate.open()
    zombie.resume()
    assert zombie.wait() != 0, zombie.output
    assert (sync.rows("id, note"), letters(sync, "replayed_by")) == (there, taken)
    sync.ok(**replay)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
