"""A run that dies while it removes or marks missing rows: all of it or nothing, then the rest."""

import pytest

from tests.compared import HARD, HUNDRED
from tests.days import lapse
from tests.fault_rules import job
from tests.processes import Gate

ORDERS = HUNDRED


@pytest.mark.parametrize("rows", ["hard", "soft"])
@pytest.mark.parametrize(
    ("step", "after"),
    [("event_0", True), ("missing_0_1", True), ("publish_1", False), ("publish_1", True)],
)
def test_wherever_it_dies_the_next_run_makes_the_same_table(
    sync, orders, start, proxy, step, after, rows
):
    words = HARD | {"delete_missing": rows}
    living = "id, name" if rows == "hard" else "IF(_sync_deleted_at IS NULL, id, NULL), name"
    sync.ok(**words)
    before = set(sync.rows(living))
    orders("DELETE FROM orders WHERE id IN (3, 50)")
    orders("UPDATE orders SET name = 'v2', updated_at = now() WHERE id = 7")
    expected = {(i, "v2" if i == 7 else "v1") for i in range(1, 101) if i not in (3, 50)}
    gate = Gate(proxy, after=after, **job(step))
    run = start(**words)
    gate.wait(run)
    run.kill()
    lapse(sync)
    seen = {row for row in sync.rows(living) if row[0] is not None}
    assert seen in (before, expected), "all of it or nothing"
    assert seen == before or (step, after) == ("publish_1", True)

    sync.ok(**words)
    assert {row for row in sync.rows(living) if row[0] is not None} == expected
    assert not any("_missing_" in name for name in sync.tables())
