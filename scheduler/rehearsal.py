"""I/O. A sync's own plan, before there is a schedule for it."""

import json
import subprocess
import sys
from typing import Any

from auto_schema.errors import ConfigError
from scheduler.schedule import Schedule

PROGRAM = "import json, sys; from pipeline.cli import main; sys.exit(main(json.load(sys.stdin)))"
"""Its words come by a pipe: those of a command line are for all of the machine to see."""


def show_plan(
    schedule: Schedule, not_done: str = "the schedule was not made", *, is_json: bool = False
) -> dict[str, Any]:
    """The sync's own plan, made here and now by the local runner; nothing is written.

    Args:
        schedule: whose sync it is.
        not_done: what is left undone when there is none, for the message.
        is_json: it isn't shown, but handed back.

    Returns:
        Where it is asked for, the plan as `plan_format=json` has it, under `plan`.

    Raises:
        ConfigError: there is none: the sync would fail.
    """
    told = ("plan_only", *(("plan_format",) if is_json else ()))
    words = [f"--{name}={value}" for name, value in schedule.parameters.items() if name not in told]
    words += [f"--temp_location={schedule.environment['temp_location']}", "--plan_only=true"]
    if is_json:
        words.append("--plan_format=json")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(words).encode(),
        check=False,
        stdout=subprocess.PIPE if is_json else None,
    )
    if done.returncode:
        fix = f"mend what is told above; {not_done}."
        why = f"exit code {done.returncode}"
        raise ConfigError("the sync has no plan", f"schedule {schedule.name}", why, fix)
    return {"plan": json.loads(done.stdout)} if is_json else {}
