"""How the command ends: its exit code, and what is told where it fails, as text or as JSON."""

import logging
import traceback
from collections.abc import Sequence
from typing import cast

import typer

from auto_schema.errors import ConfigError, InternalError, SyncError
from pipeline.parameters.log_lines import NAMES, JsonLines, asks_for_json, json_line
from pipeline.parameters.printed import (
    UNREAD,
    nobody_reads,
    print_error,
    print_error_document,
    print_line,
    to_nowhere,
    unwritten,
)
from pipeline.parameters.version import VERSION

JSON = "--json"
WRONG_WORDS = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What typer raises for a command line that it doesn't take, whatever is wrong with it."""
NO, INTERRUPTED = 1, 130


class InterruptedRunError(SyncError):
    """A signal ended the command; it has the name that launches have for that."""

    exit_code = 130


def ended(app: typer.Typer, words: Sequence[str], program: str) -> int:
    """Run the application; the exit code.

    Args:
        app: of the commands.
        words: the command line; `--log_format=json` may stand anywhere in it.
        program: what messages and help call it.
    """
    has_json_log = asks_for_json(words)
    if has_json_log:
        _log_as_json()
    try:
        code = _called(app, without_log_format(words), program)
        return UNREAD if nobody_reads() else code
    except SyncError as error:
        told = error
    except KeyboardInterrupt:
        told = InterruptedRunError("interrupted (Ctrl-C)", "", "", "run it again.")
    except Exception as error:
        told = _full(error) or _bug(error, is_json=has_json_log)
    print_error(told, is_json=has_json_log, program=program)
    if JSON in words:
        print_error_document(told)
    return told.exit_code


def _full(error: Exception) -> SyncError | None:
    told = unwritten(error)
    if told:
        to_nowhere()
    return told


def _bug(error: Exception, *, is_json: bool) -> SyncError:
    """A fault of ours, whose traceback is printed."""
    text = traceback.format_exc()
    print_line(json_line("CRITICAL", text) if is_json else text)
    fix = "this is a bug in Smart Sync; please report it with the traceback above."
    why = f"{type(error).__name__}: {error}"
    return InternalError("unexpected error", f"version {VERSION}", why, fix)


def without_log_format(words: Sequence[str]) -> list[str]:
    """The words without what the log is to be.

    >>> without_log_format(["list", "--log-format", "json", "--json"])
    ['list', '--json']

    Raises:
        ConfigError: it is to be something else than JSON.
    """
    kept, following = list[str](), iter(words)
    for word in following:
        name, sign, value = word.partition("=")
        if name not in NAMES:
            kept.append(word)
        elif (value if sign else next(following, "")) != "json":
            fix = "write --log_format=json, or leave it out for text."
            raise ConfigError("malformed flag", NAMES[0], "", fix)
    return kept


def _log_as_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.setLevel(logging.WARNING)
    logging.getLogger().handlers[:] = [handler]
    logging.captureWarnings(True)


def _called(app: typer.Typer, words: Sequence[str], program: str) -> int:
    """The exit code of what ended by itself.

    Raises:
        SyncError: what is wrong with the words, or what the command failed with.
    """
    if not [word for word in words if word != JSON] and JSON in words:
        fix = f"name one: `{program} --help` shows them."
        raise ConfigError("no command", program, "", fix)
    try:
        code = int(app(list(words), prog_name=program, standalone_mode=not words) or 0)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code
    except WRONG_WORDS as error:
        raise _wrong_words(error, program) from None
    except typer.Abort:
        return NO
    except SystemExit as end:  # no words at all, and help is shown; or nobody reads
        return end.code if isinstance(end.code, int) else NO


def _wrong_words(error: Exception, program: str) -> ConfigError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else program
    told = getattr(error, "format_message", lambda: str(error))()
    return ConfigError(
        "a command line that can't be read", path, told, f"`{path} --help` names what it takes."
    )
