"""Seconds of the tests, tier by tier, told at the end of a run; CI fails on one over its budget.

A tier is a folder of tests, or the doctests. Its seconds are those of its tests one after the
other, with what their fixtures took, so four workers need about a quarter. A budget is about three
times what a quiet machine with two cores takes: it tells of drift, and asserts nothing of the
product. A machine that is busy with other work is not judged.
"""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

ENFORCED = "TIER_BUDGETS"
"""The variable by which CI asks for it: at home a machine may be busy."""
BUSY = 3.5
"""Processes at work or waiting, per core; a run of four workers alone stays under it."""
BUDGETS_S = {
    "bigquery": 900,
    "browser": 100,
    "contract": 400,
    "deploy": 900,
    "doctests": 60,
    "e2e": 4800,
    "extensions": 200,
    "golden": 240,
    "googlesql": 400,
    "graph": 480,
    "hunt": 500,
    "mongodb": 1100,
    "scheduler": 240,
    "seam": 240,
    "servers": 400,
    "shells": 60,
    "unit": 300,
}


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


def over_budget(seconds: Mapping[str, float], budgets: Mapping[str, int] = BUDGETS_S) -> list[str]:
    """Tiers that took longer than they may; one without a budget may take nothing.

    >>> over_budget({"unit": 11.0, "golden": 2.0, "new": 0.1}, {"unit": 10, "golden": 5})
    ['new', 'unit']
    """
    return sorted(tier for tier, took in seconds.items() if took > budgets.get(tier, 0))


def is_busy(load: float, cores: int | None) -> bool:
    """Whether a machine of a mean load over 15 minutes does more than these tests.

    >>> is_busy(4.0, 2), is_busy(9.0, 2)
    (False, True)
    """
    return load > BUSY * (cores or 1)


class Tiers:
    """Adds up what the tests of each tier took; works in the process that reports."""

    def __init__(self) -> None:
        self._seconds, self._tests = Counter[str](), Counter[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tier = tier_of(report.nodeid)
        self._seconds[tier] += report.duration
        self._tests[tier] += report.when == "call"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        judged = os.environ.get(ENFORCED) and not is_busy(os.getloadavg()[2], os.cpu_count())
        if over_budget(self._seconds) and judged and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._tests.total() < 2:
            return
        over = over_budget(self._seconds)
        terminalreporter.section("seconds by tier")
        for tier, seconds in sorted(self._seconds.items()):
            budget = BUDGETS_S.get(tier, 0)
            told = f"{tier:<10}{self._tests[tier]:>6} tests{seconds:>8.1f} s of {budget:>5} s"
            terminalreporter.line(told + ("  OVER ITS BUDGET" if tier in over else ""))
        if over and is_busy(os.getloadavg()[2], os.cpu_count()):
            terminalreporter.line("not judged: the machine is busy with other work")
        elif over:
            terminalreporter.line("what became slower? else raise the budget in tests/tiers.py")


def add_to(config: pytest.Config) -> None:
    """Count in the one process that sees all reports, not in xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tiers(), "tiers")
