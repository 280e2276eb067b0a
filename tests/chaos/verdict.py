"""The verdict of a trial: rows of source and destination, the history, and what is left behind."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from google.cloud import bigquery

from pipeline.destination.manifests import NOTE
from tests.chaos.actions import Action, End
from tests.chaos.kinds import Found

if TYPE_CHECKING:
    from tests.chaos.trial import Trial

FIELDS = "id, version, note, updated_at, writer, deleted_at"


def judge(trial: "Trial") -> None:
    """Write into its result what is wrong, and what its runs came to."""
    found, result = verdict_of(trial), trial.result
    result.lost, result.doubled = found.lost, found.doubled
    result.resurrected, result.wrongly_deleted = found.resurrected, found.wrongly_deleted
    result.rows_source = trial.sql("SELECT count(*) FROM orders")[0][0]
    result.rows_written = trial.written.committed
    _read_history(trial)
    _look_for_litter(trial)


def verdict_of(trial: "Trial") -> Found:
    """What the rows of source and destination are to one another."""
    source = trial.sql(f"SELECT {FIELDS} FROM orders")
    fields = ", ".join([FIELDS, *trial.kind.fields])
    rows = trial.bigquery(f"SELECT {fields} FROM `{trial.dataset}`.orders")
    return trial.kind.verdict(source, rows)


def _read_history(trial: "Trial") -> None:
    sql, result = f"SELECT * FROM `{trial.dataset}`.sync_runs_latest ORDER BY run_id", trial.result
    for row in trial.client.query(sql).result():
        if row.status in ("running", "publishing"):
            result.complaints.append(f"run {row.run_id} is still {row.status}")
        result.abandoned += row.status == "abandoned"
        result.undone += row.status == "rolled_back" and row.seq == 3
        went_well = row.status == "succeeded"
        result.resumed += bool(row.resumed_run) and went_well
        result.slices += bool(row.backfill_id) and went_well
        result.rows_deleted += (row.rows_deleted or 0) * went_well
        result.replayed += bool(row.replayed_run) and went_well
        deletes = trial.kind.deletes and went_well and bool(row.rows_deleted)
        keeps = trial.kind.keeps_versions and went_well and bool(row.rows_published)
        result.tally[Action.DELETES, End.SUCCEEDED] += deletes
        result.tally[Action.HISTORY, End.SUCCEEDED] += keeps
        if row.window_end and trial.guard and not row.backfill_id:
            result.held_s.append(held_seconds(row, trial.margin_s))


def _look_for_litter(trial: "Trial") -> None:
    tables = {item.table_id for item in trial.client.list_tables(trial.dataset)}
    litter = [name for name in tables if name.startswith(("_sync_staging", "_sync_dead"))]
    staged = (trial.folder / f"temp{trial.seed}").rglob("*")
    litter += [str(path) for path in staged if path.is_file() and not is_note_of_taker(path)]
    if litter:
        trial.result.complaints.append(f"left behind: {litter[:5]}")


def is_note_of_taker(path: Path) -> bool:
    """Of a run that died before its first event: it had noted what it took over, and no more."""
    return path.name == NOTE and bool(json.loads(path.read_text())["taken"])


def held_seconds(row: bigquery.Row, margin_s: float) -> float:
    """How far a run's window ended before its launch less the margin."""
    launched = datetime.strptime(row.run_id[:15], "%Y%m%dt%H%M%S").replace(tzinfo=UTC)
    end = datetime.fromisoformat(row.window_end).replace(tzinfo=UTC)
    return max(0.0, (launched - end).total_seconds() - margin_s)
