"""A subcommand that is a launch: its parameters, and what its name says, go to `pipeline.cli`."""

from auto_schema.errors import ConfigError
from pipeline.cli import main as run_template
from pipeline.command.said import Said
from pipeline.launch.saved_plan import PlanFiles
from pipeline.parameters.options import split_argv


def launch(said: Said, **meant: str) -> int:
    """Launch with the parameters that were given and those that the subcommand means.

    Raises:
        ConfigError: a parameter says otherwise than the subcommand.
    """
    given, _, _ = split_argv(said.launch)
    for name, text in meant.items():
        if name in given and given[name] != text:
            command = said.command.name if said.command else ""
            why = f"smart-sync {command} means {name}={text}"
            fix = "leave it out, or use another command."
            raise ConfigError("a parameter against the command", f"--{name}", why, fix)
    more = [f"--{name}={text}" for name, text in meant.items() if name not in given]
    files = PlanFiles(said.flags.get("save", ""), said.flags.get("plan", ""))
    return run_template([*said.launch, *more], files=files)


def is_given(said: Said, *names: str) -> bool:
    """Whether one of these parameters is given."""
    given, _, _ = split_argv(said.launch)
    return any(given.get(name) for name in names)
