"""I/O. What a rollback looks at before it changes anything: history, table, snapshot, jobs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from auto_schema.errors import ConfigError, SyncError, TargetError
from pipeline.destination.settings import settings_of
from pipeline.destination.target import key_of, read_dataset
from pipeline.launch.rows_of_others import begin_of, counted, job_of, of_others
from pipeline.parameters.request_of import SNAPSHOT_LIFE
from pipeline.runs.past_runs import runs_since
from pipeline.runs.questions import ask_history
from smart_sync.modes import CREATE
from smart_sync.plan import RunPlan
from smart_sync.repair import Repair
from smart_sync.request import SyncRequest
from smart_sync.rollback import (
    RollbackPlan,
    Row,
    Undoing,
    choose_undone,
    has_published,
    not_brought_again,
)
from smart_sync.staging import staging_of
from smart_sync.stale_columns import read_record
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

NEAR = timedelta(hours=1)
"""Runs whose events lie so near each other are told apart by BigQuery's clock, not by theirs."""
LONGEST_TRAVEL_HOURS = 168


def runs_to_undo(client: bigquery.Client, request: SyncRequest) -> list[dict[str, Any]]:
    """The newest events of the run to be undone, and of all runs of its table since.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    history, run_id = request.history_table, request.run.rollback_run
    sql = (
        f"SELECT * FROM {history.sql} AS runs WHERE run_id = @run_id QUALIFY"
        " ROW_NUMBER() OVER (PARTITION BY destination, run_id ORDER BY seq DESC) = 1"
    )
    parameters = [bigquery.ScalarQueryParameter("run_id", "STRING", run_id)]
    own = ask_history(client, history, sql, parameters, unless=(NotFound,))
    if not own:
        return []
    since = min(run["event_time"] for run in own) - timedelta(days=1)
    others = runs_since(client, history, request.destination, since)
    return [*own, *(run for run in others if run["run_id"] != run_id)]


def plan_rollback(
    client: bigquery.Client,
    request: SyncRequest,
    known: Sequence[Row],
    run_id: str,
    now: datetime,
) -> RollbackPlan:
    """All of it, looked at now.

    Args:
        client: of the job project.
        request: with the runs to undo.
        known: what `runs_to_undo` told.
        run_id: of the rollback.
        now: of the launch.

    Raises:
        SyncError: it can't be done, and why.
    """
    ref, run = request.destination, request.run
    order = _order(client, known, run.rollback_run)
    undoing = choose_undone(run.rollback_run, run.rollback_to, known, ref, order)
    if undoing.first["mode"] == CREATE.name:
        raise _made_by(undoing, ref)
    location = read_dataset(client, ref).location
    table = _table(client, ref)
    kept = staging_of("", ref, undoing.first["run_id"]).before_table
    snapshot, as_of = _snapshot(client, kept), None
    field = _filtered_field(table, snapshot)
    source, before = kept, None if snapshot is None else int(snapshot.num_rows or 0)
    if snapshot is None:
        source = staging_of("", ref, run_id).before_table
        as_of = _moment(client, ref, undoing.first)
        before = _rows_then(client, request, undoing, as_of, field, now)
    else:
        check_layout(table, snapshot, kept)
    return RollbackPlan(
        run=_run(request, run_id, now, location),
        destination=ref,
        undoing=undoing,
        source=source,
        as_of=as_of,
        expires=now + SNAPSHOT_LIFE,
        settings=settings_of(table),
        filter=field,
        rows_now=int(table.num_rows or 0),
        rows_before=before,
        bytes=None if snapshot is None else 2 * int(snapshot.num_bytes or 0),
        columns=tuple(_column_lines(table, snapshot)),
        cursor=_cursor(undoing, table),
        key=key_of(table),
        warnings=(*of_others(client, undoing, known, table, field), *not_brought_again(undoing)),
    )


def _order(client: bigquery.Client, known: Sequence[Row], run_id: str) -> dict[str, datetime]:
    """When each run published: by its event, or near the run to be undone by its job's end."""
    own = next((run["event_time"] for run in known if run["run_id"] == run_id), None)
    order = {run["run_id"]: run["event_time"] for run in known}
    for run in known:
        if (
            has_published(run)
            and run["publish_job"]
            and own
            and abs(run["event_time"] - own) < NEAR
        ):
            job = job_of(client, run)
            if job is not None and job.ended:
                order[run["run_id"]] = job.ended
    return order


def _table(client: bigquery.Client, ref: TableRef) -> bigquery.Table:
    """The destination.

    Raises:
        TargetError: it is missing, or rows are streamed into it.
    """
    with as_target_errors(f"table {ref}"):
        try:
            table = client.get_table(str(ref))
        except NotFound:
            why = "whoever deleted it can get it back for as long as time travel reaches"
            fix = (
                f"look at https://cloud.google.com/bigquery/docs/restore-deleted-tables for {ref}."
            )
            raise TargetError("the table to restore is gone", str(ref), why, fix) from None
    if table.streaming_buffer:
        why = "rows are being streamed into it, which are not ours and would be lost"
        fix = "stop what streams, and wait until BigQuery has taken its rows over (90 minutes)."
        raise TargetError("rows of others would be lost", f"table {ref}", why, fix)
    return table


def _snapshot(client: bigquery.Client, ref: TableRef) -> bigquery.Table | None:
    with as_target_errors(f"snapshot {ref}"):
        try:
            return client.get_table(str(ref))
        except NotFound:
            return None


def _filtered_field(*tables: bigquery.Table | None) -> str:
    """The partition column that queries of one of the tables must name; empty: none.

    It is named wherever there is one: the table's need of it may be newer than its snapshot's, or
    older. Only that of the time of loading is no column of every table.
    """
    for table in filter(None, tables):
        time, ranges = table.time_partitioning, table.range_partitioning
        if field := (time and time.field) or (ranges and ranges.field):
            return str(field)
        if time is not None and table.require_partition_filter:
            return "_PARTITIONTIME"
    return ""


def check_layout(table: bigquery.Table, snapshot: bigquery.Table, ref: TableRef) -> None:
    """That a snapshot can be restored in place.

    Raises:
        TargetError: the table was partitioned or clustered otherwise then.
    """
    now, then = (_layout(one) for one in (table, snapshot))
    if now == then:
        return
    where = f"table {table.full_table_id}, snapshot {ref}"
    why = f"it was {then or 'neither partitioned nor clustered'}, and is {now or 'neither'} now"
    fix = (
        f"restore it under another name with `bq cp --restore '{ref.bq}' NEW_TABLE`, and put that"
        " in the table's place yourself."
    )
    raise TargetError("the table had another layout", where, f"{why}: BigQuery can't", fix)


def _layout(table: bigquery.Table) -> dict[str, Any]:
    resource = table.to_api_repr()
    time = dict(resource.get("timePartitioning") or {})
    told = {name: time[name] for name in ("type", "field") if time.get(name)}
    ranges, clustering = resource.get("rangePartitioning"), table.clustering_fields
    named = {"by time": told, "by range": ranges, "clustered by": clustering}
    return {name: value for name, value in named.items() if value}


def _moment(client: bigquery.Client, ref: TableRef, run: Row) -> datetime:
    """When the table was last as it was before a run, by BigQuery's clock.

    Raises:
        TargetError: BigQuery doesn't know the run's job any more.
    """
    began = begin_of(client, run)
    if began is None:
        why = f"the run kept no snapshot, and BigQuery no longer knows its job {run['publish_job']}"
        raise _unreachable(ref, run, why)
    return began


def _rows_then(
    client: bigquery.Client,
    request: SyncRequest,
    undoing: Undoing,
    as_of: datetime,
    field: str,
    now: datetime,
) -> int:
    """How many rows the table had then.

    Raises:
        TargetError: time travel doesn't reach so far.
    """
    ref, run = request.destination, undoing.first
    dataset = client.get_dataset(f"{ref.project}.{ref.dataset}")
    hours = int(dataset.max_time_travel_hours or LONGEST_TRAVEL_HOURS)
    if now - as_of > timedelta(hours=hours):
        why = f"it kept no snapshot, or one that has expired, and time travel reaches {hours} hours"
        raise _unreachable(ref, run, f"{why} back; the run published {as_of:%Y-%m-%d %H:%M:%S} UTC")
    try:
        return counted(client, ref, field, as_of)
    except GoogleAPICallError as error:
        why = f"it kept no snapshot, and BigQuery can't look back to it: {error.message}"
        raise _unreachable(ref, run, why) from error


def _unreachable(ref: TableRef, run: Row, why: str) -> SyncError:
    fix = (
        "mend the rows themselves: sync_start and sync_end with WRITE_MERGE or WRITE_TRUNCATE bring"
        " a window anew. keep_snapshots=14d keeps what later runs can be undone by. A table that"
        " was deleted and made anew since is out of time travel's reach."
    )
    return TargetError("nothing to restore", f"table {ref}, run {run['run_id']}", why, fix)


def _made_by(undoing: Undoing, ref: TableRef) -> SyncError:
    run_id = undoing.first["run_id"]
    fix = f"drop it yourself with `DROP TABLE {ref.sql}`; the next sync then makes it anew."
    why = "before that run there was no table, and a rollback deletes none"
    return ConfigError("the run made the table", f"rollback_run, run {run_id}", why, fix)


def _column_lines(table: bigquery.Table, snapshot: bigquery.Table | None) -> Iterator[str]:
    """What becomes of columns that runs have added, altered or dropped."""
    if snapshot is None:
        return
    now, then = ({f.name.casefold(): f for f in one.schema} for one in (table, snapshot))
    for name in sorted(now.keys() - then.keys()):
        yield f"column {now[name].name} goes: it was added since"
    for name in sorted(then.keys() - now.keys()):
        yield f"column {then[name].name} comes back"
    for name in sorted(now.keys() & then.keys()):
        kinds = [_kind(one[name]) for one in (now, then)]
        if kinds[0] != kinds[1]:
            yield f"column {now[name].name} is {kinds[1]} again, and not {kinds[0]}"


def _kind(field: bigquery.SchemaField) -> str:
    """The type of a column with all that bears on its values.

    >>> _kind(bigquery.SchemaField("n", "STRING", max_length=5))
    'STRING(5) NULLABLE'
    """
    sizes = [n for n in (field.max_length, field.precision, field.scale) if n is not None]
    text = field.field_type + (f"({', '.join(map(str, sizes))})" if sizes else "")
    if field.fields:
        text += f"<{', '.join(f'{one.name} {_kind(one)}' for one in field.fields)}>"
    return f"{text} {field.mode}"


def _cursor(undoing: Undoing, table: bigquery.Table) -> str:
    """The cursor column's name in the table; empty: the runs had none, or it has another name."""
    run = next((one for one in undoing.runs if one["cursor_column"]), None)
    if run is None:
        return ""
    written = read_record(run.get("columns") or "{}")  # which an older history lacks
    named = [one.name for one in written if one.source_name == run["cursor_column"]]
    there = {field.name.casefold(): field.name for field in table.schema}
    return next((there[n.casefold()] for n in named if n.casefold() in there), "")


def _run(request: SyncRequest, run_id: str, now: datetime, location: str) -> RunPlan:
    return RunPlan(
        run_id=run_id,
        launched_at=now,
        location=location,
        job_project=request.run.job_project or request.destination.project,
        staging=staging_of("", request.destination, run_id),
        history_table=request.history_table,
        lease=request.run.lease,
        max_retries=request.run.max_retries,
        endpoints=request.run.endpoints,
        repair=Repair(rolled_back_run=request.run.rollback_run),
    )


def since(undoing: Undoing) -> datetime:
    """Before all events of the undone runs, by whatever clock they were stamped."""
    return min(run["event_time"] for run in undoing.runs) - timedelta(days=1)


def told_of(plan: RollbackPlan) -> Mapping[str, Any]:
    """What a rollback's first event tells, for whoever has to bring it to its end."""
    return {
        "table": str(plan.destination),
        "source": str(plan.source),
        "undone": [run["run_id"] for run in plan.undoing.runs],
        "since": since(plan.undoing).astimezone(UTC).isoformat(),
        "settings": plan.settings,
        "filter": plan.filter,
        "cursor": plan.cursor,
    }
