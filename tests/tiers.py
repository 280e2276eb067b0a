"""Seconds of the tests, tier by tier, told at the end of a run; CI fails on one over its budget.

A tier is a folder of tests, or the doctests. Its seconds are those of its tests one after the
other, with what their fixtures took, so four workers need about a quarter. A budget is a share of
the seconds of all tiers, about half as much again as a tier takes: it tells of drift, and asserts
nothing of the product. A machine that is slow, or busy with other work, is slow for all tiers, so
that it is judged as well; a run of some of them isn't.
"""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

ENFORCED = "TIER_BUDGETS"
"""The variable by which CI asks for it."""
BUDGETS = {
    "bigquery": 20,
    "browser": 2,
    "contract": 3,
    "deploy": 12,
    "doctests": 1,
    "e2e": 67,
    "extensions": 3,
    "golden": 3,
    "googlesql": 10,
    "graph": 5,
    "hunt": 7,
    "mongodb": 12,
    "scheduler": 3,
    "seam": 4,
    "servers": 6,
    "shells": 1,
    "unit": 8,
}
"""In percent."""


def tier_of(nodeid: str) -> str:
    """The tier of a test: its folder, and of an example in a docstring "doctests", wherever it is.

    >>> tier_of("tests/e2e/test_merge.py::test_a"), tier_of("sources/sql.py::sources.sql.tokens")
    ('e2e', 'doctests')
    >>> tier_of("tests/chaos/actions.py::tests.chaos.actions.end_of")
    'doctests'
    """
    path = PurePosixPath(nodeid.partition("::")[0])
    is_example = not path.name.startswith("test_") or len(path.parts) < 3
    return "doctests" if is_example else path.parts[1]


def over_budget(seconds: Mapping[str, float], budgets: Mapping[str, int]) -> list[str]:
    """Tiers that took more than their share; one without a budget may take nothing.

    Nothing is said of a run in which a tier is missing: others' shares are greater there.

    >>> over_budget({"unit": 11.0, "golden": 2.0, "new": 0.1}, {"unit": 70, "golden": 50})
    ['new', 'unit']
    >>> over_budget({"unit": 11.0}, {"unit": 70, "golden": 50})
    []
    """
    if not budgets.keys() <= seconds.keys():
        return []
    whole = sum(seconds.values())
    return sorted(
        tier for tier, took in seconds.items() if took * 100 > budgets.get(tier, 0) * whole
    )


class Tiers:
    """Adds up what the tests of each tier took; works in the process that reports."""

    def __init__(self, budgets: Mapping[str, int] = BUDGETS) -> None:
        self._budgets = budgets
        self._seconds, self._tests = Counter[str](), Counter[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tier = tier_of(report.nodeid)
        self._seconds[tier] += report.duration
        self._tests[tier] += report.when == "call"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        is_over = os.environ.get(ENFORCED) and over_budget(self._seconds, self._budgets)
        if is_over and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._tests.total() < 2:
            return
        over = over_budget(self._seconds, self._budgets)
        whole = self._seconds.total()
        terminalreporter.section("seconds by tier")
        for tier, seconds in sorted(self._seconds.items()):
            share = f"{100 * seconds / whole:>6.1f} % of {self._budgets.get(tier, 0):>3} %"
            told = f"{tier:<10}{self._tests[tier]:>6} tests{seconds:>8.1f} s, {share}"
            terminalreporter.line(told + ("  OVER ITS BUDGET" if tier in over else ""))
        if over:
            terminalreporter.line("what became slower? else raise the budget in tests/tiers.py")


def add_to(config: pytest.Config) -> None:
    """Count in the one process that sees all reports, not in xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tiers(), "tiers")
