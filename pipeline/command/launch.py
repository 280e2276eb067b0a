"""A subcommand that is a launch: its settings go to `pipeline.cli`."""

import os

from pipeline.cli import Brought
from pipeline.cli import main as run_template
from pipeline.command.said import Said
from pipeline.command.settings import Settings, read_settings
from pipeline.launch.saved_plan import PlanFiles


def launch(said: Said, **meant: str) -> int:
    """Launch with what is given and the parameters that the subcommand means.

    Raises:
        ConfigError, ManyErrors: a flag says otherwise than the subcommand, or a file is wrong.
    """
    return launch_with(said, read_settings(said, os.environ, **meant))


def launch_with(said: Said, settings: Settings) -> int:
    """Launch with settings that were read."""
    files = PlanFiles(said.flags.get("save", ""), said.flags.get("plan", ""))
    return run_template(settings.words, files, Brought(settings.origins, settings.faults))
