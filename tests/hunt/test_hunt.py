"""A short hunt: seeds that are always the same, and cases that once failed, kept as they were."""

from pathlib import Path

import pytest

from tests.hunt.bench import Bench
from tests.hunt.kept import KEPT
from tests.hunt.postgresql import make_case

SEEDS = (1007, 5012, 5041)
"""Few, for each takes some seconds; `make hunt` goes on from here."""


@pytest.fixture(scope="session")
def bench(postgresql, target, client, tmp_path_factory):
    return Bench(postgresql, target, client, Path(tmp_path_factory.mktemp("hunt")))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_seed_makes_arrives_as_it_was(seed, bench):
    assert make_case(seed).run(bench).faults == []


@pytest.mark.parametrize("name", KEPT)
def test_what_once_failed_holds(name, bench):
    assert KEPT[name].run(bench).faults == []
