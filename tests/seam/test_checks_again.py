"""A step is run again when its worker is lost: rows that fail a check are put aside once."""

from dataclasses import replace

import pytest

from pipeline.publish.publisher import Publisher
from pipeline.runs.outcome import Outcome
from smart_sync.ways import STATEMENT
from tests.seam.world import A, World, no_real_time


class Repeating(World):
    """Publishes twice in each run, as if the first worker had been lost when it had."""

    outcomes: tuple[Outcome, ...] = ()

    def _graph(self, client, plan, lock):
        publisher = Publisher(plan, client, None, lock)
        splits = self.splits_of(plan.run.run_id)
        self.outcomes += (publisher.publish(splits, []),)
        ended = super()._graph(client, plan, lock)
        self.outcomes += (publisher.publish(splits, []),)
        return ended


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
