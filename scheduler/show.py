"""What the command prints: tables and lines, from values. Pure but for the console."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auto_schema.errors import ConfigError
from pipeline.parameters import zones
from scheduler.changes import Change, Difference, Kind
from scheduler.cron import clock_warnings, next_runs
from scheduler.runs import Health, Status
from scheduler.schedule import Schedule

COLORS = {
    Kind.CREATE: "green",
    Kind.UPDATE: "yellow",
    Kind.DELETE: "red",
    Kind.KEEP: "dim",
    Health.STOPPED: "red",
    Health.FAILING: "red",
    Health.LATE: "red",
    Health.NEW: "yellow",
    Health.PAUSED: "dim",
    Health.GOOD: "green",
}
WIDEST = 1_000_000
"""Columns in which any line fits."""
NEXT_DAYS = timedelta(days=7)


def table_of(title: str, headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table; its cells are plain text, whatever stands in them."""
    table = Table(title=Text(title) if title else None, box=SIMPLE_HEAD, collapse_padding=True)
    for place, heading in enumerate(headings):
        table.add_column(Text(heading), overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def put_rows(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[str | Text]]
) -> None:
    """Print a table, or, where the terminal is too narrow for its lines, a block for each row.

    A name is then whole, in a line of its own, with what the other columns say below it.
    """
    table = table_of("", headings, rows)
    if (
        console.measure(table, options=console.options.update(width=WIDEST)).maximum
        <= console.width
    ):
        console.print(table)
        return
    console.print(Text(headings[0], "bold"), Text(f"({', '.join(headings[1:])})", "dim"))
    for name, *cells in rows:
        console.print(name, markup=False, highlight=False, soft_wrap=True)
        line = Text()
        for number, cell in enumerate(cells):
            line.append(" · " if number else "", "dim")
            line.append(str(cell).replace("\n", " "), cell.style if isinstance(cell, Text) else "")
        console.print(Padding(line, (0, 0, 0, 4)))


def colored(text: Kind | Health) -> Text:
    """A word in its color."""
    return Text(text, COLORS[text])


LIST_HEADINGS = ("schedule", "cron", "time zone", "state", "next run", "destination")


def list_rows(schedules: Iterable[Schedule], now: datetime) -> list[tuple[str, ...]]:
    """All schedules, a row each."""
    rows = list[tuple[str, ...]]()
    for schedule in schedules:
        soon = "–" if schedule.paused else _soon(schedule, now)
        state = "paused" if schedule.paused else "enabled"
        rows.append(
            (schedule.name, schedule.cron, schedule.time_zone, state, soon, schedule.destination)
        )
    return rows


def _soon(schedule: Schedule, now: datetime) -> str:
    """The next run; `?` for a hand-made job whose schedule isn't cron."""
    try:
        return f"{next_runs(schedule.cron, schedule.time_zone, now, 1)[0]:%Y-%m-%d %H:%M}"
    except ConfigError:
        return "?"


def difference_lines(differences: Iterable[Difference]) -> list[str]:
    """What changes, a line each."""
    return [
        f"    {difference.path}: {difference.old} → {difference.new}" for difference in differences
    ]


def show_changes(console: Console, changes: Sequence[Change], *, deletes: bool) -> None:
    """The plan of an apply."""
    for change in changes:
        kept = change.kind is Kind.DELETE and not deletes
        word = Text("orphan", "dim") if kept else colored(change.kind)
        note = " (not in the file; --delete-orphans removes it)" if kept else ""
        console.print(word, f" {change.schedule.name}{note}", markup=False, highlight=False)
        for line in difference_lines(change.differences):
            console.print(line, markup=False, highlight=False)


def next_table(schedule: Schedule, now: datetime, count: int) -> tuple[Table, list[str]]:
    """The next runs in the schedule's zone and in UTC; and what clock changes do to them."""
    runs = next_runs(schedule.cron, schedule.time_zone, now, count)
    rows = [(f"{at:%a %Y-%m-%d %H:%M %Z}", f"{at.astimezone(UTC):%Y-%m-%d %H:%M}") for at in runs]
    place = f"{schedule.time_zone} (tzdata {zones.VERSION})"
    table = table_of(f"{schedule.name}: {schedule.cron}", (place, "UTC"), rows)
    end = max([now + NEXT_DAYS, *runs])
    return table, clock_warnings(schedule.cron, schedule.time_zone, now, end)


STATUS_HEADINGS = (
    "schedule",
    "health",
    "last run",
    "rows",
    "secs",
    "data lag",
    "good",
    "next run",
)


def status_rows(
    statuses: Iterable[Status], now: datetime, *, is_wide: bool
) -> list[tuple[str | Text, ...]]:
    """How all schedules do, a row each.

    Args:
        statuses: of each.
        now: aware.
        is_wide: a row is one line, however long; else two.
    """
    between = " " if is_wide else "\n"
    rows = list[tuple[str | Text, ...]]()
    for status in statuses:
        run = status.last
        rows.append(
            (
                status.schedule.name,
                colored(status.health),
                f"{run.status}{between}{age(now - run.event_time)} ago" if run else "–",
                f"{run.rows:,}" if run else "–",
                f"{run.seconds:,.0f}" if run and run.seconds is not None else "–",
                age(status.lag) if status.lag is not None else "–",
                "–" if status.success_rate is None else f"{status.success_rate:.0%}",
                f"{status.next_run:%m-%d %H:%M}{between}{status.next_run:%Z}"
                if status.next_run
                else "–",
            )
        )
    return rows


SHOWN = 20
"""Tables of a file that are shown; those that aren't good come first."""


def tables_table(status: Status, now: datetime, *, whole: bool) -> Table:
    """Each table of a schedule's file: how its last run ended, and how long ago."""
    runs = sorted(status.tables, key=lambda run: (run.is_good, run.destination))
    bad = sum(not run.is_good for run in runs)
    shown = runs if whole else runs[: max(SHOWN, bad)]
    rows = [
        (
            ".".join(run.destination.rsplit(".", 2)[1:]),
            Text(run.status, "green" if run.is_good else "red"),
            f"{age(now - run.event_time)} ago" if run.run_id else "–",
            f"{run.rows:,}" if run.run_id else "–",
        )
        for run in shown
    ]
    left = len(runs) - len(shown)
    title = f"{status.schedule.name}: {len(runs)} tables" + (
        f", {left} good ones not shown" * (left > 0)
    )
    return table_of(title, ("table", "last run", "ended", "rows"), rows)


def age(span: timedelta) -> str:
    """A span in its two largest units.

    >>> age(timedelta(hours=26, minutes=3)), age(timedelta(seconds=42))
    ('1 d 2 h', '42 s')
    """
    seconds = int(abs(span).total_seconds())
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in units:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}")
    return ("-" if span < timedelta(0) else "") + (" ".join(parts[:2]) or "0 s")
