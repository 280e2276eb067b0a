"""The log of a command, as its flags say: how much, and as text or JSON; always on stderr."""

import logging
import sys
from collections.abc import Mapping

from pipeline.parameters.log_lines import JsonLines

TEXT = "%(asctime)s %(levelname)s %(message)s"


def set_up(flags: Mapping[str, str]) -> None:
    """Give the root logger its handler, which the launch then leaves as it is.

    Args:
        flags: of the command: quiet, verbose, log_format.
    """
    root = logging.getLogger()
    if sys.stderr.isatty() and "verbose" not in flags:
        logging.getLogger("smart_sync").addFilter(_is_for_eyes)
    if not {"quiet", "verbose", "log_format"} & set(flags):
        return
    handler = logging.StreamHandler(sys.stderr)
    is_json = flags.get("log_format") == "json"
    handler.setFormatter(JsonLines() if is_json else logging.Formatter(TEXT))
    handler.setLevel(logging.WARNING if "quiet" in flags else logging.NOTSET)
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if "verbose" in flags else logging.WARNING)
    logging.captureWarnings(is_json)


def _is_for_eyes(record: logging.LogRecord) -> bool:
    """All but the run's report as one line of JSON: on a terminal nobody reads that."""
    return not str(record.msg).startswith("run_report ")
