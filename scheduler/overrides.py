"""One launch of a schedule with other parameters than its own: a backfill, a replay. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.options import plain_secrets, split_argv
from scheduler.files import typed
from scheduler.hosts import environment_of, no_parameter
from scheduler.schedule import Schedule, checked

ANOTHER = "create a schedule for that, or launch it by hand with main.py."
TABLE = "the schedule is of that table: its status and its lock are"
FIXED: Mapping[str, str] = {
    "data_source": "the schedule is of that source",
    "destination_bigquery_project": TABLE,
    "destination_bigquery_dataset": TABLE,
    "destination_bigquery_table": TABLE,
    "run_history_table": "`status` and the next runs look for this one there",
    "tables": "the schedule is of these tables; select=… launches some of them",
}
"""Parameters that one launch of a schedule keeps, and why."""


def overridden(
    schedule: Schedule, words: Sequence[str], environment: Mapping[str, str]
) -> Schedule:
    """The schedule as one launch with these words carries it out.

    Args:
        schedule: as it is.
        words: `--name=value` or `--name value`, of the program's parameters; an empty value
            leaves the schedule's own out.
        environment: settings of the workers, likewise.

    Raises:
        ConfigError, ManyErrors: all that is wrong with the words, or with the launch.
    """
    given, rest, faults = split_argv(words)
    faults = [*faults, *_unknown(rest, schedule), *_fixed(schedule, given)]
    raise_all(
        [ConfigError(f.what, f"run {schedule.name}: {f.where}", f.why, f.fix) for f in faults]
    )
    kinds = environment_of(schedule.host)
    settings = {name: typed(text, kinds.get(name, str)) for name, text in environment.items()}
    launch = replace(
        schedule,
        parameters=_merged(schedule.parameters, given),
        environment=_merged(schedule.environment, settings),
    )
    return checked(launch, allow_plain_secrets=not plain_secrets(given), is_once=True)


def _merged(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**own, **given}.items() if given.get(name) != ""}


def _unknown(words: Sequence[str], schedule: Schedule) -> Iterator[SyncError]:
    """Words that are no parameter; none is shown, since it may be a password."""
    follows = False  # a flag without `=`, whose value this may be
    for word in words:
        name, sign, _ = word.removeprefix("--").partition("=")
        if word.startswith("--"):
            fix = no_parameter(name, schedule.host)
            yield ConfigError("unknown parameter", f"--{name}", "", fix)
        elif not follows:
            yield ConfigError("not a parameter", "a word", "", "write --name=value.")
        follows = word.startswith("--") and not sign


def _fixed(schedule: Schedule, given: Mapping[str, str]) -> Iterator[SyncError]:
    for name, why in FIXED.items():
        if name in given and given[name] != schedule.parameters.get(name, ""):
            yield ConfigError("can't be another for one launch", f"--{name}", why, ANOTHER)
