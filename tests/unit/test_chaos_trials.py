"""What the chaos tells of a trial that breaks off."""

from types import SimpleNamespace

from tests.chaos.__main__ import judged, line
from tests.chaos.result import Result


def test_a_trial_that_breaks_off_is_told_beside_the_others():
    def run():
        raise AssertionError("still running:\nwhat it said")

    result = judged(SimpleNamespace(run=run, result=Result(7, "merge", runs=3)))
    assert not result.holds
    assert result.complaints == ["broke off and was not judged: AssertionError: still running:"]
    assert "merge" in line(result)
