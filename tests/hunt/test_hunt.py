"""A short hunt: seeds that are always the same, and cases that once failed, kept as they were."""

from pathlib import Path

import pytest

from tests.hunt import mongodb, postgresql
from tests.hunt.__main__ import main
from tests.hunt.bench import Bench
from tests.hunt.kept import KEPT

SEEDS = (
    *(1007, 5012, 5041, 6116, 6009, 6081, 6045, 6035, 6037, 6043, 6083, 6038),
    *(31000, 31001, 31002, 31004, 31005, 31006, 31007, 31008, 31270),
    *(60018, 60035, 60045, 60083),
)
"""None that presses Ctrl-C: it would end the worker that runs the tests."""
MONGODB_SEEDS = (7124, 7114, 7119, 7116, *range(41000, 41003), 41023)
"""With those kept, about five minutes one after the other; `make hunt` goes on from here."""


@pytest.fixture(scope="session")
def bench(postgresql, target, client, tmp_path_factory):
    return Bench(postgresql, target, client, Path(tmp_path_factory.mktemp("hunt")))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_seed_makes_arrives_as_it_was(seed, bench):
    assert postgresql.make_case(seed).run(bench).faults == []


@pytest.mark.parametrize("seed", MONGODB_SEEDS)
def test_what_a_seed_makes_of_mongodb_arrives_as_it_was(seed, bench):
    assert mongodb.make_case(seed).run(bench).faults == []


@pytest.mark.parametrize("name", KEPT)
def test_what_once_failed_holds(name, bench):
    verdict = KEPT[name].run(bench)
    assert verdict.faults == []
    assert verdict.codes[0] > 0, "refused as a whole, so that nothing of it was judged"


def test_every_seed_that_is_named_is_shown_in_that_order(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["hunt", "--show", "--seeds=1009,1007"])
    assert main() == 0
    scripts = [postgresql.make_case(seed).script() for seed in (1009, 1007)]
    assert capsys.readouterr().out == "\n".join(scripts) + "\n"
