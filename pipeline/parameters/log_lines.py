"""Lines of the log as JSON objects, with the keys that Cloud Logging looks at. Pure.

https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
"""

import json
import logging
from datetime import UTC, datetime


def json_line(severity: str, message: str, **more: object) -> str:
    """One object, on one line."""
    told = {"severity": severity, "time": datetime.now(UTC).isoformat(), "message": message}
    return json.dumps({**told, **more}, ensure_ascii=False, default=str)


class JsonLines(logging.Formatter):
    """A record as an object; a traceback stands in its message, where Error Reporting looks."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        return json_line(record.levelname, message, logger=record.name)


def is_json() -> bool:
    """Whether this process's log is JSON."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonLines) for handler in handlers)


def is_quiet() -> bool:
    """Whether this process logs warnings and errors only."""
    handlers = logging.getLogger().handlers
    return bool(handlers) and all(handler.level > logging.INFO for handler in handlers)
