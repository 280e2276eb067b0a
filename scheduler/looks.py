"""The commands that look at schedules and change nothing."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from auto_schema.errors import ConfigError
from pipeline.parameters.options import plain_secrets
from pipeline.parameters.printed import print_json
from scheduler import export, show
from scheduler.app import (
    APP,
    PIPED_WIDTH,
    REGION,
    Json,
    Location,
    Name,
    Project,
    console,
    say,
    schedules_of,
    warn,
)
from scheduler.as_json import (
    job_document,
    list_document,
    next_document,
    status_document,
)
from scheduler.changes import flattened
from scheduler.job import body_of
from scheduler.runs import Health, Status, worst
from scheduler.schedule import Schedule
from scheduler.status import read_statuses


@APP.command(name="list")
def list_(project: Project = "", location: Location = REGION, json: Json = False) -> None:
    """All schedules."""
    schedules = schedules_of(project, location).all()
    now = datetime.now(UTC)
    if json:
        print_json(list_document(schedules, now))
    else:
        show.put_rows(console(), show.LIST_HEADINGS, show.list_rows(schedules, now))


@APP.command()
def describe(
    name: Name, project: Project = "", location: Location = REGION, json: Json = False
) -> None:
    """One schedule whole: its values, its state, its last attempt."""
    schedule, job = schedules_of(project, location).get(name)
    if json:
        print_json(job_document(schedule, job, datetime.now(UTC)))
        return
    rows = [(path, value) for path, value in flattened(schedule).items() if value]
    for key in ("state", "lastAttemptTime", "scheduleTime"):
        if job.get(key):
            rows.append((key, str(job[key])))
    if (job.get("status") or {}).get("code"):
        rows.append(("last attempt", f"failed: {job['status'].get('message') or job['status']}"))
    console().print(show.table_of("", ("value", name), rows))


@APP.command(name="next")
def next_(
    name: Name,
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 5,
    project: Project = "",
    location: Location = REGION,
    json: Json = False,
) -> None:
    """The next runs, in the schedule's zone and in UTC."""
    schedule, _ = schedules_of(project, location).get(name)
    if json:
        print_json(next_document(schedule, datetime.now(UTC), count))
    else:
        show_next(schedule, count)


def show_next(schedule: Schedule, count: int) -> None:
    """Print the next runs, and what clock changes do to them."""
    table, warnings = show.next_table(schedule, datetime.now(UTC), count)
    console().print(table)
    for text in warnings:
        warn(text)


@APP.command(name="export")
def export_(
    name: Name,
    form: Annotated[str, typer.Option("--as", help="gcloud, terraform or launch.")] = "gcloud",
    project: Project = "",
    location: Location = REGION,
    json: Json = False,
) -> None:
    """The same schedule as a gcloud command, as Terraform, or as the launch's JSON."""
    forms: dict[str, Callable[[Schedule], str]] = {
        "gcloud": export.gcloud_command,
        "terraform": export.terraform,
        "launch": lambda item: export.pretty(body_of(item)),
    }
    if form not in forms:
        raise ConfigError("unknown form", f"--as {form}", "", f"use one of {', '.join(forms)}.")
    schedule, _ = schedules_of(project, location).get(name)
    if plain := plain_secrets(schedule.parameters):
        fix = "store it in Secret Manager and name it there with update."
        why = "everybody who may read the export could read it"
        raise ConfigError("plain secret", f"schedule {name}: {', '.join(plain)}", why, fix)
    text = forms[form](schedule)
    if json:
        print_json({"schedule": name, "form": form, "text": text})
    else:
        print(text)


@APP.command()
def status(
    project: Project = "",
    location: Location = REGION,
    watch: Annotated[int, typer.Option(min=0, help="Look again every so many seconds.")] = 0,
    grace: Annotated[int, typer.Option(min=0, help="Minutes a run may take to end.")] = 60,
    all_tables: Annotated[
        bool, typer.Option(help="Show each table of a file, good or not.")
    ] = False,
    pause: Annotated[
        bool, typer.Option(help="Pause those whose runs failed pause_after_failures times.")
    ] = False,
    json: Json = False,
) -> None:
    """How schedules do, by the run history; exit code 1 when one is late or failing."""
    while True:
        now = datetime.now(UTC)
        pairs = schedules_of(project, location).all_with_jobs()
        statuses = read_statuses(pairs, now, timedelta(minutes=grace))
        stopped = [one.schedule.name for one in statuses if one.health is Health.STOPPED]
        if pause:
            for name in stopped:
                schedules_of(project, location).pause(name)
        if watch and not json:
            console().clear()
        if json:
            print_json(status_document(statuses, now))
        else:
            _show_statuses(statuses, now, all_tables=all_tables)
            for name in stopped:
                did = "paused" if pause else "launches end at once"
                say(f"{name}: too many runs in a row failed; {did}. After the mend: resume {name}")
        if not watch:
            raise typer.Exit(worst(statuses))
        time.sleep(watch)


def _show_statuses(statuses: Sequence[Status], now: datetime, *, all_tables: bool) -> None:
    is_wide = console().width == PIPED_WIDTH
    rows = show.status_rows(statuses, now, is_wide=is_wide)
    show.put_rows(console(), show.STATUS_HEADINGS, rows)
    for one in statuses:
        if one.last and one.last.error:
            say(f"{one.schedule.name}: {one.last.error.splitlines()[0]}")
        if one.tables:
            console().print(show.tables_table(one, now, whole=all_tables))
