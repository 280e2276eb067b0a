"""A bar with rows, rate and share on a terminal; imported where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pipeline.launch.row_counter import RowCounter
from smart_sync.plan import SyncPlan


class _Bar(RowCounter):
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
def bar_of(plan: SyncPlan) -> Iterator[RowCounter]:
    """What counts a run's rows, and shows them until the block ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(plan, bar)
