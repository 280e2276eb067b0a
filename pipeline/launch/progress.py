"""Progress of runs in this process: bars on a terminal, plain log lines at times elsewhere."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.execution.told_rows import PROGRESS
from pipeline.launch.row_counter import Board, left_text, share_text
from pipeline.parameters.log_lines import is_json, is_quiet
from smart_sync.plan import SyncPlan

LOGGER = logging.getLogger("smart_sync")
FIRST_S, EVERY_S = 5.0, 30.0
"""A first line soon, so that a run isn't taken for a dead one; then not so many."""
NAMED = 5


def configure_logging() -> None:
    """Ours at INFO and others' warnings, on stderr; a handler that is there stays."""
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
    logging.getLogger("smart_sync").setLevel(logging.INFO)


class _Lines(Board):
    """A log line now and then."""

    def __init__(self, tables: int, noun: str) -> None:
        super().__init__(tables, noun)
        self._next = self.began + FIRST_S

    def show(self) -> None:
        now = time.monotonic()
        if now < self._next or not self.at_work:
            return
        self._next = now + EVERY_S
        LOGGER.info("%s", line_of(self))


def line_of(board: Board) -> str:
    """How far all runs are, in one line."""
    at_work = list(board.at_work.values())
    text = f"read {board.rows:,} rows, {board.rate:,.0f} rows/s"
    if board.tables == 1:
        left = left_text(at_work[0].left_s)
        parts = [text + f" of {at_work[0].name}", share_text(at_work[0]), left]
        return ", ".join(filter(None, parts))
    named = ", ".join(f"{one.name} {share_text(one)}".strip() for one in at_work[:NAMED])
    more = f" and {len(at_work) - NAMED:,} more" if len(at_work) > NAMED else ""
    ended = f"{board.ended:,} of {board.tables:,} {board.noun} have ended"
    return f"{text}; {ended}, at work: {named}{more}"


@contextmanager
def progress(tables: int = 1, noun: str = "tables") -> Iterator[Board]:
    """What counts the rows of a launch's runs, and shows them until the block ends.

    Nothing is shown where the log is to be silent.

    Args:
        tables: of the launch, or slices of one.
        noun: what they are called.
    """
    if is_quiet() or not LOGGER.isEnabledFor(logging.INFO):
        yield Board(tables, noun)
    elif is_json() or not _has_terminal():
        with _listening(_Lines(tables, noun)) as board:
            yield board
    else:
        from pipeline.launch.bar import bars_of  # nobody sees it elsewhere

        with bars_of(tables, noun) as bars, _listening(bars) as board:
            yield board


@contextmanager
def shown(plan: SyncPlan) -> Iterator[None]:
    """Show how far a run of one table is, until the block ends."""
    with progress() as board:
        board.begin(plan)
        yield


def _has_terminal() -> bool:
    """Whether stderr is a terminal on which lines can be drawn anew."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


@contextmanager
def _listening(board: Board) -> Iterator[Board]:
    level, propagate = PROGRESS.level, PROGRESS.propagate
    PROGRESS.addHandler(board)
    PROGRESS.setLevel(logging.DEBUG)
    PROGRESS.propagate = False
    try:
        yield board
    finally:
        PROGRESS.removeHandler(board)
        PROGRESS.setLevel(level)
        PROGRESS.propagate = propagate
