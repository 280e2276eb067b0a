"""I/O. A sync from the first look to the exit code: rehearse, lock, settle, plan, run."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import SyncError, TargetError
from pipeline.destination.target import read_table
from pipeline.execution.report import raise_if_failed, was_reported
from pipeline.execution.whole import sync_whole
from pipeline.launch.beam_at_need import build, run, says_something_to_beam
from pipeline.launch.beside import look_back
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.early_end import Working, end_early
from pipeline.launch.exit_code import exit_code
from pipeline.launch.gather import drafted, gather, inspecting, rehearse
from pipeline.launch.program_end import interruption
from pipeline.launch.progress import progress
from pipeline.launch.shared import ALONE, Shared
from pipeline.parameters.options import Options
from pipeline.publish.swapping import broken_rebuilds, put_back
from pipeline.runs.ended import recall
from pipeline.runs.history import Append, event_row, planning_failure, write_event
from pipeline.runs.lease import Holding, holding
from pipeline.runs.lock import Lock
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import Failure, Outcome, internal_error
from pipeline.runs.settle import Settler
from smart_sync.draft import Draft
from smart_sync.explain import explain
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.renaming import with_new_names
from smart_sync.request import SyncRequest
from sources.protocol import Inspector

LOGGER = logging.getLogger("smart_sync")


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan under its table's lock, which `held` gives back when the block around it ends.

    `shared` is what other runs of its launch use, too.
    """

    plan: SyncPlan
    client: bigquery.Client
    lock: Lock
    held: Holding
    shared: Shared = ALONE


def sync(options: Options, run_id: str, now: datetime) -> int:
    """Rehearse, lock, settle what a dead run left, then plan and run; the exit code."""
    with making_ready(options.request, run_id, now) as ready:
        LOGGER.info("%s", explain(ready.plan))
        if options.is_local:
            return _run_here(options, ready.plan, ready.client, ready.lock, ready.held)
        return _launch(options, ready.plan, ready.client, ready.lock, ready.held)


@contextmanager
def making_ready(
    request: SyncRequest,
    run_id: str,
    now: datetime,
    will_hold: Callable[[Lock], None] = lambda _: None,
    shared: Shared = ALONE,
) -> Iterator[Ready]:
    """Rehearse, take the lock, settle what a dead run left, and plan.

    Args:
        request: what is to be done.
        run_id: of the run.
        now: of the launch.
        will_hold: is given the lock before it is taken, for whoever ends this from outside.
        shared: with other runs of its launch.

    Raises:
        SyncError: no plan can be made; the history says so where the lock was taken.
    """
    with ExitStack() as stack:
        with inspecting(request) as inspector:
            draft, client = _rehearsed(request, inspector, run_id, shared)
            lock = Lock(client, request.destination, run_id, request.run.lease)
            will_hold(lock)
            held = stack.enter_context(holding(lock))
            try:
                draft = _settle(draft, client, lock, shared)
                plan = _plan(request, draft, client, inspector, run_id=run_id, now=now)
            except Exception as error:
                _write_planning_failure(client, request, run_id, error, shared.write)
                raise
        yield Ready(plan, client, lock, held, shared)


def _rehearsed(
    request: SyncRequest, inspector: Inspector, run_id: str, shared: Shared
) -> tuple[Draft, bigquery.Client]:
    """As `rehearse`; a table that a broken rebuild set aside gets its name back under the lock.

    Until then its draft is one of a table that may be made.

    Raises:
        SyncError: as `rehearse`.
    """
    try:
        return rehearse(request, inspector, run_id, shared)
    except TargetError:
        client, publishing = shared.client(request, None), request.publishing
        if publishing.create_if_needed or not any(
            broken_rebuilds(client, request.history_table, request.destination)
        ):
            raise
    as_new = replace(request, publishing=replace(publishing, create_if_needed=True))
    return rehearse(as_new, inspector, run_id, shared)


def _settle(draft: Draft, client: bigquery.Client, lock: Lock, shared: Shared) -> Draft:
    """Settle what dead runs left, and give a table its name back that one of them took.

    Returns:
        The draft with what was asked beside, when nothing was settled that could change it.
    """
    request, facts = draft.request, draft.facts
    history, destination = request.history_table, request.destination
    unfinished, known = look_back(draft, client, shared, lock.clock.now())
    Settler(client, history, lock, request.run.endpoints).settle(unfinished)
    if request.publishing.delete_existing_table or not facts.target.exists:
        put_back(client, history, destination)
    return replace(draft, facts=replace(facts, asked=known.asked) if unfinished else known)


def _plan(
    request: SyncRequest,
    draft: Draft,
    client: bigquery.Client,
    inspector: Inspector,
    *,
    run_id: str,
    now: datetime,
) -> SyncPlan:
    """The plan under the lock, of the destination as it is now: others may have written before."""
    facts, seen = draft.facts, draft.facts.target
    target = read_table(client, request.destination, seen.location, seen.collation)
    request = with_new_names(request, facts.profile, target.by_name())
    if (request, target) != (draft.request, seen):
        draft = drafted(client, request, facts.profile, target, facts.source, draft.audits)
        draft = replace(draft, facts=replace(draft.facts, asked=facts.asked))
    facts = gather(draft, client, inspector, run_id)
    return with_tried_checks(client, make_plan(draft, facts, run_id=run_id, now=now))


def _write_planning_failure(
    client: bigquery.Client, request: SyncRequest, run_id: str, error: Exception, write: Append
) -> None:
    told = error if isinstance(error, SyncError) else internal_error(type(error).__name__)
    row = planning_failure(request, run_id, told, datetime.now(UTC))
    try:
        write(client, request.history_table, row)
    except SyncError as fault:
        LOGGER.warning("the run history could not be written: %s", fault)


def _launch(
    options: Options, plan: SyncPlan, client: bigquery.Client, lock: Lock, held: Holding
) -> int:
    """Submit the plan as a job, which takes its lock over."""
    try:
        begin(client, plan, lock)
        run(options, lambda root: build(root, plan, options.webhook))
    except BaseException as error:  # also a signal; the job may have been taken all the same
        end_early(client, plan, Failure.of(error, "Launch"))
        raise
    held.hand_over()
    print(f"launched run {plan.run.run_id} for {plan.destination}")
    return 0


def _run_here(
    options: Options, plan: SyncPlan, client: bigquery.Client, lock: Lock, held: Holding
) -> int:
    """Run the plan in this process, under its lock."""
    fault = None
    with progress(plan):
        begin(client, plan, lock)
        try:
            Working(lambda: _work(options, plan, client)).wait()
        except KeyboardInterrupt as error:
            end_early(client, plan, interruption(error))
            raise
        except Exception as error:
            fault = Failure.of(error, "Run", traceback=traceback.format_exc())
    if fault and not was_reported(fault):
        told = Outcome(status="failed", exit_code=fault.exit_code, message=fault.message)
        row = event_row(plan, told, datetime.now(UTC))
        tell_end(options.webhook, client, plan.run.history_table, row)
    ended = recall(plan.run.run_id)
    if ended and ended.is_free:
        held.hand_over()
    return exit_code(client, plan, fault)


def _work(options: Options, plan: SyncPlan, client: bigquery.Client) -> None:
    """Do what the plan says: by Beam's local runner where the command line speaks to Beam.

    Raises:
        RunFailedError: the run failed, and its report says so.
    """
    if says_something_to_beam(options.beam_argv):
        run(options, lambda root: build(root, plan, options.webhook))
    else:
        splits = plan.reading.splits
        raise_if_failed(sync_whole(plan.header(), splits, client, options.webhook))


def begin(client: bigquery.Client, plan: SyncPlan, lock: Lock, shared: Shared = ALONE) -> None:
    """Write the run's first event, which whoever takes the lock from it finds.

    Raises:
        RunInProgressError: the lock was lost meanwhile.
    """
    write_event(client, plan, Outcome(status="running"), shared.write)
    lock.renew()
