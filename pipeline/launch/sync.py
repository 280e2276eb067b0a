"""I/O. A sync from the first look to the exit code: rehearse, lock, settle, plan, run."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from google.cloud import bigquery

from auto_schema.errors import SyncError, TargetError
from pipeline.destination.manifests import Note
from pipeline.destination.target import read_table
from pipeline.execution.report import raise_if_failed, was_reported
from pipeline.execution.whole import sync_whole
from pipeline.launch.beam_at_need import build, run, says_something_to_beam
from pipeline.launch.beside import look_back
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.early_end import LAUNCH, Working, end_early
from pipeline.launch.exit_code import exit_code
from pipeline.launch.gather import drafted, gather, inspecting, rehearse
from pipeline.launch.output import say
from pipeline.launch.pause import pausing
from pipeline.launch.program_end import interruption
from pipeline.launch.progress import shown
from pipeline.launch.resume import Left, left_by, note_run, take_over, tell_not_resumed
from pipeline.launch.saved_plan import plan_as_saved
from pipeline.launch.shared import ALONE, Shared
from pipeline.launch.told_plan import log_plan
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.options import Options
from pipeline.parameters.results import LAUNCHED
from pipeline.publish.swapping import broken_rebuilds, put_back
from pipeline.runs import usage
from pipeline.runs.ended import recall
from pipeline.runs.history import FINAL, Append, event_row, planning_failure, write_event
from pipeline.runs.lease import Holding, holding
from pipeline.runs.lock import Lock
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.settle import Settler
from smart_sync.draft import Draft
from smart_sync.explain import log_text
from smart_sync.headline import warnings_of
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.renaming import with_new_names
from smart_sync.request import SyncRequest
from smart_sync.resume import NotResumedError
from sources.protocol import Inspector

LOGGER = logging.getLogger("smart_sync")
NewRunId = Callable[[datetime], str]


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
    note: Note | None = None
    """Of a run that takes over what another has staged."""
    by_hand: bool = False
    """Whether the operator gave the window."""

    @property
    def is_followed(self) -> bool:
        """Whether the launch's own window is still to be read, when this run has ended well."""
        taken = self.plan.run.taken
        return taken is not None and not taken.by_hand


def sync(options: Options, run_id: str, now: datetime, new_run_id: NewRunId) -> int:
    """Rehearse, lock, settle what a dead run left, then plan and run; the exit code.

    A run that has taken another over is followed by one with its own window, where it has been
    worked at in this process; a job of Dataflow's is one run, and the next launch goes on.
    """
    with making_ready(options.request, run_id, now) as ready:
        plan = ready.plan
        log_plan(log_text(plan, options.request.run.plan_detail), warnings_of(plan))
        if not options.is_local:
            return launch(options, ready)
        code = _run_here(options, ready)
    if code or not ready.is_followed:
        return code
    now = datetime.now(UTC)
    return sync(options, new_run_id(now), now, new_run_id)


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
        with ExitStack() as source:
            with pausing(request, run_id, shared):
                inspector = source.enter_context(inspecting(request))
                draft, client = _rehearsed(request, inspector, run_id, shared)
            lock = Lock(client, request.destination, run_id, request.run.lease)
            will_hold(lock)
            held = stack.enter_context(holding(lock))
            try:
                if held.has_waited:  # the source may have other columns by now
                    source.close()
                    inspector = source.enter_context(inspecting(request))
                    draft, client = _rehearsed(request, inspector, run_id, shared)
                draft, left = settled(draft, client, lock, shared)
                planned = _plan(request, draft, client, inspector, left, run_id=run_id, now=now)
            except Exception as error:
                _write_planning_failure(client, request, run_id, error, shared.write)
                raise
        plan, note = planned
        by_hand = request.window.by_hand is not None
        yield Ready(plan, client, lock, held, shared, note, by_hand)


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


def settled(
    draft: Draft, client: bigquery.Client, lock: Lock, shared: Shared
) -> tuple[Draft, Left | None]:
    """Settle what dead runs left, and give a table its name back that one of them took.

    Returns:
        The draft with what was asked beside, when nothing was settled that could change it; and
        what this run may go on with.
    """
    request, facts = draft.request, draft.facts
    history, destination = request.history_table, request.destination
    runs, known = look_back(draft, client, shared, lock.clock.now())
    left = left_by(runs, request.run.endpoints)
    unfinished = [run for run in runs if run["seq"] < FINAL]
    settler = Settler(client, history, lock, request.run.endpoints)
    void = settler.settle(unfinished, spared=left.run_id if left else "")
    if left and not (settler.is_void(left.row) if left.has_ended else left.run_id in void):
        left = None
    if facts.target.is_made_by(request):
        put_back(client, history, destination)
    known = replace(facts, asked=known.asked) if unfinished else known
    return replace(draft, facts=known), left


def _plan(
    request: SyncRequest,
    draft: Draft,
    client: bigquery.Client,
    inspector: Inspector,
    left: Left | None,
    *,
    run_id: str,
    now: datetime,
) -> tuple[SyncPlan, Note | None]:
    """The plan under the lock, and what the run notes that takes over what another left."""
    draft = as_it_is(request, draft, client)
    if request.run.saved is not None:
        saved, dead = request.run.saved, left.run_id if left else ""
        plan = plan_as_saved(saved, draft, client, inspector, dead, run_id=run_id, now=now)
        return with_tried_checks(client, plan), None
    if left is not None:
        try:
            plan, note = take_over(left, draft, client, inspector, run_id=run_id, now=now)
        except NotResumedError as error:
            tell_not_resumed(left, error)
        else:
            return with_tried_checks(client, plan), note
    facts = gather(draft, client, inspector, run_id)
    plan = with_tried_checks(client, make_plan(draft, facts, run_id=run_id, now=now))
    if left is not None:  # a launch that can't be planned leaves it to a better one
        left.clear(request.run.endpoints)
    return plan, None


def as_it_is(request: SyncRequest, draft: Draft, client: bigquery.Client) -> Draft:
    """The draft of the destination as it is now: others may have written before."""
    facts, seen = draft.facts, draft.facts.target
    target = read_table(client, request.destination, seen.in_dataset)
    request = with_new_names(request, facts.profile, target.by_name())
    if (request, target) == (draft.request, seen):
        return draft
    draft = drafted(client, request, facts.profile, target, facts.source, draft.audits)
    return replace(draft, facts=replace(draft.facts, asked=facts.asked))


def _write_planning_failure(
    client: bigquery.Client, request: SyncRequest, run_id: str, error: Exception, write: Append
) -> None:
    told = error if isinstance(error, SyncError) else internal_error(type(error).__name__)
    row = planning_failure(request, run_id, told, datetime.now(UTC))
    try:
        write(client, request.history_table, row)
    except SyncError as fault:
        LOGGER.warning("the run history could not be written: %s", fault)


def launch(options: Options, ready: Ready) -> int:
    """Submit the plan as a job, which takes its lock over, and say so."""
    submit(options, ready)
    plan = ready.plan
    told = {"run_id": plan.run.run_id, "destination": str(plan.destination), "status": LAUNCHED}
    options.results.ran(told)
    say(f"launched run {plan.run.run_id} for {plan.destination}")
    if ready.is_followed:
        say(f"it ends what run {plan.run.repair.resumed_run} began; launch again for what is new")
    return 0


def submit(options: Options, ready: Ready) -> None:
    """Submit the plan as a job, which takes its lock over.

    Raises:
        SyncError: it could not be submitted; the history says so.
    """
    plan, client = ready.plan, ready.client
    _note_what_is_taken_over(ready)  # where that fails it is left to another
    try:
        _begin_noted(ready)
        run(options, lambda root: build(root, plan, options.webhook))
    except BaseException as error:  # also a signal; the job may have been taken all the same
        end_early(client, plan, Failure.of(error, LAUNCH))
        raise
    ready.held.hand_over()


def _run_here(options: Options, ready: Ready) -> int:
    """Run the plan in this process, under its lock; the exit code, which is told."""
    usage.begin(ready.plan.run.run_id)  # nothing else is at work in the program
    fault = run_to_its_end(options, ready, shown(ready.plan))
    return exit_code(ready.client, ready.plan, fault, options.results)


def run_to_its_end(
    options: Options, ready: Ready, around: AbstractContextManager[None]
) -> Failure | None:
    """Run the plan in this process, under its lock.

    Args:
        options: of the launch.
        ready: the plan, whose run hasn't begun.
        around: the work: what shows how far it is.

    Returns:
        What ended it; None: nothing but its own end. How it ended its last event says (`ended`).

    Raises:
        KeyboardInterrupt: a signal came; the run has been ended.
    """
    plan, client, fault = ready.plan, ready.client, None
    with around:
        begin(ready)
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
        ready.held.hand_over()
    return fault


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


def begin(ready: Ready) -> None:
    """Write the run's first event, which whoever takes the lock from it finds.

    Beside it stands what it is about to do: of a run that takes another over before the event,
    so that what it has taken over is known once it is; of any other behind it, so that nothing is
    there of a run that nobody knows.

    Raises:
        RunInProgressError: the lock was lost meanwhile.
        TargetError: what it has taken over can't be noted.
    """
    _note_what_is_taken_over(ready)
    _begin_noted(ready)


def _note_what_is_taken_over(ready: Ready) -> None:
    if ready.note is not None:
        note_run(ready.plan, ready.note, by_hand=ready.by_hand)


def _begin_noted(ready: Ready) -> None:
    plan = ready.plan
    write_event(ready.client, plan, Outcome(status="running"), ready.shared.write)
    ready.lock.renew()
    if ready.note is None:
        note_run(plan, None, by_hand=ready.by_hand)
