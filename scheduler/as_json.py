"""What the command prints, as values for JSON: the same as its tables say, uncut. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from auto_schema.errors import ConfigError
from pipeline.parameters import zones
from pipeline.parameters.options import plain_secrets
from scheduler.changes import HIDDEN, Change, Difference, Kind
from scheduler.cron import clock_warnings, runs_after
from scheduler.intent import Intent
from scheduler.job import body_of, uri_of
from scheduler.runs import Run, Status
from scheduler.schedule import Schedule

Document = dict[str, Any]
NEXT_DAYS = timedelta(days=7)
ORPHAN = "orphan"


def list_document(schedules: Iterable[Schedule], now: datetime) -> list[Document]:
    """All schedules, in short."""
    return [_in_short(schedule, now) for schedule in schedules]


def _in_short(schedule: Schedule, now: datetime) -> Document:
    return {
        "schedule": schedule.name,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "state": "paused" if schedule.paused else "enabled",
        "next_run": None if schedule.paused else _next_run(schedule, now),
        "destination": schedule.destination,
        "host": schedule.host,
        "project": schedule.project,
        "region": schedule.region,
        "location": schedule.location,
    }


def _next_run(schedule: Schedule, now: datetime) -> str | None:
    """None for a hand-made job whose schedule isn't cron, too."""
    try:
        return _utc(next(runs_after(schedule.cron, schedule.time_zone, now)))
    except (ConfigError, StopIteration):
        return None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def without_secrets(schedule: Schedule) -> Schedule:
    """The schedule, its plain secrets hidden."""
    hidden = dict.fromkeys(plain_secrets(schedule.parameters), HIDDEN)
    return replace(schedule, parameters={**schedule.parameters, **hidden})


def job_document(schedule: Schedule, job: Mapping[str, Any], now: datetime) -> Document:
    """One schedule whole, with what Cloud Scheduler says of it."""
    shown = without_secrets(schedule)
    whole = {name: getattr(shown, name) for name in shown.__slots__ if name != "name"}
    retry = {name: getattr(shown.retry, name) for name in shown.retry.__slots__}
    status = job.get("status") or {}
    return {
        **_in_short(schedule, now),
        **whole,
        "parameters": dict(shown.parameters),
        "environment": dict(shown.environment),
        "retry": retry,
        "job_name": schedule.job_name or schedule.name,
        "last_attempt": job.get("lastAttemptTime"),
        "last_attempt_error": (status.get("message") or str(status))
        if status.get("code")
        else None,
    }


def next_document(schedule: Schedule, now: datetime, count: int) -> Document:
    """The next runs of a schedule, and what clock changes do to them."""
    runs = list(islice(runs_after(schedule.cron, schedule.time_zone, now), count))
    end = max([now + NEXT_DAYS, *runs])
    return {
        "schedule": schedule.name,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "tzdata": zones.VERSION,
        "runs": [{"local": run.isoformat(), "utc": _utc(run)} for run in runs],
        "warnings": clock_warnings(schedule.cron, schedule.time_zone, now, end),
    }


def status_document(statuses: Iterable[Status], now: datetime) -> list[Document]:
    """How schedules do; all tables of a file, good ones too."""
    return [
        {
            "schedule": status.schedule.name,
            "destination": status.schedule.destination,
            "health": status.health,
            "last_run": _run(status.last, now) if status.last else None,
            "lag_seconds": status.lag.total_seconds() if status.lag is not None else None,
            "success_rate": status.success_rate,
            "next_run": _utc(status.next_run) if status.next_run else None,
            "tables": [_run(run, now) for run in status.tables],
        }
        for status in statuses
    ]


def _run(run: Run, now: datetime) -> Document:
    return {
        "run_id": run.run_id or None,
        "destination": run.destination,
        "status": run.status,
        "at": _utc(run.event_time) if run.run_id else None,
        "age_seconds": (now - run.event_time).total_seconds() if run.run_id else None,
        "rows": run.rows,
        "seconds": run.seconds,
        "watermark": run.watermark or None,
        "exit_code": run.exit_code,
        "error": run.error or None,
    }


def apply_document(intent: Intent, done: Sequence[Change]) -> Document:
    """What applying a file does, or would do; and which of it was done."""
    return {
        "changes": [
            _change(change, deletes=intent.deletes, is_done=change in done)
            for change in intent.changes
        ],
        "dataflow": [
            {
                "project": load.project,
                "jobs_at_once": load.jobs,
                "quota": load.quota,
                "at": _utc(load.at),
                "schedules": list(load.names),
                "minutes_over": [_utc(moment) for moment in load.over],
            }
            for load in intent.loads
        ],
        "warnings": list(intent.warnings),
        "error": None,
    }


def _change(change: Change, *, deletes: bool, is_done: bool) -> Document:
    is_kept = change.kind is Kind.DELETE and not deletes
    there = change.schedule
    kind = ORPHAN if is_kept else change.kind
    return _one_change(kind, there.name, there.project, there.location, change.differences, is_done)


def change_document(
    kind: Kind,
    place: tuple[str, str, str],
    differences: Iterable[Difference] = (),
    *,
    is_done: bool = True,
    **more: Any,
) -> Document:
    """What a command did to one schedule.

    Args:
        kind: what.
        place: the schedule's name, project and location.
        differences: what is another value now.
        is_done: whether it was done, and not only shown.
        more: what only this command tells.
    """
    return {**_one_change(kind, *place, differences, is_done), **more, "error": None}


def _one_change(
    kind: str,
    name: str,
    project: str,
    location: str,
    differences: Iterable[Difference],
    is_done: bool,
) -> Document:
    return {
        "schedule": name,
        "project": project,
        "location": location,
        "change": kind,
        "made": is_done,
        "differences": [
            {"path": item.path, "old": item.old, "new": item.new} for item in differences
        ],
    }


def launch_document(
    schedule: Schedule, differences: Iterable[Difference], job: str, *, is_done: bool, **more: Any
) -> Document:
    """One launch: what it is told besides the schedule, and what is posted where."""
    return change_document(
        Kind.LAUNCH,
        schedule.place,
        differences,
        is_done=is_done,
        host=schedule.host,
        job=job or None,
        uri=uri_of(schedule),
        body=body_of(without_secrets(schedule)),
        **more,
    )
