"""A rollback's plan in words and as JSON. Pure."""

import json
from collections.abc import Iterator

from smart_sync.explain import FULL
from smart_sync.rollback import MOST_NAMED, RollbackPlan, Row
from smart_sync.value_text import counted

AGAIN = (
    "the next sync reads the undone rows again, but for those that were replayed, filled, or lie"
    " below its start: pause the schedule, or mend the source or the parameters, before it runs"
)
"""What has to be said loudly."""


def explain_rollback(plan: RollbackPlan) -> str:
    """The plan in words."""
    return "\n".join([*rollback_headline(plan), *_lines(plan)])


def rollback_log(plan: RollbackPlan, detail: str) -> str:
    """What the log of a run says of its plan, beside its warnings, as plan_detail asks for it."""
    if detail == FULL:
        return explain_rollback(plan)
    return "\n".join([*rollback_headline(plan), f"run {plan.run.run_id}"])


def rollback_headline(plan: RollbackPlan) -> tuple[str, str, str]:
    """What will happen, in three lines."""
    table = f"{plan.destination.dataset}.{plan.destination.table}"
    runs = counted(len(plan.undoing.changing), "run")
    rows = (plan.rows_now, plan.rows_before)
    now, before = ("rows" if one is None else counted(one, "row") for one in rows)
    origin = "BigQuery's time travel" if plan.as_of else "the snapshot that run kept"
    return (
        f"Restores {table} to what it was before run {plan.undoing.first['run_id']}: undoes {runs}",
        f"It has {now} now, and {before} then; whatever was written into it since goes",
        f"Restored from {origin} by one copy job, all or nothing; proven by hashes afterwards",
    )


def _lines(plan: RollbackPlan) -> Iterator[str]:
    yield f"Plan of run {plan.run.run_id}: undo what was published"
    yield f"  table        {plan.destination} ({plan.run.location})"
    yield f"  WARNING      {AGAIN}"
    for warning in plan.warnings:
        yield f"  WARNING      {warning}"
    changing, runs = plan.undoing.changing, plan.undoing.runs
    yield f"  undone       {counted(len(changing), 'run')}"
    for run in changing[:MOST_NAMED]:
        yield f"    {_run_text(run)}"
    if len(changing) > MOST_NAMED:
        yield f"               … and {len(changing) - MOST_NAMED:,} more"
    if empty := len(runs) - len(changing):
        yield f"               and {empty:,} that found no row: their windows are read again"
    yield f"  from         {_source_text(plan)}"
    before, now = (_rows_text(rows) for rows in (plan.rows_before, plan.rows_now))
    yield f"  rows         {now} now, {before} before run {plan.undoing.first['run_id']}"
    for line in plan.columns:
        yield f"               {line}"
    yield f"  watermark    {_watermark_text(plan)}"
    yield "  publish      one copy job that restores the snapshot in place: all of it or nothing"
    yield "               labels, description, expiry, what columns are described as and their"
    yield "               policy tags stay as they are now"
    size = "" if plan.bytes is None else f" ({plan.bytes:,} bytes are read)"
    yield f"  proof        snapshot and table are hashed row by row afterwards{size}"
    yield f"  history      {plan.run.history_table}"


def _run_text(run: Row) -> str:
    window = f", window ({run['window_start'] or '-∞'}, {run['window_end']}]"
    rows = f"{run['rows_published'] or 0:,} rows"
    if deleted := run.get("rows_deleted"):  # which an older history lacks
        rows += f", {deleted:,} deleted"
    return f"{run['run_id']}  {run['mode']}, {rows}{window if run['window_end'] else ''}"


def _source_text(plan: RollbackPlan) -> str:
    if plan.as_of is None:
        return f"the snapshot that run kept: {plan.source}"
    return (
        f"time travel: the table as of {plan.as_of:%Y-%m-%d %H:%M:%S.%f} UTC, of which a snapshot"
        f" is made: {plan.source}, until {plan.expires:%Y-%m-%d %H:%M:%S} UTC"
    )


def _rows_text(rows: int | None) -> str:
    return "an unknown number" if rows is None else f"{rows:,}"


def _watermark_text(plan: RollbackPlan) -> str:
    first, newest = plan.undoing.first, plan.undoing.runs[-1]
    if not plan.cursor:
        return "none: the runs had no cursor column"
    back = first["watermark_before"] or ("none" if first["window_end"] else "not known")
    return f"MAX({plan.cursor}) {newest['watermark_after'] or 'not known'} now, {back} before"


def rollback_json(plan: RollbackPlan) -> str:
    """The same for machines."""
    return json.dumps(rollback_dict(plan), indent=2, sort_keys=True, ensure_ascii=False)


def rollback_dict(plan: RollbackPlan) -> dict[str, object]:
    """The plan as JSON-ready values."""
    first, newest = plan.undoing.first, plan.undoing.runs[-1]
    return {
        "headline": list(rollback_headline(plan)),
        "run_id": plan.run.run_id,
        "destination": str(plan.destination),
        "location": plan.run.location,
        "rolled_back_run": first["run_id"],
        "undone_runs": [
            {
                "run_id": run["run_id"],
                "mode": run["mode"],
                "rows_published": run["rows_published"],
                "rows_deleted": run.get("rows_deleted"),
                "window_start": run["window_start"],
                "window_end": run["window_end"],
                "changed_the_table": bool(run["publish_job"]),
            }
            for run in plan.undoing.runs
        ],
        "snapshot": str(plan.source),
        "as_of": plan.as_of.isoformat() if plan.as_of else None,
        "rows_now": plan.rows_now,
        "rows_before": plan.rows_before,
        "bytes": plan.bytes,
        "columns": list(plan.columns),
        "cursor": plan.cursor or None,
        "watermark_now": newest["watermark_after"],
        "watermark_before": first["watermark_before"],
        "history_table": str(plan.run.history_table),
        "warnings": [AGAIN, *plan.warnings],
    }
