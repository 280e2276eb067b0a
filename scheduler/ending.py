"""How the command ends: its exit code, and what is told where it fails, as text or as JSON."""

import logging
import traceback
from collections.abc import Sequence
from typing import cast

import typer

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.abrupt_end import (
    InterruptedRunError,
    internal_error,
    print_traceback,
)
from pipeline.parameters.log_lines import NAMES, JsonLines, asks_for_json
from pipeline.parameters.printed import (
    UNREAD,
    nobody_reads,
    print_error,
    print_error_document,
    unwritten,
)

JSON = "--json"
WRONG_WORDS = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What typer raises for a command line that it doesn't take, whatever is wrong with it."""
NO = 1


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
        told = unwritten(error) or _bug(error, is_json=has_json_log)
    print_error(told, is_json=has_json_log, program=program)
    if JSON in words:
        print_error_document(told)
    return told.exit_code


def _bug(error: Exception, *, is_json: bool) -> SyncError:
    """A fault of ours, whose traceback is printed."""
    print_traceback(traceback.format_exc(), is_json=is_json)
    return internal_error(f"{type(error).__name__}: {error}")


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
        if code == InterruptedRunError.exit_code:
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
