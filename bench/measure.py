"""A process, and what it took: seconds, CPU, the most memory."""

import json
import os
import resource
import subprocess
import threading
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
        told: what it printed.
    """

    seconds: float
    cpu: float
    memory: int
    told: str = ""

    def figures(self) -> dict[str, float]:
        """As the record holds them."""
        return {"seconds": self.seconds, "cpu": self.cpu, "memory": self.memory}


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
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told, said = _both(process)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        code = process.returncode
        raise SystemExit(f"{' '.join(map(str, words[:3]))} ended with {code}:\n{said[-2000:]}")
    return Sample(time.monotonic() - began, cpu_of(usage), usage.ru_maxrss * 1024, told)


def _both(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """All of stdout and stderr; the process is left to be waited for."""
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    errors = process.stderr
    thread = threading.Thread(target=lambda: said.append(errors.read()))
    thread.start()
    told = process.stdout.read()
    thread.join()
    return told, "".join(said)


def figures_told(words: Words, environ: Mapping[str, str] | None = None) -> dict[str, float]:
    """What a program of ours measures within itself, told in its last line, and its memory."""
    sample = measured(words, environ)
    figures: dict[str, float] = json.loads(sample.told.splitlines()[-1])
    return {"memory": sample.memory} | figures


def cpu_of(usage: resource.struct_rusage) -> float:
    """Seconds in user and system mode."""
    return usage.ru_utime + usage.ru_stime
