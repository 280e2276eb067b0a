"""What ends a subcommand without being an error of it: a signal, or a bug of ours."""

import os
from collections.abc import Sequence
from contextlib import suppress

from auto_schema.errors import SyncError
from pipeline.command.said import read_words
from pipeline.command.settings import read_settings
from pipeline.launch.program_end import bug, bug_text
from pipeline.parameters.abrupt_end import InterruptedRunError, print_traceback
from pipeline.parameters.printed import unwritten


def told(error: BaseException, words: Sequence[str], *, is_json: bool) -> SyncError:
    """The error that it is told as; of a bug the traceback is printed.

    Args:
        error: what was raised.
        words: the command line; no secret that it or its files hold is shown.
        is_json: whether the log is JSON.
    """
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError.of(error)
    if full := unwritten(error):
        return full
    hidden = _whole(words)
    print_traceback(bug_text(error, hidden), is_json=is_json)
    return bug(error, hidden)


def _whole(words: Sequence[str]) -> Sequence[str]:
    """The command line with what environment and files add, where they can be read."""
    with suppress(Exception):
        return read_settings(read_words(words), os.environ).words
    return words
