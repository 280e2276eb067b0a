"""I/O. stdout: what a launch has done, and what it was asked to show.

A reader that went away (`| head`) ends nothing. A full disk does only where what is shown is all
that was asked for: rows that are published stay so, whether or not the line about it is read.
"""

import codecs
import json
import logging
import os
import select
import sys
from contextlib import suppress
from io import TextIOWrapper, UnsupportedOperation
from typing import TextIO

from auto_schema.errors import ConfigError

LOGGER = logging.getLogger("smart_sync")
ESCAPES = "smart_sync_escapes"
UNREAD = 141
"""The exit code of a program whose output nobody takes: 128 and SIGPIPE, as shells tell it."""


def escape_what_it_lacks() -> None:
    """Let stdout write the escapes of JSON for what its encoding doesn't have."""
    codecs.register_error(ESCAPES, _escaped)
    if isinstance(sys.stdout, TextIOWrapper):  # and nothing that somebody has put in its place
        sys.stdout.reconfigure(errors=ESCAPES)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def say(text: str) -> None:
    """Print what was done; where that can't be written, it stands in the log."""
    try:
        print(text, flush=True)
    except OSError as error:
        to_nowhere()
        LOGGER.warning("stdout can't be written (%s); it would say: %s", error.strerror, text)


def show(text: str) -> None:
    """Print what was asked for.

    Raises:
        ConfigError: it can't be written, though somebody would read it.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        to_nowhere()
    except OSError as error:
        to_nowhere()
        fix = "make room where it goes, or print it elsewhere."
        raise ConfigError("stdout can't be written", "stdout", str(error.strerror), fix) from None


def to_nowhere() -> None:
    """What waits in stdout is dropped, else the program's end would try once more."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


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


def print_json(told: object, stdout: TextIO | None = None) -> None:
    """Print one JSON document, to be read by programs and by eyes.

    Args:
        told: values that JSON has.
        stdout: where; None: stdout as it is now.
    """
    print(json.dumps(told, ensure_ascii=False, indent=2), file=stdout, flush=True)
