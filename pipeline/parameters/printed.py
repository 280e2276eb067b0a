"""I/O. What every command prints alike: JSON documents, and the error that ends it."""

import errno
import json
import os
import select
import sys
from contextlib import suppress
from io import UnsupportedOperation
from typing import TextIO

from auto_schema.errors import ConfigError, SyncError
from pipeline.errors.lookup import see, told_data, with_address
from pipeline.parameters.log_lines import error_line

UNREAD = 141
"""The exit code of a program whose output nobody takes: 128 and SIGPIPE, as shells tell it."""


def to_nowhere() -> None:
    """What waits in stdout is dropped, else the program's end would try once more."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def nobody_reads() -> bool:
    """Whether who took stdout has seen enough, as `| head` has; what follows then goes nowhere."""
    try:
        sys.stdout.flush()
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        is_closed = any(events & select.POLLERR for _, events in poll.poll(0))
    except BrokenPipeError:
        is_closed = True
    except UnsupportedOperation:  # it is a text in memory
        is_closed = False
    if is_closed:
        to_nowhere()
    return is_closed


def unwritten(error: BaseException) -> ConfigError | None:
    """The error of whoever printed on a stdout that takes no more; None: it is another one.

    What waits there is dropped. What an open file of ours says has that file's name.
    """
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in FULL:
        return None
    to_nowhere()
    return not_written(error)


def not_written(error: OSError) -> ConfigError:
    """That stdout takes no more."""
    fix = "make room where it goes, or print it elsewhere."
    return ConfigError("stdout can't be written", "stdout", str(error.strerror), fix)


def print_json(told: object, stdout: TextIO | None = None) -> None:
    """Print one JSON document, to be read by programs and by eyes.

    Args:
        told: values that JSON has.
        stdout: where; None: stdout as it is now.
    """
    print(json.dumps(told, ensure_ascii=False, indent=2), file=stdout, flush=True)


def print_error(error: SyncError, *, is_json: bool, program: str = "smart-sync") -> None:
    """One line on stderr, behind what waits in stdout.

    Args:
        error: what ended the command; where a line doesn't hold it, all of it stands before.
        is_json: as a line of a log in JSON, with the error's parts and the exit code.
        program: what the command is called.
    """
    if is_json:
        print_line(error_line(error))
        return
    if error.text != error.line:
        print_line(error.text)
    print_line(f"{program}: {with_address(error.line, see(error))}")


def print_error_document(error: SyncError) -> None:
    """On stdout, of `--json`: what was done before, where that is known, and the error's parts."""
    done = error.report if isinstance(error.report, dict) else {}
    try:
        print_json({**done, "error": told_data(error)})
    except OSError:  # nobody reads it: the exit code tells
        to_nowhere()


def print_line(text: str) -> None:
    """On stderr, behind what waits in stdout."""
    with suppress(OSError):  # whoever read it went away: the exit code tells
        sys.stdout.flush()
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
