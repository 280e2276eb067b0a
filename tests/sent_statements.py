"""Each statement that a test sends to a local BigQuery is judged by GoogleSQL at the end.

By hand, as `make hunt` and `make chaos` do: `keeping` around the server, then `refusals`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

STATEMENTS = "SMART_SYNC_TEST_STATEMENTS"
"""The variable by which `tests/local_bigquery` knows where to keep them."""
SENDER = ".sender"
COUNT = ".count"
FIGURES = "googlesql"
"""The name under which a worker tells its figures."""


@dataclass
class Figures:
    """What came of statements: of this process, or of all workers.

    Attributes:
        sent: All of them.
        shapes: Those that differ by more than names, and that no server refused.
        analyzed: How many of them weren't known to be right.
        refused: Findings.
        executed: Statements that GoogleSQL's reference implementation ran.
    """

    sent: int = 0
    shapes: set[str] = field(default_factory=set)
    analyzed: int = 0
    refused: int = 0
    executed: int = 0

    def add(self, other: "Figures") -> None:
        """Count another's too."""
        self.sent += other.sent
        self.shapes |= other.shapes
        self.analyzed += other.analyzed
        self.refused += other.refused
        self.executed += other.executed

    @property
    def told(self) -> str:
        """In one line.

        >>> Figures(12_345, {"a", "b"}, 1, 0, 7).told
        '12,345 sent, 2 distinct, 1 analyzed anew, 0 refused; 7 executed by GoogleSQL'
        """
        return (
            f"{self.sent:,} sent, {len(self.shapes):,} distinct, {self.analyzed:,} analyzed anew,"
            f" {self.refused:,} refused; {self.executed:,} executed by GoogleSQL"
        )


HERE = Figures()
"""Of this process."""


class Told:
    """Has workers tell their figures, and tells them all at the end of a run."""

    def __init__(self) -> None:
        self.all = Figures()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get(FIGURES)  # a crashed worker's is missing
        if told:
            figures = json.loads(told)
            self.all.add(Figures(**figures | {"shapes": set(figures["shapes"])}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is None:
            self.all.add(HERE)
        else:
            output[FIGURES] = json.dumps(vars(HERE) | {"shapes": sorted(HERE.shapes)})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.all.sent or self.all.executed:
            terminalreporter.section("statements")
            terminalreporter.line(self.all.told)


class Senders:
    """Tells the local BigQuery who sends; a plugin for as long as there is one."""

    def __init__(self, file: Path) -> None:
        self._file = file.with_name(file.name + SENDER)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.name(item.nodeid)

    def name(self, sender: str) -> None:
        """Say whose statements come from now on."""
        self._file.write_text(sender)


@contextmanager
def keeping(file: Path) -> Iterator[Senders]:
    """Have what a local BigQuery is sent that starts within kept in a file."""
    with mock.patch.dict(os.environ, {STATEMENTS: str(file)}):
        yield Senders(file)


@contextmanager
def judged_at_the_end(config: pytest.Config, file: Path) -> Iterator[None]:
    """Have what a local BigQuery is sent within judged then.

    The findings fail whatever test is the last: each names the one that sent the statement.
    """
    with keeping(file) as senders:
        senders.name(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
        config.pluginmanager.register(senders)
        try:
            yield
        finally:
            config.pluginmanager.unregister(senders)
    refused = refusals(file)
    if refused:
        pytest.fail("\n\n".join(refused), pytrace=False)


def refusals(file: Path) -> list[str]:
    """What GoogleSQL says against the statements of a file."""
    from tests.googlesql.engine import GoogleSql  # loads a machine: only where there is work
    from tests.googlesql.sent import judged, read

    engines: list[GoogleSql] = []

    def engine() -> GoogleSql:
        if not engines:
            engines.append(GoogleSql())
        return engines[0]

    if not file.exists():
        return []
    try:
        done = judged(read(file.read_text(encoding="utf-8").splitlines()), engine)
    finally:
        for started in engines:
            started.module.close()
    HERE.sent += file.with_name(file.name + COUNT).stat().st_size
    HERE.shapes |= done.shapes
    HERE.analyzed += done.analyzed
    HERE.refused += len(done.refused)
    return list(map(str, done.refused))


def add_to(config: pytest.Config) -> None:
    """Have a run's figures told at its end."""
    config.pluginmanager.register(Told(), "sent_statements")
