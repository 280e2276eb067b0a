"""A process, and what it took: seconds, CPU, the most memory."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.servers import ROOT

Words = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Sample:
    """One process.

    Attributes:
        seconds: of wall time.
        cpu: seconds of all its threads, in user and system mode.
        memory: the most resident bytes; never less than the starting process holds.
    """

    seconds: float
    cpu: float
    memory: int


def measured(words: Words, environ: Mapping[str, str] | None = None) -> Sample:
    """Run a program to its end.

    Raises:
        SystemExit: it failed; with the end of what it said.
    """
    began = time.monotonic()
    with subprocess.Popen(
        [str(word) for word in words],
        env={**os.environ, **(environ or {})},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[1]} ended with exit code {process.returncode}:\n{said[-2000:]}")
    return Sample(time.monotonic() - began, cpu_of(usage), usage.ru_maxrss * 1024)


def cpu_of(usage: resource.struct_rusage) -> float:
    """Seconds in user and system mode."""
    return usage.ru_utime + usage.ru_stime


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each figure by itself."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        statistics.median(sample.cpu for sample in samples),
        int(statistics.median(sample.memory for sample in samples)),
    )
