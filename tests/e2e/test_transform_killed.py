"""A run with transform_sql that dies leaves nothing: the next one settles it and makes all anew."""

import pytest

from tests.days import MERGE, SMART, lapse, make_days, runs
from tests.fault_rules import job
from tests.processes import Gate

QUERY = "SELECT * FROM staged WHERE MOD(id, 2) = 0"
EVEN = [(1,), (2,), (3,), (4,), (6,), (8,)]
"""The days that were there, and those of the new ones that the query lets pass."""


@pytest.mark.parametrize("words", [SMART, MERGE], ids=["append", "merge"])
@pytest.mark.parametrize("step", ["transform_sql_1", "publish_1", "event_2"])
def test_wherever_it_dies_its_rows_are_there_once(sync, sql, start, proxy, step, words):
    make_days(sync, sql)
    words = words | {"transform_sql": QUERY}
    gate = Gate(proxy, after=step != "event_2", **job(step))
    run = start(**words)
    gate.wait(run)
    run.kill()
    lapse(sync)
    dead = "_sync_result_" + runs(sync)[0]["run_id"].replace("-", "_")
    assert (dead in sync.tables()) is (step != "event_2")
    sync.ok(**words)
    assert sync.rows("id") == EVEN
    assert not [name for name in sync.tables() if "_result_" in name or "_staging_" in name]
    told, last = runs(sync)
    assert told["status"] == "abandoned"
    assert told["rows_published"] == (0 if step == "transform_sql_1" else 3)
    assert last["status"] == "succeeded"
