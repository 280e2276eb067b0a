"""Each tier has a budget, and a run that is asked to keep them fails when one is exceeded."""

import pytest

from pipeline.parameters.docs import ROOT
from tests.tiers import BUDGETS, ENFORCED, Tiers

QUIET = ("--import-mode=importlib", "-pno:cacheprovider", "-pno:xdist", "-pno:randomly")


def test_every_folder_of_tests_has_a_budget():
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert set(BUDGETS) == folders | {"doctests"}


@pytest.mark.parametrize(("asked", "code"), [("", 0), ("1", 1)])
def test_a_tier_over_its_budget_is_told_and_fails_where_budgets_are_kept(
    tmp_path, monkeypatch, capsys, asked, code
):
    monkeypatch.setenv(ENFORCED, asked)
    assert run(tmp_path, {}) == code
    told = capsys.readouterr().out
    assert "2 passed" in told
    assert "OVER ITS BUDGET" in told


def test_a_run_of_some_tiers_is_not_judged(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(ENFORCED, "1")
    assert run(tmp_path, {"new": 1, "other": 99}) == 0
    assert "OVER ITS BUDGET" not in capsys.readouterr().out


def run(tmp_path, budgets):
    """The exit code of a tier `new`, which takes all the time there is."""
    folder = tmp_path / "tests" / "new"
    folder.mkdir(parents=True)
    (folder / "test_new.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    words = [str(folder), f"--rootdir={tmp_path}", *QUIET]
    return pytest.main(words, plugins=[Tiers(budgets)])
