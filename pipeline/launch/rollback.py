"""I/O. rollback_run: runs are undone, under the table's lock; no source is looked at."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import OutcomeUnknownError, RunInProgressError, SyncError, TargetError
from pipeline.destination.client import asking_client
from pipeline.destination.snapshots import restore, take_snapshot
from pipeline.destination.target import read_dataset
from pipeline.launch.beam_at_need import run_note
from pipeline.launch.output import say
from pipeline.launch.program_end import print_failed
from pipeline.launch.resume import newest_left
from pipeline.launch.rollback_facts import check_layout, plan_rollback, runs_to_undo, told_of
from pipeline.launch.shown_plan import print_plan
from pipeline.launch.told_plan import log_plan
from pipeline.parameters.options import Options
from pipeline.runs.history import FINAL, SEQUENCE, append, plain_row
from pipeline.runs.lease import holding
from pipeline.runs.lock import Lock
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.past_runs import known_runs
from pipeline.runs.rollback_end import TOLD, end_rollback
from pipeline.runs.settle import Settler, clear_folders, fence, older_folders
from smart_sync.repair import ROLLBACK, ROLLED_BACK
from smart_sync.request import SyncRequest
from smart_sync.rollback import RollbackPlan, Row, is_undone
from smart_sync.rollback_text import AGAIN, explain_rollback, rollback_json, rollback_log
from warehouse.errors import as_target_errors

LOGGER = logging.getLogger("smart_sync")


def rollback(options: Options, run_id: str, now: datetime) -> int:
    """Undo runs of a table, or show how; the exit code."""
    request = options.request
    client = asking_client(request)
    client = asking_client(request, read_dataset(client, request.destination).location)
    if request.run.plan_only:
        return _show(options, client, run_id, now)
    lock = Lock(client, request.destination, run_id, request.run.lease)
    with holding(lock):
        history = request.history_table
        newest, _ = known_runs(client, history, request.destination)
        unfinished = [one for one in newest if one["seq"] < FINAL]
        settler = Settler(client, history, lock, request.run.endpoints)
        settler.settle(unfinished)
        known = runs_to_undo(client, request)
        if undone := is_undone(request.run.rollback_run, known):
            if any(one["mode"] == ROLLBACK for one in unfinished):
                _clear_staged(settler, newest)
            return _done_before(options, undone)
        plan = plan_rollback(client, request, known, run_id, now)
        text = rollback_log(plan, options.request.run.plan_detail)
        log_plan(text, (AGAIN, *plan.warnings))
        row = _first_event(plan, request)
        append(client, history, row)
        lock.renew()
        job = _restore(client, plan, row, lock)
        last = _end(client, plan, row, job, lock)
        _clear_staged(settler, newest)
    return _told(options, client, plan, last)


def _clear_staged(settler: Settler, newest: Sequence[Row]) -> None:
    """Remove what a failed run has left for another; best effort.

    Nobody would: the newest runs that had a plan are now those that were undone.
    """
    left = newest_left(newest)
    if left is None or left["seq"] < FINAL:
        return
    folder, endpoints = str(left["staging_folder"]), settler.endpoints
    try:
        if settler.is_void(left):
            clear_folders([*older_folders(folder, endpoints), folder], endpoints)
    except SyncError as error:
        LOGGER.warning("%s stays, which nobody needs any more: %s", folder, error)


def _show(options: Options, client: bigquery.Client, run_id: str, now: datetime) -> int:
    """plan_only: no lock is taken and nothing is written."""
    request = options.request
    known = runs_to_undo(client, request)
    if undone := is_undone(request.run.rollback_run, known):
        return _done_before(options, undone)
    plan = plan_rollback(client, request, known, run_id, now)
    text = explain_rollback(plan)
    print_plan(options, text, lambda: rollback_json(plan))
    return _noted(options, text, "planned")


def _noted(options: Options, text: str, status: str) -> int:
    run_note(options, text, Outcome(status=status))
    return 0


def _done_before(options: Options, undone: Row) -> int:
    text = f"nothing to undo: run {undone['run_id']} was {undone['error']}"
    options.results.note = text
    say(text)
    return _noted(options, text, ROLLED_BACK)


def _first_event(plan: RollbackPlan, request: SyncRequest) -> dict[str, Any]:
    """With all that whoever settles the run needs to bring it to its end."""
    return {
        **plain_row(request, plan.run.run_id, "running", None, datetime.now(UTC)),
        "seq": SEQUENCE["running"],
        "mode": ROLLBACK,
        "verification": json.dumps({TOLD: told_of(plan)}, sort_keys=True),
        "job_project": plan.run.job_project,
        "job_location": plan.run.location,
        "rolled_back_run": plan.run.repair.rolled_back_run,
        "snapshot": str(plan.source),
    }


def _restore(client: bigquery.Client, plan: RollbackPlan, row: Row, lock: Lock) -> Any:
    """The copy job, done; what keeps it from being sent ends the run as failed.

    Raises:
        SyncError: nothing was restored, or nobody knows, and the next launch settles it.
    """
    try:
        if plan.as_of is not None:
            expires, check = plan.expires, lock.check
            take_snapshot(client, plan, plan.source, expires, check, as_of=plan.as_of, key=plan.key)
            with as_target_errors(f"snapshot {plan.source}"):
                table = client.get_table(str(plan.destination))
                snapshot = client.get_table(str(plan.source))
            check_layout(table, snapshot, plan.source)
        return restore(client, plan, plan.source, lock.check, key=plan.key)
    except OutcomeUnknownError:
        raise
    except BaseException as error:  # also a signal: then the job may be on its way
        _end_as_failed(client, plan, row, Failure.of(error, "Rollback"))
        raise


def _end(client: bigquery.Client, plan: RollbackPlan, row: Row, job: Any, lock: Lock) -> Row:
    """What is left once the table is restored, and the last event.

    Raises:
        RunInProgressError: this launch slept, and another has brought it to its end.
        TargetError: BigQuery refused or can't be reached; the next launch brings it to its end.
    """
    history = plan.run.history_table
    try:
        last = end_rollback(client, history, row, job, lock)
        append(client, history, last)
    except RunInProgressError as error:
        raise RunInProgressError(
            "the table was restored, and is another run's by now",
            f"table {plan.destination}, run {plan.run.run_id}",
            str(error),
            "nothing, if sync_runs_latest has this run as rolled_back; else run the same again.",
        ) from error
    except TargetError as error:
        raise TargetError(
            "the table is restored, and not all is told",
            f"table {plan.destination}, run {plan.run.run_id}",
            str(error),
            "run the same again when BigQuery answers: that brings it to its end.",
        ) from error
    return last


def _end_as_failed(client: bigquery.Client, plan: RollbackPlan, row: Row, fault: Failure) -> None:
    """Use up the run's publishing id and write its last event; else the next run settles it."""
    told = {"exit_code": fault.exit_code, "error": fault.message, "event_time": datetime.now(UTC)}
    try:
        if fence(client, row) is None:
            append(
                client, plan.run.history_table, {**row, "seq": FINAL, "status": "failed", **told}
            )
    except SyncError as error:
        LOGGER.warning("how the run ended is not in the history, the next settles it: %s", error)


def _told(
    options: Options, client: bigquery.Client, plan: RollbackPlan, row: Mapping[str, Any]
) -> int:
    """Say how it ended, here and to the webhook; the exit code."""
    first = plan.undoing.first["run_id"]
    tell_end(options.webhook, client, plan.run.history_table, row)
    options.results.ran(row)
    if row["exit_code"]:
        print_failed(str(row["error"]), int(row["exit_code"]), str(plan.destination))
        return int(row["exit_code"])
    text = (
        f"{row['status']}: {len(plan.undoing.changing)} undone, the table is what it was before"
        f" run {first} · {plan.destination} · run {plan.run.run_id}"
    )
    say(text)
    say(f"WARNING: {AGAIN}")
    return _noted(options, text, ROLLED_BACK)
