"""`python -m scheduler`: schedules of syncs in Cloud Scheduler, from one command.

Exit codes are main.py's: 2 for what is written wrong, 5 for what Google refuses; `status`
ends with 1 when something is late or failing.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.options import plain_secrets
from scheduler import export, show
from scheduler.changes import Kind, changes, differences, flattened, staggered
from scheduler.client import Schedules, make_client
from scheduler.files import make_schedule, read_schedules
from scheduler.hosts import Host, of_other_hosts
from scheduler.job import body_of
from scheduler.rehearsal import show_plan
from scheduler.runs import worst
from scheduler.schedule import Schedule, checked
from scheduler.status import read_statuses
from scheduler.steps import Step, carry_out
from scheduler.words import changed, pairs

APP = typer.Typer(
    help="Schedules of syncs in Cloud Scheduler.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
CONSOLE = Console()
Name = Annotated[str, typer.Argument(help="The schedule's name.")]
Project = Annotated[
    str, typer.Option(envvar="GOOGLE_CLOUD_PROJECT", help="Project of the schedules.")
]
Location = Annotated[str, typer.Option(help="Cloud Scheduler's location.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Plain = Annotated[bool, typer.Option(help="Let passwords stand in schedules as they are.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="name=value, of the template.")
]
Environment = Annotated[
    list[str] | None, typer.Option("--environment", "-e", help="name=value, of the workers.")
]
Cron = Annotated[str, typer.Option(help="Five fields, or a name such as hourly.")]
Zone = Annotated[str, typer.Option(help="IANA name.")]
Template = Annotated[str, typer.Option(help="gs:// path of the template, for Dataflow.")]
HostName = Annotated[str, typer.Option(help="Where its syncs run: dataflow or cloud_run.")]
RunJob = Annotated[
    str, typer.Option(help="The Cloud Run job, for --host=cloud_run; default: smart-sync.")
]
Tables = Annotated[
    str, typer.Option(help="File of many tables: its text is sent; or its gs:// path.")
]
Plan = Annotated[bool, typer.Option(help="Show the sync's plan first.")]
Account = Annotated[str, typer.Option(help="Service account whose OAuth token is sent.")]
REGION = "us-central1"


def _schedules(project: str, location: str) -> Schedules:
    if not project:
        fix = "give --project, or set GOOGLE_CLOUD_PROJECT."
        raise ConfigError("missing", "project", "", fix)
    client = make_client(os.environ.get("CLOUD_SCHEDULER_EMULATOR_HOST", ""))
    return Schedules(client, project, location)


def _confirm(question: str, *, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)


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
) -> None:
    """Make a schedule."""
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
    there = _schedules(project, location)
    if plan:
        show_plan(schedule)
    _show_next(schedule, 3)
    _confirm(f"Create {name}?", yes=yes)
    there.create(schedule)
    CONSOLE.print(f"created {name}", highlight=False)


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
) -> None:
    """Change what is given and nothing else; a parameter without a value (name=) is left out.

    With another host the template, or the Cloud Run job, and all of the environment but its
    temp_location are left out, too.
    """
    there = _schedules(project, location)
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
        CONSOLE.print(f"{name}: nothing changes", highlight=False)
        return
    for line in show.difference_lines(differs):
        CONSOLE.print(line, markup=False, highlight=False)
    if plan:
        show_plan(new)
    _confirm(f"Update {name}?", yes=yes)
    there.update(old, new)
    CONSOLE.print(f"updated {name}", highlight=False)


@APP.command()
def apply(
    file: Annotated[Path, typer.Option("--file", "-f", help="schedules.yaml")],
    stagger: Annotated[bool, typer.Option(help="Spread schedules that share a minute.")] = False,
    delete_orphans: Annotated[bool, typer.Option(help="Delete schedules not in the file.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Show what would change, and stop.")] = False,
    allow_plain_secrets: Plain = False,
    yes: Yes = False,
) -> None:
    """Make schedules as a file says: plan, ask, then create, update and delete."""
    wanted = read_schedules(file, allow_plain_secrets=allow_plain_secrets)
    wanted = staggered(wanted) if stagger else wanted
    if not wanted:
        fix = "delete the last schedule with `delete`: an empty file doesn't say where it was."
        raise ConfigError("no schedules", str(file), "", fix)
    steps = _steps(wanted, deletes=delete_orphans)
    show.show_crowds(CONSOLE, wanted, datetime.now(UTC))
    if dry_run or not steps:
        CONSOLE.print("nothing was changed" if dry_run else "nothing to change")
        return
    _confirm(f"Make {_counted(len(steps), 'change')}?", yes=yes)
    for change in carry_out(steps):
        CONSOLE.print(f"{change.kind}d {change.schedule.name}", highlight=False)


def _steps(wanted: list[Schedule], *, deletes: bool) -> list[Step]:
    """Show what differs, place by place; what is to be done about it.

    Args:
        wanted: the schedules of a file.
        deletes: whether those that are not in it are deleted.
    """
    kinds = {Kind.CREATE, Kind.UPDATE, *([Kind.DELETE] if deletes else [])}
    steps: list[Step] = []
    for project, location in sorted({(item.project, item.location) for item in wanted}):
        there = _schedules(project, location)
        existing = {item.name: item for item in there.all()}
        mine = [item for item in wanted if (item.project, item.location) == (project, location)]
        plan = changes(mine, list(existing.values()))
        show.show_changes(CONSOLE, plan, deletes=deletes)
        steps += [
            Step(there, change, existing.get(change.schedule.name))
            for change in plan
            if change.kind in kinds
        ]
    return steps


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@APP.command(name="list")
def list_(project: Project = "", location: Location = REGION) -> None:
    """All schedules."""
    schedules = _schedules(project, location).all()
    CONSOLE.print(show.list_table(schedules, datetime.now(UTC)))


@APP.command()
def describe(name: Name, project: Project = "", location: Location = REGION) -> None:
    """One schedule whole: its values, its state, its last attempt."""
    schedule, job = _schedules(project, location).get(name)
    rows = [(path, value) for path, value in flattened(schedule).items() if value]
    for key in ("state", "lastAttemptTime", "scheduleTime"):
        if job.get(key):
            rows.append((key, str(job[key])))
    if (job.get("status") or {}).get("code"):
        rows.append(("last attempt", f"failed: {job['status'].get('message') or job['status']}"))
    CONSOLE.print(show.table_of("", ("value", name), rows))


@APP.command()
def pause(name: Name, project: Project = "", location: Location = REGION) -> None:
    """Launch no more until it is resumed; a sync that runs goes on."""
    _schedules(project, location).pause(name)
    CONSOLE.print(f"paused {name}", highlight=False)


@APP.command()
def resume(name: Name, project: Project = "", location: Location = REGION) -> None:
    """Launch again, from the next time on: smart sync catches up by itself."""
    _schedules(project, location).resume(name)
    CONSOLE.print(f"resumed {name}", highlight=False)


@APP.command()
def run(name: Name, project: Project = "", location: Location = REGION) -> None:
    """Launch now."""
    _schedules(project, location).run(name)
    CONSOLE.print(f"launched {name}; `status` tells how it ends", highlight=False)


@APP.command()
def delete(
    name: Name, project: Project = "", location: Location = REGION, yes: Yes = False
) -> None:
    """Remove a schedule; tables and a sync that runs stay."""
    there = _schedules(project, location)
    there.get(name)
    _confirm(f"Delete {name}?", yes=yes)
    there.delete(name)
    CONSOLE.print(f"deleted {name}", highlight=False)


@APP.command(name="next")
def next_(
    name: Name,
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 5,
    project: Project = "",
    location: Location = REGION,
) -> None:
    """The next runs, in the schedule's zone and in UTC."""
    schedule, _ = _schedules(project, location).get(name)
    _show_next(schedule, count)


def _show_next(schedule: Schedule, count: int) -> None:
    table, warnings = show.next_table(schedule, datetime.now(UTC), count)
    CONSOLE.print(table)
    for text in warnings:
        CONSOLE.print(f"[yellow]warning[/]  {text}", highlight=False)


@APP.command(name="export")
def export_(
    name: Name,
    form: Annotated[str, typer.Option("--as", help="gcloud, terraform or launch.")] = "gcloud",
    project: Project = "",
    location: Location = REGION,
) -> None:
    """The same schedule as a gcloud command, as Terraform, or as the launch's JSON."""
    forms: dict[str, Callable[[Schedule], str]] = {
        "gcloud": export.gcloud_command,
        "terraform": export.terraform,
        "launch": lambda item: export.pretty(body_of(item)),
    }
    if form not in forms:
        raise ConfigError("unknown form", f"--as {form}", "", f"use one of {', '.join(forms)}.")
    schedule, _ = _schedules(project, location).get(name)
    if plain := plain_secrets(schedule.parameters):
        fix = "store it in Secret Manager and name it there with update."
        why = "everybody who may read the export could read it"
        raise ConfigError("plain secret", f"schedule {name}: {', '.join(plain)}", why, fix)
    print(forms[form](schedule))


@APP.command()
def status(
    project: Project = "",
    location: Location = REGION,
    watch: Annotated[int, typer.Option(min=0, help="Look again every so many seconds.")] = 0,
    grace: Annotated[int, typer.Option(min=0, help="Minutes a run may take to end.")] = 60,
    all_tables: Annotated[
        bool, typer.Option(help="Show each table of a file, good or not.")
    ] = False,
) -> None:
    """How schedules do, by the run history; exit code 1 when one is late or failing."""
    while True:
        now = datetime.now(UTC)
        pairs = _schedules(project, location).all_with_jobs()
        statuses = read_statuses(pairs, now, timedelta(minutes=grace))
        if watch:
            CONSOLE.clear()
        CONSOLE.print(show.status_table(statuses, now))
        for one in statuses:
            if one.last and one.last.error:
                text = f"{one.schedule.name}: {one.last.error.splitlines()[0]}"
                CONSOLE.print(text, markup=False, highlight=False)
            if one.tables:
                CONSOLE.print(show.tables_table(one, now, whole=all_tables))
        if not watch:
            raise typer.Exit(worst(statuses))
        time.sleep(watch)


def main(argv: Sequence[str] | None = None, program: str = "smart-sync-schedules") -> None:
    """Run the command; every fault of the user's is one message.

    Args:
        argv: its words; None: the process's.
        program: what messages and help call it.
    """
    try:
        APP(None if argv is None else list(argv), prog_name=program)
    except SyncError as error:
        print(f"{program}: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception:
        traceback.print_exc()  # ours: 1 would say that a schedule is late
        raise SystemExit(70) from None


if __name__ == "__main__":
    main()
