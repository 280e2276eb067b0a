"""The order of tests: by chance, but for those that take long, which come first.

A worker that begins one of them as the last keeps the others waiting at the end: some need 10 to 20
seconds, the deployment guide a minute on a machine that hasn't run it yet. Whole files move, since
their tests share servers; together they take less than a worker's share. So do folders whose files
share what is dear to make, such as launches for Dataflow or replica sets: each worker that runs one
of their tests makes its own.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONG = (
    "tests/deploy/test_commands.py",
    "tests/mongodb/test_failover.py",
    "tests/e2e/test_chaos.py",
    "tests/e2e/test_interrupted.py",
    "tests/e2e/test_backfill.py",
    "tests/hunt/test_hunt.py",
    "tests/bigquery/test_types.py",
    "tests/seam/test_matrix.py",
)
"""Files with a test of more than some seconds."""
TOGETHER = ("tests/mongodb/", "tests/graph/")
"""Folders that share more than the servers that all tests share."""


def long_first(tests: list[T], name_of: Callable[[T], str]) -> None:
    """Put the tests of long files first, then folders that share; each has its own order."""
    tests.sort(key=lambda test: _place(name_of(test)))


def _place(name: str) -> int:
    """Where a test comes, by its name.

    >>> files = ["unit/test_a.py", "graph/test_a.py", "e2e/test_chaos.py", "e2e/test_b.py"]
    >>> [_place(f"tests/{file}::test") for file in files]
    [3, 2, 0, 3]
    """
    if name.partition("::")[0] in LONG:
        return 0
    shared = (at for at, folder in enumerate(TOGETHER, 1) if name.startswith(folder))
    return next(shared, len(TOGETHER) + 1)
