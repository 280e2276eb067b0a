"""I/O. What applying a file would do: to each schedule, and to the quotas of their places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.app import schedules_of
from scheduler.changes import Change, Kind, changes, crowd_texts
from scheduler.quota import Load, load_text, loads, scheduler_warnings
from scheduler.schedule import Schedule
from scheduler.steps import Step


@dataclass(frozen=True, slots=True)
class Intent:
    """What applying a file would do.

    Attributes:
        changes: of each schedule of the places that the file names; orphans come last.
        steps: those of the changes that are made.
        loads: what Dataflow would run at once afterwards, by project.
        warnings: what should be looked at before.
        deletes: whether orphans are deleted.
    """

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    loads: tuple[Load, ...]
    warnings: tuple[str, ...]
    deletes: bool


def intent_of(wanted: Sequence[Schedule], now: datetime, *, deletes: bool, quota: int) -> Intent:
    """Look at the places of a file's schedules.

    Args:
        wanted: the schedules of the file.
        now: aware.
        deletes: whether schedules that are not in the file are deleted.
        quota: jobs that Dataflow runs at once in a project.

    Raises:
        SyncError: Cloud Scheduler refused or can't be reached.
    """
    planned, steps = list[Change](), list[Step]()
    after, counts = list[Schedule](), list[tuple[str, int]]()
    for project, location in sorted({(item.project, item.location) for item in wanted}):
        there = schedules_of(project, location)
        existing = {item.name: item for item in there.all()}
        mine = [item for item in wanted if (item.project, item.location) == (project, location)]
        differing = changes(mine, list(existing.values()))
        planned += differing
        steps += [
            Step(there, change, existing.get(change.schedule.name))
            for change in differing
            if change.kind is not Kind.KEEP and (deletes or change.kind is not Kind.DELETE)
        ]
        stay = [c.schedule for c in differing if not (deletes and c.kind is Kind.DELETE)]
        after += stay
        counts.append((f"{project}, {location}", len(stay)))
    quota_loads = tuple(loads(after, now, quota))
    warnings = [*crowd_texts(after, now), *scheduler_warnings(counts, len(steps))]
    return Intent(
        tuple(planned), tuple(steps), quota_loads, tuple(_with(quota_loads, warnings)), deletes
    )


def _with(quota_loads: Iterable[Load], warnings: list[str]) -> list[str]:
    return [load_text(load) for load in quota_loads if load.is_over] + warnings
