"""How schedules do: joined with the run history. Pure but for `make_bigquery` and `read_runs`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from auto_schema.errors import ConfigError, RunInProgressError, TargetError
from scheduler.cron import next_runs, previous_run
from scheduler.schedule import Schedule

UNCOUNTED = frozenset({"verified", "differs"})
"""Of runs that compare a past window: they are no runs of the table's."""
ROLLED_BACK = "rolled_back"
"""Of a run that undid others, and of these, whose newest events are just before its last."""
HELD = ("failed", RunInProgressError.exit_code)
"""How a launch ends that met another run at its table."""
GOOD = frozenset({"succeeded", "held_back", "verified", "planned", ROLLED_BACK})
"""What a run may end as without anybody having to do something."""
GRACE = timedelta(hours=1)
"""How long after its time a run may still be on its way: launcher, queue, workers, work."""
LOOK_BACK = timedelta(days=400)
"""As far back as runs are looked for: a yearly schedule's last one, too."""
RATE_SPAN = timedelta(days=30)
"""Of which the share of good runs is told."""


class Health(StrEnum):
    """What is to be said of a schedule, the worst first."""

    STOPPED = "stopped"
    FAILING = "failing"
    LATE = "late"
    NEW = "no run yet"
    PAUSED = "paused"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as the history tells it."""

    run_id: str
    destination: str
    status: str
    event_time: datetime
    rows: int
    seconds: float | None
    watermark: str
    error: str
    exit_code: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nobody has to do something: a run that is held back too long ends with 9."""
        return self.status in GOOD and not self.exit_code


@dataclass(frozen=True, slots=True)
class Status:
    """One schedule and how it does.

    Attributes:
        last: its newest run.
        lag: how far behind now the data in BigQuery are; None when the cursor is no time.
        success_rate: of the runs that ended in the last 30 days, from 0 to 1.
        next_run: when it fires next, in its own zone; None when it is paused.
        tables: of a schedule of many tables, the newest run of each that has ended.
    """

    schedule: Schedule
    health: Health
    last: Run | None
    lag: timedelta | None
    success_rate: float | None
    next_run: datetime | None
    tables: tuple[Run, ...] = ()


def history_table(schedule: Schedule) -> str:
    """`project.dataset.table` of the run history that a schedule's runs write."""
    given = schedule.parameters.get("run_history_table") or "sync_runs"
    names = ("destination_bigquery_project", "destination_bigquery_dataset")
    project, dataset = (schedule.parameters.get(name, "") for name in names)
    parts = given.split(".")
    return ".".join([project, dataset, given][: 3 - len(parts)] + parts)


def make_bigquery(project: str, host: str = "") -> bigquery.Client:
    """BigQuery's client; at a local server if there is one.

    Raises:
        TargetError: no credentials.
    """
    if host:
        url = host if host.startswith("http") else f"http://{host}"
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return bigquery.Client(project, anonymous, client_options={"api_endpoint": url})
    try:
        return bigquery.Client(project)
    except GoogleAuthError as error:
        fix = "run `gcloud auth application-default login`."
        raise TargetError("no credentials", "BigQuery", str(error), fix) from error


COLUMNS = (
    "run_id, destination, status, event_time, rows_published, error,"
    " GREATEST(COALESCE(watermark_after, ''), COALESCE(watermark_before, '')) AS watermark,"
    " exit_code, SAFE_CAST(JSON_VALUE(seconds, '$.total') AS FLOAT64) AS total"
)
"""Of the history, what a Run is made of."""


def read_runs(client: bigquery.Client, table: str, destinations: Sequence[str]) -> list[Run]:
    """The runs into these tables since LOOK_BACK, newest first.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT {COLUMNS}"
        f" FROM `{table}_latest` WHERE event_time >= @since AND destination IN UNNEST(@tables)"
        " ORDER BY event_time DESC"
    )
    parameters = [
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
        bigquery.ArrayQueryParameter("tables", "STRING", list(destinations)),
    ]
    return [run_of(row) for row in asked(client, table, sql, parameters)]


def asked(
    client: bigquery.Client,
    table: str,
    sql: str,
    parameters: Sequence[Any],
    *,
    unless: tuple[type[GoogleAPICallError], ...] = (NotFound,),
) -> list[Any]:
    """The rows of a question about the run history; none where it can't have been written yet.

    Args:
        client: of BigQuery.
        table: the run history, for messages.
        sql: the question.
        parameters: of the question.
        unless: what BigQuery says where there is no such table or column.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    try:
        return list(client.query(sql, config).result())
    except unless:
        return []
    except (GoogleAPICallError, GoogleAuthError, OSError) as error:
        fix = "you need roles/bigquery.jobUser, and roles/bigquery.dataViewer on the dataset."
        why = str(error).splitlines()[0][:300]
        raise TargetError("the run history can't be read", table, why, fix) from error


def run_of(row: Any) -> Run:
    """A row of COLUMNS."""
    return Run(
        row["run_id"],
        row["destination"],
        row["status"],
        row["event_time"],
        row["rows_published"] or 0,
        row["total"],
        row["watermark"],
        row["error"] or "",
        row["exit_code"] or 0,
    )


def status_of(
    schedule: Schedule,
    runs: Iterable[Run],
    now: datetime,
    grace: timedelta = GRACE,
    changed_at: datetime | None = None,
) -> Status:
    """How a schedule does, from the runs into its table.

    It is late when no good run ended since the last time that it should have fired, `grace`
    ago or more, and after `changed_at`, when it was made, changed or resumed. Two schedules
    into one table share its runs.
    """
    mine = [run for run in runs if run.destination == schedule.destination]
    mine.sort(key=lambda run: run.event_time, reverse=True)
    ended = [run for run in mine if run.status not in ("running", "publishing")]
    good = [run for run in ended if run.is_good]
    recent = [run.is_good for run in ended if run.event_time >= now - RATE_SPAN]
    return Status(
        schedule,
        _health(schedule, ended, good, now - grace, changed_at),
        mine[0] if mine else None,
        lag_of(good, now),
        sum(recent) / len(recent) if recent else None,
        None if schedule.paused else _next(schedule, now),
    )


def _next(schedule: Schedule, now: datetime) -> datetime | None:
    try:
        return next(iter(next_runs(schedule.cron, schedule.time_zone, now, 1)), None)
    except ConfigError:  # of a hand-made job: no cron expression
        return None


def _due(schedule: Schedule, moment: datetime) -> datetime | None:
    try:
        return previous_run(schedule.cron, schedule.time_zone, moment)
    except ConfigError:
        return None


def _health(
    schedule: Schedule,
    ended: Sequence[Run],
    good: Sequence[Run],
    moment: datetime,
    changed_at: datetime | None,
) -> Health:
    if schedule.paused:
        return Health.PAUSED
    if is_stopped(schedule, ended):
        return Health.STOPPED
    if ended and not ended[0].is_good:
        return Health.FAILING
    due = _due(schedule, moment)
    if due is None or (changed_at and due <= changed_at):
        return Health.GOOD if ended else Health.NEW
    if not ended:
        return Health.LATE if changed_at else Health.NEW
    return Health.LATE if good[0].event_time < due else Health.GOOD


def is_stopped(schedule: Schedule, ended: Sequence[Run]) -> bool:
    """Whether its launches end at once, since so many runs in a row have failed.

    Args:
        schedule: of one table; of a file each table is stopped by itself.
        ended: its runs, newest first.
    """
    most = schedule.parameters.get("pause_after_failures", "")
    if schedule.is_of_many or not most.isdecimal() or not int(most):
        return False
    since = schedule.parameters.get("failures_counted_from", "")
    counted = [
        run
        for run in ended
        if run.status not in (*UNCOUNTED, ROLLED_BACK)
        and (run.status, run.exit_code) != HELD
        and (run.status != "held_back" or run.exit_code)
        and not (since and run.event_time <= datetime.fromisoformat(since))
    ]
    newest = counted[: int(most)]
    return len(newest) == int(most) and all(run.exit_code for run in newest)


def lag_of(good: Sequence[Run], now: datetime) -> timedelta | None:
    """Of runs newest first, from the newest watermark: a run without new rows doesn't name it."""
    for run in good:
        if run.status == ROLLED_BACK and not run.watermark:
            return None  # what it has undone tells a MAX that is no more
        if run.watermark:
            if "-" not in run.watermark:
                return None  # an integer such as 20260101 is no date
            try:
                at = datetime.fromisoformat(run.watermark)
            except ValueError:
                return None
            return now - (at if at.tzinfo else at.replace(tzinfo=UTC))
    return None


def worst(statuses: Iterable[Status]) -> int:
    """The exit code: 1 when something is stopped, late or failing, else 0."""
    bad = (Health.STOPPED, Health.FAILING, Health.LATE)
    return int(any(status.health in bad for status in statuses))


def by_history(schedules: Iterable[Schedule]) -> Mapping[str, list[Schedule]]:
    """Schedules by the table that holds their runs, so that each is asked once."""
    by_table: dict[str, list[Schedule]] = {}
    for schedule in schedules:
        by_table.setdefault(history_table(schedule), []).append(schedule)
    return by_table
