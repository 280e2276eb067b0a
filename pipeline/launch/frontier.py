"""I/O. What the run history knows of a table, beside its MAX: up to where all was read.

Runs whose outcome the history can't say are asked for by their publish job: one that ended
after its launcher had died moved the frontier all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from pipeline.destination.target import read_watermark, refuse_hidden_rows, rows_above
from pipeline.launch.another_cursor import warn_of_another_cursor
from pipeline.runs.past_runs import BEGINNING
from pipeline.runs.questions import EVENTS, Question, ask_history, ask_one
from pipeline.runs.settle import published_job
from pipeline.runs.views import PUBLISHED
from smart_sync.carried import Carried
from smart_sync.cursor import Cursor
from smart_sync.facts import Target
from smart_sync.frontier import (
    Frontier,
    PastRun,
    from_frontier,
    frontier_of,
    has_shrunk,
    is_hiding,
    parse_value,
    refuse_unstamped,
    seems_empty,
)
from smart_sync.modes import MODES
from smart_sync.request import SyncRequest
from smart_sync.window import Watermark
from sources.values import CursorValue, is_after
from warehouse.names import TableRef

ANEW = tuple(mode.name for mode in MODES if mode.leaves_none)
"""Modes after which nothing that earlier runs read is in the table."""
KEEPING = tuple(mode.name for mode in MODES if not (mode.leaves_none or mode.lowers_watermark))
"""Modes after which MAX is no lower than before."""
OBJECT_ID = "_" * 24

_RUNS = """
WITH ended AS (
  SELECT runs.destination, run_id, status, event_time, mode, window_start, window_end,
    watermark_before, watermark_after, publish_job, {start} AS low,
    IF(cursor_column = asked.cursor, {end}, NULL) AS high
  FROM {events}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY runs.destination, run_id ORDER BY seq DESC) = 1
), published AS (
  SELECT *, high IS NOT NULL AS is_window,
    MAX(IF(mode IN ({anew}), event_time, NULL)) OVER (PARTITION BY destination) AS left_none
  FROM ended WHERE {published}
), kept AS (
  SELECT *, low > MAX(high) OVER (PARTITION BY destination, is_window ORDER BY low, run_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_apart
  FROM published
  WHERE (is_window OR mode IN ({anew})) AND (left_none IS NULL OR event_time >= left_none)
), parts AS (
  SELECT *, COUNTIF(is_apart) OVER (PARTITION BY destination, is_window ORDER BY low, run_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS part
  FROM kept
)
SELECT destination, run_id, status, event_time, mode, watermark_before, watermark_after,
  FIRST_VALUE(window_start) OVER (PARTITION BY destination, is_window, part ORDER BY low)
    AS window_start,
  IF(is_window, window_end, NULL) AS window_end
FROM parts WHERE TRUE
QUALIFY 1 IN (
  ROW_NUMBER() OVER (
    PARTITION BY destination, is_window, part ORDER BY high DESC, event_time DESC),
  ROW_NUMBER() OVER (PARTITION BY destination, is_window ORDER BY event_time DESC),
  ROW_NUMBER() OVER (PARTITION BY destination, is_window ORDER BY event_time))
"""
"""The first run on the table, the newest, and of windows that touch each other the highest.

`window_start` is where the windows began that reach the run's. A run that left nothing of earlier
ones is there also without a window.
"""
_DOUBTFUL = """
SELECT run_id, window_end, job_project, job_location FROM {table} AS runs
WHERE destination = @destination AND event_time >= @since AND cursor_column = @cursor
  AND window_end IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1
  AND (status IN ('running', 'publishing') OR status = 'failed' AND publish_job IS NOT NULL)
"""
"""Runs that may have sent their publish job, and whose last event doesn't say that it was done."""


def read_start(
    request: SyncRequest,
    client: bigquery.Client,
    target: Target,
    cursor: Cursor,
    now: CursorValue | None,
    *,
    frontier: Frontier | None = None,
    highest: Watermark | None = None,
) -> tuple[Watermark, Frontier]:
    """Where the window starts: MAX of the destination, or the frontier that it has passed.

    Args:
        request: with destination and history table.
        client: of the job project.
        target: the destination as it is.
        cursor: the cursor column.
        now: the source's clock as a value of the cursor; None: no future check.
        frontier: of this very target, where it is known; None: the history is asked.
        highest: MAX of its whole column, where that was asked for with the history.

    Returns:
        Where it starts, and the frontier as the history says it.

    Raises:
        SchemaError: the destination has no such column, or of another type.
        TargetError: MAX hides rows that an append can't read, or a policy hides the table's own;
            or the runs so far have read by another column; or an append finds none in its rows.
    """
    ref = request.destination
    left = frontier.watermark_after if frontier else None
    watermark = read_watermark(client, ref, target, cursor, now, highest=highest, left=left)
    if not target.exists:
        return watermark, Frontier()
    if frontier is None:
        frontier = read_frontier(client, request.history_table, ref, target, cursor)
    if has_shrunk(watermark, frontier) and not watermark.is_whole:
        watermark = read_watermark(client, ref, target, cursor, now, whole=True)
    if has_shrunk(watermark, frontier) or seems_empty(watermark, target.rows):
        refuse_hidden_rows(client, ref, cursor)
        refuse_unstamped(request, cursor, watermark, frontier, target.rows)
    if frontier.end is None and watermark.value is not None:
        told = warn_of_another_cursor(request, client, target, cursor)
        watermark = replace(watermark, warnings=(*watermark.warnings, *filter(None, [told])))
    moved = frontier
    if is_hiding(watermark, frontier):
        moved = _with_doubtful(client, request.history_table, ref, cursor, frontier)
    if is_hiding(watermark, moved) and moved.end is not None:
        above = rows_above(client, ref, target, cursor, (moved.end, now))
        watermark = replace(watermark, above=above)
    return from_frontier(request, cursor, watermark, moved), frontier


def read_frontier(
    client: bigquery.Client,
    history: TableRef,
    destination: TableRef,
    target: Target,
    cursor: Cursor,
) -> Frontier:
    """The frontier of a table, by all of its history; empty where that doesn't know the table."""
    question = frontier_question(history, destination, target, cursor)
    return frontier_in(ask_one(client, question, unless=(NotFound,)), cursor)


def frontier_question(
    history: TableRef,
    destination: TableRef,
    target: Target,
    cursor: Cursor,
    since: datetime = BEGINNING,
) -> Question:
    """What the history is asked for the frontier of a table, by its events from `since` on.

    `frontier_in` reads the answer of the whole history, `frontier_near` that of its last days.
    """
    start = "COALESCE(window_start, '')"
    if cursor.is_integer:
        end = "SAFE_CAST(window_end AS INT64)"
        start = "COALESCE(SAFE_CAST(window_start AS INT64), -9223372036854775808)"
    else:
        end = f"IF(window_end LIKE '{_form(cursor)}', window_end, NULL)"
    anew = ", ".join(f"'{mode}'" for mode in ANEW)
    sql = _RUNS.format(events=EVENTS, end=end, start=start, anew=anew, published=PUBLISHED)
    since = max(since, target.made or BEGINNING)
    return Question(history, destination, sql, "event_time DESC", since, cursor.source_name)


def _form(cursor: Cursor) -> str:
    """What texts of its values are LIKE, and no others in a history."""
    if cursor.type == "objectId":
        return OBJECT_ID
    return "____-__-__" if cursor.type == "date" else "____-__-__ %"


def frontier_in(rows: Iterable[Mapping[str, Any]], cursor: Cursor) -> Frontier:
    """The frontier that the answer to `frontier_question` says."""
    return frontier_of([past_run(row, cursor) for row in rows])


def frontier_near(
    rows: Iterable[Mapping[str, Any]],
    cursor: Cursor,
    made_at: datetime | None,
    since: datetime,
    carried: Carried | None,
) -> Frontier | None:
    """The same, from the answer of the events since then; None: these can't say.

    Args:
        rows: the answer.
        cursor: the cursor column.
        made_at: when the table was made.
        since: from when on the events are.
        carried: what the newest of their runs knew of runs before it; None: nothing fresh.
    """
    runs = [past_run(row, cursor) for row in rows]
    if any(run.is_first for run in runs) or (made_at is not None and made_at >= since):
        return frontier_of(runs)  # of no earlier run anything is left
    before = carried.frontier_for(cursor, made_at) if carried else None
    return frontier_of(runs, before) if before else None


def past_run(row: Mapping[str, Any], cursor: Cursor) -> PastRun:
    """A row of the history as the frontier sees it.

    A dead run that published didn't come to tell MAX as it left it: that is no lower than it was.
    """
    left = row["watermark_after"]
    if left is None and row["status"] == "abandoned" and row["mode"] in KEEPING:
        left = row["watermark_before"]
    return PastRun(
        row["run_id"],
        row["event_time"],
        parse_value(row["window_start"], cursor),
        parse_value(row["window_end"], cursor),
        parse_value(left, cursor),
        is_first=row["mode"] in ANEW,
    )


def _with_doubtful(
    client: bigquery.Client,
    history: TableRef,
    destination: TableRef,
    cursor: Cursor,
    frontier: Frontier,
) -> Frontier:
    """The same, moved by runs whose publish job has ended though their history doesn't say so."""
    since = frontier.event_time or BEGINNING
    sql = _DOUBTFUL.format(table=history.sql)
    parameters = _parameters(destination, cursor, since)
    for run in ask_history(client, history, sql, parameters, unless=(NotFound,)):
        end = parse_value(run["window_end"], cursor)
        if end is None or frontier.end is None or not is_after(end, frontier.end):
            continue
        if published_job(client, run) is not None:
            frontier = frontier.moved(end, run["run_id"])
    return frontier


def _parameters(
    destination: TableRef, cursor: Cursor, since: datetime
) -> list[bigquery.ScalarQueryParameter]:
    return [
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("cursor", "STRING", cursor.source_name),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
