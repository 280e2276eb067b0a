"""What the chaos tells of a trial that breaks off, and what its trials owe."""

import random
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.chaos.__main__ import judged, line
from tests.chaos.actions import (
    ENOUGH,
    Action,
    End,
    Schedule,
    lacking,
    owed_by,
    possible,
    table_of,
)
from tests.chaos.edits import CURSOR, ROWS, Edits
from tests.chaos.kinds import MODES
from tests.chaos.result import Result


def test_a_trial_that_breaks_off_is_told_beside_the_others():
    def run():
        raise AssertionError("still running:\nwhat it said")

    result = judged(SimpleNamespace(run=run, result=Result(7, "merge", runs=3)))
    assert not result.holds
    assert result.complaints == ["broke off and was not judged: AssertionError: still running:"]
    assert "merge" in line(result)


@pytest.mark.parametrize("kind", MODES["all"], ids=lambda kind: kind.name)
def test_trials_in_turn_leave_no_action_of_their_kind_out(kind):
    owed = [action for turn in (7, 8) for action in owed_by(kind, turn)]
    assert set(owed) == set(possible(kind))


def test_what_is_owed_comes_first_and_until_it_has_ended_by_itself():
    schedule = Schedule(MODES["all"][1], [Action.REPLAY, Action.ROLLBACK])
    dice = SimpleNamespace(choices=lambda *_: [Action.TWIN])
    order = [Action.REPLAY, Action.ROLLBACK, Action.TWIN, Action.SYNC]
    for end in (End.KILLED, End.LOCKED, End.FAILED):
        assert list(schedule.candidates(dice)) == order
        schedule.ended(Action.REPLAY, end)
    schedule.ended(Action.REPLAY, End.REFUSED)
    assert schedule.owed == [Action.ROLLBACK]


def test_a_whole_run_in_which_nothing_came_of_an_action_fails():
    tally = Counter({(action, End.SUCCEEDED): 1 for action in Action})
    assert lacking(tally, MODES["all"], ENOUGH) == []
    tally[Action.ROLLBACK, End.SUCCEEDED] = 0
    tally[Action.ROLLBACK, End.KILLED] = 9
    assert lacking(tally, MODES["all"], ENOUGH) == [Action.ROLLBACK]
    assert lacking(tally, MODES["all"], ENOUGH - 1) == []
    assert lacking(Counter(), MODES["history"], ENOUGH)[-1] == Action.TWIN
    assert "rollback         9              0" in table_of(tally)


def test_a_refused_edit_is_taken_back_or_its_advice_followed_and_only_a_warning_excuses():
    edits = Edits((CURSOR, ROWS), random.Random(7))
    edits.home()
    while edits.words == {}:
        edits.perhaps()
    changed = edits.words
    assert not edits.heard(5, "an injected fault. See docs/errors.md#bigquery-refused")
    assert edits.words == changed
    assert edits.heard(5, "refused. See docs/errors.md#another-cursor")
    assert edits.words == {} or edits.once in CURSOR.ways
    assert not edits.is_excused
    edits.heard(0, f"WARNING {ROWS.warnings[0]}")
    assert edits.is_excused
    assert not edits.once
