"""I/O. A plan in the log of its run: what it does at INFO, each thing to know of it at WARNING.

Logs are filtered by their level, and alerts are set by it.
"""

import logging
from collections.abc import Iterable

LOGGER = logging.getLogger("smart_sync")


def log_plan(text: str, warnings: Iterable[str]) -> None:
    """What the run does, then what to know of it."""
    LOGGER.info("%s", text)
    log_warnings(warnings)


def log_warnings(warnings: Iterable[str], name: str = "") -> None:
    """What the operator should know, of the table that is named where a launch has many."""
    for warning in warnings:
        LOGGER.warning("%s", f"{name}: {warning}" if name else warning)
