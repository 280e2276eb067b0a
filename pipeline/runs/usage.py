"""I/O. What this process has used of the machine while a run was at work in it."""

import resource
import sys
from dataclasses import dataclass

_BEGUN: dict[str, float] = {}
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
KIB = 1 if sys.platform == "darwin" else 1024
"""Of `ru_maxrss`, in bytes."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time of this process and those it has waited for, and peak bytes.

    The peak is the process's own since it began, or that of its largest child.
    """

    cpu_seconds: float
    peak_memory_bytes: int


def begin(run_id: str) -> None:
    """Count from now on what a run uses that has this process for itself."""
    _BEGUN[run_id] = _seconds()


def used_by(run_id: str) -> Usage | None:
    """What the process has used since the run began; None: it isn't this run's alone."""
    if run_id not in _BEGUN:
        return None
    peak = max(resource.getrusage(one).ru_maxrss for one in WHOSE)
    return Usage(round(_seconds() - _BEGUN[run_id], 3), peak * KIB)


def _seconds() -> float:
    used = [resource.getrusage(one) for one in WHOSE]
    return sum(one.ru_utime + one.ru_stime for one in used)
