"""I/O. Taking turns at a table's lock: a backfill gives it up to whoever wishes for it meanwhile.

A launch that finds the lock held by one that yields leaves its wish on it and waits; the holder
releases it between two waves, sees the wish, and stands back until it was taken.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from auto_schema.errors import RunInProgressError
from pipeline.runs.lock import Lock, YieldingError

LOGGER = logging.getLogger("smart_sync")
PATIENCE = timedelta(minutes=15)
"""So long a launch waits for a table that will be given up."""
PAUSE_S = 2.0
STAND_BACK = timedelta(seconds=30)
"""So long a lock is left to who wished for it, and looks for it every PAUSE_S."""
Sleep = Callable[[float], None]


def acquire_patiently(lock: Lock, sleep: Sleep = time.sleep) -> bool:
    """Take the lock; wait where its holder gives it up before long.

    Returns:
        Whether it was waited for.

    Raises:
        RunInProgressError: another run holds it, that yields it to nobody, or not in time.
        TargetError: BigQuery refused or can't be reached.
    """
    return _acquire(lock, YieldingError, sleep)


def acquire_again(lock: Lock, sleep: Sleep = time.sleep) -> bool:
    """Take a lock once more that was given up to others, whoever holds it meanwhile.

    Returns:
        Whether it was waited for.

    Raises:
        RunInProgressError: another run holds it for too long.
        TargetError: BigQuery refused or can't be reached.
    """
    return _acquire(lock, RunInProgressError, sleep)


def _acquire(lock: Lock, waits_for: type[RunInProgressError], sleep: Sleep) -> bool:
    until, is_told = time.monotonic() + PATIENCE.total_seconds(), False
    while True:
        try:
            lock.acquire()
        except waits_for as error:
            if time.monotonic() >= until:
                raise
            if not is_told:
                LOGGER.info("waiting for the table: %s", error.why)
                is_told = True
            if isinstance(error, YieldingError):
                lock.wish()
            sleep(PAUSE_S)
        else:
            return is_told


def stand_back(lock: Lock, wisher: str, sleep: Sleep = time.sleep) -> None:
    """Leave a lock that was given back to who wished for it; not for long, it may be gone.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    if not wisher:
        return
    LOGGER.info("run %s goes first", wisher)
    until = time.monotonic() + STAND_BACK.total_seconds()
    while time.monotonic() < until and lock.is_left():
        sleep(PAUSE_S / 2)
