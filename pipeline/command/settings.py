"""I/O. What a subcommand is given: its flags, and all that stands behind flags."""

from collections.abc import Mapping

from pipeline.command.said import Said
from pipeline.launch.settings import CONFIG, Settings, settings_of


def read_settings(said: Said, environ: Mapping[str, str], **meant: str) -> Settings:
    """Read them.

    Args:
        said: the command line.
        environ: the process's environment.
        meant: what the subcommand's name says, which is as good as a flag.

    Raises:
        ConfigError, ManyErrors, TargetError: as `settings_of`.
    """
    command = f"smart-sync {said.command.name}" if said.command else ""
    return settings_of(said.launch, said.flags.get(CONFIG, ""), environ, command, meant)
