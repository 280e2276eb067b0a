"""The order of tests: by chance, but for those that take long, which come first.

A worker that begins one of them as the last keeps the others waiting at the end: some need 10 to 20
seconds, the deployment guide a minute on a machine that hasn't run it yet. Whole files move, since
their tests share servers; together they take less than a worker's share.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONG = (
    "tests/deploy/test_commands.py",
    "tests/mongodb/test_failover.py",
    "tests/e2e/test_chaos.py",
    "tests/e2e/test_interrupted.py",
    "tests/hunt/test_hunt.py",
    "tests/bigquery/test_types.py",
    "tests/seam/test_matrix.py",
)
"""Files with a test of more than some seconds."""


def long_first(tests: list[T], name_of: Callable[[T], str]) -> None:
    """Put the tests of long files first, each part in the order that it has."""
    tests.sort(key=lambda test: name_of(test).partition("::")[0] not in LONG)
