"""How schedules of many tables do, by their launches and the runs of their tables.

    sync_batches (launches by their schedule's name) + the run history → a Status, and each table's

Pure but for `read_launches` and `read_tables`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from scheduler.runs import COLUMNS, LOOK_BACK, Run, Status, asked, lag_of, run_of, status_of
from scheduler.schedule import Schedule

NAMED = 5
"""Failed tables that a line names."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of a schedule, as its table of launches and the run history tell it.

    Attributes:
        job_name: of its schedule.
        batch_id: its own name.
        begun: when.
        failed: tables that failed, or were given up.
        rows: that it published.
        last_event: the newest of its runs; None: none of them began.
    """

    job_name: str
    batch_id: str
    begun: datetime
    failed: int = 0
    rows: int = 0
    last_event: datetime | None = None

    def as_run(self, schedule: Schedule) -> Run:
        """The launch as one run of its schedule."""
        is_bad = self.failed or self.last_event is None
        status, code = ("failed", 10) if is_bad else ("succeeded", 0)
        at = self.last_event or self.begun
        name = schedule.destination
        return Run(self.batch_id, name, status, at, self.rows, None, "", "", code)


def batches_of(history: str) -> str:
    """The table of launches beside a run history.

    >>> batches_of("p.d.sync_runs")
    'p.d.sync_batches'
    """
    return f"{history.removesuffix('_runs')}_batches"


def read_launches(client: bigquery.Client, history: str, names: Sequence[str]) -> list[Launch]:
    """The launches of schedules since LOOK_BACK, newest first.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    table = batches_of(history)
    sql = (
        "SELECT b.job_name, b.batch_id, b.event_time, l.failed, l.unfinished, l.rows_published,"
        f" l.last_event FROM `{table}` AS b LEFT JOIN `{table}_latest` AS l"
        " ON l.batch_id = b.batch_id WHERE b.event_time >= @since"
        " AND b.job_name IN UNNEST(@names) AND NOT b.verifies ORDER BY b.event_time DESC"
    )
    parameters = [
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
        bigquery.ArrayQueryParameter("names", "STRING", list(names)),
    ]
    return [
        Launch(
            row["job_name"],
            row["batch_id"],
            row["event_time"],
            (row["failed"] or 0) + (row["unfinished"] or 0),
            row["rows_published"] or 0,
            row["last_event"],
        )
        for row in asked(client, history, sql, parameters, unless=(NotFound, BadRequest))
    ]


def read_tables(
    client: bigquery.Client, history: str, batch_ids: Sequence[str]
) -> Mapping[str, tuple[Run, ...]]:
    """Of launches each table's newest run that has ended, whichever launch it was of.

    Returns:
        By launch; a table without a run is one whose destination alone is known.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = f"SELECT batch_id, tables FROM `{batches_of(history)}` WHERE batch_id IN UNNEST(@ids)"
    ids = [bigquery.ArrayQueryParameter("ids", "STRING", list(batch_ids))]
    wanted = {
        row["batch_id"]: sorted(json.loads(row["tables"]))
        for row in asked(client, history, sql, ids)
    }
    sql = (
        f"SELECT {COLUMNS} FROM `{history}_latest` WHERE event_time >= @since"
        " AND destination IN UNNEST(@tables) AND status NOT IN ('running', 'publishing')"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY destination ORDER BY event_time DESC) = 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
        bigquery.ArrayQueryParameter(
            "tables", "STRING", sorted({name for names in wanted.values() for name in names})
        ),
    ]
    runs = {row["destination"]: run_of(row) for row in asked(client, history, sql, parameters)}
    return {
        batch: tuple(runs.get(name) or never_ran(name) for name in names)
        for batch, names in wanted.items()
    }


def never_ran(destination: str) -> Run:
    """What stands for the runs of a table that has none."""
    return Run("", destination, "no run yet", datetime.min.replace(tzinfo=UTC), 0, None, "", "")


def status_of_many(
    schedule: Schedule,
    launches: Iterable[Launch],
    tables: Mapping[str, Sequence[Run]],
    now: datetime,
    grace: timedelta,
    changed_at: datetime | None = None,
) -> Status:
    """How a schedule of many tables does: by its launches, and each table's newest run.

    A table that failed in the newest launch and has been synced well since is no failure.
    """
    name = schedule.job_name or schedule.name
    mine = [launch for launch in launches if launch.job_name == name]
    runs = [launch.as_run(schedule) for launch in mine]
    last = tables.get(mine[0].batch_id, ()) if mine else ()
    if mine:
        runs[0] = _newest(runs[0], mine[0].begun, last)
    status = status_of(schedule, runs, now, grace, changed_at)
    lags = [lag for run in last if run.is_good and (lag := lag_of([run], now)) is not None]
    return replace(status, lag=max(lags, default=None), tables=tuple(last))


def _newest(run: Run, begun: datetime, tables: Sequence[Run]) -> Run:
    """The newest launch, as its tables are by now."""
    failed = [table.destination for table in tables if table.run_id and not table.is_good]
    waiting = sum(table.event_time < begun for table in tables)
    if failed:
        named = ", ".join(failed[:NAMED]) + (", …" if len(failed) > NAMED else "")
        why = f"{len(failed)} of {len(tables)} tables failed: {named}"
        return replace(run, status="failed", exit_code=10, error=why)
    if waiting:
        why = f"{waiting} of {len(tables)} tables haven't ended since"
        return replace(run, status="running", exit_code=0, error=why)
    return replace(run, status="succeeded", exit_code=0)


def newest_of_each(launches: Iterable[Launch]) -> list[str]:
    """The newest launch of each schedule, from launches newest first."""
    newest: dict[str, str] = {}
    for launch in launches:
        newest.setdefault(launch.job_name, launch.batch_id)
    return list(newest.values())
