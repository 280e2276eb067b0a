"""main(argv) → exit code: find the subcommand, and give it its words.

Nothing of the program is imported before a subcommand is known that needs it.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.help import page, pages
from pipeline.command.said import Said, read_words
from pipeline.command.table import COMMANDS
from pipeline.parameters.version import VERSION

WRONG = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the return value is the process's exit code."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as main.py
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _main(read_words(words))
    except SyncError as error:
        if error.text != error.line:
            print(error.text, file=sys.stderr)
        print(f"smart-sync: {error.line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(said: Said) -> int:
    if "version" in said.flags:
        print(f"smart-sync {VERSION}")
        return 0
    if said.command is None:
        is_asked = "help" in said.flags
        print(pages(), file=sys.stdout if is_asked else sys.stderr)
        return 0 if is_asked else WRONG
    if "help" in said.flags:
        print(page(said.command))
        return 0
    if said.is_json and not said.command.has_json:
        able = ", ".join(command.name for command in COMMANDS if command.has_json)
        fix = f"leave it out; it is for {able}."
        raise ConfigError("nothing to print as JSON", f"smart-sync {said.command.name}", "", fix)
    return _imported(said.command.name)(said)


def _imported(name: str) -> Callable[[Said], int]:
    """A subcommand's main; an import leaves no garbage, and looking for it takes long."""
    gc.disable()
    try:
        command: Callable[[Said], int] = import_module(f"pipeline.command.{name}").main
    finally:
        gc.freeze()
        gc.enable()
    return command
