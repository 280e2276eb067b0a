"""Whatever befalls a launch: rows arrive once, and what the history says of a run is true.

Every step × fault × state of the lock × second launcher, each case on its own; the real lock,
take-over, publisher, report and client library before a service with BigQuery's rules.
"""

import copy
import logging

import pytest

import pipeline.runs.history
from smart_sync.ways import STATEMENT
from tests.seam.cases import (
    NOTHING,
    Case,
    after_the_dead,
    asleep,
    for_ever,
    meeting,
    once,
    run,
    settling,
    steps,
    through_a_table,
    while_it_fails,
    while_it_runs,
    with_a_quarantine,
    with_a_query,
    with_alterations,
    with_the_late,
)
from tests.seam.world import (
    AGAIN,
    CHECKS,
    EXAMPLE,
    KEYS,
    LETTERS,
    LOOK,
    MAKE,
    RELAX,
    RESULTS,
    TAKE_OUT,
    WIDEN,
    A,
    no_real_time,
)

PLAIN = Case(NOTHING)
TOLD = {"run_id", "seq", "status", "event_time", "destination", "rows_staged", "rows_published"}
TOLD |= {"publish_job", "job_project", "job_location", "staging_folder", "verification"}
"""The history's columns that bear on an outcome: with all of them a case takes twice as long."""


@pytest.fixture(scope="module")
def use():
    """Put a world in the place of time, folders and the columns that nobody looks at here."""
    with pytest.MonkeyPatch.context() as patch, no_real_time(patch) as use:
        fields = tuple(each for each in pipeline.runs.history.FIELDS if each[0] in TOLD)
        patch.setattr(pipeline.runs.history, "FIELDS", fields)
        patch.setattr(copy, "deepcopy", quickly(copy.deepcopy))
        logging.disable(logging.CRITICAL)
        yield use
        logging.disable(logging.NOTSET)


def quickly(slow):
    """deepcopy() of JSON, of which the client library makes many."""

    def deepcopy(value, memo=None):
        if type(value) is dict:
            return {key: deepcopy(each) for key, each in value.items()}
        if type(value) is list:
            return [deepcopy(each) for each in value]
        return value if isinstance(value, str | int | float | None) else slow(value, memo)

    return deepcopy


def test_without_faults_every_row_arrives_once(use):
    world, wrong = run(Case(NOTHING), use)
    assert wrong == []
    assert [row["status"] for row in world.service.latest().values()] == ["succeeded"] * 2


def test_a_job_that_bigquerys_own_backend_breaks_is_sent_again_under_the_next_id(use):
    world, wrong = run(Case(NOTHING, job="failing"), use)
    assert wrong == []
    assert world.service.latest()[A]["publish_job"] == f"sync_{A}_publish_2"


@pytest.fixture
def holds(use):
    """Run all cases of a group."""

    def check(group, plain=PLAIN):
        cases = list(with_the_late(group(steps(use, plain))))
        told = [(case, wrong) for case in cases for wrong in run(case, use)[1]]
        assert told[:5] == [], f"{len(told)} wrongs in {len(cases)} cases"
        assert len(cases) > 100

    return check


def test_any_fault_of_any_request_leaves_rows_once_and_a_true_history(holds):
    holds(once)


def test_an_outage_from_any_request_on_leaves_rows_once_and_a_true_history(holds):
    holds(for_ever)


def test_any_fault_while_the_job_runs_leaves_rows_once_and_a_true_history(holds):
    holds(while_it_runs)


def test_any_fault_around_failing_attempts_leaves_rows_once_and_a_true_history(holds):
    holds(while_it_fails)


def test_a_run_that_sleeps_past_its_lease_anywhere_publishes_nothing_after_another(holds):
    holds(asleep)


def test_a_run_that_wakes_amid_another_harms_it_nowhere(holds):
    holds(meeting)


def test_a_run_that_died_anywhere_is_settled_as_what_it_is(holds):
    holds(after_the_dead)


def test_a_job_of_a_dead_run_is_waited_for_whatever_befalls_the_taker(holds):
    holds(settling)


def test_rows_that_go_through_a_staging_table_arrive_once_whatever_befalls_a_run(holds):
    holds(through_a_table, Case(NOTHING, way=STATEMENT))


def test_rows_that_fail_a_check_are_put_aside_once_whatever_befalls_a_run(holds, use):
    plain = Case(NOTHING, way=STATEMENT, quarantines=True)
    world, wrong = run(plain, use)
    assert wrong == []
    assert world.letters >= {(A, 2)}
    asked = {job.labels.get("step") for job in world.service.jobs.values()}
    assert asked >= {CHECKS, AGAIN, KEYS, LETTERS, EXAMPLE, TAKE_OUT, RESULTS}
    holds(with_a_quarantine, plain)


def test_rows_that_a_query_makes_are_published_once_whatever_befalls_a_run(holds, use):
    plain = Case(NOTHING, way=STATEMENT, transforms=True)
    world, wrong = run(plain, use)
    assert wrong == []
    assert {job.labels.get("step") for job in world.service.jobs.values()} >= {MAKE, LOOK}
    holds(with_a_query, plain)


def test_columns_are_altered_once_whatever_befalls_a_run(holds, use):
    """Each alteration is a job of its own, and the table tells which are made."""
    plain = Case(NOTHING, way=STATEMENT, alters=True)
    seen = steps(use, plain)
    altered = [what for what in seen if what.startswith("POST job alter")]
    assert altered == [f"POST job {step}" for step in (RELAX, WIDEN)]
    holds(with_alterations, plain)
