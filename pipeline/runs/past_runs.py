"""I/O. What the run history says of earlier runs of a table."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from google.api_core.exceptions import BadRequest, ClientError, NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.history import FIELDS, FINAL, PLAN
from pipeline.runs.history_tables import make_tables, make_view
from pipeline.runs.questions import (
    EVENTS,
    Ask,
    Beside,
    Question,
    ask_at_once,
    ask_history,
    ask_one,
)
from pipeline.runs.views import PUBLISHED
from smart_sync.carried import Carried, read_carried
from smart_sync.facts import WrittenColumn
from smart_sync.modes import REBUILD
from smart_sync.stale_columns import read_record
from warehouse.errors import is_transient
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
ASKED = [name for name, _ in FIELDS if name != PLAN]
"""What the question of runs says of each."""
VERDICTS = ("verified", "differs")
"""How a verify_only ends."""
LOOK_BACK = timedelta(days=30)
"""Unfinished runs are looked for so far back; each launch settles those it finds."""
NEAR = timedelta(days=3)
"""So far back is looked first: what was before, the newest run in it carries."""
FRESH = timedelta(days=2)
"""What was asked for so long ago is carried on: clocks of machines may differ by the rest."""
VOLUMES = timedelta(days=60)
"""So far back runs are looked for whose rows are compared."""
MOST_VOLUMES = 500
"""Of these the newest: of a sync every five minutes two weeks."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NEWEST_SEQ = "MAX(runs.seq) OVER (PARTITION BY runs.destination, runs.run_id)"
"""Of an event's run."""


def known_runs(
    client: bigquery.Client,
    table: TableRef,
    destination: TableRef,
    beside: Beside = MappingProxyType({}),
    *,
    recent: datetime | None = None,
    ask: Ask = ask_at_once,
    is_made: bool = False,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The newest events of the destination's runs that have none of their last, and one more.

    The history is made where it is missing, and columns that it lacks; one that knows the
    destination and has them all has said so with this very answer. The view is made, too.

    Args:
        client: of BigQuery.
        table: the history.
        destination: of the runs.
        beside: what else is asked with the same query, of the same state of all tables.
        recent: of events from then on; None: as far back as LOOK_BACK.
        ask: asks them.
        is_made: whether this launch has made the history already, with all its columns and views.

    Returns:
        Those events, that of the newest run of all that had a plan, and the answers to `beside`
        by their names: all or none, where BigQuery refuses what it is asked together. Then each
        has to be asked by itself, and says why.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    question = past_runs_of(table, destination, recent)
    try:
        runs, answers = _together(client, table, question, beside, ask)
    except TargetError as error:
        if not isinstance(error.__cause__, (NotFound, BadRequest)):
            raise
        make_tables(client, table)  # none, or one without all columns that are asked for
        runs, answers = _together(client, table, question, beside, ask)
    else:
        if is_made:
            pass
        elif runs and all(name in run for run in runs for name in ASKED):
            make_view(client, table)
        elif make_tables(client, table):
            runs, answers = _together(client, table, question, beside, ask)
    return runs, answers


def _together(
    client: bigquery.Client,
    table: TableRef,
    question: Question,
    beside: Beside,
    ask: Ask,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The answers to a question and to those beside it, in one query where BigQuery takes it."""
    if beside:
        try:
            row = ask(client, table, {"runs": question, **beside})
            return row.pop("runs"), row
        except TargetError as error:
            if not is_answer(error.__cause__):
                raise
            level = logging.DEBUG if isinstance(error.__cause__, NotFound) else logging.INFO
            told = "asked for one by one, since BigQuery refuses them together: %s"
            LOGGER.log(level, told, error)  # before a first run there is no history
    return ask_one(client, question), {}


def is_answer(error: BaseException | None) -> bool:
    """Whether BigQuery has said no, be it to one part of a query only."""
    return isinstance(error, ClientError) and not is_transient(error)


def past_runs(
    client: bigquery.Client, table: TableRef, destination: TableRef
) -> list[dict[str, Any]]:
    """The newest events of the destination's unfinished runs, and of its newest run of all.

    The history stays as it is, also one that an older version has made.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    question = past_runs_of(table, destination)
    try:
        return ask_one(client, question)
    except TargetError as error:
        if not isinstance(error.__cause__, BadRequest):
            raise
        return ask_one(client, replace(question, sql=question.sql.replace(_BUT_PLANS, "")))


_BUT_PLANS = f" EXCEPT ({PLAN})"
"""Of the columns that are asked for: a plan is larger than all others together."""


def past_runs_of(
    table: TableRef, destination: TableRef, recent: datetime | None = None
) -> Question:
    """The newest events of the destination's unfinished runs, and of its newest run of all.

    One that failed before it had a plan, or only compared, is newest only where no other is.
    """
    sql = (
        f"SELECT runs.*{_BUT_PLANS} FROM {EVENTS}"
        " QUALIFY ROW_NUMBER() OVER"
        " (PARTITION BY runs.destination, runs.run_id ORDER BY runs.seq DESC) = 1"
        f" AND (runs.seq < {FINAL} OR ROW_NUMBER() OVER (PARTITION BY runs.destination"
        " ORDER BY runs.plan_fingerprint IS NULL, runs.event_time DESC, runs.seq DESC,"
        " runs.run_id DESC) = 1)"
    )
    since = recent or datetime.now(UTC) - LOOK_BACK
    return Question(table, destination, sql, "run_id", since)


def carried_question(table: TableRef, destination: TableRef, since: datetime) -> Question:
    """What the newest run that carries anything carries; `carried_in` reads the answer."""
    return _newest(table, destination, since, "frontier", "frontier IS NOT NULL")


def carried_in(rows: Sequence[Mapping[str, Any]], now: datetime) -> Carried | None:
    """What the answer to `carried_question` says; None: nothing that is fresh by BigQuery's clock.

    A run that slept after it had asked carries what is old, in an event that is new.
    """
    carried = read_carried(rows[0]["frontier"]) if rows else None
    return carried if carried and now - FRESH <= carried.asked <= now else None


def _newest(
    table: TableRef, destination: TableRef, since: datetime, column: str, where: str
) -> Question:
    """A column of the newest event, from `since` on, of which something holds."""
    sql = (
        f"SELECT runs.destination, runs.{column} FROM {EVENTS} AND {where} QUALIFY"
        " ROW_NUMBER() OVER (PARTITION BY runs.destination ORDER BY runs.event_time DESC) = 1"
    )
    return Question(table, destination, sql, "destination", since)


def volumes_question(table: TableRef, destination: TableRef) -> Question:
    """What the destination's runs have read that went well; `past_volumes` reads the answer.

    Those that ended in about this hour of the day, which `since` has too: an hour before or after.
    Slices of a backfill don't count: they are of other hours and years, and many at once.
    """
    hours = "EXTRACT(HOUR FROM runs.event_time) - EXTRACT(HOUR FROM asked.since)"
    of_this_hour = (
        "SELECT runs.destination, runs.event_time, runs.rows_read, runs.cursor_column,"
        f" runs.window_start, runs.window_end, runs.seq, runs.status FROM {EVENTS}"
        f" AND runs.seq >= {FINAL} AND runs.backfill_id IS NULL"
        f" QUALIFY {NEWEST_SEQ} = {FINAL} AND MOD({hours} + 25, 24) <= 2"
    )
    sql = (
        "SELECT destination, event_time, rows_read, cursor_column, window_start, window_end"
        f" FROM ({of_this_hour}) AS ended WHERE status = 'succeeded'"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY destination ORDER BY event_time DESC)"
        f" <= {MOST_VOLUMES}"
    )
    return Question(table, destination, sql, "event_time DESC", datetime.now(UTC) - VOLUMES)


def ended_before(
    client: bigquery.Client, table: TableRef, run: Mapping[str, Any]
) -> dict[str, Any] | None:
    """How the destination's run before that one ended, well or badly.

    One that was held back did neither. A sync is seen beside syncs only, and a
    verify_only beside its like.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT run_id, status, exit_code FROM {table.sql} AS runs"
        " WHERE destination = @destination AND event_time >= @since AND run_id != @run_id"
        f" AND seq = {FINAL} AND NOT (status = 'held_back' AND exit_code = 0)"
        " AND (status IN ('verified', 'differs')) = @verifies"
        " ORDER BY event_time DESC LIMIT 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", run["destination"]),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
        bigquery.ScalarQueryParameter("run_id", "STRING", run["run_id"]),
        bigquery.ScalarQueryParameter("verifies", "BOOL", run["status"] in VERDICTS),
    ]
    return next(iter(ask_history(client, table, sql, parameters)), None)


def written_columns(
    client: bigquery.Client, table: TableRef, destination: TableRef
) -> tuple[WrittenColumn, ...]:
    """What the destination's last run that published says it wrote; none where no run says.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    question = written_question(table, destination)
    return written_in(ask_one(client, question, unless=(NotFound, BadRequest)))


def written_question(
    table: TableRef, destination: TableRef, since: datetime = BEGINNING
) -> Question:
    """What is asked for `written_columns`, of events since then; `written_in` reads the answer."""
    newest = (
        f"SELECT runs.destination, runs.event_time, runs.columns, {PUBLISHED} AS has_written"
        f" FROM {EVENTS} AND runs.seq >= {FINAL} QUALIFY runs.seq = {NEWEST_SEQ}"
    )
    sql = (
        f"SELECT destination, columns FROM ({newest}) AS ended WHERE has_written QUALIFY"
        " ROW_NUMBER() OVER (PARTITION BY destination ORDER BY event_time DESC) = 1"
    )
    return Question(table, destination, sql, "destination", since)


def written_in(rows: Sequence[Mapping[str, Any]]) -> tuple[WrittenColumn, ...]:
    """The columns that the answer to `written_question` names."""
    return read_record(rows[0]["columns"] or "{}") if rows else ()


def published_before(
    client: bigquery.Client, table: TableRef, destinations: Sequence[TableRef]
) -> frozenset[TableRef]:
    """Those of the destinations that a run has ever published into, or begun to rebuild.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (  # also one whose rows were rolled back since: it is a table of ours all the same
        f"SELECT DISTINCT destination FROM {table.sql} AS runs"
        " WHERE destination IN UNNEST(@destinations)"
        f" AND (mode = '{REBUILD.name}' OR {PUBLISHED})"
    )
    names = {str(one): one for one in destinations}
    parameters = [bigquery.ArrayQueryParameter("destinations", "STRING", list(names))]
    rows = ask_history(client, table, sql, parameters, unless=(NotFound,))
    return frozenset(names[row["destination"]] for row in rows)


def read_outcome(
    client: bigquery.Client,
    table: TableRef,
    destination: TableRef,
    run_id: str,
    since: datetime = BEGINNING,
) -> dict[str, Any] | None:
    """The newest event of a run, or None.

    Args:
        client: of BigQuery.
        table: the history.
        destination: of the run; with `since` it spares a look at all other runs' events.
        run_id: the run.
        since: before its first event, by whatever clock that was stamped.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT * FROM {table.sql} AS runs WHERE run_id = @run_id"
        " AND destination = @destination AND event_time >= @since ORDER BY seq DESC LIMIT 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("run_id", "STRING", run_id),
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return next(iter(ask_history(client, table, sql, parameters)), None)


def ended_runs(
    client: bigquery.Client, table: TableRef, destination: TableRef, since: datetime
) -> list[dict[str, Any]]:
    """How each run of the destination ended, of events from `since` on, and `has_published`.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        "SELECT run_id, status, mode, event_time, window_start, window_end,"
        f" COALESCE({PUBLISHED}, FALSE) AS has_published FROM {table.sql} AS runs"
        f" WHERE destination = @destination AND event_time >= @since AND seq >= {FINAL}"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return ask_history(client, table, sql, parameters, unless=(NotFound,))


def destinations_of(client: bigquery.Client, table: TableRef, run_id: str) -> list[str]:
    """The destinations that a run is told of; empty: the history doesn't know it.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = f"SELECT DISTINCT destination FROM {table.sql} AS runs WHERE run_id = @run_id"
    parameters = [bigquery.ScalarQueryParameter("run_id", "STRING", run_id)]
    rows = ask_history(client, table, sql, parameters, unless=(NotFound,))
    return [row["destination"] for row in rows]


def runs_since(
    client: bigquery.Client, table: TableRef, destination: TableRef, since: datetime
) -> list[dict[str, Any]]:
    """The newest event of each run of the destination, of events from `since` on.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT * FROM {table.sql} AS runs"
        " WHERE destination = @destination AND event_time >= @since"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return ask_history(client, table, sql, parameters)
