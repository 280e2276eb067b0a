"""I/O. plan_only: the plan is shown, no lock is taken and nothing is written."""

from datetime import datetime

from pipeline.launch.beam_at_need import build_note, run
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.gather import gather, inspecting, rehearse
from pipeline.parameters.options import Options
from pipeline.runs.outcome import Outcome
from smart_sync.explain import as_json, explain
from smart_sync.planning import make_plan


def plan_only(options: Options, run_id: str, now: datetime) -> int:
    """Print the plan; no lock is taken and nothing is written."""
    request = options.request
    with inspecting(request) as inspector:
        draft, client = rehearse(request, inspector, run_id)
        facts = gather(draft, client, inspector, run_id)
    plan = with_tried_checks(client, make_plan(draft, facts, run_id=run_id, now=now))
    text = explain(plan)
    print(as_json(plan) if request.run.plan_format == "json" else text)
    if options.flag("template_location"):
        outcome = Outcome(status="planned")
        run(options, lambda root: build_note(root, text, outcome))
    return 0
