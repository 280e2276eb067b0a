"""The pages of `--help`."""

from pipeline.command.table import COMMANDS, FLAGS, Command, Flag
from pipeline.parameters.table import PARAMETERS

WIDTH = 22


def pages() -> str:
    """The first page: what there is."""
    groups = dict.fromkeys(parameter.group for parameter in PARAMETERS)
    return "\n".join(
        [
            "smart-sync COMMAND [--name=value …]",
            "",
            *(_line(f"{c.name} {c.place}".strip(), c.help) for c in COMMANDS),
            "",
            *(_line(_flag(flag), flag.help) for flag in FLAGS),
            "",
            f"Parameters are the template's, of these groups: {', '.join(groups)}.",
            "Other flags are Beam's own: --runner, --temp_location, --region and so on.",
        ]
    )


def page(command: Command) -> str:
    """A subcommand's own page."""
    return "\n".join(
        [
            f"smart-sync {command.name} {command.place}".rstrip() + " [--name=value …]",
            "",
            command.help,
            "",
            *(_line(_flag(flag), flag.help) for flag in command.flags),
        ]
    ).rstrip()


def _flag(flag: Flag) -> str:
    value = f"={flag.value}" if flag.value else ""
    return f"--{flag.name}[{value}]" if flag.is_optional else f"--{flag.name}{value}"


def _line(name: str, text: str) -> str:
    return f"  {name:{WIDTH}}{text}"
