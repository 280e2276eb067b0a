"""I/O. plan_only: the plan is shown, no lock is taken and nothing is written."""

from collections.abc import Callable
from datetime import datetime

from google.cloud import bigquery

from pipeline.launch.beam_at_need import run_note
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.gather import gather, inspecting, rehearse
from pipeline.launch.resume import left_now, take_over, tell_not_resumed, without
from pipeline.launch.shown_plan import print_plan
from pipeline.parameters.options import Options
from pipeline.runs.outcome import Outcome
from smart_sync.draft import Draft
from smart_sync.explain import explained
from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_json
from smart_sync.planning import make_plan
from smart_sync.resume import NotResumedError
from sources.protocol import Inspector


def plan_now(
    draft: Draft, client: bigquery.Client, inspector: Inspector, *, run_id: str, now: datetime
) -> SyncPlan:
    """The plan of a run that began now: its own, or that which goes on with what one before left.

    Raises:
        SyncError: no plan can be made.
    """
    left, why_not = left_now(draft, client), None
    if left is not None:
        try:
            return take_over(left, draft, client, inspector, run_id=run_id, now=now)[0]
        except NotResumedError as error:
            tell_not_resumed(left, error)
            why_not = error
    facts = gather(draft, client, inspector, run_id)
    plan = make_plan(draft, facts, run_id=run_id, now=now)
    return without(plan, left, why_not, draft.request.run.endpoints) if left and why_not else plan


def plan_only(
    options: Options, run_id: str, now: datetime, keep: Callable[[SyncPlan], None]
) -> int:
    """Print the plan; no lock is taken and nothing is written, but what `keep` does with it."""
    request = options.request
    with inspecting(request) as inspector:
        draft, client = rehearse(request, inspector, run_id)
        plan = plan_now(draft, client, inspector, run_id=run_id, now=now)
    plan = with_tried_checks(client, plan)
    text = explained(plan, request.run.plan_detail)
    print_plan(options, text, lambda: as_json(plan))
    keep(plan)
    run_note(options, text, Outcome(status="planned"))
    return 0
