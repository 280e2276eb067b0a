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
    [("event_0", True), ("publish_1", False), ("publish_1", True)],
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


def test_keys_too_many_for_the_script_go_by_a_table_of_which_nothing_is_left(
    sync, orders, start, proxy
):
    words = HARD | {"max_deleted_percent": "100"}
    later = "timestamptz '2024-06-01' + i * interval '1 second'"
    orders(f"INSERT INTO orders SELECT i, 'v1', {later} FROM generate_series(101, 6000) i")
    sync.ok(**words)
    orders("DELETE FROM orders WHERE id % 100 != 7")
    gate = Gate(proxy, after=True, **job("missing_0_1"))
    run = start(**words)
    gate.wait(run)
    run.kill()
    lapse(sync)
    assert len(sync.rows("id")) == 6000

    sync.ok(**words)
    assert [i for (i,) in sync.rows("id")] == list(range(7, 6000, 100))
    assert not any("_missing_" in name for name in sync.tables())
