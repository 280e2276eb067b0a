"""One launch of a schedule with other parameters than its own: a backfill, a replay. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.connections import settled
from pipeline.parameters.options import plain_secrets
from pipeline.parameters.origins import Origin, faults_of
from pipeline.parameters.source_uri import expanded
from pipeline.tables.named import kept_by
from scheduler.files import typed
from scheduler.hosts import environment_of
from scheduler.schedule import Schedule, checked
from scheduler.tables import file_of

CHANGED = "can't be another for one launch"
FILE_SAYS = "the schedule's file of tables says it itself"
ANOTHER = "create a schedule for that, or launch it by hand with main.py."
TABLE = "the schedule is of that table: its status and its lock are"
READS = "the schedule's table is filled from there: two sources that share one watermark lose rows"
FIXED: Mapping[str, str] = {
    "data_source": "the schedule is of that source",
    "destination_bigquery_project": TABLE,
    "destination_bigquery_dataset": TABLE,
    "destination_bigquery_table": TABLE,
    "run_history_table": "`status` and the next runs look for this one there",
    "tables": "the schedule is of these tables; select=… launches some of them",
}
"""Parameters that one launch of a schedule keeps, and why."""
READ: tuple[str, ...] = (
    "postgresql_database",
    "source_table_for_schema",
    "mongodb_database",
    "mongodb_collection",
    "source_bigquery_project",
    "source_bigquery_dataset",
    "source_bigquery_table",
)
"""Those that say what is read: another host may be a replica, another table is another table."""
SOURCE, MOVED = "source", "accept_source_change"


def overridden(
    schedule: Schedule,
    given: Mapping[str, str],
    environment: Mapping[str, str],
    faults: list[SyncError],
    *,
    allow_plain_secrets: bool = False,
) -> Schedule:
    """The schedule as one launch with these parameters carries it out.

    Args:
        schedule: as it is.
        given: parameters; an empty value leaves the schedule's own out.
        environment: settings of the workers, likewise.
        faults: that were found on the way.
        allow_plain_secrets: whether passwords may stand in `given`; in the schedule they do.

    Raises:
        ConfigError, ManyErrors: all that is wrong with the words, or with the launch.
    """
    kinds = environment_of(schedule.host)
    settings = {name: typed(text, kinds.get(name, str)) for name, text in environment.items()}
    launch = replace(
        schedule,
        parameters=_parameters(schedule.parameters, given),
        environment=_merged(schedule.environment, settings),
    )
    faults = [*faults, *_fixed(schedule, launch, given)]
    if not allow_plain_secrets:
        faults += _plain(given)
    told: list[SyncError] = [
        ConfigError(f.what, f"run {schedule.name}: {f.where}", f.why, f.fix) for f in faults
    ]
    try:
        once = checked(launch, allow_plain_secrets=True, is_once=True)
    except SyncError as error:
        told += faults_of(error)
    raise_all(told)
    return once


def _merged(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**own, **given}.items() if given.get(name) != ""}


def _parameters(own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """A connection URI takes the place of all that the schedule says of its connection."""
    merged = _merged(own, given)
    kept = settled(*({n: Origin(t, "") for n, t in said.items() if t} for said in (given, own)))
    return {name: text for name, text in merged.items() if name in kept or name in given}


def _fixed(schedule: Schedule, launch: Schedule, given: Mapping[str, str]) -> Iterator[SyncError]:
    """What would be another table's launch, whether a parameter or a URI says it."""
    before, after = expanded(schedule.parameters).given, expanded(launch.parameters).given
    for name in (*FIXED, *READ):
        is_said = name in given or (SOURCE in given and name in after)
        if is_said and before.get(name, "") != after.get(name, ""):
            where = f"--{name if name in given else SOURCE}"
            yield from _changed(name, where, schedule, before, given)


def _changed(
    name: str,
    where: str,
    schedule: Schedule,
    before: Mapping[str, str],
    given: Mapping[str, str],
) -> Iterator[SyncError]:
    """Why this one may not be another; nothing where it may."""
    if name in FIXED:
        yield ConfigError(CHANGED, where, FIXED[name], ANOTHER)
    elif schedule.is_of_many and name not in before:
        fix = "select one of them, such as --select=public.orders."
        yield ConfigError(CHANGED, where, "the schedule's file names its tables", fix)
    elif before.get(name) and given.get(MOVED) != "true":
        fix = f"{ANOTHER} If the source itself moved there, add --{MOVED}=true."
        yield ConfigError(CHANGED, where, READS, fix)


def notes_of_tables(launch: Schedule, given: Mapping[str, str]) -> list[str]:
    """What the schedule's file of tables says itself, so that the launch's words don't hold there.

    Raises:
        ConfigError, ManyErrors: parameters that would hold for no table at all.
    """
    file = file_of(expanded(launch.parameters).given) if launch.is_of_many else None
    if file is None:
        return []
    kept = kept_by(file, given)
    enabled = sum(not entry.is_disabled for entry in file.entries)
    fix = "leave it out, or give the schedule another file: `update NAME --tables=FILE`."
    raise_all(
        [
            ConfigError(CHANGED, f"run {launch.name}: --{name}", f"{FILE_SAYS} of all", fix)
            for name, tables in kept.items()
            if len(tables) == enabled
        ]
    )
    return [
        f"{name} is another for {', '.join(tables)}: {FILE_SAYS}" for name, tables in kept.items()
    ]


def _plain(given: Mapping[str, str]) -> Iterator[SyncError]:
    for name in plain_secrets(given):
        why = "everybody who may look at the launch could read it"
        fix = "store it in Secret Manager and give projects/P/secrets/S/versions/latest;"
        fix += " or say --allow-plain-secrets."
        yield ConfigError("plain secret", f"--{name}", why, fix)
