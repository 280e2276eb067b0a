"""`smart-sync completion SHELL`: a script by which a shell completes commands and parameters."""

from auto_schema.errors import ConfigError, shown
from pipeline.command.completion_scripts import SCRIPTS
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Print it; the exit code.

    Raises:
        ConfigError: a shell that no script is for.
    """
    if said.place not in SCRIPTS:
        fix = f"use one of {', '.join(SCRIPTS)}."
        raise ConfigError("unknown shell", shown(said.place), "", fix)
    print(SCRIPTS[said.place](), end="")
    return 0
