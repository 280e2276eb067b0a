"""A thread that renews a run's lock while someone works for the run."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auto_schema.errors import RunInProgressError, SyncError
from pipeline.runs.lock import Lock
from pipeline.runs.yielding import acquire_patiently

LOGGER = logging.getLogger("smart_sync")
PER_LEASE = 6
"""Renewals per lease: some may fail, or take long on a busy machine, before it is over."""


class LeaseKeeper:
    """Renews a lock from `start` to `stop`, and knows when it is another run's."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lock lease", daemon=True)
        self._lost: RunInProgressError | None = None

    def start(self) -> "LeaseKeeper":
        """Begin to renew."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread; the lock stays as it is."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Raise when the lock was found to be another run's.

        Raises:
            RunInProgressError: it was.
        """
        if self._lost is not None:
            raise self._lost

    def _keep(self) -> None:
        usual = self._lock.lease / PER_LEASE
        pause = usual
        while not self._stopped.wait(pause.total_seconds()):
            try:
                if not self._lock.renew(unless_within=usual / 2):
                    return
                pause = usual
            except RunInProgressError as error:
                self._lost = error
                LOGGER.error("%s", error)
                return
            except SyncError as error:
                LOGGER.warning("the lock could not be renewed, next try soon: %s", error)
                pause = usual / 4


class Holding:
    """A lock that is held here; `hand_over` leaves its release to the run's own report.

    Attributes:
        has_waited: whether it was waited for, perhaps for long.
    """

    def __init__(self, *, has_waited: bool = False) -> None:
        self.handed_over = False
        self.has_waited = has_waited

    def hand_over(self) -> None:
        """The submitted job renews and releases from now on; or its report has released it."""
        self.handed_over = True


@contextmanager
def holding(lock: Lock, acquire: Callable[[Lock], bool] = acquire_patiently) -> Iterator[Holding]:
    """Hold the lock, renewed, until the block ends.

    Args:
        lock: of the table.
        acquire: takes it, and says whether it had to wait.

    Raises:
        RunInProgressError: another run holds it.
    """
    try:
        has_waited = acquire(lock)
    except KeyboardInterrupt:
        lock.release()  # the table may have been made before its answer came
        raise
    keeper, held = LeaseKeeper(lock).start(), Holding(has_waited=has_waited)
    try:
        yield held
    finally:
        try:
            keeper.stop()
        finally:  # also when a signal cuts the waiting short
            if not held.handed_over:
                lock.release()
