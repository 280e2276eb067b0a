"""The servers of a hunt, and the program run in this process with acts at given moments."""

import contextlib
import io
import itertools
import json
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import requests
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from demo.servers import BigQueryServer, PostgresqlServer
from tests.sync import PROJECT

LONGEST_RUN_S = 120
ADBC = "adbc_driver_postgresql.dbapi.connect"
Act = Callable[[], None]
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens within a run: at the n-th time that the program does a thing.

    Attributes:
        what: `request`, a request to BigQuery; `split`, a split of PostgreSQL is opened;
            `publish`, the publishing job is sent.
        number: from 0.
    """

    what: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, and all that it said."""

    code: int
    text: str
    hung: bool = False


@dataclass
class Moments:
    """Counts what the program does, and acts at the moments that were asked for, once each."""

    acts: Mapping[Moment, Act]
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.RLock)

    def reached(self, what: str) -> None:
        with self._lock:
            number = self.counts.get(what, 0)
            self.counts[what] = number + 1
            act = self.acts.get(Moment(what, number))
            if act:
                act()

    def seen(self, method: str, url: str, body: Any) -> None:
        """One request to BigQuery: a moment, and another where it sends the publishing job."""
        self.reached("request")
        if method == "POST" and "/jobs" in url and "_publish_" in job_id(body):
            self.reached("publish")


def job_id(body: Any) -> str:
    """The id in the body of a job that is sent; empty where there is none."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(text).get("jobReference", {}).get("jobId", ""))
    return text[:2000] if '"jobReference"' in text else ""


class HungError(Exception):
    """A run took longer than any run of a hunt may."""


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise in the main thread when it takes longer."""

    def end(_number: int, _frame: Any) -> None:
        raise HungError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def acting(moments: Moments) -> Iterator[None]:
    """Watch what the program asks of BigQuery and of PostgreSQL's driver."""
    import adbc_driver_postgresql.dbapi

    request, connect = requests.Session.request, adbc_driver_postgresql.dbapi.connect

    def watched(self: Any, method: str, url: str, *words: Any, **more: Any) -> Any:
        moments.seen(method, url, more.get("data"))
        return request(self, method, url, *words, **more)

    def opened(*words: Any, **more: Any) -> Any:
        moments.reached("split")
        return connect(*words, **more)

    with mock.patch.object(requests.Session, "request", watched), mock.patch(ADBC, opened):
        yield


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Who may still write is waited for as always, but not for a minute."""
    with mock.patch("sources.postgresql.clock.WAIT_S", 1.5):
        yield


@contextlib.contextmanager
def outliving() -> Iterator[None]:
    """Where the program ends its process, and a run's threads with it, the hunt waits for them.

    They find their run ended, as another process's would that was slow to die.
    """
    from pipeline.launch.program_end import RUN_THREAD

    def waited(code: int) -> int:
        for thread in threading.enumerate():
            if thread.name == RUN_THREAD:
                thread.join(LONGEST_RUN_S)
        return code

    with mock.patch("pipeline.cli.exit_with_threads", waited):
        yield


@contextlib.contextmanager
def hearing(out: io.StringIO) -> Iterator[None]:
    """Everything that is printed or logged goes into `out`."""
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            yield
    finally:
        root.handlers = before


@dataclass
class Bench:
    """Servers, a folder, and a client that looks at what arrived."""

    postgresql: PostgresqlServer
    target: BigQueryServer
    client: bigquery.Client
    folder: Path

    def run(
        self,
        argv: Sequence[str],
        acts: Mapping[Moment, Act] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Ran:
        """main() in this process; `acts` happen at their moments, in whatever thread."""
        from pipeline.cli import main

        out = io.StringIO()
        settings = {**self.target.environ, **(environ or {})}
        with mock.patch.dict(os.environ, settings), hearing(out), acting(Moments(acts or {})):
            try:
                with impatient(), outliving(), at_most(LONGEST_RUN_S):
                    code, hung = main(list(argv)), False
            except HungError:
                code, hung = 70, True
                traceback.print_exc(file=out)
            except KeyboardInterrupt:  # of an act, and main() didn't take it
                code, hung = 70, False
                traceback.print_exc(file=out)
        return Ran(code, out.getvalue(), hung)

    @contextlib.contextmanager
    def dataset(self) -> Iterator[str]:
        """A dataset of the case's own; the local BigQuery gets slower the more it holds."""
        name = f"hunt_{os.getpid()}_{next(_NUMBERS)}"
        self.client.create_dataset(f"{PROJECT}.{name}")
        try:
            yield name
        finally:
            with contextlib.suppress(GoogleAPICallError):
                self.client.delete_dataset(
                    f"{PROJECT}.{name}", delete_contents=True, not_found_ok=True
                )

    def name(self, prefix: str) -> str:
        """A name that nothing else on the bench's servers has."""
        return f"{prefix}_{os.getpid()}_{next(_NUMBERS)}"
