"""Each statement that a test sends to the local BigQuery is judged by GoogleSQL at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STATEMENTS = "SMART_SYNC_TEST_STATEMENTS"
"""The variable by which `tests/local_bigquery` knows where to keep them."""
SENDER = ".sender"


class Senders:
    """Tells the local BigQuery which test runs; a plugin for as long as there is one."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.name(item.nodeid)

    def name(self, test: str) -> None:
        """Say whose statements come from now on."""
        self._file.write_text(test)


@contextmanager
def judged_at_the_end(config: pytest.Config, file: Path) -> Iterator[None]:
    """Have what a local BigQuery is sent within kept in a file, and judge it then.

    The findings fail whatever test is the last: each names the one that sent the statement.
    """
    senders = Senders(file.with_name(file.name + SENDER))
    senders.name(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
    config.pluginmanager.register(senders)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(STATEMENTS, str(file))
            yield
    finally:
        config.pluginmanager.unregister(senders)
    judge(file)


def judge(file: Path) -> None:
    """Fail with what GoogleSQL says against the statements of a file."""
    from tests.googlesql.engine import GoogleSql  # loads a machine: only where there is work
    from tests.googlesql.sent import judged, read

    engines: list[GoogleSql] = []

    def engine() -> GoogleSql:
        if not engines:
            engines.append(GoogleSql())
        return engines[0]

    if not file.exists():
        return
    try:
        done = judged(read(file.read_text(encoding="utf-8").splitlines()), engine)
    finally:
        for started in engines:
            started.module.close()
    if done.refused:
        pytest.fail("\n\n".join(map(str, done.refused)), pytrace=False)
