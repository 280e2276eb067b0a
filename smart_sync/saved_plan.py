"""A plan as a file: what stands in it, and what has moved since. Pure.

What decides about a row is held to; what doesn't may move: estimates, splits, the clock.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from auto_schema.errors import ConfigError
from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_dict
from smart_sync.resume import work_of
from smart_sync.saved_facts import SavedColumn, SavedPlan
from smart_sync.source_labels import of_source
from smart_sync.taken_over import Noted, noted_of, noted_record
from sources.values import Split, Window

FORMAT = 1
WHOLE = (Split(0),)
OTHERWISE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a file ends with that isn't one of ours."""
AGAIN = "make a new one (smart-sync plan --save FILE), look at it, and run that."
SAID = {
    "query": "another query is sent to the source",
    "transformation": "the transformation is another",
    "merge_keys": "rows are merged otherwise",
    "destination": "rows are written otherwise (mode, or the way into the table)",
    "limits": "what becomes of rows that can't be held is another",
}
"""By parts of `work_of` that no other line names."""


def why_not_saved(plan: SyncPlan) -> str:
    """Why a plan is none that could be run later as it is; empty: it is one."""
    publishing = plan.publishing
    if plan.held_back:
        return "it is held back, and reads nothing: plan again when that is over"
    if plan.run.taken is not None:
        return f"it goes on with what run {plan.run.taken.run_id} has staged: launch it as it is"
    if publishing.missing is not None or publishing.healing is not None:
        return "it compares both sides, which is done anew by each run (delete_missing, repair)"
    if publishing.replay is not None:
        return "dead letters that wait are looked for anew by each run (replay_dead_letters)"
    if _adds_blindly(plan) and plan.seen.rows is None:
        how = "how many rows the destination has isn't known (it is being streamed into)"
        return f"it adds all rows without smart sync, and {how}: a second run would double them"
    return ""


def saved_of(
    plan: SyncPlan, parameters: Mapping[str, str], version: str, place: str = ""
) -> SavedPlan:
    """The facts of a plan.

    Args:
        plan: as it is now.
        parameters: see `SavedPlan`.
        version: of the program.
        place: of its file.
    """
    window, seen = plan.window, plan.seen
    work = work_of(plan, WHOLE)
    kept = {name: work[name] for name in SAID}
    noted = Noted(
        plan.run.run_id,
        version,
        kept,
        window.window if window else Window(None, 0),
        window.watermark if window else None,
        window.time_zone if window else "",
        window is not None and window.by_hand is not None,
        (),
    )
    reading, labels = plan.reading, (v for _, v in of_source(plan.publishing.labels))
    return SavedPlan(
        place,
        plan.fingerprint,
        noted,
        parameters,
        (reading.data_source, reading.source.place, *labels),
        reading.stored,
        tuple(_columns(plan)),
        seen.made.isoformat() if seen.made else "",
        seen.rows if _counts(plan) else None,
        _digest(plan.publishing.checks, plan.publishing.quarantines),
        tuple(_changes(plan)),
    )


def _counts(plan: SyncPlan) -> bool:
    """Whether the destination must have as many rows as it had: they go, or are added to."""
    return plan.publishing.mode.removes_rows or _adds_blindly(plan)


def _adds_blindly(plan: SyncPlan) -> bool:
    """Whether the same plan would add the same rows again: no window and no key keeps them out."""
    mode = plan.publishing.mode
    can_tell = mode.makes_table or mode.removes_rows or mode.updates_rows or mode.is_aside
    return plan.window is None and not can_tell


def _columns(plan: SyncPlan) -> Iterator[SavedColumn]:
    for column in plan.reading.schema:
        kind = f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
        yield column.name, column.source_type, kind


def _changes(plan: SyncPlan) -> Iterator[str]:
    """What becomes of the columns that the destination has; of one that is made, of none."""
    if plan.publishing.mode.makes_table:
        return
    for name in plan.changes.added:
        yield f"column {name} of the destination would be added"
    for altered in plan.changes.altered:
        yield f"a column of the destination would be altered ({altered.display})"


def _digest(*values: object) -> str:
    return hashlib.sha256("|".join(map(str, values)).encode()).hexdigest()[:32]


def file_text(plan: SyncPlan, saved: SavedPlan) -> str:
    """What the file holds: the facts, the whole plan to be read, and a sum over both."""
    facts = {**asdict(saved), "noted": noted_record(saved.noted)}
    del facts["place"]
    told = {"smart_sync_plan": FORMAT, "facts": facts, "plan": as_dict(plan)}
    whole = {**told, "sha256": _sum(told)}
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _sum(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_saved(text: str, place: str, version: str) -> SavedPlan:
    """The facts of a file.

    Raises:
        ConfigError: it isn't one that this version has written, or was changed since.
    """
    try:
        told = json.loads(text)
        form, total = told["smart_sync_plan"], told.pop("sha256")
        if form != FORMAT:
            raise _refused(place, f"its form is {form}, and this version writes {FORMAT}")
        if total != _sum(told):
            raise _refused(
                place, "it was changed since it was saved: its sum isn't that of its text"
            )
        saved = _saved(told["facts"], place)
    except OTHERWISE as error:
        why = f"it isn't JSON that smart-sync plan --save writes ({type(error).__name__})"
        raise _refused(place, why) from error
    if saved.noted.version != version:
        why = f"version {saved.noted.version} has saved it, and this is {version}"
        raise _refused(place, why)
    return saved


def _refused(place: str, why: str) -> ConfigError:
    return ConfigError("a saved plan that can't be run", f"--plan {place}", why, AGAIN)


def _saved(facts: Mapping[str, Any], place: str) -> SavedPlan:
    return SavedPlan(
        place,
        str(facts["fingerprint"]),
        noted_of(facts["noted"], splits=()),
        {str(name): str(digest) for name, digest in facts["parameters"].items()},
        tuple(map(str, facts["server"])),
        tuple(map(str, facts["tables"])),
        tuple((str(name), str(kind), str(into)) for name, kind, into in facts["columns"]),
        str(facts["table_made"]),
        None if facts["rows"] is None else int(facts["rows"]),
        str(facts["checks"]),
        tuple(map(str, facts["changes"])),
    )


def other_parameters(saved: SavedPlan, parameters: Mapping[str, str]) -> list[str]:
    """What is given otherwise than when the plan was saved, a line each."""
    names = sorted(saved.parameters.keys() | parameters.keys())
    other = [name for name in names if saved.parameters.get(name) != parameters.get(name)]
    return [f"{name} is {_given(name, saved.parameters, parameters)}" for name in other]


def _given(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    if name not in now:
        return "not given any more"
    return "given otherwise" if name in before else "given, and was not"


def what_moved(saved: SavedPlan, plan: SyncPlan) -> list[str]:
    """The facts that are no longer what the plan was made of, a line each; none: it may run."""
    now = saved_of(plan, saved.parameters, saved.noted.version)
    moved = list(_of_sides(saved, now))
    moved += _of_columns(saved.columns, now.columns)
    if not moved:  # else they follow from it
        moved += [change for change in now.changes if change not in saved.changes]
        moved += [f"{change} no more" for change in saved.changes if change not in now.changes]
    work, before = now.noted.work, saved.noted.work
    others = [name for name in SAID if before.get(name) != work[name]]
    if not moved:  # else they follow from what is named already
        moved += [SAID[name] for name in others]
    if saved.checks != now.checks:
        moved.append("the checks are others")
    return moved


def _of_sides(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    if saved.server != now.server:
        yield f"the source is another server, database or table ({now.server[1]})"
    elif saved.tables != now.tables:
        yield (
            "the source's table was replaced or has other partitions, all of its rows were"
            " rewritten or removed, or a view has another query"
        )
    if saved.table_made != now.table_made:
        is_there = {"": "it is missing"}.get(now.table_made, f"it was made {now.table_made}")
        was_there = {"": "it was missing"}.get(saved.table_made, f"made {saved.table_made}")
        yield f"the destination is another table: {is_there}, and {was_there} when it was planned"
    elif saved.rows != now.rows:
        yield f"the rows that are there: the destination has {now.rows}, and had {saved.rows}"


def _of_columns(before: tuple[SavedColumn, ...], now: tuple[SavedColumn, ...]) -> list[str]:
    """Columns that came, went, or are of another type."""
    was, is_ = ({name: (kind, into) for name, kind, into in one} for one in (before, now))
    moved = [f"column {name} was added" for name in is_ if name not in was]
    moved += [f"column {name} is gone" for name in was if name not in is_]
    for name, (kind, into) in was.items():
        if name in is_ and is_[name] != (kind, into):
            new_kind, new_made = is_[name]
            moved.append(f"column {name} is {new_kind} → {new_made}, and was {kind} → {into}")
    if not moved and before != now:
        moved.append("columns come in another order")
    return moved
