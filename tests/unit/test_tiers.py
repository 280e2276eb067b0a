"""Each tier has a budget, and a run that is asked to keep them fails when one is exceeded."""

import pytest

from pipeline.parameters.docs import ROOT
from tests.tiers import BUDGETS_S, ENFORCED, Tiers

QUIET = ("--import-mode=importlib", "-pno:cacheprovider", "-pno:xdist", "-pno:randomly")


def test_every_folder_of_tests_has_a_budget():
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert set(BUDGETS_S) == folders | {"doctests"}


@pytest.mark.parametrize(("asked", "load", "code"), [("", 0.0, 0), ("1", 0.0, 1), ("1", 1e6, 0)])
def test_a_tier_over_its_budget_is_told_and_fails_where_budgets_are_kept(
    tmp_path, monkeypatch, capsys, asked, load, code
):
    folder = tmp_path / "tests" / "new"  # it has no budget
    folder.mkdir(parents=True)
    (folder / "test_new.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setenv(ENFORCED, asked)
    monkeypatch.setattr("os.getloadavg", lambda: (load, load, load))
    words = [str(folder), f"--rootdir={tmp_path}", *QUIET]
    assert pytest.main(words, plugins=[Tiers()]) == code
    told = capsys.readouterr().out
    assert "2 passed" in told
    assert "OVER ITS BUDGET" in told
    assert ("not judged" in told) == (load > 0)
