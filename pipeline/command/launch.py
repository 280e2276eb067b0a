"""A subcommand that is a launch: its settings go to `pipeline.cli`."""

import os
from dataclasses import replace

from pipeline.cli import Brought
from pipeline.cli import main as run_template
from pipeline.command.said import Said
from pipeline.command.settings import read_settings
from pipeline.launch.saved_plan import PlanFiles
from pipeline.launch.settings import Settings
from pipeline.parameters.origins import Origin

DETAIL, FULL = "plan_detail", "full"


def launch(said: Said, **meant: str) -> int:
    """Launch with what is given and the parameters that the subcommand means.

    Raises:
        ConfigError, ManyErrors: a flag says otherwise than the subcommand, or a file is wrong.
    """
    return launch_with(said, launch_settings(said, **meant))


def launch_settings(said: Said, **meant: str) -> Settings:
    """What is given, and what the subcommand means; with --json a plan is JSON, too.

    Raises:
        ConfigError, ManyErrors: as `launch`.
    """
    form = {"plan_format": "json"} if said.is_json else {}
    return _at_length(said, read_settings(said, os.environ, **meant, **form))


def _at_length(said: Said, settings: Settings) -> Settings:
    """With --verbose the log has the whole plan, where nothing says how much of it is told."""
    if "verbose" not in said.flags or DETAIL in settings.origins:
        return settings
    whole = Origin(FULL, "smart-sync --verbose")
    words = (*settings.words, f"--{DETAIL}={FULL}")
    return replace(settings, words=words, origins={**settings.origins, DETAIL: whole})


def launch_with(said: Said, settings: Settings) -> int:
    """Launch with settings that were read."""
    files = PlanFiles(said.flags.get("save", ""), said.flags.get("plan", ""))
    brought = Brought(settings.origins, settings.faults)
    if not said.is_json:
        return run_template(settings.words, files, brought)
    from pipeline.command.json_out import in_json  # nobody else needs it

    return in_json(lambda told: run_template(settings.words, files, told), brought)
