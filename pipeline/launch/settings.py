"""I/O. What a launch is given: flags, environment, a `.env` beside the config file, that file.

Of several that say the same the first holds, in this order; behind them come the defaults.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.connections import settled
from pipeline.parameters.dotenv import read_dotenv
from pipeline.parameters.launch_names import LAUNCH_NAMES, TABLES
from pipeline.parameters.options import split_argv
from pipeline.parameters.origins import ENVIRONMENT, Origin, layered, of_flags, words_of

PREFIX = "SMART_SYNC_"
CONFIG = "config"
OTHERS = ("SMART_SYNC_IMAGE",)
"""Variables of ours that are no parameters."""
OF_TESTS = "SMART_SYNC_TEST_"
"""How the variables of this program's own tests begin (tests/README.md)."""
DOTENV = ".env"
BUCKET = "gs://"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is given.

    Attributes:
        words: as a command line of main.py; one that is misspelt is in it, too.
        origins: what said each value.
        faults: names that nobody knows, in files and environment.
    """

    words: tuple[str, ...]
    origins: Mapping[str, Origin]
    faults: tuple[SyncError, ...] = ()

    def text(self, name: str) -> str:
        """What is given for a parameter or a flag of Beam's, or empty."""
        return self.origins[name].text if name in self.origins else ""


def settings_of(
    launch: Sequence[str],
    path: str,
    environ: Mapping[str, str],
    command: str = "",
    meant: Mapping[str, str] = MappingProxyType({}),
) -> Settings:
    """Read them.

    Args:
        launch: parameters and Beam's flags, as main.py takes them.
        path: of the config file; empty: the one that the environment names, if it does.
        environ: the process's environment.
        command: which means something by its name, as messages tell it.
        meant: what it means, which is as good as a flag.

    Raises:
        ConfigError, ManyErrors: a file that can't be read, or is wrong as a whole; a flag that
            says otherwise than the subcommand.
        TargetError: a config file in a bucket couldn't be read.
    """
    path = path or environ.get(PREFIX + CONFIG.upper(), "")
    variables, faults = _from_environment(environ)
    lines, file = dict[str, Origin](), dict[str, Origin]()
    if path:
        from pipeline.launch.config_file import read_config  # many launches have none

        file, unknown = read_config(path, environ)
        lines, wrong = _from_dotenv(path)
        faults += [*unknown, *wrong]
    given, rest, _ = split_argv(launch)
    flags = of_flags(given, rest)
    means = _of_command(command, flags, meant)
    faults += _told_twice(layered(flags, variables, lines), file)
    origins = settled(flags, means, variables, lines, file)
    more = {name: origin for name, origin in origins.items() if name not in flags}
    return Settings((*launch, *words_of(more)), origins, tuple(faults))


def _of_command(
    command: str, flags: Mapping[str, Origin], meant: Mapping[str, str]
) -> dict[str, Origin]:
    """What the subcommand's name says.

    Raises:
        ConfigError, ManyErrors: flags say otherwise.
    """
    fix = "leave it out, or use another command."
    raise_all(
        [
            ConfigError("a flag against the command", f"--{name}", f"{command} means {text}", fix)
            for name, text in meant.items()
            if name in flags and flags[name].text != text
        ]
    )
    return {name: Origin(text, command) for name, text in meant.items()}


def _told_twice(above: Mapping[str, Origin], file: Mapping[str, Origin]) -> list[SyncError]:
    """Another file of tables than the config file, which names some itself."""
    if TABLES not in above or TABLES not in file:
        return []
    why = f"{above[TABLES].where} names another file than --{CONFIG}"
    return [ConfigError("tables told twice", TABLES, why, "name one file of tables.")]


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, Origin], list[SyncError]]:
    """What the environment says; an empty variable says nothing."""
    values: dict[str, Origin] = {}
    faults: list[SyncError] = []
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        name = variable.removeprefix(PREFIX).lower()
        if variable in OTHERS or name == CONFIG or variable.startswith(OF_TESTS):
            continue
        if _variable(name) != variable or name not in NAMES:
            faults.append(_unknown(variable, "the environment"))
        elif environ[variable]:
            values[name] = Origin(environ[variable], f"{ENVIRONMENT}{variable}", variable)
    return values, faults


NAMES = (*LAUNCH_NAMES, TABLES)
"""What a variable may say."""


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _unknown(variable: str, where: str) -> SyncError:
    near = difflib.get_close_matches(variable.upper(), map(_variable, NAMES), 1)
    fix = f"did you mean {near[0]}?" if near else "unset it, or write a parameter's name behind."
    return ConfigError("unknown variable", f"{where}, {variable}", "", fix)


def _from_dotenv(path: str) -> tuple[dict[str, Origin], list[SyncError]]:
    """What the `.env` beside the config file says, and what is wrong with it."""
    file = Path(path).parent / DOTENV
    if path.startswith(BUCKET) or not file.is_file():
        return {}, []
    name = str(file)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = str(getattr(error, "strerror", None) or error)
        return {}, [ConfigError("a file that can't be read", name, why, "save it as UTF-8 text.")]
    lines, faults = read_dotenv(text, name, PREFIX)
    values: dict[str, Origin] = {}
    for variable, line in lines.items():
        parameter = variable.removeprefix(PREFIX).lower()
        where = f"{name} line {line.line}"
        if _variable(parameter) != variable or parameter not in NAMES:
            faults.append(_unknown(variable, f"{name}, line {line.line}"))
        elif line.text:
            values[parameter] = Origin(line.text, where, f"{name}, line {line.line}")
    return values, faults
