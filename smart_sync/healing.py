"""repair=true: rows that differ are read again, whatever their cursor. Pure.

Such a run is a sync whose window is all up to its end. Of that only ranges of keys are read whose
rows differ on both sides: that is all which an ordinary run would have read, since rows that are
new differ, and whatever else is not as it is in the source.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auto_schema.canonical import excluded
from auto_schema.errors import ConfigError, SyncError
from auto_schema.schema import Column
from smart_sync.facts import Facts, Target
from smart_sync.missing_keys import ComparedRows
from smart_sync.request import SyncRequest
from smart_sync.window import WindowPlan
from sources.values import CursorValue, Window

PARAMETER = "repair"
JSON_WHY = "BigQuery stores JSON parsed, the source as it was written"
MOST_READ = 4_000
"""Ranges that are read by themselves; of more the whole window is read."""


@dataclass(frozen=True, slots=True)
class HealingPlan:
    """What a repair has compared, and what it reads.

    Attributes:
        rows, source_rows, ranges, differing: as `ComparedRows` has them.
        reads_all: whether so many differ that all is read.
        begun: rows up to here would not have been read without it; None: nothing is known of them.
        up_to: a row of the table that is later isn't touched.
        left_out: columns that aren't compared, and why.
    """

    rows: int
    source_rows: int
    ranges: int
    differing: int
    reads_all: bool
    begun: CursorValue | None
    up_to: CursorValue
    left_out: tuple[tuple[str, str], ...]


def healing_window(plan: WindowPlan) -> WindowPlan:
    """All up to the end, which stays behind whoever still writes; what is held back is not read."""
    if plan.held_back is not None:
        return plan
    reason = "repair=true: all rows are compared, and those that differ are read"
    window = Window(None, plan.window.high)
    return replace(plan, window=window, start_reason=reason, usual=plan.window.low)


def compared_columns(
    columns: tuple[Column, ...], target: Target
) -> tuple[tuple[Column, ...], tuple[tuple[str, str], ...]]:
    """The columns that both sides hash alike, and (name, why) of the others.

    Args:
        columns: those that are read.
        target: the destination as it is.
    """
    there = target.by_name()
    left_out = dict(excluded(columns))
    left_out |= {
        column.name: JSON_WHY for column in columns if column.is_json and column.shape is None
    }
    left_out |= {
        column.name: "the destination has no such column"
        for column in columns
        if column.name.casefold() not in there
    }
    compared = tuple(column for column in columns if column.name not in left_out)
    return compared, tuple(sorted(left_out.items()))


def reads_all(rows: ComparedRows) -> bool:
    """Whether it is cheaper to read the whole window than to name what of it differs."""
    return len(rows.within) > MOST_READ


def plan_healing(facts: Facts) -> HealingPlan | None:
    """What is shown and done of a comparison; None: there was none."""
    rows, window = facts.rows, facts.window
    if rows is None or window is None:
        return None
    return HealingPlan(
        rows.rows,
        rows.source_rows,
        rows.ranges,
        rows.differing,
        reads_all(rows),
        window.begun,
        window.window.high,
        rows.left_out,
    )


def healing_faults(request: SyncRequest) -> list[SyncError]:
    """What a repair can't be asked for."""
    if not request.missing.heals or not request.schema.transformation.row_filter:
        return []
    why = "rows that it leaves out would look like rows that the table lacks"
    fix = "filter in the query, or leave the filter out."
    return [ConfigError("repair with a filter", f"{PARAMETER}, transformation_config", why, fix)]


def healing_lines(plan: HealingPlan | None) -> Iterator[str]:
    """What a plan says of it."""
    if plan is None:
        return
    what = "all is read" if plan.reads_all else "these are read"
    yield f"  repair       {plan.rows:,} rows of the table, {plan.source_rows:,} of the source:"
    yield f"               of {plan.ranges:,} ranges {plan.differing:,} differ, {what}"
    for name, why in plan.left_out:
        yield f"               {name} is not compared: {why}"


def healing_figures(plan: HealingPlan | None) -> dict[str, int]:
    """What the run history keeps of it."""
    if plan is None:
        return {}
    return {
        "rows_compared": plan.rows,
        "source_rows_compared": plan.source_rows,
        "row_ranges": plan.ranges,
        "row_ranges_differing": plan.differing,
    }


def healing_dict(plan: HealingPlan | None) -> dict[str, object]:
    """The same as JSON-ready values; of a plan without a repair nothing."""
    if plan is None:
        return {}
    told = healing_figures(plan) | {"reads_all": plan.reads_all}
    return {"repair": {**told, "left_out": dict(plan.left_out)}}
