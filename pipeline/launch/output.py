"""I/O. stdout: what a launch has done, and what it was asked to show.

A reader that went away (`| head`) ends nothing. A full disk does only where what is shown is all
that was asked for: rows that are published stay so, whether or not the line about it is read.
"""

import codecs
import json
import logging
import shutil
import sys
from io import TextIOWrapper

from pipeline.launch.folded import folded
from pipeline.parameters.printed import not_written, to_nowhere

LOGGER = logging.getLogger("smart_sync")
ESCAPES = "smart_sync_escapes"


def escape_what_it_lacks() -> None:
    """Let stdout write the escapes of JSON for what its encoding doesn't have."""
    codecs.register_error(ESCAPES, _escaped)
    if isinstance(sys.stdout, TextIOWrapper):  # and nothing that somebody has put in its place
        sys.stdout.reconfigure(errors=ESCAPES)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def width_here() -> int:
    """Columns of the terminal that stdout is; 0: it is none, and nothing is folded."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def say(text: str) -> None:
    """Print what was done; where that can't be written, it stands in the log."""
    try:
        print(folded(text, width_here()), flush=True)
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
        raise not_written(error) from None
