"""The pages of `--help`: what there is on one screen, a group of parameters, a command."""

import difflib
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator

from auto_schema.errors import ConfigError, shown
from pipeline.command.table import BY_COMMAND, COMMANDS, FLAGS, Command, Flag
from pipeline.errors.entry import Entry, Section
from pipeline.errors.lookup import entry_named, slugs
from pipeline.parameters.table import BY_NAME, PARAMETERS, Parameter

WIDTH = 24
"""Columns of names, with the two before them."""
WHOLE = "all"
NEEDED = (
    ("--source=URI", "postgresql://…, mongodb://…, bigquery://…"),
    ("--destination_bigquery…", "…_project, …_dataset and …_table"),
)
LINK = re.compile(r"\[([^]]*)\]\(([^)]*)\)")
BEAM = "Other flags are Beam's own: --runner, --temp_location, --region and so on."


def key_of(group: str) -> str:
    """A group of parameters as `--help=` names it.

    >>> key_of("Plan and proof")
    'plan-and-proof'
    """
    return group.lower().replace(" ", "-")


def groups() -> dict[str, list[Parameter]]:
    """Parameters by the key of their group, in the table's order."""
    by_key: dict[str, list[Parameter]] = {}
    for parameter in PARAMETERS:
        by_key.setdefault(key_of(parameter.group), []).append(parameter)
    return by_key


def pages(width: int) -> str:
    """The first page: what there is.

    Args:
        width: of the terminal; 0: nothing is folded.
    """
    return "\n".join(
        [
            "smart-sync COMMAND [--name=value …]",
            "",
            *(_line(f"{c.name} {c.place}".rstrip(), c.help, width) for c in COMMANDS),
            "",
            "What a sync needs at the least",
            *(_line(name, text, width) for name, text in NEEDED),
            "",
            "Flags of every command",
            *_flags(FLAGS, width),
            "",
            *_groups(width),
        ]
    )


def _groups(width: int) -> Iterator[str]:
    yield "Parameters, by --help=GROUP or --help=NAME; --help=all has each"
    for key, members in groups().items():
        names = ", ".join(parameter.name for parameter in members[:2])
        yield _line(key, f"{len(members)}: {names}{' …' if len(members) > 2 else ''}", width)
    yield ""
    yield BEAM


def page(command: Command, width: int) -> str:
    """A subcommand's own page."""
    lines = [f"smart-sync {command.name} {command.place}".rstrip() + " [--name=value …]", ""]
    lines += [_folded(command.help, 0, width), ""]
    if command.flags:
        lines += ["Its own flags", *_flags(command.flags, width), ""]
    lines += ["Flags of every command", *_flags(FLAGS, width)]
    return "\n".join([*lines, *(["", *_groups(width)] if command.takes_parameters else [])])


def topic(name: str, width: int) -> str:
    """What `--help=NAME` asks for: a group, a parameter, a command, an error, or all parameters.

    Raises:
        ConfigError: there is none of that name.
    """
    by_key, key = groups(), name.lower().replace("_", "-")
    parameter = BY_NAME.get(name.replace("-", "_"))
    if key == WHOLE:
        return "\n\n".join(_group(members, width) for members in by_key.values())
    if key in by_key:
        return _group(by_key[key], width)
    if name in BY_COMMAND:
        return page(BY_COMMAND[name], width)
    if parameter is not None:
        return "\n".join(_parameter(parameter, width))
    if entry := entry_named(key):
        return "\n".join(_explained(*entry, width))
    known = [*by_key, *(p.replace("_", "-") for p in BY_NAME), *slugs()]
    near = difflib.get_close_matches(key, known, 1)
    others = ", ".join([*by_key, WHOLE])
    fix = f"did you mean --help={near[0]}?" if near else f"use one of {others}."
    raise ConfigError("no page of help", f"--help={name}", shown(name), fix)


def _group(members: Iterable[Parameter], width: int) -> str:
    members = list(members)
    lines = [line for parameter in members for line in _parameter(parameter, width)]
    return "\n".join([members[0].group, "", *lines])


def _parameter(parameter: Parameter, width: int) -> Iterator[str]:
    default = "required" if parameter.required else parameter.default
    yield f"  --{parameter.name}{f' ({default})' if default else ''}"
    text = parameter.help
    if choices := [choice for choice in parameter.choices if choice]:
        text += f" One of {', '.join(choices)}."
    yield _folded(text, 6, width)


def _explained(section: Section, entry: Entry, width: int) -> Iterator[str]:
    """An entry of the table of errors; its links are the names of pages here."""
    yield f"{section.title}: {entry.title}"
    parts = (entry.means, entry.why, entry.mend, entry.again or section.again)
    for head, text in zip(("", "Why: ", "To mend: ", "Run it again? "), parts, strict=True):
        if text:
            yield ""
            yield _folded(head + LINK.sub(r"\1 (docs/\2)", text), 0, width)


def _flags(flags: Iterable[Flag], width: int) -> Iterator[str]:
    for flag in flags:
        value = f"={flag.value}" if flag.value else ""
        value = f"[{value}]" if flag.is_optional else value
        short = f"-{flag.short}, " if flag.short else ""
        yield _line(f"{short}--{flag.name}{value}", flag.help, width)


def _line(name: str, text: str, width: int) -> str:
    space = " " * max(1, WIDTH - 2 - len(name))
    return f"  {name}{space}{_folded(text, WIDTH, width).lstrip()}"


def _folded(text: str, indent: int, width: int) -> str:
    """The text behind an indent; folded between words only, and never where width is 0."""
    space = " " * indent
    if not width:
        return space + text
    return textwrap.fill(
        text,
        max(width, indent + 20),
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    )


def width_of(*, is_terminal: bool) -> int:
    """Columns that a page may have; 0: it is for a program or a file, which fold nothing."""
    return shutil.get_terminal_size().columns if is_terminal else 0
