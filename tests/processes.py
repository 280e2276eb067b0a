"""Runs in processes of their own, to be killed or suspended; and gates that hold their requests.

They are forked from a server that has imported the program (`tests/forked.py`): each starts within
tenths of a second, where Beam's import alone takes seconds.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fault_proxy import FaultProxy
from tests.fault_rules import Action, Rule, call, hold
from tests.patience import Patience

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.forked"])
AS_INSTALLED = str(Path(__file__).with_name("as_installed"))
PATIENCE_S = 60.0
"""Of a machine that has nothing else to do."""
LOOK_S = 0.1
PAUSES_S = 0.02, 0.2
"""Between two looks: at first, and at most, since each costs a server's time."""


def until(condition: Callable[[], Any]) -> None:
    """Wait for something that happens elsewhere."""
    patience = Patience(PATIENCE_S)
    pause, longest = PAUSES_S
    while not condition():
        assert not patience.is_over(), "waited in vain"
        time.sleep(pause)
        pause = min(pause * 1.2, longest)


def _run(argv: Sequence[str], environ: Mapping[str, str], log: Path, limits: Any) -> None:
    with log.open("wb") as out:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(out.fileno(), stream.fileno())
    os.environ.update(environ)
    sys.path.insert(0, AS_INSTALLED)  # a fork has its parent's path
    if limits:
        limits()
    from pipeline.cli import main

    raise SystemExit(main(argv))


class Program:
    """A run of main() in a process of its own, from start to `end`."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], log: Path, limits: Any = None
    ) -> None:
        self._log = log
        self._process = FORKS.Process(target=_run, args=(argv, environ, log, limits), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.exitcode is not None

    @property
    def output(self) -> str:
        """What it has printed and logged so far."""
        return self._log.read_text() if self._log.exists() else ""

    def suspend(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would: nothing is cleared up."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Its exit code; as long as it says something more, it isn't given up."""
        patience = Patience(PATIENCE_S)
        while self._process.exitcode is None:
            assert not patience.is_over(len(self.output)), f"still running:\n{self.output}"
            self._process.join(LOOK_S)
        return self._process.exitcode

    def end(self) -> None:
        """Kill it by its id if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.exitcode is None:
                self._process.kill()
        self._process.join(PATIENCE_S)


class Gate:
    """Holds the first request that a rule takes: before BigQuery gets it, or `after` it did."""

    def __init__(
        self, proxy: FaultProxy, *, after: bool = False, then: Action | None = None, **which: Any
    ) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()
        held = hold(self._opened, then=then)
        action = call(lambda _: self._reached.set(), after=after, then=held)
        self.rule = proxy.add(Rule(action, **{"times": 1} | which))

    @property
    def holds(self) -> bool:
        """Whether a request has come."""
        return self._reached.is_set()

    def wait(self, program: Program | None = None) -> None:
        """Until a request is held."""
        patience = Patience(PATIENCE_S)
        while not self._reached.wait(LOOK_S):
            told = program.output if program else ""
            assert not patience.is_over(len(told)), told or "nobody came"

    def open(self) -> None:
        """Let it pass."""
        self._opened.set()
