"""I/O. A sync's own plan, before there is a schedule for it."""

import subprocess
import sys

from auto_schema.errors import ConfigError
from scheduler.schedule import Schedule


def show_plan(schedule: Schedule, not_done: str = "the schedule was not made") -> None:
    """The sync's own plan, made here and now by the local runner; nothing is written.

    Args:
        schedule: whose sync it is.
        not_done: what is left undone when there is none, for the message.

    Raises:
        ConfigError: there is none: the sync would fail.
    """
    words = [f"--{name}={value}" for name, value in schedule.parameters.items()]
    program = "import sys; from pipeline.cli import main; sys.exit(main())"
    place = f"--temp_location={schedule.environment['temp_location']}"
    command = [sys.executable, "-c", program, *words, place, "--plan_only=true"]
    done = subprocess.run(command, check=False)
    if done.returncode:
        fix = f"mend what is told above; {not_done}."
        why = f"exit code {done.returncode}"
        raise ConfigError("the sync has no plan", f"schedule {schedule.name}", why, fix)
