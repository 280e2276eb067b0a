"""Progress: a bar with rows, rate and share on a terminal, plain log lines elsewhere.

The reader logs one line per batch (`split=3 attempt=0 rows=…`); here they become a bar,
or a line every few seconds.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pipeline.execution.split_reading import PROGRESS as READING
from smart_sync.plan import SyncPlan

EVERY_S = 5.0
_LINE = re.compile(r"split=(\d+) attempt=(\d+) rows=(\d+)( done)?$")


def configure_logging() -> None:
    """Ours at INFO and others' warnings, on stderr; a handler that is there stays."""
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
    logging.getLogger("smart_sync").setLevel(logging.INFO)


class _Counter(logging.Handler):
    """Sums the rows of all splits out of the reader's lines; silent otherwise."""

    def __init__(self, plan: SyncPlan) -> None:
        super().__init__()
        self._plan = plan
        self._rows: dict[str, int] = {}
        self._done: set[str] = set()
        self._began = time.monotonic()
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        match = _LINE.match(record.getMessage())
        if match is None:
            return
        with self._guard:
            self._rows[match[1]] = int(match[3])
            if match[4]:
                self._done.add(match[1])
        self.show()

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return sum(self._rows.values())

    @property
    def share(self) -> float:
        """Part that is done, from 0 to 1: by splits, or by the estimate within the only one."""
        total = self._plan.reading.split_total or 1
        share = len(self._done) / total
        estimate = self._plan.reading.estimated_rows
        if estimate:
            share = max(share, min(self.rows / estimate, 0.99))
        return 1.0 if len(self._done) == total else share

    @property
    def rate(self) -> float:
        """Rows per second since the start."""
        return self.rows / max(time.monotonic() - self._began, 0.001)

    def show(self) -> None:
        """Overridden: what to do with a new count."""


class _Lines(_Counter):
    """A log line every few seconds."""

    def __init__(self, plan: SyncPlan) -> None:
        super().__init__(plan)
        self._last = time.monotonic()

    def show(self) -> None:
        if time.monotonic() - self._last >= EVERY_S:
            self._last = time.monotonic()
            logging.getLogger("smart_sync").info(
                "read %s rows, %s rows/s, %d%%",
                f"{self.rows:,}",
                f"{self.rate:,.0f}",
                self.share * 100,
            )


class _Bar(_Counter):
    """A bar on a terminal."""

    def __init__(self, plan: SyncPlan, bar: Progress) -> None:
        super().__init__(plan)
        self._bar = bar
        self._task = bar.add_task(f"Reading into {plan.destination.table}", total=1.0, text="")

    def show(self) -> None:
        text = f"{self.rows:,} rows  {self.rate:,.0f} rows/s"
        if self.share >= 1:
            text += "  publishing"
        self._bar.update(self._task, completed=self.share, text=text)


@contextmanager
def progress(plan: SyncPlan) -> Iterator[None]:
    """Show a local run's progress until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with _listening(_Lines(plan)):
            yield
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar, _listening(_Bar(plan, bar)):
        yield


@contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    READING.setLevel(logging.INFO)
    READING.addHandler(handler)
    propagate, READING.propagate = READING.propagate, False
    try:
        yield
    finally:
        READING.removeHandler(handler)
        READING.propagate = propagate
