"""Some seeds of the hunt, with columns of extensions' types."""

from pathlib import Path

import pytest

from tests.hunt.bench import Bench
from tests.hunt.extensions import make_case

SEEDS = (704, 705, 712)


@pytest.fixture(scope="module")
def bench(postgresql, target, client, tmp_path_factory):
    return Bench(postgresql, target, client, Path(tmp_path_factory.mktemp("hunt")))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_seed_makes_of_extensions_types_arrives_as_it_was(seed, bench):
    assert make_case(seed).run(bench).faults == []
