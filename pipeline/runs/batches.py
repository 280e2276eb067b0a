"""I/O. Launches of many tables, in a table beside the run history: which each was to sync.

The history has a run's first event when the run begins, so that of a launch that was killed it
doesn't know the tables that never came to their turn. This table does.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from auto_schema.names import quoted
from pipeline.parameters.version import VERSION
from pipeline.runs.history import FINAL
from pipeline.runs.lock import holders
from pipeline.runs.past_runs import LOOK_BACK, VERDICTS
from pipeline.runs.questions import ask_history
from pipeline.runs.retry import PastLaunch
from pipeline.tables.naming import batches_table
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, run_job
from warehouse.names import TableRef

FIELDS = (
    ("batch_id", "STRING"),
    ("event_time", "TIMESTAMP"),
    ("data_source", "STRING"),
    ("verifies", "BOOL"),
    ("tables", "STRING"),
    ("version", "STRING"),
    ("job_name", "STRING"),
)
"""`tables`: JSON, each destination with the name of its table in the source. `job_name`: what the
launch is called, which is its schedule's name; empty where nobody named it."""
ANY_CLOCK = timedelta(days=1)
"""By more no machine's clock is behind that of a launch."""
NONE_YET = (NotFound, BadRequest)
"""There is no such table, or none with all columns: it is of an earlier version."""


def record_launch(
    client: bigquery.Client,
    history: TableRef,
    batch_id: str,
    tables: Mapping[str, str],
    *,
    data_source: str,
    verifies: bool,
    job_name: str = "",
) -> None:
    """Write down which tables a launch is to sync, before any of them is; once if done twice.

    Args:
        client: of BigQuery.
        history: of all these tables.
        batch_id: of the launch.
        tables: by destination; their names in the source.
        data_source: of the launch.
        verifies: whether it only compares.
        job_name: what it is called.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    table, labels = batches_table(history), JobLabels(batch_id, "launch")
    told = json.dumps(dict(tables), ensure_ascii=False, sort_keys=True)
    now = datetime.now(UTC)
    values: tuple[Any, ...] = (batch_id, now, data_source, verifies, told, VERSION, job_name)
    parameters = [
        bigquery.ScalarQueryParameter(name, kind, value)
        for (name, kind), value in zip(FIELDS, values, strict=True)
    ]
    names = ", ".join(quoted(name) for name, _ in FIELDS)
    sql = f"INSERT INTO {table.sql} ({names}) VALUES ({', '.join(f'@{n}' for n, _ in FIELDS)})"
    config = query_config(labels, parameters)

    def send(job_id: str) -> Any:
        return client.query(sql, config, job_id=job_id, job_retry=None)

    with as_target_errors(f"launches {table}"):
        _make(client, table)
        run_job(client, partial(_job_id, batch_id, table), labels, send)


def _job_id(batch_id: str, table: TableRef, attempt: int) -> str:
    """The id of the job that writes a launch into one of its tables: it may have several."""
    digest = hashlib.sha256(str(table).encode()).hexdigest()[:8]
    return f"sync_{batch_id}_launch_{digest}_{attempt}"


def _make(client: bigquery.Client, table: TableRef) -> None:
    try:
        client.get_table(str(table))
    except NotFound:
        schema = [bigquery.SchemaField(name, kind) for name, kind in FIELDS]
        resource = bigquery.Table(str(table), schema=schema)
        resource.time_partitioning = bigquery.TimePartitioning(field="event_time")
        resource.description = "Launches of many tables by Smart Sync, append-only."
        client.create_table(resource, exists_ok=True)


def past_launch(
    client: bigquery.Client, history: TableRef, batch_id: str, lease: timedelta
) -> PastLaunch:
    """What is known of a launch; of one that the history doesn't know: no table.

    Args:
        client: of BigQuery.
        history: of its tables.
        batch_id: its name.
        lease: how long after its last sign of life it may still be at work.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    begun = began(batch_id)
    if begun is None:
        return PastLaunch(batch_id)
    parameters = _of_launch(batch_id, begun)
    sql = (
        f"SELECT tables, verifies, event_time FROM {batches_table(history).sql} AS launches"
        " WHERE batch_id = @batch_id AND event_time >= @since"
    )
    records = ask_history(client, history, sql, parameters, unless=NONE_YET)
    tables = {name: of for row in records for name, of in json.loads(row["tables"]).items()}
    past = _ends(client, history, PastLaunch(batch_id, tables), parameters)
    statuses = {row["status"] for row in past.ends.values()}
    verifies = any(row["verifies"] for row in records) or bool(statuses & {*VERDICTS})
    past = replace(past, verifies=verifies, lacks_record=bool(past.ends) and not records)
    past = _with_later(client, history, past, parameters)
    last_signs = [row["event_time"] for row in (*records, *past.ends.values())]
    return _with_life(client, past, any(at > datetime.now(UTC) - lease for at in last_signs))


def why_not_now(
    client: bigquery.Client, history: TableRef, batch_id: str, destination: TableRef
) -> str:
    """Why a table that failed in a launch isn't synced once more, now that its lock is held.

    Between the look at the launch and the lock others may have synced it, and what a dead run
    left of it has been settled since: that may have been all of its rows.

    Args:
        client: of BigQuery.
        history: of the table.
        batch_id: of that launch.
        destination: the table; nobody else writes it.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    begun, name = began(batch_id), str(destination)
    if begun is None:
        return ""
    only = bigquery.ScalarQueryParameter("destination", "STRING", name)
    parameters = [*_of_launch(batch_id, begun), only]
    past = _ends(client, history, PastLaunch(batch_id, {name: name}), parameters)
    past = _with_later(client, history, past, parameters)
    return past.why_not(name) if past.failed(name) else "its launch has synced it meanwhile"


def _of_launch(batch_id: str, begun: datetime) -> list[bigquery.ScalarQueryParameter]:
    return [
        bigquery.ScalarQueryParameter("batch_id", "STRING", batch_id),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", begun - ANY_CLOCK),
    ]


def _newest(history: TableRef, where: str, parameters: Sequence[Any]) -> str:
    """The query for the newest event of each run, of all destinations or of the one given."""
    if any(one.name == "destination" for one in parameters):
        where += " AND destination = @destination"
    return (
        f"SELECT * FROM {history.sql} AS runs WHERE event_time >= @since AND {where}"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )


def _ends(
    client: bigquery.Client, history: TableRef, past: PastLaunch, parameters: Sequence[Any]
) -> PastLaunch:
    """The launch with the newest events of its runs."""
    sql = f"{_newest(history, 'batch_id = @batch_id', parameters)} ORDER BY event_time"
    rows = ask_history(client, history, sql, parameters, unless=NONE_YET)
    return replace(past, ends={row["destination"]: row for row in rows})


def _with_later(
    client: bigquery.Client, history: TableRef, past: PastLaunch, parameters: Sequence[Any]
) -> PastLaunch:
    """The launch with what runs of other launches have since done to its tables."""
    others = _newest(history, "COALESCE(batch_id, '') != @batch_id", parameters)
    sql = (
        "SELECT destination, status = @status AS is_good, MAX(event_time) AS last_event"
        f" FROM ({others}) AS run WHERE status IN (@status, 'published_mismatch')"
        " OR status = 'abandoned' AND publish_job IS NOT NULL"
        " OR status = 'publishing' AND window_end IS NULL"
        " GROUP BY destination, is_good"
    )
    status = "verified" if past.verifies else "succeeded"
    good = bigquery.ScalarQueryParameter("status", "STRING", status)
    begun = began(past.batch_id)
    later: dict[bool, set[str]] = {True: set(), False: set()}
    for row in ask_history(client, history, sql, [*parameters, good], unless=NONE_YET):
        end = past.ends.get(row["destination"])
        if begun and row["last_event"] > (end["event_time"] if end else begun):
            later[row["is_good"]].add(row["destination"])
    published = frozenset() if past.verifies else frozenset(later[False])
    return replace(past, mended=frozenset(later[True]), published=published)


def _with_life(client: bigquery.Client, past: PastLaunch, is_recent: bool) -> PastLaunch:
    """The launch with whether it is at work: a lock tells it, also before a run's first event.

    The runs of a launch have its name's time in theirs.
    """
    failed = [one for one in past.destinations if past.failed(one)]
    places = {tuple(one.rsplit(".", 2)[:2]) for one in failed}
    holding = {run_id for place in places for run_id in holders(client, *place)}
    stamp = f"{past.batch_id.partition('-')[0]}-"
    return replace(
        past,
        is_at_work=any(row["run_id"] in holding for row in past.unfinished),
        may_begin=is_recent or any(run_id.startswith(stamp) for run_id in holding),
    )


def began(batch_id: str) -> datetime | None:
    """When a launch began, by its name; None: it is no such name.

    >>> began("20250722t150000-3f9a0c1d").isoformat(), began("20259922t150000-3f9a0c1d")
    ('2025-07-22T15:00:00+00:00', None)
    """
    try:
        return datetime.strptime(batch_id[:15], "%Y%m%dt%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def recovered(client: bigquery.Client, history: TableRef, batch_id: str) -> list[dict[str, Any]]:
    """The launch's tables whose runs before it had failed: the last run of each, before it.

    As for a launch of one table: one that was held back did neither well nor badly, and a
    verify_only is seen beside its like.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    is_verdict = "(status IN ('{}', '{}'))".format(*VERDICTS)
    sql = (
        f"WITH ended AS (SELECT destination, run_id, status, exit_code, event_time, batch_id,"
        f" {is_verdict} AS is_verdict FROM {history.sql} AS runs WHERE event_time >= @since"
        f" AND seq = {FINAL} AND NOT (status = 'held_back' AND exit_code = 0)),"
        " before AS (SELECT run.destination, run.run_id, run.status, run.exit_code"
        " FROM ended AS run JOIN ended AS this ON this.destination = run.destination"
        " AND this.is_verdict = run.is_verdict"
        " WHERE this.batch_id = @batch_id AND COALESCE(run.batch_id, '') != @batch_id"
        " QUALIFY ROW_NUMBER() OVER"
        " (PARTITION BY run.destination ORDER BY run.event_time DESC) = 1)"
        " SELECT * FROM before WHERE exit_code != 0 ORDER BY destination"
    )
    parameters = [
        bigquery.ScalarQueryParameter("batch_id", "STRING", batch_id),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
    ]
    return ask_history(client, history, sql, parameters)
