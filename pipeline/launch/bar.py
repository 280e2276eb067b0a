"""Bars with rows, rate, share and time left on a terminal; imported where there is one.

While they are shown, what is logged goes above them, line by line, and never into one.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from pipeline.launch.row_counter import AtWork, Board, left_text, share_text

MOST_SHOWN = 10
"""Bars of tables at once; of more the first."""
NAME, BAR = 24, 12
"""Columns of a terminal of 80."""


class _Bars(Board):
    """A bar for each run at work, and of many tables a line for all of them."""

    def __init__(self, tables: int, noun: str, bars: Progress) -> None:
        super().__init__(tables, noun)
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._sum = bars.add_task("", total=tables, text="") if tables > 1 else None

    def show(self) -> None:
        at_work = dict(self.at_work)
        for run_id in [run_id for run_id in self._tasks if run_id not in at_work]:
            self._bars.remove_task(self._tasks.pop(run_id))
        for run_id, one in list(at_work.items())[:MOST_SHOWN]:
            if run_id not in self._tasks:
                name = one.name if len(one.name) <= NAME else f"{one.name[: NAME - 1]}…"
                self._tasks[run_id] = self._bars.add_task(name, total=None, text="")
            total = None if one.share is None else 1.0
            done = one.share or 0.0
            task = self._tasks[run_id]
            self._bars.update(task, total=total, completed=done, text=_text(one))
        if self._sum is not None:
            told = f"{self.rows:,} rows  {self.rate:,.0f}/s"
            name = f"{self.ended:,} of {self.tables:,} {self.noun}"
            self._bars.update(self._sum, description=name, completed=self.ended, text=told)


def _text(one: AtWork) -> str:
    rate = one.total / one.seconds()
    parts = [share_text(one), f"{one.total:,} rows", f"{rate:,.0f}/s", left_text(one.left_s)]
    return "  ".join(filter(None, parts))


class _Above(io.TextIOBase):
    """A stream whose lines stand above the bars."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console, self._rest = console, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._console.print(Text(line), soft_wrap=True, highlight=False)
        return len(text)

    def flush(self) -> None:
        """What has no end of line yet waits for it."""

    def close(self) -> None:
        """The terminal stays open."""
        if self._rest:
            self.write("\n")


@contextmanager
def bars_of(tables: int, noun: str) -> Iterator[Board]:
    """What counts the rows of a launch, and shows them until the block ends.

    Args:
        tables: of the launch, or slices of one.
        noun: what they are called.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=BAR),
        TextColumn("{task.fields[text]}", markup=False),
    )
    console = Console(stderr=True)
    bars = Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    with bars, _logging_above(console):
        yield _Bars(tables, noun, bars)


@contextmanager
def _logging_above(console: Console) -> Iterator[None]:
    above = _Above(console)
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
        and handler.stream in (sys.stderr, sys.__stderr__, sys.stdout)
    ]
    streams = [handler.setStream(above) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream)
        above.close()
