"""The words of `run NAME …` → the parameters of one launch. Pure.

They are written as `smart-sync` takes them: with dashes or underscores, and what is true or false
may stand alone.
"""

from collections.abc import Iterator, Mapping, Sequence

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.options import split_argv
from pipeline.parameters.table import BY_NAME, Kind
from scheduler.hosts import Host, no_parameter

OWN = (
    *("dry_run", "plan", "json", "project", "location", "environment", "parameter"),
    "allow_plain_secrets",
)
"""Flags of the command itself, which are written with dashes, and before a `--`."""
OF_COMMAND: Mapping[str, str] = {
    "config": "a schedule keeps its own parameters: give those of the file that this launch is to"
    " have, as --NAME=VALUE.",
    "env_file": "a schedule keeps its own parameters: give what this launch is to have, as"
    " --NAME=VALUE.",
    "runner": "its host runs it: `update NAME --host=…` moves the schedule.",
    "save": "`run NAME --plan --dry-run` shows the plan.",
}
"""Flags of a launch that is started here, and what serves for one of a schedule."""
VALUES = ("true", "false")


def read_overrides(
    words: Sequence[str], pairs: Mapping[str, str], host: Host
) -> tuple[dict[str, str], list[SyncError]]:
    """The parameters that words and `-p name=value` say, and what is wrong with them.

    Args:
        words: `--name=value` or `--name value`.
        pairs: name → value.
        host: where the launch is.
    """
    spelled = [*_spelled(words), *(f"--{name}={value}" for name, value in pairs.items())]
    given, rest, faults = split_argv(spelled)
    return given, [*faults, *_unknown(rest, host)]


def _spelled(words: Sequence[str]) -> Iterator[str]:
    """The words as the program itself takes them."""
    for word, after in zip(words, [*words, ""][1:], strict=True):
        name, sign, value = word.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        if not word.startswith("--"):
            yield word
        elif _is_bool(name) and not sign and after not in VALUES:
            yield f"--{name}=true"
        elif name.startswith("no_") and _is_bool(name.removeprefix("no_")) and not sign:
            yield f"--{name.removeprefix('no_')}=false"
        else:
            yield f"--{name}{sign}{value}" if name in BY_NAME else word


def _is_bool(name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].kind is Kind.BOOL


def _unknown(words: Sequence[str], host: Host) -> Iterator[SyncError]:
    """Words that are no parameter; none is shown, since it may be a password."""
    follows = False  # a flag without `=`, whose value this may be
    for word in words:
        name, sign, _ = word.removeprefix("--").partition("=")
        if word.startswith("--"):
            yield ConfigError("unknown parameter", f"--{name}", "", _mend(name, host))
        elif not follows:
            fix = "write --name=value, or -p name=value."
            yield ConfigError("not a parameter", "a word", "", fix)
        follows = word.startswith("--") and not sign


def _mend(name: str, host: Host) -> str:
    name = name.replace("-", "_")
    if name in OWN:
        return f"write --{name.replace('_', '-')}, before a `--` if there is one."
    return OF_COMMAND.get(name) or no_parameter(name, host)
