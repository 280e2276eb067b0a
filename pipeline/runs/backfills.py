"""I/O. What the run history knows of a backfill: which of its slices are in the table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.names import string_literal
from pipeline.runs.past_runs import BEGINNING, PUBLISHED
from pipeline.runs.questions import EVENTS, Question, ask_one
from smart_sync.modes import CREATE, MODES
from smart_sync.plan import Mode
from smart_sync.slices import Slice
from smart_sync.value_text import value_text
from warehouse.names import TableRef

ANEW = tuple(mode.name for mode in MODES if mode.leaves_none)
_SLICES = """
WITH ended AS (
  SELECT runs.* FROM {events}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY runs.destination, runs.run_id ORDER BY runs.seq DESC) = 1
), published AS (
  SELECT *, MAX(IF(mode IN ({anew}), event_time, NULL)) OVER (PARTITION BY destination) AS left_none
  FROM ended WHERE {published}
)
SELECT destination, run_id, event_time, window_start, window_end, mode, rows_published
FROM published
WHERE backfill_id = {name} AND status != 'published_mismatch'
  AND (left_none IS NULL OR event_time >= left_none)
"""
"""Runs whose rows are in the table still: no later one has replaced all that it held."""
Ends = tuple[str | None, str]


def slices_question(
    history: TableRef, destination: TableRef, name: str, made_at: datetime | None
) -> Question:
    """Which runs of a backfill have published into the table that was made then."""
    anew = ", ".join(string_literal(mode) for mode in ANEW)
    sql = _SLICES.format(events=EVENTS, anew=anew, published=PUBLISHED, name=string_literal(name))
    return Question(history, destination, sql, "event_time", made_at or BEGINNING)


def done_slices(
    client: bigquery.Client,
    history: TableRef,
    destination: TableRef,
    name: str,
    mode: Mode,
    made_at: datetime | None,
    *,
    unless: tuple[type[Exception], ...] = (),
) -> dict[Ends, Mapping[str, Any]]:
    """The runs of a backfill's slices that are done, by the ends of their windows.

    Args:
        client: of BigQuery.
        history: the table of the history.
        destination: the table of the backfill.
        name: the backfill's.
        mode: how its slices are published into a table that is there.
        made_at: when the destination was made; None: it is missing, and none is done.
        unless: answers of BigQuery that say that there is no such history.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    if made_at is None:
        return {}
    question = slices_question(history, destination, name, made_at)
    rows = ask_one(client, question, unless=unless)
    fitting = [row for row in rows if row["mode"] in (mode.name, CREATE.name)]
    return {(row["window_start"], row["window_end"]): row for row in fitting}


def ends_of(one: Slice) -> Ends:
    """The window of a slice as the history writes it."""
    low, high = one.window.low, one.window.high
    return (None if low is None else value_text(low), value_text(high))


def undone(slices: Sequence[Slice], done: Mapping[Ends, Mapping[str, Any]]) -> tuple[Slice, ...]:
    """Those that no run has done."""
    return tuple(one for one in slices if ends_of(one) not in done)
