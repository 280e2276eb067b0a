"""I/O. What the run history knows of a backfill: which of its slices are in the table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.names import string_literal
from pipeline.runs.past_runs import BEGINNING
from pipeline.runs.questions import EVENTS, Question, ask_one
from pipeline.runs.views import PUBLISHED
from smart_sync.cursor import Cursor
from smart_sync.frontier import parse_value
from smart_sync.modes import CREATE, MODES, PARTITIONS
from smart_sync.plan import Mode
from smart_sync.slices import Slice
from smart_sync.value_text import value_text
from sources.values import CursorValue, is_after
from warehouse.names import TableRef

ANEW = tuple(mode.name for mode in MODES if mode.leaves_none)
_SLICES = """
WITH ended AS (
  SELECT runs.* FROM {events}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY runs.destination, runs.run_id ORDER BY runs.seq DESC) = 1
), published AS (
  SELECT *,
    MAX(IF(mode IN ({anew}), event_time, NULL)) OVER (PARTITION BY destination) AS left_none,
    MAX(IF(rows_deleted > 0, event_time, NULL)) OVER (PARTITION BY destination) AS removed_at
  FROM ended WHERE {published}
)
SELECT destination, run_id, event_time, window_start, window_end, mode, rows_published, status,
  watermark_after, cursor_column, removed_at,
  mode = {partitions} AND IFNULL(backfill_id, '') != {name} AS is_anothers
FROM published
WHERE (backfill_id = {name} AND status != 'published_mismatch' OR mode = {partitions})
  AND (left_none IS NULL OR event_time >= left_none)
"""
"""Its runs whose rows are in the table still: no later one has replaced all that it held. And all
runs that have replaced partitions.
"""
Ends = tuple[str | None, str]


def slices_question(
    history: TableRef, destination: TableRef, name: str, made_at: datetime | None
) -> Question:
    """Which runs of a backfill have published into the table that was made then."""
    anew = ", ".join(string_literal(mode) for mode in ANEW)
    partitions = string_literal(PARTITIONS.name)
    words = {"anew": anew, "published": PUBLISHED, "partitions": partitions}
    sql = _SLICES.format(events=EVENTS, name=string_literal(name), **words)
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
    others = [row for row in rows if row["is_anothers"]]
    its = [row for row in rows if not row["is_anothers"]]
    fitting = [row for row in its if row["mode"] in (mode.name, CREATE.name)]
    return {
        (row["window_start"], row["window_end"]): row
        for row in fitting
        if not any(_has_replaced(other, row) for other in others)
    }


def _has_replaced(other: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a run that replaced partitions came after a slice, and may have had rows of it.

    Where its window is one of another column nobody knows of which.
    """
    if other["event_time"] <= row["event_time"]:
        return False
    if other["cursor_column"] != row["cursor_column"]:
        return True
    starts_below = (other["window_start"] or "") < row["window_end"]
    return starts_below and (row["window_start"] or "") < other["window_end"]


def still_there(
    slices: Sequence[Slice],
    done: Mapping[Ends, Mapping[str, Any]],
    cursor: Cursor | None,
    watermark: CursorValue | None,
) -> dict[Ends, Mapping[str, Any]]:
    """Those of the done slices whose rows MAX doesn't show to be gone.

    A slice that reaches beyond MAX, and whose run left a higher one, has lost rows since: they
    were deleted by hand. Smart sync goes on from MAX, so that what lies above is not done. Where
    a run since then has removed rows that the source had deleted, that is why MAX is lower.

    Args:
        slices: of the backfill.
        done: by what the history says.
        cursor: of the range.
        watermark: MAX of the destination, as it is now; None: it holds no row.
    """
    behind = {
        ends_of(one)
        for one in slices
        if watermark is not None and not is_after(one.window.high, watermark)
    }
    return {
        ends: row
        for ends, row in done.items()
        if ends in behind
        or cursor is None
        or not _has_fallen(row, cursor, watermark)
        or _was_removed_since(row)
        or any(_has_lowered(other, row) for other in done.values())
    }


def _has_lowered(other: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a later slice, above this one, may have lowered MAX: it replaced partitions."""
    is_later = bool(other["event_time"] > row["event_time"])
    is_above = (other["window_start"] or "") >= row["window_end"]
    return is_later and is_above and other["mode"] == PARTITIONS.name


def _was_removed_since(row: Mapping[str, Any]) -> bool:
    """Whether a run has removed rows since a slice; what it removed, the source lacks as well."""
    return row["removed_at"] is not None and row["removed_at"] > row["event_time"]


def _has_fallen(row: Mapping[str, Any], cursor: Cursor, watermark: CursorValue | None) -> bool:
    """Whether MAX is lower than a run left it; of a dead one nobody knows, but for its rows."""
    is_dead = row["status"] == "abandoned"
    left = parse_value(row["window_start" if is_dead else "watermark_after"], cursor)
    return left is not None and (watermark is None or is_after(left, watermark))


def ends_of(one: Slice) -> Ends:
    """The window of a slice as the history writes it."""
    low, high = one.window.low, one.window.high
    return (None if low is None else value_text(low), value_text(high))


def undone(slices: Sequence[Slice], done: Mapping[Ends, Mapping[str, Any]]) -> tuple[Slice, ...]:
    """Those that no run has done."""
    return tuple(one for one in slices if ends_of(one) not in done)
