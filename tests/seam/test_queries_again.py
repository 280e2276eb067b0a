"""A publish step is run again when its worker is lost: what transform_sql made is made once."""

from dataclasses import replace

import pytest

from smart_sync.ways import STATEMENT
from tests.seam.world import A, Repeating, no_real_time


@pytest.fixture
def world():
    with pytest.MonkeyPatch.context() as patch, no_real_time(patch) as use:
        yield use(Repeating(way=STATEMENT, transforms=True))


def test_a_publish_step_that_is_run_again_finds_what_the_query_made(world):
    assert world.launch(A) == "succeeded"
    first, again = (replace(outcome, seconds={}) for outcome in world.outcomes)
    assert first == again
    assert (first.rows_staged, first.rows_made, first.rows_published) == (3, 2, 2)
    assert [row for row, _, _ in world.published] == [1, 3]
    assert world.faults == []
