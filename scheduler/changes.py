"""What makes schedules as they are wanted; minutes that are too full. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pipeline.parameters.options import plain_secrets
from scheduler.cron import runs_after
from scheduler.schedule import Schedule
from scheduler.tables import told

PAUSE, COUNTED_FROM = "pause_after_failures", "failures_counted_from"
HIDDEN = "(not shown)"
CROWD = 5
"""Launches in one minute that are worth a warning: each starts a VM, and asks the same sources."""


class Kind(StrEnum):
    """What is done to one schedule."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "unchanged"
    PAUSE = "pause"
    RESUME = "resume"
    LAUNCH = "launch"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changes; secrets are never shown."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One schedule, what is done to it, and what differs."""

    kind: Kind
    schedule: Schedule
    differences: tuple[Difference, ...] = ()


def flattened(schedule: Schedule) -> dict[str, str]:
    """A schedule's values by path, secrets hidden."""
    secrets = set(plain_secrets(schedule.parameters))
    texts: dict[str, str] = {}
    for name in schedule.__slots__:
        value: Any = getattr(schedule, name)
        if name == "retry":
            texts |= {f"retry.{key}": str(getattr(value, key)) for key in value.__slots__}
        elif name == "parameters":
            shown = {**value, "tables": told(value["tables"])} if "tables" in value else value
            texts |= {f"{name}.{k}": HIDDEN if k in secrets else v for k, v in shown.items()}
        elif name == "environment":
            texts |= {f"{name}.{key}": str(setting) for key, setting in value.items()}
        else:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    texts["job_name"] = schedule.job_name or schedule.name
    return texts


def differences(old: Schedule, new: Schedule) -> tuple[Difference, ...]:
    """What differs between two states of a schedule, by path."""
    before, after = flattened(old), flattened(new)
    paths = sorted(before.keys() | after.keys())
    differing = [
        Difference(path, before.get(path, "(none)"), after.get(path, "(none)"))
        for path in paths
        if before.get(path) != after.get(path)
    ]
    secrets = set(plain_secrets(old.parameters)) | set(plain_secrets(new.parameters))
    differing += [
        Difference(f"parameters.{name}", HIDDEN, f"{HIDDEN}, another one")
        for name in sorted(secrets)
        if name in old.parameters
        and name in new.parameters
        and old.parameters[name] != new.parameters[name]
        and before[f"parameters.{name}"] == after[f"parameters.{name}"]
    ]
    return tuple(differing)


def changes(wanted: Iterable[Schedule], existing: Iterable[Schedule]) -> list[Change]:
    """What makes the found schedules the wanted ones; orphans come last, as deletions."""
    there = {schedule.name: schedule for schedule in existing}
    planned = []
    for schedule in wanted:
        old = there.pop(schedule.name, None)
        if old is None:
            planned.append(Change(Kind.CREATE, schedule))
            continue
        schedule = _as_resumed(old, schedule)
        differs = differences(old, schedule)
        kind = Kind.UPDATE if differs else Kind.KEEP
        planned.append(Change(kind, schedule, differs))
    orphans = (Change(Kind.DELETE, schedule) for _, schedule in sorted(there.items()))
    return [*planned, *orphans]


def _as_resumed(old: Schedule, new: Schedule) -> Schedule:
    """The wanted schedule; no file says when it was last resumed, which is kept."""
    moment = old.parameters.get(COUNTED_FROM, "")
    if not moment or COUNTED_FROM in new.parameters or PAUSE not in new.parameters:
        return new
    return replace(new, parameters={**new.parameters, COUNTED_FROM: moment})


def resumed(schedule: Schedule, now: datetime) -> Schedule:
    """The schedule as it launches again; failures before now are not counted any more.

    They are counted from a whole second, the next one: a failure of this second is before now.
    """
    parameters = dict(schedule.parameters)
    if parameters.get(PAUSE, "0") != "0":
        up = now.astimezone(UTC) + timedelta(seconds=1 if now.microsecond else 0)
        parameters[COUNTED_FROM] = f"{up:%Y-%m-%dT%H:%M:%SZ}"
    return replace(schedule, parameters=parameters, paused=False)


def crowds(schedules: Sequence[Schedule], start: datetime) -> list[tuple[datetime, list[str]]]:
    """Minutes of the next 24 hours in which many schedules fire, fullest first."""
    end = start + timedelta(days=1)
    minutes: dict[datetime, list[str]] = defaultdict(list)
    for schedule in schedules:
        for at in runs_after(schedule.cron, schedule.time_zone, start):
            if at > end:
                break
            minutes[at.astimezone(start.tzinfo)].append(schedule.name)
    full = [(at, names) for at, names in minutes.items() if len(names) >= CROWD]
    return sorted(full, key=lambda crowd: (-len(crowd[1]), crowd[0]))


def crowd_texts(schedules: Sequence[Schedule], now: datetime) -> list[str]:
    """The fullest minutes of the next 24 hours, a line each."""
    return [
        f"{len(names)} schedules fire at {at:%H:%M} UTC: {', '.join(names[:5])}"
        + (", …" if len(names) > 5 else "")
        + "; --stagger spreads them"
        for at, names in crowds(schedules, now)[:3]
    ]


_EVERY = re.compile(r"\*/([0-9]+)")


def staggered(schedules: Sequence[Schedule]) -> list[Schedule]:
    """The same schedules, their minutes spread evenly, by the order of all their names.

    Only schedules that share their minute field with others are moved, within their hour (or
    their interval); a field of another form than `5` or `*/15` stays.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for schedule in schedules:
        groups[schedule.cron.split()[0]].append(schedule.name)
    places = {
        name: (place, len(names))
        for names in groups.values()
        for place, name in enumerate(sorted(names))
    }
    return [
        replace(schedule, cron=_moved(schedule.cron, *places[schedule.name]))
        for schedule in schedules
    ]


def _moved(cron: str, place: int, of: int) -> str:
    """A cron expression, moved to its place among so many.

    >>> _moved("0 * * * *", 1, 4), _moved("*/30 * * * *", 1, 2), _moved("0,5 * * * *", 1, 2)
    ('15 * * * *', '15-59/30 * * * *', '0,5 * * * *')
    """
    minute, rest = cron.split(" ", 1)
    every = _EVERY.fullmatch(minute)
    if every:
        if 60 % int(every[1]):
            return cron  # it would lose a run an hour
        offset = place * int(every[1]) // of
        return f"{offset}-59/{every[1]} {rest}" if offset else cron
    if minute.isdecimal():
        return f"{(int(minute) + place * 60 // of) % 60} {rest}"
    return cron
