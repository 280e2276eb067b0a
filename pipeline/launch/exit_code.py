"""I/O. How a run that worked in this process ended: the exit code, from its last event."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import InternalError, OutcomeUnknownError, TargetError
from pipeline.launch.early_end import end_early
from pipeline.launch.output import say
from pipeline.launch.program_end import print_failed
from pipeline.parameters.abrupt_end import BUG_FIX, internal_error
from pipeline.parameters.results import Results
from pipeline.runs.ended import recall
from pipeline.runs.history import Append, append
from pipeline.runs.outcome import Failure, changed_text
from pipeline.runs.past_runs import read_outcome
from smart_sync.history_text import versions_text
from smart_sync.plan import SyncPlan
from smart_sync.replay_text import replay_summary
from smart_sync.value_text import counted, left_out_text

ANY_CLOCK = timedelta(days=1)
"""By more no machine's clock is behind that of the launch."""


def exit_code(
    client: bigquery.Client, plan: SyncPlan, fault: Failure | None, results: Results
) -> int:
    """The exit code, from the run's last event; both are printed.

    Raises:
        OutcomeUnknownError: the history can't be read, or lacks the run's last event.
    """
    code, row = ended(client, plan, fault)
    if row:
        results.ran(row)
        say(summary(plan, row))
        if code:
            print_failed(str(row["error"]), code, str(plan.destination))
    else:
        results.fault = internal_error(fault.message if fault else f"{plan.run.run_id} has no end")
    return code


def ended(
    client: bigquery.Client, plan: SyncPlan, fault: Failure | None, write: Append = append
) -> tuple[int, Mapping[str, Any] | None]:
    """The exit code and the run's last event; None: it has none, which is printed.

    Args:
        client: where the run's jobs run.
        plan: the run's.
        fault: what ended it, as far as is known here.
        write: appends a last event where a fault has left none.

    Raises:
        OutcomeUnknownError: the history can't be read, or lacks the run's last event.
    """
    row = _last_event(client, plan)
    open_ended = _open_ended(plan, row, fault)
    if open_ended:
        raise open_ended
    if row is None or row["status"] == "running":
        sys.stderr.write(fault.traceback if fault else "")
        if fault and row:
            end_early(client, plan, fault, write)
        state = row["status"] if row else "not in the history"
        code = fault.exit_code if fault else InternalError.exit_code
        told = f"run {plan.run.run_id} ended while {state}. To mend: {BUG_FIX}."
        print_failed(told, code, str(plan.destination))
        return code, None
    return int(row["exit_code"]), row


def _last_event(client: bigquery.Client, plan: SyncPlan) -> Mapping[str, Any] | None:
    """As the run's own report wrote it, here; else as the history has it.

    Raises:
        OutcomeUnknownError: the history can't be read.
    """
    run = plan.run
    known = recall(run.run_id)
    if known and known.is_told:
        return known.row
    since = run.launched_at - ANY_CLOCK
    try:
        return read_outcome(client, run.history_table, plan.destination, run.run_id, since)
    except TargetError as error:
        raise OutcomeUnknownError(
            "how the run ended can't be read",
            f"run {run.run_id}",
            str(error),
            "run again when BigQuery answers: that run first settles what this one left.",
        ) from error


def _open_ended(
    plan: SyncPlan, row: Mapping[str, Any] | None, fault: Failure | None
) -> OutcomeUnknownError | None:
    """The run has no last event, since BigQuery did not take one."""
    where, known = f"run {plan.run.run_id}", recall(plan.run.run_id)
    is_open = known is not None and known.row["status"] == "publishing"
    if row and (row["status"] == "publishing" or (row["status"] == "running" and is_open)):
        fix = "run again; that run waits for its job, or makes it void, before anything else."
        return OutcomeUnknownError("BigQuery stopped answering while publishing", where, "", fix)
    if row and row["status"] == "running" and fault is None:
        why, fix = "BigQuery did not take the run's last event", "run again."
        if known and not known.row["publish_job"]:
            why += "; nothing was published"
        elif known:
            fix = "run again; its rows are in the table, as that run will find."
        return OutcomeUnknownError("the run's end is not in the history", where, why, fix)
    return None


def summary(plan: SyncPlan, row: Mapping[str, Any]) -> str:
    """The run in one line."""
    if plan.publishing.replay is not None and row["status"] != "held_back":
        text = replay_summary(plan, plan.publishing.replay, row)
        return f"{text} · {plan.destination} · run {plan.run.run_id}"
    text = f"{row['status']}: {counted(row['rows_read'], 'row')} read"
    text += f", {row['rows_published']:,} published"
    text += changed_text(row)
    text += versions_text(row)
    if plan.run.taken:
        taken = plan.run.taken
        text += f", {taken.rows_read:,} of them by run {taken.run_id}"
    if row["status"] == "held_back":
        text = f"held_back: {row['error']}"
    if row["rows_dead"]:
        text += f", {counted(row['rows_dead'], 'dead letter')} in {plan.dead_letters.table}"
    if row.get("rows_filtered"):
        text += f", {row['rows_filtered']:,} filtered out"
    if row["rows_left_out"]:
        text += f", {left_out_text(row['rows_left_out'])}"
    return f"{text} · {plan.destination} · run {plan.run.run_id}"
