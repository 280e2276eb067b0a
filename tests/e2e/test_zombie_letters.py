"""Dead letters of a run that slept past its lease: they stay those of the run that published."""

import pytest

from tests.days import lapse
from tests.e2e.test_replay import CHECKS, MERGE, NARROW, ORDERS, QUARANTINE, letters, widen
from tests.fault_rules import job
from tests.processes import Gate

TAKEN = 6
FAILING = QUARANTINE | {"checks": CHECKS % "good"}
"""Rows that fail a check: letters of the staging table."""
DEAD_TABLE = {"method": "POST", "path": r"/tables\b", "body": "_sync_dead"}
STAGING_TABLE = {"method": "POST", "path": r"/tables\b", "body": "_sync_staging"}


@pytest.fixture
def orders(sync, sql):
    sql(ORDERS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")


@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        (DEAD_TABLE, MERGE | {"num_splits": "2"}),
        (job("dead_0_1"), MERGE),
        (job("dead_letters_1"), MERGE),
        (STAGING_TABLE, FAILING | {"num_splits": "2"}),
        (job("check_letters_1"), FAILING),
    ],
    ids=["table", "load", "merge", "check's table", "check's merge"],
)
def test_letters_are_those_of_the_run_that_published_whoever_wakes_meanwhile(
    sync, orders, start, proxy, where, parameters
):
    """A run that has not published must not have them: nobody could replay them any more."""
    if "checks" in parameters:
        widen(sync)
    gate = Gate(proxy, **where)
    zombie = start(**parameters)
    gate.wait(zombie)
    zombie.suspend()
    lapse(sync)
    publishing = Gate(proxy, skip=1, **job("publish_1"))  # the first uses up the other's id
    taker = start(**parameters)
    publishing.wait(taker)
    gate.open()
    zombie.resume()
    assert zombie.wait() == TAKEN, zombie.output
    publishing.open()
    assert taker.wait() == 0, taker.output
    (published,) = (run["run_id"] for run in sync.history() if run["rows_published"])
    assert letters(sync, "last_run_id, replayed_by") == [(published, None)] * 2
    widen(sync)
    sync.ok(**MERGE, replay_dead_letters=published)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
