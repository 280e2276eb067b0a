"""I/O. `smart-sync import TOOL FILE`: another tool's file becomes one of ours, or is refused."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from auto_schema.errors import ConfigError, raise_all, shown
from pipeline.command.imports.draft import Draft, walked
from pipeline.command.imports.rules import How
from pipeline.command.imports.tools import TOOLS, Tool
from pipeline.command.imports.written import config_text, launch_faults
from pipeline.command.output_file import place_of, write
from pipeline.command.said import Said
from pipeline.parameters.options import beam_flag, split_argv
from pipeline.parameters.printed import print_json
from smart_sync.value_text import counted

OUTPUT = "smart-sync.yaml"


def main(said: Said) -> int:
    """Write the file; the exit code.

    Raises:
        ConfigError, ManyErrors: what can't be honoured, and what a launch would refuse.
    """
    name, file = said.places
    if name not in TOOLS:
        raise ConfigError("unknown tool", shown(name), "", f"use one of {', '.join(TOOLS)}.")
    path = place_of(said, OUTPUT)
    given, beam_argv, faults = split_argv(said.launch)
    raise_all(faults)
    draft = Draft(file, given)
    text = _made(TOOLS[name], draft, said, _beam(beam_argv))
    write(path, text)
    _tell(said, TOOLS[name], draft, path)
    return 0


def _beam(argv: tuple[str, ...]) -> dict[str, str]:
    """Beam's flags by name."""
    names = [word.removeprefix("--").partition("=")[0] for word in argv if word.startswith("--")]
    return {name: beam_flag(argv, name) for name in names}


def _made(tool: Tool, draft: Draft, said: Said, beam: Mapping[str, str]) -> str:
    """The text of our file.

    Raises:
        ConfigError, ManyErrors: all that can't be honoured, or all that a launch would refuse.
    """
    root, faults = tool.opened(_texts(Path(draft.file), tool.in_folder))
    raise_all(list(faults))
    without = [word for word in said.flags.get("without", "").split(",") if word]
    tree = walked(root, tool.rules, draft, without)
    tool.read(tree, draft)
    text = config_text(draft, tool.title, beam)
    name = f"the config made of {draft.file}"
    # What was refused is missing in the text, and would be told once more.
    raise_all(draft.sorted_faults() or list(launch_faults(text, name, os.environ)))
    return text


def _texts(path: Path, in_folder: Sequence[str]) -> dict[str, str]:
    """The texts of the tool's file, or of what a folder has of them, by name.

    Raises:
        ConfigError: one can't be read.
    """
    paths = [path]
    if in_folder and path.is_dir():
        paths = [file for pattern in in_folder for file in sorted(path.glob(pattern))]
    texts: dict[str, str] = {}
    for one in paths:
        try:
            texts[str(one)] = one.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = str(getattr(error, "strerror", None) or "it is no text in UTF-8")
            raise ConfigError("a file that can't be read", str(one), why, "name another.") from None
    return texts


def _tell(said: Said, tool: Tool, draft: Draft, path: Path) -> None:
    following = f"smart-sync plan --config={path}"
    notes = [*draft.notes, tool.advice]
    if said.is_json:
        told = {
            "file": str(path),
            "keys": [
                {
                    "key": fate.key,
                    "line": fate.place.line,
                    "is": "left out" if fate.is_left_out else str(fate.rule.how),
                    "ours": fate.rule.ours,
                    "why": fate.rule.why,
                }
                for fate in draft.fates
            ],
            "notes": notes,
            "next": following,
        }
        print_json(told)
        return
    for line in _lines(draft):
        print(line)
    for note in notes:
        print(f"note: {note}")
    tables = f": {counted(len(draft.tables), 'entry', 'entries')}" if draft.tables else ""
    print(f"wrote {path}{tables}")
    print(f"next: {following}")


def _lines(draft: Draft) -> list[str]:
    """A line for each rule that was met, with how often."""
    met = Counter((fate.rule, fate.is_left_out) for fate in draft.fates)
    lines = []
    for (rule, is_left_out), count in met.items():
        times = f" ({count} times)" if count > 1 else ""
        if is_left_out:
            lines.append(f"{rule.key}{times}: left out, as --without says")
        elif rule.how is How.KEPT:
            lines.append(f"{rule.key}{times} → {rule.ours}")
        else:
            lines.append(f"{rule.key}{times}: not needed: {rule.why}")
    return lines
