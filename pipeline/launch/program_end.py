"""How the program ends: its last line, which is all that Dataflow shows, and on a signal."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from auto_schema.errors import InternalError, SyncError, one_line
from pipeline.errors.lookup import see, with_address
from pipeline.parameters import printed
from pipeline.parameters.abrupt_end import (
    InterruptedRunError,
    internal_error,
    interrupted,
    print_traceback,
)
from pipeline.parameters.log_lines import error_line, is_json
from pipeline.parameters.options import split_argv
from pipeline.parameters.printed import print_line
from pipeline.parameters.source_uri import secrets_of
from pipeline.parameters.table import BY_NAME, Kind
from pipeline.runs.outcome import Failure
from pipeline.runs.told_error import told_error

SIGNALS = (signal.SIGINT, signal.SIGTERM)
RUN_THREAD = "the run"


class TerminatedError(KeyboardInterrupt):
    """SIGTERM: a launcher's machine is being stopped."""

    exit_code = 128 + signal.SIGTERM


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the program as an exception, so that the lock is given back.

    A second one ends the process at once: the first may wait for a database's answer.
    """

    def end(number: int, _: object) -> NoReturn:
        for handled in SIGNALS:
            signal.signal(handled, signal.SIG_DFL)
        raise TerminatedError("SIGTERM") if number == signal.SIGTERM else KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def print_last(line: str, address: str | None = None) -> None:
    """The last line of the output, where the log is text.

    Args:
        line: what ended the program.
        address: of what explains it; None: of the entry that the line begins with.
    """
    print_line(f"smart-sync: {with_address(one_line(line), address)}")


def print_error(error: SyncError, *, is_told: bool = False) -> None:
    """The last line; before it the whole text where a line doesn't hold it.

    Args:
        error: what ended the launch.
        is_told: its text was printed before.
    """
    if is_told and not is_json():
        print_last(error.line, see(error))
    else:
        printed.print_error(error, is_json=is_json())


def print_failed(message: str, exit_code: int, place: str) -> None:
    """The last line: how a run failed, by its message in the history.

    Args:
        message: as the history has it.
        exit_code: of the run.
        place: its destination.
    """
    if is_json():
        print_line(error_line(told_error(message, exit_code, place)))
    else:
        print_last(message)


def print_interruption(error: KeyboardInterrupt) -> int:
    """Say that a signal ended the program; its exit code."""
    told = InterruptedRunError.of(error)
    if is_json():
        print_error(told)
    else:
        print_last(str(told))
    return told.exit_code


def interruption(error: KeyboardInterrupt) -> Failure:
    """A signal as the fault that ended a run."""
    code = int(getattr(error, "exit_code", InterruptedRunError.exit_code))
    why = f"InterruptedError: {interrupted(error)} by whoever started it."
    return Failure("Run", code, why, passes=True)


def exit_with_threads(code: int) -> int:
    """The code; where a run's threads still work, which nobody waits for, end them with it."""
    if any(thread.name == RUN_THREAD for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(code)
    return code


def print_bug(error: Exception, words: Sequence[str]) -> int:
    """The traceback, then one line; neither shows a secret of the command line."""
    print_traceback(bug_text(error, words), is_json=is_json())
    print_error(bug(error, words), is_told=True)
    return InternalError.exit_code


def bug(error: BaseException, words: Sequence[str]) -> SyncError:
    """What isn't to happen as an error that shows no secret of the command line."""
    return internal_error(without_secrets(f"{type(error).__name__}: {error}", words))


def bug_text(error: BaseException, words: Sequence[str]) -> str:
    """A traceback that shows no secret of the command line."""
    return without_secrets("".join(traceback.format_exception(error)), words)


def without_secrets(text: str, words: Sequence[str]) -> str:
    """The text, with … for each secret of the command line."""
    for secret in _secrets(words):
        text = text.replace(secret, "…")
    return text


def _secrets(words: Sequence[str]) -> list[str]:
    given, _, _ = split_argv(words)
    hidden = [(name, text) for name, text in given.items() if BY_NAME[name].kind is Kind.SECRET]
    texts = [secret for name, text in hidden for secret in secrets_of(name, text)]
    return sorted(texts, key=len, reverse=True)
