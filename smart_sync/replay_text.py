"""What plan and report tell of a replay."""

from collections.abc import Iterator, Mapping
from typing import Any

from smart_sync.history_text import rows_taken
from smart_sync.plan import SyncPlan
from smart_sync.replay import ReplayPlan
from smart_sync.value_text import counted


def replay_lines(replay: ReplayPlan) -> Iterator[str]:
    """Which letters there are, and what keeps some of them back; in place of the window."""
    yield f"  replay       {replay.rows:,} rows of the dead letters of run {replay.run_id}"
    yield f"               {replay.bytes:,} characters, as they are kept; no watermark moves"
    for count in replay.counts:
        letters = f"{count.letters:,} × {count.column}: {count.reason}"
        yield f"    {letters}" + (f" (NOT REPLAYED: {count.why_not})" if count.why_not else "")


def replay_dict(replay: ReplayPlan | None) -> dict[str, Any] | None:
    """The same for plan_format=json."""
    if replay is None:
        return None
    return {
        "run_id": replay.run_id,
        "rows": replay.rows,
        "rows_not_whole": replay.not_whole,
        "letters_replayed": replay.replayed,
        "bytes": replay.bytes,
        "letters": [
            {"column": c.column, "reason": c.reason, "letters": c.letters, "why_not": c.why_not}
            for c in replay.counts
        ],
    }


def replay_summary(plan: SyncPlan, replay: ReplayPlan, row: Mapping[str, Any]) -> str:
    """What became of the letters, in one line; `row` is the run's last event."""
    published, dead = rows_taken(row), row["rows_dead"]
    text = f"{row['status']}: {published:,} replayed, {dead:,} still dead"
    if row["status"] == "succeeded" and plan.publishing.merge:
        left = max(0, row["rows_staged"] - published)
        text += f", {left:,} not newer than the table's row"
    if filtered := row.get("rows_filtered"):
        text += f", {filtered:,} filtered out"
    text += f", {replay.not_whole:,} not replayable"
    if replay.replayed:
        told = counted(replay.replayed, "letter was", "letters were")
        text += f", {told} replayed before"
    return f"{text} · letters of run {replay.run_id} in {plan.dead_letters.table}"
