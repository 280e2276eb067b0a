"""I/O. A plan as a file: written by `smart-sync plan --save`, run by `smart-sync run --plan`."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from google.cloud import bigquery

from auto_schema.errors import ConfigError, shown
from auto_schema.transform import PARAMETER as TRANSFORMATION
from pipeline.launch.gather import gather
from pipeline.parameters.options import Options, split_argv
from pipeline.parameters.table import BY_NAME, MANY, Kind
from pipeline.parameters.version import VERSION
from smart_sync.draft import Draft
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.resume import NotResumedError
from smart_sync.saved_facts import SavedPlan
from smart_sync.saved_plan import (
    AGAIN,
    file_text,
    other_parameters,
    read_saved,
    saved_of,
    what_moved,
    why_not_saved,
)
from sources.protocol import Inspector

TOLD = frozenset({"plan_only", "plan_format", "plan_detail", "notify_on"})
"""Parameters by which no row is read or written otherwise."""
ASIDE = ("backfill_by", "rollback_run", "verify_only", "replay_dead_letters")
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """What the command line says of files of plans; empty: nothing.

    Attributes:
        save: where the plan that is shown is written.
        run: whose plan is run.
    """

    save: str = ""
    run: str = ""

    @property
    def flag(self) -> str:
        """As it was given."""
        return f"--save {self.save}" if self.save else f"--plan {self.run}"

    def __bool__(self) -> bool:
        return bool(self.save or self.run)


def with_saved(options: Options, words: Sequence[str], files: PlanFiles) -> Options:
    """The options of a launch that has to do with such a file.

    Raises:
        ConfigError: the file can't be read or isn't ours, parameters are others than when it was
            saved, or the launch is of a kind whose plan isn't saved.
    """
    if not files:
        return options
    given = _given(words)
    check_kind(given, files)
    if not files.run:
        return options
    saved = _read(files.run)
    if other := other_parameters(saved, parameters_of(given)):
        raise ConfigError(
            "other parameters than the saved plan's",
            files.flag,
            "; ".join(other),
            f"give those that it was saved with, or {AGAIN}",
        )
    request = options.request
    return replace(options, request=replace(request, run=replace(request.run, saved=saved)))


def check_given(words: Sequence[str], files: PlanFiles) -> None:
    """See that a saved plan isn't all that is said: it holds no parameters, and no login.

    Raises:
        ConfigError: it is.
    """
    if files.run and not _given(words):
        why = "it holds what is to be done, and no login"
        fix = "give the parameters that it was saved with, such as --config=FILE."
        raise ConfigError("a saved plan without its parameters", files.flag, why, fix)


def _given(words: Sequence[str]) -> dict[str, str]:
    given, _, _ = split_argv(words)
    return {name: text for name, text in given.items() if text or name == "partition_field"}


def check_kind(given: Mapping[str, str], files: PlanFiles) -> None:
    """See that a launch is a sync of one table.

    Raises:
        ConfigError: it isn't.
    """
    many = [name for name in given if BY_NAME[name].group == MANY]
    other = [*many, *(name for name in ASIDE if given.get(name, "false") != "false")]
    if other:
        why = f"{other[0]} is given, and a saved plan is of one table's sync"
        raise ConfigError(
            "a launch whose plan isn't saved", files.flag, why, "leave one of both out."
        )


def parameters_of(given: Mapping[str, str]) -> dict[str, str]:
    """What was given, each as a hash; without secrets, and what holds a mask's salt.

    What transformation_config makes of rows is compared by itself.
    """
    kept = (
        name
        for name in given
        if BY_NAME[name].kind is not Kind.SECRET and name not in TOLD and name != TRANSFORMATION
    )
    return {name: hashlib.sha256(given[name].encode()).hexdigest()[:32] for name in kept}


def _read(place: str) -> SavedPlan:
    try:
        text = Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it isn't text"
        fix = "give the path of a file that smart-sync plan --save has written."
        raise ConfigError("no saved plan", f"--plan {shown(place)}", str(why), fix) from error
    return read_saved(text, place, VERSION)


def save(plan: SyncPlan, words: Sequence[str], place: str) -> None:
    """Write a plan; only its owner may read the file, whole or not at all.

    Raises:
        ConfigError: it is none that can be run later, or can't be written.
    """
    if why := why_not_saved(plan):
        raise ConfigError("a plan that isn't saved", f"--save {place}", why, "leave --save out.")
    saved = saved_of(plan, parameters_of(_given(words)), VERSION)
    beside = f"{place}.{plan.run.run_id}"
    try:
        with os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w"
        ) as out:
            out.write(file_text(plan, saved))
        Path(beside).replace(place)
    except OSError as error:
        fix = "give a path in a folder that you may write to."
        where = f"--save {shown(place)}"
        raise ConfigError("the plan can't be saved", where, str(error.strerror), fix) from error


def plan_as_saved(
    saved: SavedPlan,
    draft: Draft,
    client: bigquery.Client,
    inspector: Inspector,
    left_by: str,
    *,
    run_id: str,
    now: datetime,
) -> SyncPlan:
    """The plan over the saved window, if all is as it was.

    Args:
        saved: of the file.
        draft: of the destination as it is under the lock.
        client: of BigQuery.
        inspector: of the source.
        left_by: a run that died since and left what another may go on with; empty: none has.
        run_id: of the run.
        now: of the launch.

    Raises:
        ConfigError: facts have moved; which.
        SyncError: source or destination can't be reached.
    """
    if left_by:
        raise moved(saved, [f"run {left_by} has left what the next run goes on with"])
    try:
        facts = gather(draft, client, inspector, run_id, saved.noted)
    except NotResumedError as error:
        raise moved(saved, [f"window start: {error.why}"]) from error
    plan = make_plan(draft, facts, run_id=run_id, now=now)
    if told := what_moved(saved, plan):
        raise moved(saved, told)
    if plan.window is None:
        return plan
    why = f"as it was planned by run {saved.noted.run_id}, saved in {saved.place}"
    window = replace(plan.window, start_reason=why, end_reason=why)
    return replace(plan, window=window)


def moved(saved: SavedPlan, told: Sequence[str]) -> ConfigError:
    """That the facts are others than those which the plan was made of."""
    where = f"--plan {saved.place}, plan {saved.fingerprint}"
    return ConfigError(
        "the facts have moved since the plan was saved", where, "; ".join(told), AGAIN
    )
