"""Progress: a bar with rows, rate and share on a terminal, plain log lines elsewhere.

The reader logs one line per batch (`split=3 attempt=0 rows=…`); here they become a bar,
or a line every few seconds.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.execution.split_reading import PROGRESS as READING
from pipeline.launch.row_counter import RowCounter
from pipeline.parameters.log_lines import is_json, is_quiet
from smart_sync.plan import SyncPlan

EVERY_S = 5.0


def configure_logging() -> None:
    """Ours at INFO and others' warnings, on stderr; a handler that is there stays."""
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
    logging.getLogger("smart_sync").setLevel(logging.INFO)


class _Lines(RowCounter):
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


@contextmanager
def progress(plan: SyncPlan) -> Iterator[None]:
    """Show a local run's progress until the block ends."""
    if not sys.stderr.isatty() or is_json() or is_quiet():
        with _listening(_Lines(plan)):
            yield
        return
    from pipeline.launch.bar import bar_of  # nobody sees it elsewhere

    with bar_of(plan) as counter, _listening(counter):
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
