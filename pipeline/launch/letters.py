"""I/O. What a replay asks before it is planned: the letters of a run, and what became of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import ConfigError, SyncError, TargetError
from pipeline.runs.batches import began
from pipeline.runs.past_runs import BEGINNING, destinations_of, ended_runs
from smart_sync.draft import Draft
from smart_sync.letters_sql import FIELDS, letters_of_run
from smart_sync.repair import ROLLED_BACK
from smart_sync.replay import PARAMETER, Letter, PastRun, ReplayFacts
from smart_sync.request import SyncRequest
from warehouse.errors import as_target_errors

ANY_CLOCK = timedelta(days=1)
"""By more no machine's clock is set apart from BigQuery's."""


def with_letters(client: bigquery.Client, draft: Draft) -> Draft:
    """The draft with what there is to replay; as it is, of a run that replays nothing.

    Raises:
        ConfigError: the run is none of this table, or has no dead letters.
        TargetError: the letters lie elsewhere, or BigQuery refuses.
    """
    request = draft.request
    if not request.replays:
        return draft
    letters = _letters(client, request, draft.facts.target.location)
    if not letters:
        raise _nothing(client, request)
    names = {name for one in letters for name in (one.first_run, one.last_run) if name}
    names.add(request.publishing.replayed_run)
    since = min((began(name) or BEGINNING for name in names), default=BEGINNING)
    rows = ended_runs(
        client, request.history_table, request.destination, max(since - ANY_CLOCK, BEGINNING)
    )
    runs = {row["run_id"]: _past_run(row) for row in rows}
    undone = tuple(sorted(name for name, run in runs.items() if run.status == ROLLED_BACK))
    told = tuple(replace(o, replayed_by="") if o.replayed_by in undone else o for o in letters)
    return replace(draft, facts=replace(draft.facts, replay=ReplayFacts(told, runs, undone)))


def _letters(client: bigquery.Client, request: SyncRequest, location: str) -> list[Letter]:
    table, run_id = request.dead_letters, request.publishing.replayed_run
    with as_target_errors(f"dead letter table {table}"):
        try:
            there = client.get_table(str(table))
        except NotFound:
            return []
        if (there.location or location) != location:
            raise TargetError(
                "dead letters in another location",
                f"dead letter table {table}",
                f"it is in {there.location}, {request.destination} in {location}: rows and marks"
                " can't be written at once",
                "copy the letters into a dataset of that location, and name it as"
                " dead_letter_table.",
            )
        if not {name for name, _ in FIELDS} <= {field.name for field in there.schema}:
            return _of_old(client, request)
        sql = letters_of_run(table, request.destination, run_id)
        return [_letter(row) for row in client.query_and_wait(sql)]


def _of_old(client: bigquery.Client, request: SyncRequest) -> list[Letter]:
    """Of a table that only an older version has written: none of its rows is kept whole."""
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter("run_id", "STRING", request.publishing.replayed_run),
            bigquery.ScalarQueryParameter("destination", "STRING", str(request.destination)),
        ]
    )
    sql = (
        f"SELECT row_hash, column_name, reason, run_id FROM {request.dead_letters.sql}"
        " WHERE run_id = @run_id AND destination = @destination"
    )
    return [
        Letter(r["row_hash"], r["column_name"], r["reason"], "", False, "", r["run_id"])
        for r in client.query_and_wait(sql, job_config=config)
    ]


def _letter(row: Any) -> Letter:
    return Letter(
        row["row_hash"],
        row["column_name"],
        row["reason"],
        row["row_stage"],
        bool(row["is_whole"]),
        row["replayed_by"],
        row["last_run"],
        row["first_run"],
        int(row["characters"]),
    )


def _past_run(row: dict[str, Any]) -> PastRun:
    return PastRun(
        row["run_id"],
        row["status"],
        row["mode"] or "",
        row["event_time"],
        row["window_start"] or "",
        row["window_end"] or "",
        bool(row["has_published"]),
    )


def _nothing(client: bigquery.Client, request: SyncRequest) -> SyncError:
    """Why there are no letters of that run."""
    run_id = request.publishing.replayed_run
    known = destinations_of(client, request.history_table, run_id)
    where = f"{PARAMETER}={run_id}"
    if str(request.destination) in known:
        why = f"{request.dead_letters} has none of it for {request.destination}"
        fix = "look there which runs have some (run_id, last_run_id), or name the table that holds"
        fix += " them as dead_letter_table."
        return ConfigError("a run without dead letters", where, why, fix)
    if known:
        why = f"it is a run of {', '.join(sorted(known))}"
        fix = f"give that table's parameters, or a run of {request.destination}."
        return ConfigError("a run of another table", where, why, fix)
    why = f"{request.history_table} doesn't know it"
    fix = "write a run_id that stands there, or name its table as run_history_table."
    return ConfigError("an unknown run", where, why, fix)
