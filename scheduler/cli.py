"""`python -m scheduler`: schedules of syncs in Cloud Scheduler, from one command.

Exit codes are main.py's: 2 for what is written wrong, 5 for what Google refuses; `status`
ends with 1 when something is late or failing.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.printed import print_json
from scheduler import looks, show
from scheduler.app import (
    APP,
    REGION,
    Account,
    Cron,
    Environment,
    HostName,
    Json,
    Location,
    Name,
    Parameters,
    Plain,
    Plan,
    Project,
    RunJob,
    Tables,
    Template,
    Yes,
    Zone,
    confirm,
    console,
    no_question,
    say,
    schedules_of,
    tell,
    warn,
)
from scheduler.as_json import apply_document, change_document, launch_document, next_document
from scheduler.changes import Change, Difference, Kind, differences, resumed, staggered
from scheduler.client import Schedules
from scheduler.ending import ended
from scheduler.files import make_schedule, read_schedules
from scheduler.hosts import Host, of_other_hosts
from scheduler.intent import Intent, intent_of
from scheduler.job import uri_of
from scheduler.launch import launch
from scheduler.override_words import read_overrides
from scheduler.overrides import notes_of_tables, overridden
from scheduler.quota import JOBS_AT_ONCE, load_text
from scheduler.rehearsal import show_plan
from scheduler.schedule import Schedule, checked
from scheduler.steps import carry_out
from scheduler.words import changed, pairs

NEXT = 3
"""Runs of a new schedule that are shown."""


@APP.command()
def create(
    name: Name,
    cron: Cron,
    service_account: Account,
    template: Template = "",
    host: HostName = Host.DATAFLOW,
    run_job: RunJob = "",
    tables: Tables = "",
    project: Project = "",
    location: Location = REGION,
    region: Annotated[str, typer.Option(help="Where the syncs run; default: the location.")] = "",
    time_zone: Zone = "UTC",
    description: str = "",
    parameter: Parameters = None,
    environment: Environment = None,
    paused: Annotated[bool, typer.Option(help="Make it, but launch nothing yet.")] = False,
    plan: Plan = False,
    allow_plain_secrets: Plain = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Make a schedule."""
    no_question(json=json, yes=yes)
    values = {
        "cron": cron,
        "project": project,
        "region": region or location,
        "location": location,
        "template": template,
        "host": host,
        "run_job": run_job,
        "tables": tables,
        "service_account": service_account,
        "time_zone": time_zone,
        "description": description,
        "paused": str(paused).lower(),
        "parameters": pairs(parameter, "parameter"),
        "environment": pairs(environment, "environment"),
    }
    unchecked = make_schedule(name, values)
    raise_all(of_other_hosts(values, unchecked.host, f"schedule {name}: "))
    schedule = checked(unchecked, allow_plain_secrets=allow_plain_secrets)
    there = schedules_of(project, location)
    planned = show_plan(schedule, is_json=json) if plan else {}
    if not json:
        looks.show_next(schedule, NEXT)
    confirm(f"Create {name}?", yes=yes)
    there.create(schedule)
    following = next_document(schedule, datetime.now(UTC), NEXT)
    done = change_document(Kind.CREATE, schedule.place, next=following, **planned)
    tell(done, f"created {name}", json=json)


@APP.command()
def update(
    name: Name,
    project: Project = "",
    location: Location = REGION,
    cron: Cron = "",
    time_zone: Zone = "",
    template: Template = "",
    host: HostName = "",
    run_job: RunJob = "",
    tables: Tables = "",
    service_account: Account = "",
    description: str | None = None,
    parameter: Parameters = None,
    environment: Environment = None,
    plan: Plan = False,
    allow_plain_secrets: Plain = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Change what is given and nothing else; a parameter without a value (name=) is left out.

    With another host the template, or the Cloud Run job, and all of the environment but its
    temp_location are left out, too.
    """
    no_question(json=json, yes=yes)
    there = schedules_of(project, location)
    old, _ = there.get(name)
    given = {
        "cron": cron,
        "time_zone": time_zone,
        "template": template,
        "host": host,
        "run_job": run_job,
        "tables": tables,
        "service_account": service_account,
    }
    mappings = {
        "parameters": pairs(parameter, "parameter"),
        "environment": pairs(environment, "environment"),
    }
    values = changed(old, given, mappings)
    values |= {} if description is None else {"description": description}
    new = make_schedule(name, values)
    raise_all(of_other_hosts(given, new.host, f"schedule {name}: "))
    new = checked(new, allow_plain_secrets=allow_plain_secrets)
    differs = differences(old, new)
    if not differs:
        same = change_document(Kind.KEEP, new.place, is_done=False)
        tell(same, f"{name}: nothing changes", json=json)
        return
    for line in [] if json else show.difference_lines(differs):
        say(line)
    planned = show_plan(new, is_json=json) if plan else {}
    confirm(f"Update {name}?", yes=yes)
    there.update(old, new)
    done = change_document(Kind.UPDATE, new.place, differs, **planned)
    tell(done, f"updated {name}", json=json)


@APP.command()
def apply(
    file: Annotated[Path, typer.Option("--file", "-f", help="schedules.yaml")],
    stagger: Annotated[bool, typer.Option(help="Spread schedules that share a minute.")] = False,
    delete_orphans: Annotated[bool, typer.Option(help="Delete schedules not in the file.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Show what would change, and stop.")] = False,
    dataflow_jobs: Annotated[
        int, typer.Option(min=1, help="Jobs that Dataflow runs at once in a project.")
    ] = JOBS_AT_ONCE,
    allow_plain_secrets: Plain = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Make schedules as a file says: plan, ask, then create, update and delete."""
    no_question(json=json, yes=dry_run or yes, otherwise="add --dry-run or -y.")
    wanted = read_schedules(file, allow_plain_secrets=allow_plain_secrets)
    wanted = staggered(wanted) if stagger else wanted
    if not wanted:
        fix = "delete the last schedule with `delete`: an empty file doesn't say where it was."
        raise ConfigError("no schedules", str(file), "", fix)
    now = datetime.now(UTC)
    intent = intent_of(wanted, now, deletes=delete_orphans, quota=dataflow_jobs)
    if json:
        _apply_for_programs(intent, dry_run=dry_run)
        return
    _show_intent(intent)
    if dry_run or not intent.steps:
        say("nothing was changed" if dry_run else "nothing to change")
        return
    confirm(f"Make {_counted(len(intent.steps), 'change')}?", yes=yes)
    for change in carry_out(intent.steps):
        say(f"{change.kind}d {change.schedule.name}")


def _apply_for_programs(intent: Intent, *, dry_run: bool) -> None:
    """Make the changes; the document is there also where one of them fails.

    Raises:
        SyncError: as `carry_out`, with the document.
    """
    done = list[Change]()
    try:
        done.extend(() if dry_run else carry_out(intent.steps))
    except SyncError as error:
        error.report = apply_document(intent, done)
        raise
    print_json(apply_document(intent, done))


def _show_intent(intent: Intent) -> None:
    show.show_changes(console(), intent.changes, deletes=intent.deletes)
    for load in intent.loads:
        if not load.is_over:
            say(load_text(load))
    for text in intent.warnings:
        warn(text)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@APP.command()
def pause(
    name: Name, project: Project = "", location: Location = REGION, json: Json = False
) -> None:
    """Launch no more until it is resumed; a sync that runs goes on."""
    schedules_of(project, location).pause(name)
    done = change_document(Kind.PAUSE, (name, project, location))
    tell(done, f"paused {name}", json=json)


@APP.command()
def resume(
    name: Name, project: Project = "", location: Location = REGION, json: Json = False
) -> None:
    """Launch again, from the next time on: smart sync catches up by itself."""
    there = schedules_of(project, location)
    old, _ = there.get(name)
    new = resumed(old, datetime.now(UTC))
    if new.parameters == old.parameters:
        there.resume(name)
    else:
        there.update(old, new)
    done = change_document(Kind.RESUME, (name, project, location), differences(old, new))
    tell(done, f"resumed {name}", json=json)


@APP.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    name: Name,
    parameter: Parameters = None,
    environment: Environment = None,
    project: Project = "",
    location: Location = REGION,
    plan: Plan = False,
    dry_run: Annotated[bool, typer.Option(help="Show what would be launched, and stop.")] = False,
    allow_plain_secrets: Plain = False,
    json: Json = False,
) -> None:
    """Launch now; with --NAME=VALUE of any parameter, this once with that.

    A backfill: run orders --sync_start=2026-01-01 --sync_end=2026-02-01 --backfill_by=day
    """
    if name.startswith("-"):
        fix = "write it first: run NAME --sync_start=…"
        raise ConfigError("no name of a schedule", "run", "a flag stands where it should", fix)
    there = schedules_of(project, location)
    if not (context.args or parameter or environment or plan or dry_run or json):
        there.run(name)
        say(f"launched {name}; `status` tells how it ends")
        return
    old, _ = there.get(name)
    given, faults = read_overrides(context.args, pairs(parameter, "parameter"), old.host)
    settings = pairs(environment, "environment")
    new = overridden(old, given, settings, faults, allow_plain_secrets=allow_plain_secrets)
    notes = notes_of_tables(new, given)
    differs = differences(old, new)
    if not json:
        _show_launch(new, differs, notes)
    planned = show_plan(new, "nothing was launched", is_json=json) if plan else {}
    job = "" if dry_run else _launched(there, new, is_as_scheduled=not differs)
    told = f"launched {name}{f' as {job}' * bool(job)}; `status` tells how it ends"
    done = launch_document(new, differs, job, is_done=not dry_run, warnings=notes, **planned)
    tell(done, "nothing was launched" if dry_run else told, json=json)


def _show_launch(schedule: Schedule, differs: Sequence[Difference], notes: Sequence[str]) -> None:
    for line in show.difference_lines(differs):
        say(line)
    for note in notes:
        warn(note)
    say(f"{schedule.name}, once, on {schedule.host}: {uri_of(schedule)}")


def _launched(there: Schedules, schedule: Schedule, *, is_as_scheduled: bool) -> str:
    """Launch it; what its host calls it, where that is told."""
    if not is_as_scheduled:
        return launch(schedule)
    there.run(schedule.name)
    return ""


@APP.command()
def delete(
    name: Name,
    project: Project = "",
    location: Location = REGION,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove a schedule; tables and a sync that runs stay."""
    no_question(json=json, yes=yes)
    there = schedules_of(project, location)
    there.get(name)
    confirm(f"Delete {name}?", yes=yes)
    there.delete(name)
    done = change_document(Kind.DELETE, (name, project, location))
    tell(done, f"deleted {name}", json=json)


NO_COLOR = "--no-color"


def main(argv: Sequence[str] | None = None, program: str = "smart-sync-schedules") -> int:
    """Run the command; the exit code.

    Args:
        argv: its words; None: the process's.
        program: what messages and help call it.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if NO_COLOR in words:  # wherever it stands
        os.environ["NO_COLOR"] = "1"
    return ended(APP, [word for word in words if word != NO_COLOR], program)


if __name__ == "__main__":
    sys.exit(main())
