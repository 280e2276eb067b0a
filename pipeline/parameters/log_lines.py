"""Lines of the log as JSON objects, with the keys that Cloud Logging looks at. Pure.

https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
"""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from auto_schema.errors import SyncError
from pipeline.errors.lookup import see, told_data

NAMES = ("--log_format", "--log-format")
ASKS = tuple(f"{name}=json" for name in NAMES)


def json_line(severity: str, message: str, **more: object) -> str:
    """One object, on one line."""
    told = {"severity": severity, "time": datetime.now(UTC).isoformat(), "message": message}
    return json.dumps({**told, **more}, ensure_ascii=False, default=str)


def error_line(error: SyncError) -> str:
    """The last line of such a log: the error that ended the program, its parts, its exit code."""
    more = {"exit_code": error.exit_code, "see": see(error), "error": told_data(error)}
    return json_line("ERROR", error.text, **more)


class JsonLines(logging.Formatter):
    """A record as an object; a traceback stands in its message, where Error Reporting looks."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        return json_line(record.levelname, message, logger=record.name)


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line that may be wrong asks for such a log."""
    apart = any(f"{name}={value}" in ASKS for name, value in pairwise(words))
    return apart or any(word in ASKS for word in words)


def is_json() -> bool:
    """Whether this process's log is JSON."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonLines) for handler in handlers)


def is_quiet() -> bool:
    """Whether this process logs warnings and errors only."""
    handlers = logging.getLogger().handlers
    return bool(handlers) and all(handler.level > logging.INFO for handler in handlers)
