"""The first three lines of a plan: what a run will do, in plain words. Pure.

The first says which rows come, the second what becomes of those that are there, the third how.
"""

from collections.abc import Iterator

from auto_schema.evolve import layout_text
from smart_sync.missing_keys import INVALIDATE, OFF
from smart_sync.missing_plan import MissingPlan
from smart_sync.plan import Mode, SyncPlan
from smart_sync.value_text import counted, value_text
from smart_sync.window import FIRST, WindowPlan
from sources.values import CursorValue

NAMED = 5
"""Columns that a line names."""


def headline(plan: SyncPlan) -> tuple[str, str, str]:
    """What will happen: to the source's rows, to the table's, and by which way."""
    if plan.held_back:
        return _held_back(plan)
    return _first(plan), second_line(plan), _third(plan)


def warnings_of(plan: SyncPlan) -> tuple[str, ...]:
    """What the operator should know before the run, the gravest first."""
    return (*plan.changes.stale.warnings, *plan.warnings)


def short_name(plan: SyncPlan) -> str:
    """The destination as it is called within its project."""
    return f"{plan.destination.dataset}.{plan.destination.table}"


def is_estimated(plan: SyncPlan) -> bool:
    """Whether the source's estimate of the rows that come says anything."""
    return plan.reading.estimated_rows is not None and not plan.reading.estimate_doubt


def estimate_text(plan: SyncPlan) -> str:
    """How many rows come by the source's own estimate, or why that says nothing."""
    rows, doubt = plan.reading.estimated_rows, plan.reading.estimate_doubt
    if doubt:
        return f"not known: {doubt}"
    return "not known" if rows is None else f"about {counted(rows, 'row')}"


def _held_back(plan: SyncPlan) -> tuple[str, str, str]:
    held = plan.window.held_back if plan.window else None
    why = held.why if held else ""
    ends = "it has been held for too long, so the run fails with exit code 9"
    later = "nobody has to act: a later run reads what this one leaves"
    return (
        f"Reads nothing for {short_name(plan)} this time: it is held back",
        f"Held by {why}",
        f"The table stays as it is; {ends if held and held.too_long else later}",
    )


def _first(plan: SyncPlan) -> str:
    mode, publishing, table = plan.publishing.mode, plan.publishing, short_name(plan)
    if publishing.replay is not None:
        told, run_id = counted(publishing.replay.rows, "row"), publishing.replay.run_id
        return f"{_does(plan, mode, told)}: the dead letters of run {run_id}"
    if publishing.healing is not None:
        return _repairs(plan)
    which = _which(plan.window, plan)
    if _finds_nothing(plan):
        return f"Finds nothing new for {table}: no row {which.removeprefix('everything ')}"
    rows, doubt = plan.reading.estimated_rows, plan.reading.estimate_doubt
    if rows is not None and not doubt:
        told = _left_of(f"about {counted(rows, 'row')}" if rows else "no row", plan)
        return f"{_does(plan, mode, told)}: {which}"
    unknown = f"; how many isn't known: {doubt}" if doubt else "; how many isn't known"
    return f"{_does(plan, mode, _left_of('rows', plan))}: {which}{unknown}"


def _left_of(rows: str, plan: SyncPlan) -> str:
    """What reaches the table of rows that are read: a filter or SQL may leave many of them out."""
    reshaping = plan.reshaping
    if reshaping is not None and reshaping.keeps is not None and rows != "no row":
        rows = f"{'those of ' * rows.startswith('about')}{rows} that pass the filter"
    return f"what transform_sql makes of {rows}" if plan.publishing.sql is not None else rows


def _does(plan: SyncPlan, mode: Mode, rows: str) -> str:
    merge = plan.publishing.merge
    return mode.does.format(
        rows=rows,
        table=short_name(plan),
        there=_there(plan),
        keys=", ".join(merge.keys) if merge else "",
        filled=", ".join(merge.filled) if merge else "",
    )


def _there(plan: SyncPlan) -> str:
    """The rows of the destination as it is."""
    rows = plan.seen.rows
    return "the rows" if rows is None else f"the {counted(rows, 'row')}"


def _finds_nothing(plan: SyncPlan) -> bool:
    mode, is_none = plan.publishing.mode, is_estimated(plan) and not plan.reading.estimated_rows
    return is_none and plan.window is not None and not (mode.makes_table or mode.removes_rows)


def _which(window: WindowPlan | None, plan: SyncPlan) -> str:
    """Which rows of the source, by the ends of the window."""
    if window is None or plan.cursor is None:
        return "all that the source delivers"
    zone = "" if plan.cursor.is_integer else f", {window.time_zone}"
    by = f" ({plan.cursor.source_name}{zone})"
    if window.by_hand is not None:
        return f"everything from {window.by_hand[0]} to before {window.by_hand[1]}{by}"
    low, high = window.window.low, value_text(window.window.high)
    if low is None or _is_first(low):
        return f"everything up to {high}{by}"
    return f"everything after {value_text(low)} up to {high}{by}"


def _is_first(low: CursorValue) -> bool:
    """Whether a window begins where that of an empty table does."""
    return value_text(low) in (value_text(FIRST), value_text(FIRST.date()))


def _repairs(plan: SyncPlan) -> str:
    healing, table = plan.publishing.healing, short_name(plan)
    if healing is None:
        return ""
    compared = (
        f"{counted(healing.rows, 'row')} of it compared with {healing.source_rows:,} of the source"
    )
    if not healing.differing:
        return f"Finds nothing to repair in {table}: {compared}, and none differs"
    read = "all is read" if healing.reads_all else "these are read"
    differ = f"{counted(healing.differing, 'range')} of keys differ, and {read}"
    return f"Repairs {table}: {compared}, {differ}"


def second_line(plan: SyncPlan) -> str:
    """What becomes of the rows and columns that are there."""
    mode, merge = plan.publishing.mode, plan.publishing.merge
    told = mode.spares.format(
        there=_there(plan),
        keys=", ".join(merge.keys) if merge else "",
        layout=layout_text(plan.schema.partitioning, plan.schema.clustering),
    )
    parts = [told] if told else []
    parts += [*_deletes(plan), *_columns(plan)]
    return _sentence("; ".join(parts))


def _deletes(plan: SyncPlan) -> Iterator[str]:
    """What becomes of rows that the source has deleted."""
    publishing = plan.publishing
    mark = publishing.merge.mark if publishing.merge else None
    if mark is not None:
        yield f"rows marked by {mark.column} {'are removed' if mark.removes else 'are kept'}"
    if publishing.missing is not None:
        yield _missing(publishing.missing)


def _missing(missing: MissingPlan) -> str:
    if not missing.missing:
        return "no key is missing at the source"
    one = "1 row whose key is missing at the source"
    rows = counted(missing.missing, "", "rows whose keys are missing at the source")
    rows = one if missing.missing == 1 else rows
    be = "is" if missing.missing == 1 else "are"
    if missing.rows == OFF:
        return f"{rows} {'stays' if missing.missing == 1 else 'stay'}"
    if missing.rows == INVALIDATE:
        return f"{rows} {be} ended"
    return f"{rows} {be} {'marked' if missing.marks else 'removed'}"


def _columns(plan: SyncPlan) -> Iterator[str]:
    """How the table's columns change."""
    changes = plan.changes
    if changes.added:
        yield f"the table gets {_named(changes.added)}"
    if changes.altered:
        names = dict.fromkeys(one.field.name for one in changes.altered)
        yield f"the type of {_named(tuple(names))} is altered"


def _named(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{'column' if len(names) == 1 else 'columns'} {shown}{more}"


def _third(plan: SyncPlan) -> str:
    reading, publishing = plan.reading, plan.publishing
    if publishing.replay is not None:
        read = f"Reads {plan.dead_letters.table}"
    elif reading.is_in_place:
        read = f"Takes {reading.source.place}"
    else:
        read = f"Reads {reading.source.place} in {counted(reading.split_total, 'split')}"
    if plan.run.taken is not None:
        read += f", of which {plan.run.taken.splits:,} are taken over from {plan.run.taken.run_id}"
    scan = reading.bigquery
    if scan is not None and scan.price is not None:
        read += f", {counted(scan.scan_bytes or 0, 'byte')} for about ${scan.price}"
    how = f"published by {publishing.way.shortly}, all rows or none"
    parts = [read, *_before(plan), how]
    if publishing.swaps:
        parts.append("readers may miss the table for seconds")
    return "; ".join(parts)


def _before(plan: SyncPlan) -> Iterator[str]:
    """What rows go through before they are published."""
    publishing = plan.publishing
    if publishing.sql is not None:
        yield "put through transform_sql"
    if publishing.proof is not None:
        yield "proven by hashes of both sides"
    if publishing.checks:
        yield f"held against {counted(len(publishing.checks), 'check')}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
