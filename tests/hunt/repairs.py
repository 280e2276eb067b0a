"""What an operator mends between two runs of a history: undone, replayed, or loaded once more."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.hunt.missing import NAMES
from tests.hunt.parameters import Parameters
from tests.hunt.schemas import Schema
from tests.hunt.steps import History, Repair, Run, Step

RATE = 0.2
UNDO, REPLAY, BACKFILL = "undo", "replay", "backfill"
Query = Callable[[str], Sequence[tuple[Any, ...]]]
NEWEST = (
    "SELECT run_id FROM {d}.sync_runs_latest WHERE status = 'succeeded' AND mode != 'create'"
    " AND publish_job IS NOT NULL ORDER BY event_time DESC LIMIT 1"
)
LETTERS = (
    "SELECT last_run_id FROM {d}.t_dead_letters WHERE replayed_by IS NULL"
    " ORDER BY last_run_id DESC LIMIT 1"
)
SINCE, SAFE = timedelta(hours=3), timedelta(seconds=20)


def with_repairs(history: History, schema: Schema, parameters: Parameters) -> History:
    """A history with something mended behind some of its runs; the rest of it stays as it is."""
    if not parameters.smart:
        return history
    dice = random.Random(f"repairs {history!r}")
    kinds = [UNDO, REPLAY]
    if parameters.keyed and schema.cursor_kind == "timestamptz":
        kinds += [BACKFILL, BACKFILL]
    steps: list[Step | Run | Repair] = []
    for step in history:
        steps.append(step)
        if isinstance(step, Run) and dice.random() < RATE:
            steps.append(Repair(dice.choice(kinds)))
    return tuple(steps)


def words_for(kind: str, words: Mapping[str, str], query: Query) -> dict[str, str] | None:
    """The parameters of a launch that mends; None: there is nothing to mend."""
    words = {name: value for name, value in words.items() if name not in NAMES}
    if kind == BACKFILL:
        now = datetime.now(UTC)
        start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now - SINCE, now - SAFE))
        left = {name: value for name, value in words.items() if name != "smart_sync_lookback"}
        return left | {"sync_start": start, "sync_end": end, "backfill_by": "hour"}
    found = query(NEWEST if kind == UNDO else LETTERS)
    parameter = "rollback_run" if kind == UNDO else "replay_dead_letters"
    return {**words, parameter: str(found[0][0])} if found and found[0][0] else None
