"""I/O. Schedules joined with what the run history knows of them, each history asked once."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from scheduler.launches import Launch, newest_of_each, read_launches, read_tables, status_of_many
from scheduler.runs import Run, Status, by_history, make_bigquery, read_runs, status_of
from scheduler.schedule import Schedule

Pair = tuple[Schedule, dict[str, Any]]


def read_statuses(pairs: Sequence[Pair], now: datetime, grace: timedelta) -> list[Status]:
    """How schedules do.

    Args:
        pairs: each with its job, as Cloud Scheduler tells it.
        now: aware.
        grace: how long a run may take to end.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    single = [schedule for schedule, _ in pairs if not schedule.is_of_many]
    many = [schedule for schedule, _ in pairs if schedule.is_of_many]
    runs, launches = list[Run](), list[Launch]()
    tables = dict[str, tuple[Run, ...]]()
    for history, members in by_history(single).items():
        destinations = sorted({member.destination for member in members})
        runs += read_runs(_client(history), history, destinations)
    for history, members in by_history(many).items():
        names = sorted({member.job_name or member.name for member in members})
        of_these = read_launches(_client(history), history, names)
        launches += of_these
        if of_these:
            tables |= read_tables(_client(history), history, newest_of_each(of_these))
    return [
        status_of_many(schedule, launches, tables, now, grace, _moment(job))
        if schedule.is_of_many
        else status_of(schedule, runs, now, grace, _moment(job))
        for schedule, job in pairs
    ]


def _client(history: str) -> Any:
    return make_bigquery(history.split(".", 1)[0], os.environ.get("BIGQUERY_EMULATOR_HOST", ""))


def _moment(job: dict[str, Any]) -> datetime | None:
    """When a schedule was made, changed or resumed."""
    text = job.get("userUpdateTime")
    return datetime.fromisoformat(text) if text else None
