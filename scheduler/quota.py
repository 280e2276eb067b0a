"""What schedules would have Dataflow run at once, and what Google allows. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile

from auto_schema.errors import ConfigError
from scheduler.cron import runs_after
from scheduler.hosts import Host
from scheduler.schedule import Schedule

JOBS_AT_ONCE = 25
"""Of one project, unless the quota was raised: https://cloud.google.com/dataflow/quotas."""
SCHEDULES_OF_A_REGION, MOST_OF_A_REGION = 1_000, 5_000
"""Jobs of Cloud Scheduler, by default and once raised: https://cloud.google.com/scheduler/quotas."""
WRITES_A_MINUTE = 500
"""Requests that make, change, delete, pause or run such jobs: the same page."""
ASSUMED = timedelta(minutes=15)
"""How long a run is taken to last that no max_run_minutes bounds: launcher and workers start for
some minutes before the first row is read."""
AHEAD = timedelta(days=7)
"""As far as launches are looked at: a week has its busiest hour, weekly schedules included."""
NAMED = 5


@dataclass(frozen=True, slots=True)
class Load:
    """The most jobs that schedules would have Dataflow run at once in one project.

    Attributes:
        project: whose quota it is.
        jobs: at once, at most; a schedule counts once, since Dataflow refuses its second job.
        at: the first minute at which it is so, in UTC.
        names: of the schedules whose jobs would run then.
        over: the minutes at which more start than the quota has room for, in order.
        quota: jobs at once.
    """

    project: str
    jobs: int
    at: datetime
    names: tuple[str, ...]
    over: tuple[datetime, ...]
    quota: int

    @property
    def is_over(self) -> bool:
        """Whether Dataflow would refuse some of them."""
        return self.jobs > self.quota


def loads(schedules: Iterable[Schedule], start: datetime, quota: int) -> list[Load]:
    """The load of each project on Dataflow in the next AHEAD, by project.

    Args:
        schedules: all of the projects, of each host; paused ones launch nothing.
        start: aware.
        quota: jobs that a project may run at once.
    """
    by_project = defaultdict[str, list[Schedule]](list)
    for schedule in schedules:
        if schedule.host is Host.DATAFLOW and not schedule.paused:
            by_project[schedule.project].append(schedule)
    every = (_load(name, mine, start, quota) for name, mine in sorted(by_project.items()))
    return [load for load in every if load is not None]


def _load(project: str, schedules: Sequence[Schedule], start: datetime, quota: int) -> Load | None:
    """Go through begins and ends of runs in order; an end comes before a begin of its minute."""
    events = sorted(
        (moment, begins, number)
        for number, schedule in enumerate(schedules)
        for begin, end in _runs(schedule, start)
        for moment, begins in ((begin, True), (end, False))
    )
    running, over = set[int](), dict[datetime, None]()
    most, fullest = frozenset[int](), start
    for moment, begins, number in events:
        if not begins:
            running.remove(number)
            continue
        running.add(number)
        if len(running) > quota:
            over[moment] = None
        if len(running) > len(most):
            most, fullest = frozenset(running), moment
    names = tuple(sorted(schedules[number].name for number in most))
    return Load(project, len(most), fullest, names, tuple(over), quota) if most else None


def lasts(schedule: Schedule) -> timedelta:
    """How long a run of it is taken to last."""
    minutes = schedule.parameters.get("max_run_minutes", "")
    return timedelta(minutes=int(minutes)) if minutes.isdecimal() and int(minutes) else ASSUMED


def _runs(schedule: Schedule, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Its runs as [begin, end); what fires while one is active is refused by its name."""
    last = start
    for begin in _fires(schedule.cron, schedule.time_zone, start):
        if begin >= last:
            last = begin + lasts(schedule)
            yield begin, last


@cache
def _fires(cron: str, zone: str, start: datetime) -> tuple[datetime, ...]:
    """The minutes in which it fires, in UTC; none of a hand-made job whose schedule is no cron."""
    try:
        times = takewhile(lambda at: at <= start + AHEAD, runs_after(cron, zone, start))
        return tuple(at.astimezone(UTC) for at in times)
    except ConfigError:
        return ()


def load_text(load: Load) -> str:
    """The load in a line: what is allowed, what would be, and the mend where that is more."""
    limit = f"Dataflow runs {load.quota} jobs of a project at once"
    limit += " unless the quota was raised" if load.quota == JOBS_AT_ONCE else ""
    at = f"{load.jobs} of {load.project}'s schedules at {load.at:%a %Y-%m-%d %H:%M} UTC"
    if not load.is_over:
        return f"{limit}; at most {at}"
    minutes = [f"{moment:%a %H:%M}" for moment in load.over[:NAMED]]
    more = len(load.over) - len(minutes)
    some = ", ".join(load.names[:NAMED]) + (
        f" and {len(load.names) - NAMED:,} more" if len(load.names) > NAMED else ""
    )
    return (
        f"{limit}, and refuses what is launched beyond; there would be {at}: {some}."
        f" Too many start at {', '.join(minutes)}"
        + (f" and {more:,} more minutes of the week" if more else "")
        + ". To mend: spread their minutes (--stagger), sync many tables by one schedule"
        " (tables: FILE), run small ones on Cloud Run (host: cloud_run), or have the quota raised"
        " and say --dataflow-jobs=N."
    )


def scheduler_warnings(counts: Iterable[tuple[str, int]], changes: int) -> list[str]:
    """What Cloud Scheduler itself would refuse.

    Args:
        counts: places, and the schedules that each would have.
        changes: that are to be made.
    """
    warnings = [
        f"{count:,} schedules in {place}; Cloud Scheduler takes {SCHEDULES_OF_A_REGION:,} jobs of a"
        f" region by default, {MOST_OF_A_REGION:,} at most. To mend: have the quota raised, sync"
        " many tables by one schedule (tables: FILE), or use a second location."
        for place, count in counts
        if count > SCHEDULES_OF_A_REGION
    ]
    if changes > WRITES_A_MINUTE:
        warnings.append(
            f"{changes:,} changes; Cloud Scheduler takes {WRITES_A_MINUTE} a minute. To mend: apply"
            " again when it refuses: what is done is done, and what is left goes on."
        )
    return warnings
