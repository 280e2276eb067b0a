"""main(argv) → exit code: find the subcommand, and give it its words.

Nothing of the program is imported before a subcommand is known that needs it.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.help import page, pages, topic, width_of
from pipeline.command.logs import set_up
from pipeline.command.said import Said, read_words
from pipeline.command.table import COMMANDS
from pipeline.launch.output import escape_what_it_lacks
from pipeline.parameters.log_lines import asks_for_json
from pipeline.parameters.printed import (
    UNREAD,
    nobody_reads,
    print_error,
    print_error_document,
    print_json,
)
from pipeline.parameters.version import VERSION

JSON = "--json"
WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the return value is the process's exit code."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as main.py
    words = list(sys.argv[1:] if argv is None else argv)
    escape_what_it_lacks()
    try:
        said = read_words(words)
        code = _main(said)
        is_launch = said.command is not None and said.command.is_launch
        return UNREAD if nobody_reads() and not is_launch else code
    except SyncError as error:
        return _ended(error, words)
    except (KeyboardInterrupt, Exception) as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            return UNREAD
        from pipeline.command.unforeseen import told  # which is nearly never needed

        return _ended(told(error, words, is_json=asks_for_json(words)), words)


def _ended(error: SyncError, words: Sequence[str]) -> int:
    """Say what ended the command: on stderr, and with --json on stdout, too; the exit code."""
    print_error(error, is_json=asks_for_json(words))
    if JSON in words:
        print_error_document(error)
    return error.exit_code


def _main(said: Said) -> int:
    if "version" in said.flags:
        _show_version(is_json=said.is_json)
        return 0
    if "no_color" in said.flags:
        os.environ["NO_COLOR"] = "1"  # which all libraries that color look at
    if "help" in said.flags or said.command is None:
        return _help(said)
    if said.is_json and not said.command.has_json:
        able = ", ".join(command.name for command in COMMANDS if command.has_json)
        fix = f"leave it out; it is for {able}."
        raise ConfigError("nothing to print as JSON", f"smart-sync {said.command.name}", "", fix)
    set_up(said.flags)
    command = _imported(said.command.module or said.command.name)
    if not said.command.takes_parameters:
        return command(said)
    from pipeline.launch.program_end import ending_on_signals  # which has been imported with it

    with ending_on_signals():
        return command(said)


def _show_version(*, is_json: bool) -> None:
    if is_json:
        print_json({"version": VERSION})
    else:
        print(f"smart-sync {VERSION}")


def _help(said: Said) -> int:
    is_asked = "help" in said.flags
    stream = sys.stdout if is_asked else sys.stderr
    width = width_of(is_terminal=stream.isatty())
    if said.flags.get("help"):
        text = topic(said.flags["help"], width)
    else:
        text = page(said.command, width) if said.command else pages(width)
    print(text, file=stream)
    return 0 if is_asked else WRONG


def _imported(name: str) -> Callable[[Said], int]:
    """A subcommand's main; an import leaves no garbage, and looking for it takes long."""
    gc.disable()
    try:
        command: Callable[[Said], int] = import_module(f"pipeline.command.{name}").main
    finally:
        gc.freeze()
        gc.enable()
    return command
