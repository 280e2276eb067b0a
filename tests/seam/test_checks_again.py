"""A step is run again when its worker is lost: rows that fail a check are put aside once."""

from dataclasses import replace

import pytest

from smart_sync.ways import STATEMENT
from tests.seam.world import A, Repeating, no_real_time


@pytest.fixture
def world():
    with pytest.MonkeyPatch.context() as patch, no_real_time(patch) as use:
        yield use(Repeating(way=STATEMENT, quarantines=True))


def test_a_publish_step_that_is_run_again_finds_what_it_did(world):
    assert world.launch(A) == "succeeded"
    first, again = (replace(outcome, seconds={}) for outcome in world.outcomes)
    assert first == again
    assert (first.rows_published, first.rows_dead, first.rows_staged) == (2, 1, 2)
    assert [row for row, _, _ in world.published] == [1, 3]
    assert world.letters == world.taken_out == {(A, 2)}
