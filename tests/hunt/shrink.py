"""The smallest case that still fails in the same way, within a time."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.hunt.case import Case, Verdict

C = TypeVar("C", bound=Case)


def shrink(case: C, fails: Callable[[C], bool], seconds: float) -> C:
    """Take away one thing after the other for as long as the case still fails.

    What was tried in vain isn't tried again until all else was.
    """
    deadline = time.monotonic() + seconds
    tried = set[str]()
    found = True
    while found and time.monotonic() < deadline:
        found = False
        for smaller in case.smaller():
            if time.monotonic() >= deadline:
                break
            text = repr(smaller)
            if text in tried:
                continue
            tried.add(text)
            if fails(smaller):
                case, found = smaller, True
                break
    return case


def same_faults(before: Verdict, after: Verdict) -> bool:
    """Whether a smaller case shows a fault of the same kind, and so stands for the larger."""
    return bool(before.kinds & after.kinds)
