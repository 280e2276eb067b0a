"""The words of a command line → a subcommand's own flags, its place, and a launch's flags. Pure.

Names are read with dashes or underscores. A parameter that is true or false may stand alone
(`--verify`, `--no-verify`); all else is passed on as main.py takes it.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_schema.errors import ConfigError, shown
from pipeline.command.table import BY_COMMAND, FLAGS, Command, Flag
from pipeline.parameters.table import BY_NAME, Kind

SHORT = {f"-{flag.short}": f"--{flag.name}" for flag in FLAGS if flag.short}
TRUE = "true"
NEAR = 0.75
"""How near a name is to one that it is a misspelling of."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command line says.

    Attributes:
        command: the subcommand; None: none is named.
        flags: of the command itself, by name; one without a value is "true".
        places: the words that the subcommand asks for.
        launch: parameters and Beam's flags, as main.py takes them.
    """

    command: Command | None
    flags: Mapping[str, str]
    places: tuple[str, ...] = ()
    launch: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The first of its words, or empty."""
        return self.places[0] if self.places else ""

    @property
    def is_json(self) -> bool:
        """Whether what is for eyes is to be printed as JSON."""
        return "json" in self.flags


def read_words(words: Sequence[str]) -> Said:
    """Read a command line.

    Raises:
        ConfigError: a word that is out of place, or a flag of the command that is wrong.
    """
    reader = _Reader([SHORT.get(word, word) for word in words])
    name = reader.before_command()
    if name is None:
        return Said(None, reader.flags)
    command = BY_COMMAND.get(name)
    if command is None:
        near = difflib.get_close_matches(name, BY_COMMAND, 1)
        fix = f"did you mean {near[0]}?" if near else f"use one of {', '.join(BY_COMMAND)}."
        raise ConfigError("unknown command", shown(name), "", fix)
    if command.is_raw:
        return Said(command, reader.flags, launch=tuple(words[reader.position :]))
    reader.behind(command)
    return Said(command, reader.flags, tuple(reader.places), tuple(reader.launch))


class _Reader:
    """Goes through the words once."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._known = {flag.name: flag for flag in FLAGS}
        self.position = 0
        self.flags: dict[str, str] = {}
        self.places: list[str] = []
        self.launch: list[str] = []

    def before_command(self) -> str | None:
        """The subcommand's name, once the flags before it are read; None: there is none."""
        while self.position < len(self._words):
            word = self._next()
            if not word.startswith("-"):
                return word
            name, _, _ = _parted(word)
            if name not in self._known:
                self._refuse_misspelt(name)
                fix = "name a command first: smart-sync run …"
                raise ConfigError("a flag before the command", f"--{name}", "", fix)
            self._own(self._known[name], word)
        return None

    def behind(self, command: Command) -> None:
        """All words behind the subcommand's name."""
        self._known |= {flag.name: flag for flag in command.flags}
        while self.position < len(self._words):
            word = self._next()
            name, _, _ = _parted(word)
            if not word.startswith("--"):
                self._placed(command, word)
            elif name in self._known:
                self._own(self._known[name], word)
            elif name in BY_NAME:
                self._parameter(word)
            elif _is_negated(name):
                self._negated(word)
            else:
                self._beams(word)
        if len(self.places) < len(command.place.split()) and "help" not in self.flags:
            fix = f"write smart-sync {command.name} {command.place} …"
            raise ConfigError(f"{command.name} of nothing", command.place, "", fix)

    def _next(self) -> str:
        self.position += 1
        return self._words[self.position - 1]

    def _value(self) -> str | None:
        """The next word where it can be a value, which is then taken."""
        following = self._words[self.position : self.position + 1]
        return self._next() if following and not following[0].startswith("--") else None

    def _placed(self, command: Command, word: str) -> None:
        if len(self.places) < len(command.place.split()):
            self.places.append(word)
            return
        fix = "write parameters as --name=value; `smart-sync --help` names them."
        raise ConfigError("a word out of place", shown(word), "", fix)

    def _own(self, flag: Flag, word: str) -> None:
        _, has_value, value = _parted(word)
        if not flag.value and has_value:
            raise ConfigError("a flag without values", f"--{flag.name}", "", "leave the value out.")
        if flag.value and not has_value and not flag.is_optional:
            following = self._value()
            if following is None:
                fix = f"write --{flag.name}={flag.value}."
                raise ConfigError("a flag without its value", f"--{flag.name}", "", fix)
            value = following
        if flag.value and not value and not flag.is_optional:
            fix = f"write --{flag.name}={flag.value}, or leave it out."
            why = "its value is empty, as that of a variable which isn't set"
            raise ConfigError("a flag without its value", f"--{flag.name}", why, fix)
        if flag.choices and value not in flag.choices and not (flag.is_optional and not value):
            fix = f"use one of {', '.join(flag.choices)}."
            raise ConfigError("malformed flag", f"--{flag.name}", f"{shown(value)} is unknown", fix)
        said = value if flag.value else TRUE
        if self.flags.setdefault(flag.name, said) != said:
            why = "its values differ"
            raise ConfigError("a flag given twice", f"--{flag.name}", why, "give it once.")

    def _parameter(self, word: str) -> None:
        name, has_value, value = _parted(word)
        if has_value:
            self.launch.append(f"--{name}={value}")
        elif BY_NAME[name].kind is Kind.BOOL:
            is_said = self._words[self.position : self.position + 1] in (["true"], ["false"])
            self.launch.append(f"--{name}={self._next() if is_said else TRUE}")
        else:
            following = self._value()
            self.launch.append(f"--{name}" if following is None else f"--{name}={following}")

    def _negated(self, word: str) -> None:
        name, has_value, _ = _parted(word)
        if has_value:
            fix = f"write --{name.removeprefix('no_')}=true or =false."
            raise ConfigError("a flag without values", f"--{name}", "", fix)
        self.launch.append(f"--{name.removeprefix('no_')}=false")

    def _refuse_misspelt(self, name: str) -> None:
        """What is nearest to a flag of the command's own is meant to be that one.

        No flag of Beam's is so near to any.
        """
        near = difflib.get_close_matches(name, [*self._known, *BY_NAME], 1, NEAR)
        if near and near[0] in self._known:
            fix = f"did you mean --{near[0]}? `smart-sync --help` names all."
            raise ConfigError("unknown flag", f"--{name}", "", fix)

    def _beams(self, word: str) -> None:
        name, has_value, value = _parted(word)
        self._refuse_misspelt(name)
        self.launch.append(f"--{name}{f'={value}' if has_value else ''}")
        following = None if has_value else self._value()
        self.launch += [] if following is None else [following]


def _parted(word: str) -> tuple[str, bool, str]:
    """A flag's name with underscores, whether it has a value, and this."""
    name, sign, value = word.removeprefix("--").partition("=")
    return name.replace("-", "_"), bool(sign), value


def _is_negated(name: str) -> bool:
    """Whether a name says no to a parameter that is true or false."""
    parameter = BY_NAME.get(name.removeprefix("no_"))
    return name.startswith("no_") and parameter is not None and parameter.kind is Kind.BOOL
