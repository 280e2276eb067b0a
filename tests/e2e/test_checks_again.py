"""Checks of runs that die, are repeated, or lose an answer: kept once, and judged each time."""

import json

import pytest

from tests.days import lapse
from tests.fault_rules import Rule, answer, drop, job
from tests.processes import Gate

SOURCE = {"source_table_for_schema": "public.orders", "enable_smart_sync": "true"}
CHECKS = """
models:
  - name: t
    data_tests:
      - dbt_expectations.expect_table_row_count_to_be_between: {max_value: 3}
    columns: [{name: id, data_tests: [not_null, unique]}]
"""
CHECKED = SOURCE | {"checks": CHECKS}
NAMES = ("expect_table_row_count_to_be_between_t", "not_null_t_id", "unique_t_id")


@pytest.fixture
def add(sql):
    """Two rows, and a function that adds others."""
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")

    def add(*numbers):
        for number in numbers:
            sql("INSERT INTO orders VALUES (%s, now() - interval '30 minutes')", number)

    add(1, 2)
    return add


def results(sync):
    """Of each run, the oldest first, how its checks ended, by their names."""
    told = {run["run_id"]: [] for run in sync.history()}
    for run_id, name, verdict in sync.rows("run_id, check_name, verdict", "sync_checks", "1, 2"):
        told[run_id].append((name, verdict))
    return [dict(some) if len(dict(some)) == len(some) else some for some in told.values()]


def staged(sync):
    return {name for name in sync.tables() if "_staging_" in name}


PASSED = dict.fromkeys(NAMES, "passed")
TOO_MANY = PASSED | {NAMES[0]: "failed"}


@pytest.mark.parametrize(
    ("step", "kept"), [("checks_1", {}), ("check_results_1", PASSED)], ids=["asked", "kept"]
)
def test_a_run_that_is_killed_over_its_checks_is_done_anew(sync, add, start, proxy, step, kept):
    gate = Gate(proxy, after=True, **job(step))
    run = start(**CHECKED)
    gate.wait(run)
    run.kill()
    gate.open()
    lapse(sync)
    sync.ok(**CHECKED)
    assert sync.rows("id") == [(1,), (2,)]
    assert results(sync) == [kept, PASSED]
    assert staged(sync) == set()


@pytest.mark.parametrize("step", ["checks_1", "check_results_1"])
def test_an_answer_that_is_lost_asks_and_keeps_nothing_twice(sync, add, faulty, hasty, step):
    faulty.add(Rule(drop(after=True), times=1, **job(step)))
    sync.ok(**CHECKED)
    assert results(sync) == [PASSED]
    add(3, 4)
    faulty.add(Rule(drop(after=True), times=1, **job(step)))
    assert sync(**CHECKED).code == 11
    assert results(sync) == [PASSED, TOO_MANY]


def test_results_that_cannot_be_kept_hold_no_rows_back_and_let_none_pass(
    sync, add, faulty, hasty, caplog
):
    faulty.add(Rule(answer(403, "accessDenied"), **job("check_results_1")))
    sync.ok(**CHECKED)
    assert "the results of checks could not be written" in caplog.text
    add(3, 4)
    assert sync(**CHECKED).code == 11
    assert sync.rows("id") == [(1,), (2,)]


def test_a_window_whose_rows_fail_is_read_until_they_pass(sync, sql, add):
    sync.ok(**CHECKED)
    add(3, None)
    for _ in range(2):
        assert sync(**CHECKED).code == 11
    assert len(staged(sync)) == 2
    sql("UPDATE orders SET id = 3 WHERE id IS NULL")
    assert sync(**CHECKED).code == 11
    sql("DELETE FROM orders WHERE ctid IN (SELECT max(ctid) FROM orders WHERE id = 3)")
    sync.ok(**CHECKED)
    assert sync.rows("id") == [(1,), (2,), (3,)]
    windows = [(run["window_start"], run["status"]) for run in sync.history()]
    assert len({start for start, _ in windows[1:]}) == 1
    statuses = [status for _, status in windows]
    assert statuses == ["succeeded", *["checks_failed"] * 3, "succeeded"]
    sync.ok(**CHECKED)
    assert len(results(sync)[-1]) == 0


def test_a_proof_and_checks_are_asked_beside_each_other(sync, add):
    add(3)
    sync.ok(**CHECKED, verify="true")
    figures = json.loads(sync.history()[-1]["verification"])
    assert (figures["rows"], figures["checks"]["unique_t_id"]["verdict"]) == (3, "passed")
    add(4)
    assert sync(**CHECKED, verify="true").code == 11
    assert sync.rows("id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("layout", [{}, {"partition_field": "updated_at"}], ids=["", "swapped"])
def test_a_table_stays_until_the_checks_of_its_next_pass(sync, add, layout):
    """Also where it is built beside, as another layout needs."""
    sync.ok(**SOURCE)
    add(3, 3)
    anew = CHECKED | {"delete_existing_table": "true"} | layout
    result = sync(**anew)
    assert result.code == 11
    assert "unique_t_id (unique) fails 1 times" in result.err
    assert sync.rows("id") == [(1,), (2,)]
    assert results(sync)[-1] == TOO_MANY | {NAMES[2]: "failed"}
    told = sync.rows("check_name, failing_keys", "sync_checks")
    assert ("unique_t_id", ['{"id":3}']) in told
