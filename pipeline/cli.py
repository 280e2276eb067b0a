"""main(argv) → exit code: parse, gather facts, plan, then explain or launch.

Errors become the documented exit code, and one line on stderr after all that is said;
a traceback is shown only for our own bugs.
"""

import logging
import secrets
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import (
    OutcomeUnknownError,
    SyncError,
    TargetError,
    VerificationError,
    raise_all,
)
from pipeline.launch.beam.submit import beam_flag_faults, run
from pipeline.launch.beam.uploads import check_places
from pipeline.launch.early_end import Working, end_early
from pipeline.launch.ending import (
    BUG,
    ending_on_signals,
    exit_with_threads,
    interruption,
    print_bug,
    print_error,
    print_interruption,
    print_last,
)
from pipeline.launch.gather import gather, inspecting, rehearse
from pipeline.launch.progress import configure_logging, progress
from pipeline.launch.verify import comparison, verdict_figures, verdict_text
from pipeline.parameters import options as option_module
from pipeline.parameters.docs import usage
from pipeline.parameters.options import Options
from pipeline.publish.swapping import put_back
from pipeline.runs.history import (
    append,
    event_row,
    make_tables,
    planning_failure,
    read_outcome,
    verified_row,
    write_event,
)
from pipeline.runs.lease import Holding, holding
from pipeline.runs.lock import Lock, lock_of
from pipeline.runs.notify import tell_end, telling_failures
from pipeline.runs.outcome import BUG_FIX, Failure, Outcome, internal_error
from pipeline.runs.settle import Taker
from pipeline.steps.graph import build, build_note
from pipeline.steps.report import was_reported
from smart_sync.explain import as_json, explain
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.request import SyncRequest
from warehouse.client import make_client
from warehouse.errors import as_target_errors

LOGGER = logging.getLogger("smart_sync")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the template; the return value is the process's exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    configure_logging()
    try:
        with ending_on_signals():
            return _main(words)
    except SyncError as error:
        print_error(error)
        return error.exit_code
    except KeyboardInterrupt as error:
        return exit_with_threads(print_interruption(error))
    except Exception as error:
        return print_bug(error, words)


def _main(words: Sequence[str]) -> int:
    if {"--help", "-h"} & set(words):
        print(usage())
        return 0
    options = parse(words)
    for warning in options.warnings:
        LOGGER.warning("%s", warning)
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    with telling_failures(options.webhook, options.request, run_id):
        if options.flag("template_location") or not options.is_local:
            check_places(options)
        if options.request.run.plan_only:
            return _plan_only(options, run_id, now)
        if options.request.run.verify_window:
            return _verify_only(options, run_id)
        return _sync(options, run_id, now)


def parse(words: Sequence[str]) -> Options:
    """Our parameters and Beam's flags; the faults of both told at once."""
    _, beam_argv, _ = option_module.split_argv(words)
    faults = beam_flag_faults(beam_argv)
    try:
        options = option_module.parse(words)
    except SyncError as error:
        raise_all([*getattr(error, "errors", (error,)), *faults])
        raise
    raise_all(faults)
    return options


def new_run_id(now: datetime) -> str:
    """Sortable by time and unique: `20250722t150000-3f9a0c1d`."""
    return f"{now:%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"


def _client(request: SyncRequest, location: str | None = None) -> bigquery.Client:
    project = request.run.job_project or request.destination.project
    with as_target_errors(f"project {project}"):
        return make_client(project, location, request.run.endpoints, request.run.max_retries)


def _plan_only(options: Options, run_id: str, now: datetime) -> int:
    """Print the plan; no lock is taken and nothing is written."""
    request, client = options.request, _client(options.request)
    with inspecting(request) as inspector:
        rehearse(request, client, inspector, run_id, now)
        facts = gather(request, client, inspector, run_id)
    plan = make_plan(request, facts, run_id=run_id, now=now)
    text = explain(plan)
    print(as_json(plan) if request.run.plan_format == "json" else text)
    if options.flag("template_location"):
        outcome = Outcome(status="planned")
        run(options, lambda root: build_note(root, text, outcome))
    return 0


def _verify_only(options: Options, run_id: str) -> int:
    """Compare a past window; the verdict goes into the history and onto the screen."""
    request, client = options.request, _client(options.request)
    with inspecting(request) as inspector:
        made = comparison(request, client, inspector, run_id)
        verdict = made.verdict()
    text = verdict_text(made, verdict)
    error = None
    if not verdict.holds:
        error = VerificationError(
            "BigQuery lacks rows of the source, or has them twice",
            f"table {request.destination}",
            f"{verdict.lacking:,} lacking or in another version, {verdict.doubled:,} doubled",
            "repair the window with sync_start and sync_end (WRITE_MERGE, or WRITE_TRUNCATE by"
            " partitions), and give smart_sync_margin or late_commit_guard what its writers need.",
        )
    make_tables(client, request.history_table)
    figures = verdict_figures(made, verdict)
    row = verified_row(request, run_id, figures, error)
    append(client, request.history_table, row)
    print(text)
    if options.flag("template_location"):
        outcome = Outcome(status="verified")
        run(options, lambda root: build_note(root, text, outcome))
    if error:
        raise error
    tell_end(options.webhook, client, request.history_table, row)
    return 0


def _sync(options: Options, run_id: str, now: datetime) -> int:
    """Rehearse, lock, settle what a dead run left, then plan and run."""
    request = options.request
    with ExitStack() as stack:
        with inspecting(request) as inspector:
            target = rehearse(request, _client(request), inspector, run_id, now)
            client = _client(request, target.location)
            lock = Lock(client, request.destination, run_id, request.run.lease)
            held = stack.enter_context(holding(lock))
            try:
                make_tables(client, request.history_table)
                taker = Taker(client, request.history_table, lock, request.run.endpoints)
                taker.settle()
                if request.publishing.delete_existing_table or not target.exists:
                    put_back(client, request.history_table, request.destination)
                facts = gather(request, client, inspector, run_id)
                plan = make_plan(request, facts, run_id=run_id, now=now)
            except Exception as error:
                _write_planning_failure(client, request, run_id, error)
                raise
        LOGGER.info("%s", explain(plan))
        if options.is_local:
            return _run_here(options, plan, client)
        return _launch(options, plan, client, held)


def _write_planning_failure(
    client: bigquery.Client, request: SyncRequest, run_id: str, error: Exception
) -> None:
    told = error if isinstance(error, SyncError) else internal_error(type(error).__name__)
    row = planning_failure(request, run_id, told, datetime.now(UTC))
    try:
        append(client, request.history_table, row)
    except SyncError as fault:
        LOGGER.warning("the run history could not be written: %s", fault)


def _launch(options: Options, plan: SyncPlan, client: bigquery.Client, held: Holding) -> int:
    """Submit the plan as a job, which takes its lock over."""
    try:
        _begin(client, plan)
        run(options, lambda root: build(root, plan, options.webhook))
    except BaseException as error:  # also a signal; the job may have been taken all the same
        end_early(client, plan, Failure.of(error, "Launch"))
        raise
    held.hand_over()
    print(f"launched run {plan.run.run_id} for {plan.destination}")
    return 0


def _run_here(options: Options, plan: SyncPlan, client: bigquery.Client) -> int:
    """Run the plan in this process, under its lock."""
    _begin(client, plan)
    fault = None
    with progress(plan):
        try:
            Working(lambda: run(options, lambda root: build(root, plan, options.webhook))).wait()
        except KeyboardInterrupt as error:
            end_early(client, plan, interruption(error))
            raise
        except Exception as error:
            fault = Failure.of(error, "Run", traceback=traceback.format_exc())
    if fault and not was_reported(fault):
        told = Outcome(status="failed", exit_code=fault.exit_code, message=fault.message)
        row = event_row(plan, told, datetime.now(UTC))
        tell_end(options.webhook, client, plan.run.history_table, row)
    return _verdict(client, plan, fault)


def _begin(client: bigquery.Client, plan: SyncPlan) -> None:
    write_event(client, plan, Outcome(status="running"))
    lock_of(plan, client).renew()  # whoever takes over from now on finds that event


def _open_ended(
    plan: SyncPlan, row: dict[str, object] | None, fault: Failure | None
) -> OutcomeUnknownError | None:
    """The run has no last event, since BigQuery did not take one."""
    where = f"run {plan.run.run_id}"
    if row and row["status"] == "publishing":
        fix = "run again; that run waits for its job, or makes it void, before anything else."
        return OutcomeUnknownError("BigQuery stopped answering while publishing", where, "", fix)
    if row and row["status"] == "running" and fault is None:
        why = "BigQuery did not take the run's last event; nothing was published"
        return OutcomeUnknownError("the run's end is not in the history", where, why, "run again.")
    return None


def _verdict(client: bigquery.Client, plan: SyncPlan, fault: Failure | None) -> int:
    """The exit code, from the run's last event in the history."""
    try:
        row = read_outcome(client, plan.run.history_table, plan.run.run_id)
    except TargetError as error:
        raise OutcomeUnknownError(
            "how the run ended can't be read",
            f"run {plan.run.run_id}",
            str(error),
            "run again when BigQuery answers: that run first settles what this one left.",
        ) from error
    open_ended = _open_ended(plan, row, fault)
    if open_ended:
        raise open_ended
    if row is None or row["status"] == "running":
        sys.stderr.write(fault.traceback if fault else "")
        if fault and row:
            end_early(client, plan, fault)
        state = row["status"] if row else "not in the history"
        print_last(f"run {plan.run.run_id} ended while {state}. To mend: {BUG_FIX}.")
        return fault.exit_code if fault else BUG
    print(summary(plan, row))
    if row["exit_code"]:
        print_last(str(row["error"]))
    return int(row["exit_code"])


def summary(plan: SyncPlan, row: dict[str, object]) -> str:
    """The run in one line."""
    text = f"{row['status']}: {row['rows_read']:,} rows read, {row['rows_published']:,} published"
    if row["status"] == "held_back":
        text = f"held_back: {row['error']}"
    if row["rows_dead"]:
        text += f", {row['rows_dead']:,} dead letters in {plan.dead_letters.table}"
    if row["rows_left_out"]:
        text += f", {row['rows_left_out']:,} rows of the source are in no window (see the plan)"
    return f"{text} · {plan.destination} · run {plan.run.run_id}"
